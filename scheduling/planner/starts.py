"""Every minute at which a step could start, as bitmaps: each rule one AND over the horizon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from functools import cached_property, reduce
from itertools import product

from scheduling.planner.cover import Assignment
from scheduling.planner.day import Diary, Person, Room
from scheduling.planner.grid import day_spans, grid, weekday_bits
from scheduling.planner.intervals import erode, union
from scheduling.planner.plans import Request
from scheduling.planner.pool import Counter, Levels, levels, pool
from scheduling.planner.protocols import NURSE, THERAPIST, Step
from scheduling.planner.shape import Shape, Stay, Turn, Watch, shape_of, watches_of

Barred = frozenset[int]
NONE: frozenset[str] = frozenset()
NO_DAYS: frozenset[int] = frozenset()


def _minute(limit: time | None) -> int | None:
    return None if limit is None else limit.hour * 60 + limit.minute


@dataclass(frozen=True, slots=True)
class Feasible:
    """Starts with cover as things stand (`direct`), and those that a repack might allow too."""

    direct: int
    pooled: int


class Starts:
    """Feasible starts of the steps of one request. Every bitmap is drawn once and shared.

    `lifted` names rules that are left out, to see what stands in the way: `room_is_free`,
    `nurse_cover_is_kept`, `preferred_hours`, `clinician_is_free therapist` and the like.
    """

    def __init__(self, request: Request, diary: Diary, lifted: frozenset[str] = NONE) -> None:
        self.request, self.diary, self.lifted = request, diary, lifted
        self.everywhere = (1 << diary.length) - 1
        self.covers: dict[tuple[tuple[str, int, Barred], ...], Assignment | None] = {}
        self._common: dict[int, tuple[Step, int]] = {}
        self._parts: dict[object, int] = {}
        self._lanes: dict[tuple[int, int, int], int] = {}
        self._rooms: dict[Shape, int] = {}
        self._people: dict[tuple[Turn, int, frozenset[str]], int] = {}
        self._watches: dict[tuple[int, int, frozenset[str], Barred, bool], int] = {}

    def without(self, *rules: str, request: Request | None = None) -> Starts:
        """The same diary with rules lifted, or for a request changed in hours or staff."""
        other = Starts(request or self.request, self.diary, self.lifted | frozenset(rules))
        other._parts, other._lanes, other._rooms = self._parts, self._lanes, self._rooms
        other._people, other._watches = self._people, self._watches
        for drawn in ("nurses", "bases", "_pool"):
            if drawn in self.__dict__:
                other.__dict__[drawn] = self.__dict__[drawn]
        return other

    @cached_property
    def staff(self) -> dict[str, list[Person]]:
        """Clinicians by role, narrowed to those asked for in whichever roles they have."""
        roles = {role for person in self.diary.people for role in person.duty} - {NURSE}
        found = {}
        for role in roles:
            having = [person for person in self.diary.people if person.duty.get(role)]
            asked = [person for person in having if person.id in self.request.staff]
            found[role] = asked or having
        return found

    @cached_property
    def nurses(self) -> list[tuple[Person, Levels]]:
        """Monitoring nurses with the levels of their free lanes while on duty."""
        return [
            (person, levels(lane & duty for lane in person.lanes))
            for person in self.diary.people
            if (duty := person.duty.get(NURSE, 0))
        ]

    @cached_property
    def days(self) -> int:
        """One bit a day: from the first day wanted to the last of the diary."""
        skipped = max(0, (self.request.not_before - self.diary.first).days)
        count = len(self.diary.midnights) - 1
        return (1 << count) - 1 >> skipped << skipped

    def clinicians(self, turn: Turn, therapist: int | None) -> list[Person]:
        """Who could take a turn; the one therapist when the series has one."""
        return [
            person
            for person in self.staff.get(turn.role, [])
            if turn.skills <= person.skills
            and (turn.role != THERAPIST or therapist in (None, person.id))
        ]

    def hours(self, step: Step) -> int:
        """Starts on the grain, inside the days and hours wanted and the protocol's weekdays."""
        request, diary = self.request, self.diary
        earliest, latest = (_minute(limit) for limit in (request.earliest, request.latest))
        if "preferred_hours" in self.lifted:
            earliest = latest = None
        weekdays = step.weekdays if "weekday_is_allowed" not in self.lifted else NO_DAYS
        key = ("hours", weekdays, earliest, latest, step.minutes)
        if key not in self._parts:
            days = self.days
            if weekdays:
                days &= weekday_bits(diary.first, len(diary.midnights) - 1, weekdays)
            now = max(0, diary.now - diary.start)
            spans = day_spans(diary, days, earliest, latest, step.minutes, now)
            self._parts[key] = grid(diary) & spans
        return self._parts[key]

    def opening(self, step: Step) -> int:
        """Starts with the whole visit in opening hours."""
        if "site_is_open" in self.lifted:
            return self.everywhere
        return self._eroded("open", self.diary.open, step.minutes)

    def patient(self, step: Step) -> int:
        """Starts with the patient free throughout."""
        if "patient_is_free" in self.lifted or self.diary.patient == self.everywhere:
            return self.everywhere
        return self._eroded("patient", self.diary.patient, step.minutes)

    def presence(self, step: Step) -> int:
        """Starts with somebody holding each credential on site when asked for."""
        found = self.everywhere
        if "presence_is_kept" in self.lifted:
            return found
        for need in shape_of(step).attendances:
            there = self.diary.presence.get(need.credential, 0)
            found &= self._eroded(need.credential, there, need.end - need.start) >> need.start
        return found

    def common(self, step: Step) -> int:
        """Starts that keep every rule but those about clinicians and nurses."""
        known = self._common.get(id(step))
        if known is None:
            found = self.hours(step) & self.opening(step) & self.patient(step)
            found &= self.presence(step) & self.rooms(shape_of(step))
            known = self._common[id(step)] = (step, found)
        return known[1]

    def _eroded(self, name: str, bits: int, minutes: int) -> int:
        if (name, minutes) not in self._parts:
            self._parts[name, minutes] = erode(bits, minutes)
        return self._parts[name, minutes]

    def lane(self, room: Room, stay: Stay, lane: int) -> int:
        """Starts with that chair of a room free for a stay and its turnover; -1 is every chair."""
        minutes = stay.end - stay.start + room.turnover
        known = self._lanes.get((room.id, lane, minutes))
        if known is None:
            free = reduce(int.__and__, room.lanes) if lane < 0 else room.lanes[lane]
            known = self._lanes[room.id, lane, minutes] = erode(free, minutes)
        return known >> stay.start

    def room(self, room: Room, stay: Stay) -> int:
        """Starts with a room free for a stay: one chair of it, or all when private."""
        if not stay.capabilities <= room.capabilities:
            return 0
        if stay.private or len(room.lanes) == 1:
            return self.lane(room, stay, -1)
        found = (self.lane(room, stay, lane) for lane in range(len(room.lanes)))
        return reduce(int.__or__, found)

    def rooms(self, shape: Shape) -> int:
        """Starts with a room for every place, different places in different rooms."""
        if "room_is_free" in self.lifted:
            return self.everywhere
        if shape not in self._rooms:
            by_room = [
                [(room.id, bits) for room in self.diary.rooms if (bits := self.room(room, stay))]
                for stay in shape.stays
            ]
            found = 0 if by_room else self.everywhere
            for choice in product(*by_room):
                if len({id for id, _ in choice}) == len(choice):
                    found |= reduce(int.__and__, (bits for _, bits in choice), self.everywhere)
            self._rooms[shape] = found
        return self._rooms[shape]

    def clinician(self, turn: Turn, person: Person) -> int:
        """Starts with a person on duty in the role and wholly free in every span of the turn."""
        lifted = frozenset(rule for rule in self.lifted if rule.endswith(f" {turn.role}"))
        known = self._people.get((turn, person.id, lifted))
        if known is None:
            busy_too = f"clinician_is_free {turn.role}" in lifted
            free = self.everywhere if busy_too else reduce(int.__and__, person.lanes)
            duty = person.duty.get(turn.role, 0)
            if f"clinician_is_qualified {turn.role}" in lifted:
                duty |= person.lapsed.get(turn.role, 0)
            if f"clinician_is_on_duty {turn.role}" not in lifted:
                free &= duty
            known = self.everywhere
            for start, end in turn.spans:
                known &= erode(free, end - start) >> start
            self._people[turn, person.id, lifted] = known
        return known

    def staffings(
        self, step: Step, therapist: int | None
    ) -> Iterator[tuple[dict[str, Person], int]]:
        """Who could be the clinicians of a step, one person a role, with the starts for that."""
        turns = shape_of(step).turns
        for people in product(*(self.clinicians(turn, therapist) for turn in turns)):
            if len({person.id for person in people}) == len(people):
                bits = self.everywhere
                for turn, person in zip(turns, people, strict=True):
                    bits &= self.clinician(turn, person)
                yield {t.role: p for t, p in zip(turns, people, strict=True)}, bits

    def barred(self, people: dict[str, Person]) -> Barred:
        """Those of a visit's clinicians who monitor too: not in this visit."""
        return frozenset(person.id for person in people.values() if person.duty.get(NURSE))

    def direct(self, step: Step, barred: Barred) -> int:
        """Starts with nurses as things stand, hand-over at phase boundaries allowed."""
        found = self.everywhere
        if "nurse_cover_is_kept" in self.lifted:
            return found
        for watch in watches_of(step, self.request.acuity, self.diary.nurse_lanes):
            found &= self._watched(watch, barred, pooled=False) >> watch.start
        return found

    def pooled(self, step: Step, barred: Barred) -> int:
        """Starts with enough lanes free among all nurses: what a repack might allow at most."""
        found = self.everywhere
        if "nurse_cover_is_kept" in self.lifted:
            return found
        for watch in watches_of(step, self.request.acuity, self.diary.nurse_lanes):
            found &= self._watched(watch, barred, pooled=True) >> watch.start
        return found

    def packable(self, step: Step) -> int:
        """Starts at which, phase by phase, some nurse could be emptied far enough.

        Tighter than `pooled` where lanes are held by what no repack can move; needs the promised
        monitoring, so it is drawn only once repacks have failed.
        """
        found = self.everywhere
        for watch in watches_of(step, self.request.acuity, self.diary.nurse_lanes):
            one = 0
            for nurse, free in self.bases:
                need = nurse.need(watch.lanes)
                if watch.skills <= nurse.skills and need <= len(free):
                    one |= erode(free[need - 1], watch.end - watch.start)
            found &= one >> watch.start
        return found

    @cached_property
    def bases(self) -> list[tuple[Person, Levels]]:
        """Monitoring nurses with the levels of lanes free while on duty, movable tasks lifted."""
        spans: dict[tuple[int, int], list[tuple[int, int]]] = {}
        start = self.diary.start
        for task in self.diary.cover:
            if task.nurse is not None and not task.pinned and task.start > self.diary.now:
                for lane in task.held:
                    held = spans.setdefault((task.nurse, lane), [])
                    held.append((task.start - start, task.end - start))
        return [
            (
                person,
                levels(
                    (bits | union(spans.get((person.id, lane), ()), self.diary.length)) & duty
                    for lane, bits in enumerate(person.lanes)
                ),
            )
            for person in self.diary.people
            if (duty := person.duty.get(NURSE, 0))
        ]

    def _watched(self, watch: Watch, barred: Barred, *, pooled: bool) -> int:
        """First minutes of one phase's monitoring, not shifted to the visit's start."""
        minutes = watch.end - watch.start
        key = (minutes, watch.lanes, watch.skills, barred, pooled)
        known = self._watches.get(key)
        if known is None:
            known = 0
            for nurse, free in self.nurses:
                need = nurse.need(watch.lanes)
                if nurse.id not in barred and watch.skills <= nurse.skills and need <= len(free):
                    bits = nurse.duty[NURSE] if pooled else free[need - 1]
                    known |= erode(bits, minutes)
            if pooled:
                known &= erode(self._pool.at_least(watch.lanes, self.everywhere), minutes)
                known |= self._watched(watch, barred, pooled=False)
            self._watches[key] = known
        return known

    @cached_property
    def _pool(self) -> Counter:
        return pool(self.diary)

    def feasible(self, step: Step, therapist: int | None) -> Feasible:
        """Starts that keep every rule about one visit, for a series with that therapist."""
        common = self.common(step)
        groups: dict[Barred, int] = {}
        for people, bits in self.staffings(step, therapist):
            barred = self.barred(people)
            groups[barred] = groups.get(barred, 0) | bits
        direct = pooled = 0
        for barred, bits in groups.items():
            wanted = common & bits
            direct |= wanted & self.direct(step, barred)
            if wanted & ~direct:
                pooled |= wanted & self.pooled(step, barred)
        return Feasible(direct, direct | pooled)
