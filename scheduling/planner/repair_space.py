"""Where each visit of a day to repair could go, whatever the others do; drawn once a problem."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

from scheduling.planner.cover import tasks_of
from scheduling.planner.day import CoverTask, Diary, Person
from scheduling.planner.grid import grid
from scheduling.planner.intervals import erode, members, span
from scheduling.planner.placed import Examined, Placed
from scheduling.planner.plans import PlannedPhase, PlannedVisit
from scheduling.planner.pool import first_run
from scheduling.planner.protocols import NURSE, THERAPIST
from scheduling.planner.repair_problem import DISTURBED, MOVED, NURSE_CHANGE, SHIFT, Booked, Problem
from scheduling.planner.shape import Shape, shape_of, watches_of
from scheduling.planner.spacing import SERIES_RULES

Staff = tuple[Person, ...]
"""One person a turn of the step, in the order of its shape."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One phase's monitoring: minutes from the visit's start, and who had it with which lanes."""

    start: int
    end: int
    lanes: int
    skills: frozenset[str]
    home: int | None
    held: tuple[int, ...]


class Spot:
    """One visit: its shape, its monitoring, who could treat it, and the starts that keep its rules.

    Bits are minutes of the space's diary. `at` is the booked start.
    """

    def __init__(self, booked: Booked, diary: Diary) -> None:
        self.booked, self.diary = booked, diary
        self.shape: Shape = shape_of(booked.step)
        self.at = booked.place.start - diary.start
        self.own = {c.role: c.resource for c in booked.place.claims if c.kind == "staff"}

    @cached_property
    def watched(self) -> tuple[Watched, ...]:
        booked = self.booked
        found = []
        for watch in watches_of(booked.step, booked.acuity, self.diary.nurse_lanes):
            start = booked.place.start + watch.start
            last = next((t for t in booked.watched if t.start <= start < t.end), None)
            home, held = (last.nurse, last.held) if last else (None, ())
            found.append(Watched(watch.start, watch.end, watch.lanes, watch.skills, home, held))
        return tuple(found)

    @cached_property
    def staffs(self) -> list[Staff]:
        """Everybody who could take the turns, those booked first."""
        having = []
        for turn in self.shape.turns:
            wanted = self.booked.therapist if turn.role == THERAPIST else None
            having.append(
                [
                    person
                    for person in self.diary.people
                    if person.duty.get(turn.role)
                    and turn.skills <= person.skills
                    and wanted in (None, person.id)
                ]
            )
        found = [
            staff
            for staff in product(*having)
            if len({person.id for person in staff}) == len(staff)
        ]
        found.sort(key=lambda staff: (not self.same_people(staff), *(p.id for p in staff)))
        return found

    def same_people(self, staff: Staff) -> bool:
        """True when those are the people it was booked with."""
        return all(
            self.own.get(turn.role) == person.id
            for turn, person in zip(self.shape.turns, staff, strict=True)
        )

    def barred(self, staff: Sequence[Person]) -> frozenset[int]:
        """Those of the clinicians who monitor too: not in this visit."""
        return frozenset(person.id for person in staff if person.duty.get(NURSE))

    @cached_property
    def starts(self) -> int:
        """Starts that keep opening hours, the patient's time, presence, windows and the clock."""
        booked, diary = self.booked, self.diary
        found = (grid(diary) | 1 << self.at) if self.at >= 0 else grid(diary)
        now = max(0, diary.now - diary.start)
        found = found >> now << now & self._dates()
        found &= erode(diary.open, self.shape.minutes)
        found &= erode(booked.patient & span(0, diary.length), self.shape.minutes)
        for need in self.shape.attendances:
            there = diary.presence.get(need.credential, 0)
            found &= erode(there, need.end - need.start) >> need.start
        return self.lawful(found)

    def _dates(self) -> int:
        diary = self.diary
        own = diary.date_of(self.booked.place.start)
        first, last = self.booked.days or (own, own)
        low = max(0, (first - diary.first).days)
        high = (last - diary.first).days + 1
        if high <= low or low >= len(diary.midnights) - 1:
            return 0
        return span(diary.midnights[low], diary.midnights[min(high, len(diary.midnights) - 1)])

    def lawful(self, starts: int) -> int:
        """Those starts that keep the protocol's weekdays, gaps and order with the other visits."""
        diary, found = self.diary, 0
        for index in range(len(diary.midnights) - 1):
            low, high = diary.midnights[index], diary.midnights[index + 1]
            of_day = starts & span(low, high)
            if not of_day:
                continue
            if self._by_date(index):
                lowest = (of_day & -of_day).bit_length() - 1
                found |= of_day if self.keeps_windows(lowest) else 0
            else:
                found |= sum(1 << bit for bit in members(of_day) if self.keeps_windows(bit))
        return found

    def _by_date(self, index: int) -> bool:
        """True when all starts of a day are alike to the rules about the series."""
        booked, diary = self.booked, self.diary
        low = diary.start + diary.midnights[index]
        high = diary.start + diary.midnights[index + 1]
        timed = [
            a for k, a in booked.anchors.items() if isinstance(a, tuple) and k != booked.step.key
        ]
        if any(low <= start < high for start, _ in timed):
            return False
        hours = [s for s in booked.protocol.steps if any(gap.unit == "hours" for gap in s.gaps)]
        key = booked.step.key
        return not any(
            step.key == key or any(gap.anchor == key for gap in step.gaps) for step in hours
        )

    def keeps_windows(self, start: int) -> bool:
        """True when a start (bit) keeps weekdays and the rules about the series."""
        booked = self.booked
        place = PlannedVisit(
            booked.step.key,
            self.diary.start + start,
            self.diary.start + start + self.shape.minutes,
            (),
            (),
        )
        placed = Placed(place, booked.step, self.diary, booked.acuity)
        allowed = booked.step.weekdays
        if allowed and placed.day.weekday() not in allowed:
            return False
        others = {k: a for k, a in booked.anchors.items() if k != booked.step.key}
        series = Examined((placed,), booked.protocol, self.diary, booked.acuity, others)
        return not any(refusal for rule in SERIES_RULES for refusal in rule(series))

    def phases(self, start: int) -> tuple[PlannedPhase, ...]:
        at = self.diary.start + start
        return tuple(
            PlannedPhase(name, at + low, at + high) for name, low, high in self.shape.phases
        )

    def tasks(self, start: int, clinicians: Iterable[int]) -> list[CoverTask]:
        """Its monitoring from a start (bit); where it has not moved, as it is held now.

        What has begun is pinned, and cut at the minute in which its nurse leaves.
        """
        booked, at = self.booked, self.diary.start + start
        barred = frozenset(clinicians)
        if start != self.at:
            tasks = tasks_of(booked.step, at, booked.acuity, self.diary.nurse_lanes, barred)
            return [replace(task, visit=booked.key) for task in tasks]
        found: list[CoverTask] = []
        for w in self.watched:
            task = CoverTask(
                booked.key,
                at + w.start,
                at + w.end,
                w.lanes,
                w.home,
                skills=w.skills,
                held=w.held,
                barred=barred,
            )
            found += self._begun(task) if task.start <= self.diary.now else self._ahead(task)
        return found

    def homes(self, tasks: Sequence[CoverTask], start: int) -> list[int | None]:
        """Who had the monitoring of each of its tasks, wherever the visit is now."""
        at = self.diary.start + start
        return [
            next((w.home for w in self.watched if w.start <= task.start - at < w.end), None)
            for task in tasks
        ]

    def _begun(self, task: CoverTask) -> Iterator[CoverTask]:
        now = self.diary.now
        stays = task.end if not self.booked.affected else self._until(task, max(task.start, now))
        if task.nurse is not None and stays > task.start:
            yield replace(task, end=stays, pinned=True)
        if self.booked.affected and stays < task.end:
            yield replace(task, start=stays, nurse=None, held=())

    def _ahead(self, task: CoverTask) -> Iterator[CoverTask]:
        if self.booked.affected:
            yield task
        elif task.nurse is not None:
            on = self._until(task, task.start) == task.end
            yield task if on else replace(task, pinned=True)

    def _until(self, task: CoverTask, low: int) -> int:
        """The minute from `low` to the task's end at which its nurse goes off duty."""
        person = next((p for p in self.diary.people if p.id == task.nurse), None)
        duty = person.duty.get(NURSE, 0) if person else 0
        off = span(low - self.diary.start, task.end - self.diary.start) & ~duty
        return self.diary.start + first_run(off)[0] if off else task.end

    def cost(self, start: int, staff: Staff) -> int:
        """Points of being there: nothing where nobody but a nurse or room changes."""
        return self._cost(start, same=self.same_people(staff))

    def _cost(self, start: int, *, same: bool) -> int:
        if start == self.at and same:
            return 0
        disturbed = 0 if self.booked.affected else DISTURBED
        return disturbed + MOVED + -(-abs(start - self.at) // SHIFT)

    @cached_property
    def forced(self) -> int:
        """Starts at which some nurse has to take over, whoever is free: their own is not on."""
        if not self.watched:
            return 0
        on: list[int] = []
        for watch in self.watched:
            person = next((p for p in self.diary.people if p.id == watch.home), None)
            duty = person.duty.get(NURSE, 0) if person else 0
            on.append(erode(duty, watch.end - watch.start) >> watch.start)
        everywhere = span(0, self.diary.length)
        kept = on[0]
        if len({watch.home for watch in self.watched}) == 1:
            for bits in on[1:]:
                kept &= bits
        return everywhere & ~kept

    def least(self, start: int, *, same: bool) -> int:
        """What being there costs at least with the same clinicians or with others, nurses who have
        to take over included."""
        forced = NURSE_CHANGE if self.forced >> start & 1 else 0
        return self._cost(start, same=same) + forced


class Space:
    """Every visit's spot in one diary, by default as far as any visit may move."""

    def __init__(self, problem: Problem, diary: Diary | None = None) -> None:
        self.problem = problem
        self.diary = diary or near(problem)
        self.spots = {v.id: Spot(v, self.diary) for v in problem.visits}
        self.nurses = [person for person in self.diary.people if person.duty.get(NURSE)]

    def affected(self) -> Iterator[Spot]:
        """Spots of the visits that lost something."""
        return (spot for spot in self.spots.values() if spot.booked.affected)


def near(problem: Problem) -> Diary:
    """The diary as far as any visit may move: later days are looked at for stranded ones only."""
    whole = problem.diary
    reach = [visit.days[1] for visit in problem.visits if visit.days]
    reach += [whole.date_of(visit.place.start) for visit in problem.visits]
    last = min(whole.last, max(reach, default=whole.last))
    return whole.until(last) if last < whole.last else whole
