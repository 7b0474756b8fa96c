"""A site's days as bitmaps of minutes, and the search for one visit's place in a day.

Quick and greedy where the planner is exact: the demo needs a full and believable book in seconds.
What it makes is checked by the audit like everything else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce

from clinic.models import Room, Site
from scheduling.demo.nurses import Nurse, assign, possible
from scheduling.planner.intervals import erode, members, span
from scheduling.planner.protocols import NURSE, THERAPIST, Step
from scheduling.planner.shape import Stay, Turn, shape_of, watches_of

MINUTES = 1560
TRIES = 24
USUAL_STAY = 140


@dataclass(slots=True)
class Person:
    """Bits of one day: `duty` by role, `lanes` free."""

    id: int
    skills: frozenset[str]
    duty: Mapping[str, int]
    lanes: list[int]
    max_patients: int | None


@dataclass(slots=True)
class Option:
    """A room and lanes for a stay, the bits of `starts` at which they are free, and where the
    first of the lanes is free at all: runs of bits, in order."""

    room: int
    lanes: tuple[int, ...]
    starts: int
    runs: list[tuple[int, int]]

    def idle(self, low: int, high: int) -> int:
        """Minutes on either side of low..high that are too few for another stay.

        The first ten of a day do not count: they pass while the first patient arrives.
        """
        start, end = self.runs[bisect_right(self.runs, (low, MINUTES)) - 1]
        before = low - start
        return (before % USUAL_STAY if before > 10 else 0) + max(0, end - high) % USUAL_STAY


@dataclass(frozen=True, slots=True)
class Placed:
    """A visit with its place. Claims are (resource, lane, start, end, role, turnover) in bits of
    the day; `day` is an index of the site's days."""

    step: Step
    day: int
    start: int
    claims: tuple[tuple[int, int, int, int, str, int], ...]
    therapist: int | None


@dataclass(slots=True)
class Day:
    """One date at a site. Bit i is the i-th minute after local midnight."""

    date: date
    midnight: int
    open: int
    grain: int
    rooms: dict[int, list[int]]
    people: dict[int, Person]
    presence: Mapping[str, int]


@dataclass
class Board:
    """The days of one site. `chairs` are the lanes of rooms for infusions."""

    site: Site
    rooms: Sequence[Room]
    days: list[Day]
    used: list[int] = field(default_factory=list)
    open_minutes: list[int] = field(default_factory=list)
    talked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chairs = sum(room.chairs for room in self.rooms if "infusion" in room.capabilities)
        self.talk_rooms = sum(room.chairs for room in self.rooms) - self.chairs
        self.open_minutes = [day.open.bit_count() for day in self.days]
        self.used = [0] * len(self.days)
        self.talked = [0] * len(self.days)
        self.by_id = {room.pk: room for room in self.rooms}

    def chair_share(self, day: int) -> float:
        """Claimed share of the open infusion-chair minutes of a day; 1 when closed."""
        return self.used[day] / (self.open_minutes[day] * self.chairs or 1) or (
            0.0 if self.open_minutes[day] else 1.0
        )

    def talk_share(self, day: int) -> float:
        """The same of therapy and consulting rooms."""
        return self.talked[day] / (self.open_minutes[day] * self.talk_rooms or 1)

    def find(
        self,
        step: Step,
        day: int,
        *,
        acuity: int,
        prefer: int,
        tight: float,
        therapist: int | None,
    ) -> Placed | None:
        """A place for a step on a day, near the minute preferred; `tight` weighs idle chairs."""
        today, shape = self.days[day], shape_of(step)
        starts = today.open and erode(today.open, shape.minutes) & today.grain
        for attendance in shape.attendances:
            on = erode(
                today.presence.get(attendance.credential, 0), attendance.end - attendance.start
            )
            starts &= on >> attendance.start
        turns = [(turn, self._clinicians(today, turn, therapist)) for turn in shape.turns]
        for _, able in turns:
            starts &= _any(able.values())
        stays = [(stay, self._rooms(today, stay)) for stay in shape.stays]
        for _, rooms in stays:
            starts &= _any(option.starts for option in rooms)
        watches = watches_of(step, acuity, self.site.nurse_lanes)
        tasks = [(w.start, w.end, w.lanes) for w in watches]
        starts &= possible(tasks, self._nurses(today, set()))
        best = sorted(
            (
                abs(start - prefer) * (1 - tight) + (tight and tight * self._idle(stays, start)),
                start,
            )
            for start in members(starts)
        )
        for _, start in best[:TRIES]:
            people = {turn.role: _first(able, start) for turn, able in turns}
            nurses = assign(
                [(start + low, start + high, lanes) for low, high, lanes in tasks],
                self._nurses(today, set(people.values())),
            )
            if nurses is None:
                continue
            claims = [
                *self._room_claims(stays, start),
                *self._people_claims(today, turns, people, start),
                *((c.nurse, c.lane, c.start, c.end, NURSE, 0) for c in nurses),
            ]
            return Placed(step, day, start, tuple(claims), people.get(THERAPIST))
        return None

    def take(self, placed: Placed) -> None:
        """Write a visit's claims into the bitmaps."""
        self._mark(placed, free=False)

    def free(self, placed: Placed) -> None:
        """Take them out again."""
        self._mark(placed, free=True)

    def _mark(self, placed: Placed, *, free: bool) -> None:
        today = self.days[placed.day]
        for resource, lane, start, end, _, _ in placed.claims:
            lanes = today.rooms.get(resource) or today.people[resource].lanes
            bits = span(start, end)
            lanes[lane] = lanes[lane] | bits if free else lanes[lane] & ~bits
            if resource in today.rooms:
                minutes = (bits & today.open).bit_count() * (-1 if free else 1)
                chair = "infusion" in self.by_id[resource].capabilities
                (self.used if chair else self.talked)[placed.day] += minutes

    def _clinicians(self, today: Day, turn: Turn, therapist: int | None) -> dict[int, int]:
        """Starts at which each able person could take a turn."""
        found = {}
        for person in today.people.values():
            if turn.role not in person.duty or not turn.skills <= person.skills:
                continue
            if turn.role == THERAPIST and therapist not in (None, person.id):
                continue
            free = person.duty[turn.role]
            for lane in person.lanes:
                free &= lane
            starts = -1
            for low, high in turn.spans:
                starts &= erode(free, high - low) >> low
            if starts:
                found[person.id] = starts
        return found

    def _rooms(self, today: Day, stay: Stay) -> list[Option]:
        """The rooms for a stay, whole or by the chair; small rooms first."""
        found = []
        for room in self.rooms:
            if not stay.capabilities <= set(room.capabilities):
                continue
            minutes = stay.end - stay.start + room.turnover_minutes
            lanes = today.rooms[room.pk]
            starts = [erode(lane, minutes) >> stay.start for lane in lanes]
            if stay.private:
                whole = reduce(int.__and__, starts)
                found.append(
                    Option(room.pk, tuple(range(room.chairs)), whole, _runs(lanes[0] & today.open))
                )
            else:
                found += [
                    Option(room.pk, (number,), bits, _runs(lanes[number] & today.open))
                    for number, bits in enumerate(starts)
                ]
        return sorted(found, key=lambda option: len(option.lanes))

    def _idle(self, stays: list[tuple[Stay, list[Option]]], start: int) -> int:
        """Minutes on either side of the stay too few for others, in the chair with the fewest."""
        return sum(
            min(self._waste(stay, option, start) for option in rooms if option.starts >> start & 1)
            for stay, rooms in stays
        )

    def _waste(self, stay: Stay, option: Option, start: int) -> int:
        turnover = self.by_id[option.room].turnover_minutes
        return option.idle(start + stay.start, start + stay.end + turnover)

    def _room_claims(
        self, stays: list[tuple[Stay, list[Option]]], start: int
    ) -> Iterator[tuple[int, int, int, int, str, int]]:
        for stay, rooms in stays:
            best = min(
                (option for option in rooms if option.starts >> start & 1),
                key=lambda o: (len(o.lanes), self._waste(stay, o, start), o.room, o.lanes),
            )
            turnover = self.by_id[best.room].turnover_minutes
            end = start + stay.end + turnover
            for lane in best.lanes:
                yield best.room, lane, start + stay.start, end, "room", turnover

    def _people_claims(
        self,
        today: Day,
        turns: list[tuple[Turn, dict[int, int]]],
        people: dict[str, int],
        start: int,
    ) -> Iterator[tuple[int, int, int, int, str, int]]:
        for turn, _ in turns:
            person = people[turn.role]
            for lane in range(len(today.people[person].lanes)):
                for low, high in turn.spans:
                    yield person, lane, start + low, start + high, turn.role, 0

    def _nurses(self, today: Day, without: set[int]) -> list[Nurse]:
        return [
            Nurse(person.id, person.duty[NURSE], person.lanes, person.max_patients)
            for person in today.people.values()
            if NURSE in person.duty and person.id not in without
        ]


def _any(masks: Iterable[int]) -> int:
    return reduce(int.__or__, masks, 0)


def _runs(bits: int) -> list[tuple[int, int]]:
    """Stretches of set bits, in order."""
    found, at = [], 0
    while bits:
        skip = (bits & -bits).bit_length() - 1
        bits >>= skip
        length = (~bits & (bits + 1)).bit_length() - 1
        found.append((at + skip, at + skip + length))
        bits >>= length
        at += skip + length
    return found


def _first(able: dict[int, int], start: int) -> int:
    return next(person for person, starts in able.items() if starts >> start & 1)
