"""Monitoring shared out anew over named nurses when nobody has room as things stand.

First a bounded search tree over ejections, complete for up to `MOVES` moved tasks; then CP-SAT,
so that a refusal is always proven. Tasks that begun are no part of it (see `Ward`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from ortools.sat.python import cp_model

from scheduling.planner.day import CoverTask
from scheduling.planner.pool import Levels, levels
from scheduling.planner.ward import Ward

MOVES = 3
NODES = 3_000

Shares = dict[CoverTask, int]
"""Which nurse (index) gets a task; existing tasks that stay where they are do not appear."""


def repack(ward: Ward, new: Sequence[CoverTask]) -> Shares | None:
    """Nurses for the new tasks with as few existing ones moved as can be; None when proven not."""
    for moves in range(1, MOVES + 1):
        search = _Ejections(ward)
        found = search.place(list(new), ward.free, {}, moves)
        if found is not None:
            return found
        if search.nodes > NODES:
            break
    return proven(ward, new)


class _Ejections:
    """Depth-first search for a way in: put a task on a nurse, and eject who stands in the way."""

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


def proven(ward: Ward, new: Sequence[CoverTask]) -> Shares | None:
    """The same question as a CP-SAT model over the whole ward: exact, and never a guess."""
    model = cp_model.CpModel()
    tasks = [*new, *ward.movable]
    held = {task: ward.index[task.nurse] for task in ward.movable if task.nurse is not None}
    takes: list[dict[int, cp_model.IntVar]] = []
    for task in tasks:
        able = {*ward.able(task), held.get(task, -1)} - {-1}
        takes.append({n: model.new_bool_var("") for n in able})
        model.add_exactly_one(takes[-1].values())
    edges = sorted({edge for task in tasks for edge in (task.start, task.end)})
    for n in range(len(ward.nurses)):
        base = levels(ward.fixed[n])
        for start, end in pairwise(edges):
            where = (1 << (end - start)) - 1 << (start - ward.offset)
            here = [
                ward.need(task, n) * take[n]
                for task, take in zip(tasks, takes, strict=True)
                if n in take and task.start <= start and end <= task.end
            ]
            if here:
                model.add(sum(here) <= sum(bits & where == where for bits in base))
    stay = [takes[tasks.index(task)][n] for task, n in held.items()]
    model.maximize(100 * sum(stay) + sum(_kept(model, new, takes)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 7
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return {
        task: n
        for task, take in zip(tasks, takes, strict=True)
        for n, chosen in take.items()
        if solver.value(chosen) and held.get(task) != n
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
