"""Monitoring shared out anew over named nurses when nobody has room as things stand.

Tasks that have begun are no part of it (see `Ward`). Whether it can be done at all is settled
stretch by stretch, from the visit outward, and where that stays open by CP-SAT: a refusal is
always proven. How few tasks need to move is found by a bounded tree of ejections, then by CP-SAT
within a time that a booking can wait for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from ortools.sat.python import cp_model

from scheduling.planner.day import CoverTask
from scheduling.planner.lanes import within
from scheduling.planner.pool import Levels, levels
from scheduling.planner.settle import Settling, Shares
from scheduling.planner.ward import Ward

MOVES = 3
NODES = 500
MARGINS = (0, 45, 90, 180)
"""Minutes before and after the visit in which others may change nurses."""
WAIT = 0.15
"""Seconds in which CP-SAT may look for fewer moves."""


def repack(ward: Ward, new: Sequence[CoverTask], *, least: bool) -> Shares | None:
    """Nurses for the new tasks, others moved as needed; None when proven impossible.

    With `least` as few are moved as can be found in the time of a booking.
    """
    if least:
        for moves in range(1, MOVES + 1):
            search = _Ejections(ward)
            found = search.place(list(new), ward.free, {}, moves)
            if found is not None:
                return found
            if search.nodes > NODES:
                break
    known = settled(ward, new)
    if least and known:
        return by_solver(ward, new, known) or known
    return known


def settled(ward: Ward, new: Sequence[CoverTask]) -> Shares | None:
    """Any sharing out at all; None when proven impossible."""
    low, high = min(task.start for task in new), max(task.end for task in new)
    found = Settling(ward, new, low, high).solve(NODES)
    if found is not None:
        return found
    for part in (*([task] for task in new), *map(list, pairwise(new)), list(new)):
        start, end = part[0].start, max(task.end for task in part)
        short = Settling(ward, part, start, end, clipped=True)
        if short.solve(2 * NODES) is None and not short.exhausted:
            return None
    for margin in MARGINS[1:]:
        found = Settling(ward, new, low - margin, high + margin).solve(NODES)
        if found is not None:
            return found
    return by_solver(ward, new, None)


class _Ejections:
    """Depth-first search for a way in: put a task on a nurse, and eject who stands in the way.

    Complete for so many moves, unless the nodes run out.
    """

    def __init__(self, ward: Ward) -> None:
        self.ward = ward
        self.nodes = 0
        self.able = {task: ward.able(task) for task in ward.movable}

    def place(
        self, queue: Sequence[CoverTask], free: Sequence[Levels], done: Shares, moves: int
    ) -> Shares | None:
        """Nurses for the queue on top of what is done; None when these moves do not suffice."""
        if not queue:
            return done
        self.nodes += 1
        if self.nodes > NODES:
            return None
        ward, task = self.ward, queue[0]
        able = self.able.get(task) or ward.able(task)
        last = next((done[other] for other in reversed(done) if other.visit == task.visit), -1)
        for n in sorted(able, key=lambda n: (n != last, ward.load[n])):
            if ward.nurses[n].id == task.nurse:
                continue
            for room, ejected in self._room(task, n, free, done, moves):
                rest = [*queue[1:], *ejected]
                shares = {**done, **dict.fromkeys(ejected, -1), task: n}
                found = self.place(rest, room, shares, moves - len(ejected))
                if found is not None:
                    return found
        return None

    def _room(
        self, task: CoverTask, n: int, free: Sequence[Levels], done: Shares, moves: int
    ) -> Iterator[tuple[Sequence[Levels], tuple[CoverTask, ...]]]:
        """Ways to have the task on nurse n: the free levels then, and who had to go."""
        ward = self.ward
        if ward.fits(free, task, n):
            yield ward.with_task(free, task, n), ()
            return
        need = ward.need(task, n)
        if moves == 0 or need > len(free[n]):
            return
        short = ward.bits(task) & ~free[n][need - 1]
        minute = ward.offset + (short & -short).bit_length() - 1
        for other in ward.movable:
            standing = other.nurse == ward.nurses[n].id and other.start <= minute < other.end
            if standing and other not in done:
                lighter = ward.without_task(free, other)
                lifted = {**done, other: -1}
                for room, more in self._room(task, n, lighter, lifted, moves - 1):
                    yield room, (other, *more)


def by_solver(ward: Ward, new: Sequence[CoverTask], known: Shares | None) -> Shares | None:
    """The whole ward as a CP-SAT model: from a known answer to fewer moves, else any answer.

    None when there is provably no answer, or none better than the known one in time.
    """
    model = cp_model.CpModel()
    tasks = [*new, *ward.movable]
    home = {task: ward.index[task.nurse] for task in ward.movable if task.nurse is not None}
    takes: list[dict[int, cp_model.IntVar]] = []
    for task in tasks:
        able = {*ward.able(task), home.get(task, -1)} - {-1}
        takes.append({n: model.new_bool_var("") for n in able})
        model.add_exactly_one(takes[-1].values())
    for n in range(len(ward.nurses)):
        mine = [
            (task, ward.need(task, n), take[n])
            for task, take in zip(tasks, takes, strict=True)
            if n in take
        ]
        within(model, levels(ward.fixed[n]), ward.offset, ward.end, mine)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 7
    if known is not None:
        stay = [takes[len(new) + k][home[task]] for k, task in enumerate(ward.movable)]
        model.maximize(100 * sum(stay) + sum(_kept(model, new, takes)))
        for task, take in zip(tasks, takes, strict=True):
            chosen = known.get(task, home.get(task))
            for n, taken in take.items():
                model.add_hint(taken, n == chosen)
        solver.parameters.max_time_in_seconds = WAIT
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return {
        task: n
        for task, take in zip(tasks, takes, strict=True)
        for n, chosen in take.items()
        if solver.value(chosen) and home.get(task) != n
    }


def _kept(
    model: cp_model.CpModel,
    new: Sequence[CoverTask],
    takes: Sequence[Mapping[int, cp_model.IntVar]],
) -> Iterator[cp_model.IntVar]:
    """One variable a phase boundary and nurse: true only if that nurse stays across it."""
    for k in range(1, len(new)):
        if new[k].visit == new[k - 1].visit:
            for n in takes[k].keys() & takes[k - 1].keys():
                same = model.new_bool_var("")
                model.add_implication(same, takes[k][n])
                model.add_implication(same, takes[k - 1][n])
                yield same
