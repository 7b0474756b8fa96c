"""When rooms and people are on, taken and free, day by day: what boards of a week or month need."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, reduce

from clinic.models import Site
from clinic.spans import moment
from scheduling import daybook
from scheduling.planner.day import Diary, Person, Room
from scheduling.planner.intervals import span
from scheduling.planner.pool import Counter, first_run
from scheduling.planner.protocols import NURSE

Spans = tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True, slots=True)
class Load:
    """Minutes taken, of so many that there are."""

    taken: int
    whole: int

    @property
    def percent(self) -> int:
        return round(100 * self.taken / self.whole) if self.whole else 0

    def __add__(self, other: Load) -> Load:
        return Load(self.taken + other.taken, self.whole + other.whole)


NOTHING = Load(0, 0)


@dataclass(frozen=True)
class Occupancy:
    """The diary of some days, asked one day at a time; spans are in the site's zone."""

    diary: Diary

    def open(self, day: date) -> Spans:
        """When the site is open."""
        return self._spans(self.diary.open, day)

    def on(self, person: Person, roles: Collection[str], day: date) -> Spans:
        """When somebody works here in one of the roles."""
        return self._spans(_duty(person, roles), day)

    def free_chair(self, room: Room, lane: int, day: date) -> Spans:
        """When a chair is free in opening hours."""
        return self._spans(room.lanes[lane] & self.diary.open, day)

    def free_person(self, person: Person, roles: Collection[str], day: date) -> Spans:
        """When somebody works here and has nobody to look after."""
        return self._spans(_duty(person, roles) & reduce(int.__and__, person.lanes), day)

    def short(self, day: date) -> Spans:
        """When patients need more nurse lanes than are on duty."""
        return self._spans(self._short, day)

    def load_of_room(self, room: Room, day: date) -> Load:
        """Chair minutes taken, of those in opening hours."""
        low, within = self._bounds(day)
        hours = self.diary.open >> low & within
        free = sum((lane >> low & hours).bit_count() for lane in room.lanes)
        whole = hours.bit_count() * len(room.lanes)
        return Load(whole - free, whole)

    def load_of_person(self, person: Person, roles: Collection[str], day: date) -> Load:
        """Lane minutes taken, of those on duty."""
        low, within = self._bounds(day)
        duty = _duty(person, roles) >> low & within
        free = sum((lane >> low & duty).bit_count() for lane in person.lanes)
        whole = duty.bit_count() * len(person.lanes)
        return Load(whole - free, whole)

    def _bounds(self, day: date) -> tuple[int, int]:
        low = self.diary.bit(day, time(0))
        return low, span(0, self.diary.bit(day + timedelta(days=1), time(0)) - low)

    def _spans(self, bits: int, day: date) -> Spans:
        low, within = self._bounds(day)
        start, zone = self.diary.start + low, self.diary.zone
        return tuple(
            (moment(start + a).astimezone(zone), moment(start + b).astimezone(zone))
            for a, b in _runs(bits >> low & within)
        )

    @cached_property
    def _short(self) -> int:
        on = Counter(
            duty
            for person in self.diary.people
            if (duty := person.duty.get(NURSE, 0))
            for _ in person.lanes
        )
        needed = Counter()
        for task in self.diary.cover:
            start, end = max(0, task.start - self.diary.start), task.end - self.diary.start
            for _ in range(self.diary.taken(task)):
                needed.add(span(start, end))
        return _more(needed, on, span(0, self.diary.length))


def occupancy(*, site: Site, first: date, last: date, now: datetime) -> Occupancy:
    """Site dates from first to last: 2 queries once the facts are known."""
    return Occupancy(daybook.read(site=site, first=first, last=last, now=now))


def _duty(person: Person, roles: Collection[str]) -> int:
    return reduce(int.__or__, (person.duty.get(role, 0) for role in roles), 0)


def _runs(bits: int) -> Iterator[tuple[int, int]]:
    while bits:
        start, end = first_run(bits)
        yield start, end
        bits = bits >> end << end


def _more(one: Counter, other: Counter, everywhere: int) -> int:
    """Bits in which one counter counts more than the other, from the highest plane down."""
    more, equal = 0, everywhere
    for i in range(max(len(one.planes), len(other.planes)) - 1, -1, -1):
        a = one.planes[i] if i < len(one.planes) else 0
        b = other.planes[i] if i < len(other.planes) else 0
        more |= equal & a & ~b
        equal &= ~(a ^ b)
    return more
