"""Patients given from one nurse to another by hand: whether that may be, and what a day weighs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scheduling.planner.cover import Placement
from scheduling.planner.day import CoverTask, Diary
from scheduling.planner.intervals import span
from scheduling.planner.plans import Refusal
from scheduling.planner.pool import Counter, first_run
from scheduling.planner.protocols import NURSE
from scheduling.planner.ward import Ward
from scheduling.planner.words import stretch

Wanted = Mapping[CoverTask, int]
"""The tasks that change nurses, and the nurse (id) who is to have each."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one nurse has on a day.

    `weighed` are minutes times the share of a nurse that ratio and acuity ask for, `duty` the
    minutes on duty.
    """

    nurse: int
    weighed: int
    duty: int

    @property
    def percent(self) -> int:
        return round(100 * self.weighed / self.duty) if self.duty else 0


@dataclass(frozen=True, slots=True)
class HandOver:
    """At a phase boundary (absolute minute) one nurse gives a visit's patient to another."""

    visit: str
    at: int
    giver: int
    taker: int


@dataclass(frozen=True, slots=True)
class Weighed:
    """A day's sharing out: the load of each nurse on duty, and its hand-overs."""

    loads: tuple[Load, ...]
    hand_overs: tuple[HandOver, ...]

    @property
    def spread(self) -> int:
        """Percent of their hours between the most and the least loaded nurse."""
        shares = [load.percent for load in self.loads]
        return max(shares) - min(shares) if shares else 0


def weigh(tasks: Iterable[CoverTask], diary: Diary) -> Weighed:
    """The load and the hand-overs of tasks as they are held."""
    known = list(tasks)
    minutes: dict[int, int] = defaultdict(int)
    for task in known:
        if task.nurse is not None:
            minutes[task.nurse] += task.lanes * (task.end - task.start)
    loads = [
        Load(person.id, round(minutes[person.id] / diary.nurse_lanes), duty.bit_count())
        for person in diary.people
        if (duty := person.duty.get(NURSE, 0)) or minutes[person.id]
    ]
    return Weighed(tuple(loads), tuple(hand_overs(known)))


def hand_overs(tasks: Iterable[CoverTask]) -> Iterator[HandOver]:
    """Where a phase begins with another nurse than the one before ended with."""
    before: dict[str, CoverTask] = {}
    for task in sorted(tasks, key=lambda task: task.start):
        last = before.get(task.visit)
        if task.nurse is None:
            continue
        if last is not None and last.nurse is not None and last.nurse != task.nurse:
            yield HandOver(task.visit, task.start, last.nurse, task.nurse)
        before[task.visit] = task


def reassign(
    wanted: Wanted, tasks: Sequence[CoverTask], diary: Diary
) -> tuple[Placement, ...] | list[Refusal]:
    """The placements of all tasks whose nurse or lanes change, or every reason why not.

    `tasks` are those of the day, begun ones pinned. Nobody is moved who was not asked for; those
    who stay may change lanes, which nobody notices.
    """
    ward = Ward(diary.people, tasks, diary, 0, diary.length)
    names = {person.id: person.name for person in diary.people}
    refusals = [no for task, nurse in wanted.items() for no in _unfit(task, nurse, ward, diary)]
    if refusals:
        return list(dict.fromkeys(refusals))
    movable = set(ward.movable)
    placed: list[Placement] = []
    for nurse in sorted(set(wanted.values())):
        n = ward.index[nurse]
        own = [task for task in movable if wanted.get(task, task.nurse) == nurse]
        own += [task for task in wanted if task not in movable and wanted[task] == nurse]
        if short := _overfull(ward, n, own):
            start, end, need, room = short
            when = stretch(ward.offset + start, ward.offset + end, diary.zone)
            said = f"The ratio would be broken {when}: {need} lanes of {names[nurse]}'s {room}."
            refusals.append(Refusal("ratio_is_kept", names[nurse], said))
            continue
        lanes = ward.paint(n, own)
        if lanes is None:
            said = f"{names[nurse]} has the lanes, but held places lie across them."
            refusals.append(Refusal("ratio_is_kept", names[nurse], said))
            continue
        placed += [
            Placement(task, nurse, taken)
            for task, taken in lanes.items()
            if task.nurse != nurse or task.held != taken
        ]
    return refusals or tuple(placed)


def after(tasks: Iterable[CoverTask], placed: Iterable[Placement]) -> list[CoverTask]:
    """The tasks as they are once the placements are made."""
    changed = {one.task: one for one in placed}
    return [held_by(changed[task]) if task in changed else task for task in tasks]


def held_by(placed: Placement) -> CoverTask:
    """A task in the hands of who takes it."""
    return replace(placed.task, nurse=placed.nurse, held=placed.lanes)


def _unfit(task: CoverTask, nurse: int, ward: Ward, diary: Diary) -> Iterator[Refusal]:
    """Why a nurse cannot have a task, whatever else they have."""
    zone = diary.zone
    if task.pinned:
        said = f"The phase {stretch(task.start, task.end, zone)} has begun or is over."
        yield Refusal("phase_is_ahead", "phase", f"{said} Patients change nurses between phases.")
        return
    name = next((one.name for one in diary.people if one.id == nurse), "Somebody of elsewhere")
    n = ward.index.get(nurse)
    off = ward.bits(task) if n is None else ward.bits(task) & ~ward.duty[n]
    if off:
        start, end = first_run(off)
        when = stretch(ward.offset + start, ward.offset + end, zone)
        yield Refusal("nurse_is_on_duty", name, f"{name} is not on duty {when}.")
    if n is not None and (missing := task.skills - ward.nurses[n].skills):
        said = f"{name} lacks {', '.join(sorted(missing))}, which the visit asks of its nurse."
        yield Refusal("nurse_is_qualified", name, said)
    if nurse in task.barred:
        said = f"{name} is the therapist or prescriber of this visit, and cannot be its nurse too."
        yield Refusal("nurse_is_nobody_else", name, said)


def _overfull(ward: Ward, n: int, own: Sequence[CoverTask]) -> tuple[int, int, int, int] | None:
    """The first minutes at which a nurse's tasks ask for more lanes than are free of others."""
    room = Counter(bits & ward.duty[n] for bits in ward.fixed[n])
    needed: Counter = Counter()
    for task in own:
        for _ in range(ward.need(task, n)):
            needed.add(ward.bits(task))
    everywhere = span(0, ward.end - ward.offset)
    short = 0
    for level in range(1, sum(ward.need(task, n) for task in own) + 1):
        short |= needed.at_least(level, everywhere) & ~room.at_least(level, everywhere)
    if not short:
        return None
    start, end = first_run(short)
    return start, end, max(needed.value(bit) for bit in range(start, end)), room.value(start)
