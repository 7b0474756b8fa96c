"""Free capacity: the first stretches in which a room and the people asked for are free together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import reduce
from itertools import product

from clinic.models import Site
from clinic.spans import moment
from scheduling import daybook
from scheduling.planner.day import Diary, Person
from scheduling.planner.grid import day_spans, grid, weekday_bits
from scheduling.planner.intervals import erode
from scheduling.planner.pool import levels
from scheduling.planner.protocols import NURSE

EVERY_DAY = frozenset(range(7))
People = tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True)
class Sought:
    """What is to be free together, for `minutes` on end, in the site's dates and clock.

    `room` is one room, else any, with `capability` where given; `whole` asks for every chair of
    it. `people` maps a role (therapist, prescriber) to the one asked for, or to None for anybody.
    `nurse_lanes` are lanes of one nurse. `earliest` and `latest` bound the whole stretch.
    """

    minutes: int
    capability: str = ""
    room: int | None = None
    whole: bool = False
    people: Mapping[str, int | None] = field(default_factory=dict)
    nurse_lanes: int = 0
    weekdays: Collection[int] = EVERY_DAY
    earliest: time | None = None
    latest: time | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """A room with a free place; `lanes` are its chairs, counted from nought."""

    id: int
    name: str
    lanes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Free:
    """A visit may begin at `starts_at` and last until `ends_at`.

    `limit` says what ends it: closing, asked, room, or the role of the person; `others` are
    further rooms that are free for the minutes asked. `people` are (role, id, name).
    """

    starts_at: datetime
    ends_at: datetime
    seat: Seat
    people: People
    limit: str
    others: tuple[Seat, ...]

    @property
    def minutes(self) -> int:
        return (self.ends_at - self.starts_at) // timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Way:
    """Bits in which something is free; a visit may begin in `starts` and leaves `tail` after it."""

    free: int
    starts: int = 0
    tail: int = 0

    def until(self, start: int) -> int:
        """The bit until which a visit from `start` can last."""
        taken = ~(self.free >> start)
        return start + (taken & -taken).bit_length() - 1 - self.tail


Team = Mapping[str, tuple[Person, _Way]]


def find_free(
    *, site: Site, sought: Sought, first: date, days: int, now: datetime, limit: int = 5
) -> list[Free]:
    """The first stretches from `first` on, each beginning where the one before has ended.

    Of the rooms and people free at that time those that are free the longest are named: 2 queries
    once the facts are known. Rooms keep their turnover after the last minute.
    """
    # The day after is read too: the last turnover may run into it.
    diary = daybook.read(site=site, first=first, last=first + timedelta(days=days), now=now)
    hours = diary.open & _asked(diary, sought, days)
    seats = list(_seats(diary, sought))
    able = _able(diary, sought)
    starts = erode(hours, sought.minutes) & grid(diary) & _any(way for _, way in seats)
    for people in able.values():
        starts &= _any(way for _, way in people)
    passed = max(0, diary.now - diary.start)
    starts = starts >> passed << passed
    found: list[Free] = []
    while starts and len(found) < limit:
        start = (starts & -starts).bit_length() - 1
        end = start + 1
        last = _Way(hours).until(start)
        if (team := _team(able, start, last)) is not None:
            free, end = _longest(diary, start, last, seats, team)
            found.append(free)
        starts = starts >> end << end
    return found


def _longest(
    diary: Diary, start: int, last: int, seats: list[tuple[Seat, _Way]], team: Team
) -> tuple[Free, int]:
    """The first room that is free the longest, with the team; and the bit where one is gone."""
    rooms = [(seat, way) for seat, way in seats if way.starts >> start & 1]
    seat, room = max(rooms, key=lambda each: min(last, each[1].until(start)))
    ends = {
        "closing": _Way(diary.open).until(start),
        "asked": last,
        "room": room.until(start),
    } | {role: way.until(start) for role, (_, way) in team.items()}
    limit = min(ends, key=lambda name: ends[name])
    free = Free(
        starts_at=moment(diary.start + start).astimezone(diary.zone),
        ends_at=moment(diary.start + ends[limit]).astimezone(diary.zone),
        seat=seat,
        people=tuple((role, person.id, person.name) for role, (person, _) in team.items()),
        limit=limit,
        others=tuple({o.id: o for o, _ in rooms if o.id != seat.id}.values()),
    )
    return free, ends[limit]


def _asked(diary: Diary, sought: Sought, count: int) -> int:
    """Bits on the weekdays and in the hours asked for, in the first so many days."""
    days = weekday_bits(diary.first, count, frozenset(sought.weekdays))
    earliest, latest = (
        None if clock is None else clock.hour * 60 + clock.minute
        for clock in (sought.earliest, sought.latest)
    )
    return day_spans(diary, days, earliest, latest, 1, 0)


def _seats(diary: Diary, sought: Sought) -> Iterator[tuple[Seat, _Way]]:
    """Free places, the tightest room first: what is rarest is kept for who needs it."""
    for room in sorted(diary.rooms, key=lambda r: (len(r.capabilities), len(r.lanes))):
        if sought.room not in (None, room.id):
            continue
        if sought.capability and sought.capability not in room.capabilities:
            continue
        chairs = range(len(room.lanes))
        for lanes in [tuple(chairs)] if sought.whole else [(lane,) for lane in chairs]:
            free = reduce(int.__and__, (room.lanes[lane] for lane in lanes))
            starts = erode(free, sought.minutes + room.turnover)
            yield Seat(room.id, room.name, lanes), _Way(free, starts, room.turnover)


def _able(diary: Diary, sought: Sought) -> dict[str, list[tuple[Person, _Way]]]:
    """By role that was asked for, who could be it and when."""
    roles = dict(sought.people)
    if sought.nurse_lanes:
        roles[NURSE] = None
    return {
        role: [
            (person, _Way(free, erode(free, sought.minutes)))
            for person in diary.people
            if wanted in (None, person.id) and (free := _free(person, role, sought.nurse_lanes))
        ]
        for role, wanted in roles.items()
    }


def _team(able: dict[str, list[tuple[Person, _Way]]], start: int, last: int) -> Team | None:
    """Somebody for every role, nobody in two of them, who together are free the longest.

    Of each role only as many as there are roles are tried: the others can take no more of them.
    """
    tried = []
    for people in able.values():
        there = [each for each in people if each[1].starts >> start & 1]
        there.sort(key=lambda each: -min(last, each[1].until(start)))
        tried.append(there[: len(able)])
    teams = [team for team in product(*tried) if len({one.id for one, _ in team}) == len(team)]
    if not teams:
        return None
    best = max(teams, key=lambda team: min((way.until(start) for _, way in team), default=0))
    return dict(zip(able, best, strict=True))


def _free(person: Person, role: str, nurse_lanes: int) -> int:
    """Bits in which somebody is on duty in a role and free: every lane, or lanes enough."""
    needed = person.need(nurse_lanes) if role == NURSE else len(person.lanes)
    free = levels(person.lanes)
    return person.duty.get(role, 0) & free[needed - 1] if needed <= len(free) else 0


def _any(ways: Iterable[_Way]) -> int:
    return reduce(int.__or__, (way.starts for way in ways), 0)
