"""Frozen snapshots of what a clinic has on the days in question; the planner reads nothing else.

Two clocks: *minutes* are absolute UTC minutes since 1970, *bits* are minutes since
`Diary.start`. Bitmaps hold one bit a minute, so a clock change is only an ordinary hour more
or less between two local midnights.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from scheduling.planner.intervals import from_minute, to_minute


@dataclass(frozen=True, slots=True)
class Room:
    """`lanes[i]` has the bits in which chair i is in service, in opening hours and unclaimed.

    A claim of this room covers `turnover` more minutes after its last phase; they may run past
    closing time, so `lanes` stays set for closed minutes in which no claim stands: opening
    hours are `Diary.open`, applied to the phases and not to the turnover.
    """

    id: int
    name: str
    capabilities: frozenset[str]
    turnover: int
    lanes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff at this site.

    `duty[role]`: bits in which they work here with every credential that role requires valid
    on that day, breaks, time off, other sites and travel taken out. `lanes[i]`: bits in which
    lane i carries no claim anywhere. Therapists and prescribers need every lane at once.
    `lapsed[role]`: bits in which they work here but lack a valid credential for that role.
    `busy`: bits in which a calendar of their own says so, no part of `duty` either. Only messages
    read these two.
    """

    id: int
    name: str
    skills: frozenset[str]
    duty: Mapping[str, int]
    lanes: tuple[int, ...]
    max_patients: int | None = None
    lapsed: Mapping[str, int] = field(default_factory=dict, compare=False)
    busy: int = field(default=0, compare=False)

    def need(self, lanes: int) -> int:
        """Lanes a task of `lanes` takes of this nurse, who may be limited to fewer patients."""
        if self.max_patients is None:
            return lanes
        return min(len(self.lanes), max(lanes, -(-len(self.lanes) // self.max_patients)))


@dataclass(frozen=True, slots=True)
class CoverTask:
    """One stretch of one patient's monitoring, cut at phase boundaries: a nurse may change there.

    `nurse` is who holds it now (None for a new one) and `held` the lanes it takes of them; a task
    that is `pinned` (it has begun), or whose lanes are not told, stays as it is.
    Start and end are absolute minutes; `visit` is the appointment's id or the step's key.
    `lanes` is the need by ratio and acuity. `barred` are the visit's own clinicians: nobody is
    therapist and nurse of one visit.
    """

    visit: str
    start: int
    end: int
    lanes: int
    nurse: int | None = None
    pinned: bool = False
    skills: frozenset[str] = frozenset()
    held: tuple[int, ...] = ()
    barred: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Diary:
    """Everything bookable at one site from `first` to `last` (site dates, inclusive).

    `open`: bits inside opening hours of open days. `presence[credential]`: bits in which
    somebody holding it validly is on duty. `patient`: bits in which the patient is free.
    `cover`: the monitoring already promised. `now`: nothing may start before it (minutes).
    `away`: bits in which the patient said they cannot come, no part of `patient` either; only
    messages read it.
    """

    site: str
    zone: ZoneInfo
    first: date
    last: date
    grain: int
    nurse_lanes: int
    now: int
    open: int
    rooms: tuple[Room, ...]
    people: tuple[Person, ...]
    patient: int
    presence: Mapping[str, int]
    cover: Sequence[CoverTask] = ()
    away: int = 0

    @cached_property
    def start(self) -> int:
        """Absolute minute of bit 0: local midnight of the first day."""
        return to_minute(local(self.first, time(0), self.zone))

    @cached_property
    def length(self) -> int:
        """Number of bits: up to local midnight after the last day."""
        return self.bit(self.last + timedelta(days=1), time(0))

    @cached_property
    def midnights(self) -> tuple[int, ...]:
        """Bit of each local midnight, first day to the day after the last."""
        count = (self.last - self.first).days + 2
        return tuple(self.bit(self.first + timedelta(days=i), time(0)) for i in range(count))

    def bit(self, day: date, clock: time) -> int:
        """Bit of a wall-clock time on a site date; a skipped time moves past the gap."""
        return to_minute(local(day, clock, self.zone)) - self.start

    def day_of(self, bit: int) -> int:
        """Index of the site date that a bit falls on."""
        low, high = 0, len(self.midnights) - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.midnights[middle] <= bit else (low, middle)
        return low

    def date_of(self, minute: int) -> date:
        """Site date of an absolute minute, inside the diary or not."""
        return from_minute(minute).astimezone(self.zone).date()

    def person(self, id: int) -> Person:
        """The member of staff of that id; KeyError when not at this site."""
        return self._people[id]

    def room(self, id: int) -> Room:
        """The room of that id; KeyError when not at this site."""
        return self._rooms[id]

    def taken(self, task: CoverTask) -> int:
        """Lanes a task takes of the nurse who holds it, or would by ratio while nobody does."""
        person = self._people.get(task.nurse or 0)
        return person.need(task.lanes) if person else task.lanes

    def promised(self, low: int, high: int) -> list[CoverTask]:
        """Monitoring already promised that starts in low..high (absolute minutes)."""
        starts, tasks = self._by_start
        return tasks[bisect_left(starts, low) : bisect_left(starts, high)]

    def until(self, last: date) -> Diary:
        """The same diary up to an earlier last day."""
        end = self.bit(last + timedelta(days=1), time(0))
        within = (1 << end) - 1
        return replace(
            self,
            last=last,
            open=self.open & within,
            rooms=tuple(
                replace(room, lanes=tuple(lane & within for lane in room.lanes))
                for room in self.rooms
            ),
            people=tuple(
                replace(
                    person,
                    duty={role: bits & within for role, bits in person.duty.items()},
                    lapsed={role: bits & within for role, bits in person.lapsed.items()},
                    lanes=tuple(lane & within for lane in person.lanes),
                    busy=person.busy & within,
                )
                for person in self.people
            ),
            patient=self.patient & within,
            presence={key: bits & within for key, bits in self.presence.items()},
        )

    @cached_property
    def _by_start(self) -> tuple[list[int], list[CoverTask]]:
        tasks = sorted(self.cover, key=lambda task: task.start)
        return [task.start for task in tasks], tasks

    @cached_property
    def _people(self) -> Mapping[int, Person]:
        return {person.id: person for person in self.people}

    @cached_property
    def _rooms(self) -> Mapping[int, Room]:
        return {room.id: room for room in self.rooms}


def local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The moment of a wall-clock time; a time that the clock skips counts from before the gap."""
    return datetime.combine(day, clock, tzinfo=zone)
