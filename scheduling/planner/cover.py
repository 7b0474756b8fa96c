"""Nurse cover: who monitors whom, phase by phase, handing over only at phase boundaries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scheduling.planner.day import CoverTask, Diary, Person
from scheduling.planner.plans import PlannedClaim
from scheduling.planner.pool import Counter, first_run
from scheduling.planner.protocols import NURSE, Step
from scheduling.planner.repack import repack
from scheduling.planner.settle import Shares
from scheduling.planner.shape import watches_of
from scheduling.planner.ward import Ward


@dataclass(frozen=True, slots=True)
class Placement:
    """A task with the nurse who takes it and the lanes it takes of them."""

    task: CoverTask
    nurse: int
    lanes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Nurses for the new tasks, and the existing tasks whose nurse or lanes change for it."""

    new: tuple[Placement, ...]
    changed: tuple[Placement, ...] = ()


@dataclass(frozen=True, slots=True)
class Shortage:
    """From `start` to `end` (absolute minutes) the ratio cannot be kept.

    `lanes` are needed of one nurse, `on` are on duty among all nurses and `free` free at the
    worst minute, `concerns` are the visits that would go without. `scattered` is true when the
    free lanes would suffice together, but no sharing out puts enough of them with one nurse.
    """

    start: int
    end: int
    lanes: int
    on: int
    free: int
    concerns: tuple[str, ...]
    scattered: bool


def tasks_of(
    step: Step, start: int, acuity: int, site_lanes: int, barred: Iterable[int] = ()
) -> list[CoverTask]:
    """The monitoring a visit starting at this absolute minute asks for; `barred` its clinicians."""
    others = frozenset(barred)
    return [
        CoverTask(
            visit=step.key,
            start=start + watch.start,
            end=start + watch.end,
            lanes=watch.lanes,
            skills=watch.skills,
            barred=others,
        )
        for watch in watches_of(step, acuity, site_lanes)
    ]


def assign(
    new_tasks: Sequence[CoverTask],
    nurses: Sequence[Person],
    existing: Sequence[CoverTask],
    diary: Diary,
    claims: Iterable[PlannedClaim] = (),
    *,
    least: bool = True,
) -> Assignment | Shortage:
    """Named nurses for all new tasks within every nurse's lanes, or why there are none.

    `claims` are what the new visits take of their clinicians, should one of them monitor too.
    Direct fit first: one nurse for a whole visit, else the fewest hand-overs, the less loaded
    that day first. Else an exact repack of the movable tasks of those days, with few moves if
    `least` (a proposal only asks whether it can be done). A `Shortage` is proven.
    """
    if not new_tasks:
        return Assignment(())
    first = diary.day_of(min(task.start for task in new_tasks) - diary.start)
    last = diary.day_of(max(task.end for task in new_tasks) - 1 - diary.start)
    low, high = diary.midnights[first], diary.midnights[last + 1]
    ward = Ward(nurses, existing, diary, low, high, claims)
    order = sorted(new_tasks, key=lambda task: (task.start, task.visit))
    shares = direct(ward, order)
    if shares is None and (short := _pooled(ward, order)):
        return short
    if shares is None:
        shares = repack(ward, order, least=least)
    placed = _named(ward, order, shares) if shares is not None else None
    return placed or _scattered(ward, order)


def direct(ward: Ward, tasks: Sequence[CoverTask]) -> Shares | None:
    """Nurses with room as things stand, nobody moved; None when some task finds none."""
    free = ward.free
    load = list(ward.load)
    found: Shares = {}
    for visit in dict.fromkeys(task.visit for task in tasks):
        own = [task for task in tasks if task.visit == visit]
        best: dict[int, tuple[int, int, tuple[int, ...]]] = {-1: (0, 0, ())}
        for task in own:
            fitting = [n for n in ward.able(task) if ward.fits(free, task, n)]
            best = {
                n: min(
                    (changes + (last not in (n, -1)), weight + load[n], (*path, n))
                    for last, (changes, weight, path) in best.items()
                )
                for n in fitting
            }
            if not best:
                return None
        path = min(best.values())[2]
        for task, n in zip(own, path, strict=True):
            free = ward.with_task(free, task, n)
            load[n] += task.lanes * (task.end - task.start)
            found[task] = n
    return found


def _named(ward: Ward, new: Sequence[CoverTask], shares: Shares) -> Assignment | None:
    """Lanes for a sharing out; None when a nurse's lanes cannot be coloured."""
    placed: dict[CoverTask, Placement] = {}
    changed: list[Placement] = []
    for n, nurse in enumerate(ward.nurses):
        coming = [task for task, m in shares.items() if m == n]
        if not coming:
            continue
        leaving = [task for task in shares if task.nurse == nurse.id]
        lanes = ward.colour(n, leaving, coming)
        if lanes is None:
            return None
        for task, taken in lanes.items():
            placement = Placement(task, nurse.id, taken)
            if task.nurse is None:
                placed[task] = placement
            elif task.nurse != nurse.id or task.held != taken:
                changed.append(placement)
    return Assignment(tuple(placed[task] for task in new), tuple(changed))


def _pooled(ward: Ward, new: Sequence[CoverTask]) -> Shortage | None:
    """The quick proof: a minute at which all nurses together have too few lanes."""
    free = Counter(
        bits & duty for lanes, duty in zip(ward.free, ward.duty, strict=True) for bits in lanes
    )
    for task in new:
        where = ward.bits(task)
        if short := where & ~free.at_least(task.lanes, where):
            start, end = first_run(short)
            together = [other for other in new if other.start < task.end and task.start < other.end]
            return _shortage(ward, start, end, task.lanes, free, together, False)
    return None


def _scattered(ward: Ward, new: Sequence[CoverTask]) -> Shortage:
    """No sharing out works: the first task that finds no nurse as things stand."""
    free = Counter(
        bits & duty for lanes, duty in zip(ward.free, ward.duty, strict=True) for bits in lanes
    )
    task = next((task for task in new if direct(ward, [task]) is None), new[0])
    start, end = task.start - ward.offset, task.end - ward.offset
    return _shortage(ward, start, end, task.lanes, free, [task], True)


def _shortage(
    ward: Ward,
    start: int,
    end: int,
    lanes: int,
    free: Counter,
    concerned: Sequence[CoverTask],
    scattered: bool,
) -> Shortage:
    on = sum(
        len(nurse.lanes)
        for nurse, duty in zip(ward.nurses, ward.duty, strict=True)
        if duty >> start & 1
    )
    worst = min((free.value(bit) for bit in range(start, end)), default=0)
    visits = tuple(dict.fromkeys(task.visit for task in concerned))
    return Shortage(ward.offset + start, ward.offset + end, lanes, on, worst, visits, scattered)


def claims_of(placements: Iterable[Placement]) -> tuple[PlannedClaim, ...]:
    """Claims of nurses for placements of one visit, consecutive phases on a lane made one."""
    runs: list[list[int]] = []
    for placed in sorted(placements, key=lambda placed: placed.task.start):
        for lane in placed.lanes:
            for run in runs:
                if run[:2] == [placed.nurse, lane] and run[3] == placed.task.start:
                    run[3] = placed.task.end
                    break
            else:
                runs.append([placed.nurse, lane, placed.task.start, placed.task.end])
    together: dict[tuple[int, int, int], list[int]] = {}
    for nurse, lane, start, end in runs:
        together.setdefault((start, end, nurse), []).append(lane)
    return tuple(
        PlannedClaim(nurse, "staff", NURSE, tuple(sorted(lanes)), start, end)
        for (start, end, nurse), lanes in sorted(together.items())
    )
