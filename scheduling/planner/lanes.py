"""The lanes of one nurse in a CP-SAT model: at no minute more of them taken than there are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ortools.sat.python import cp_model

from scheduling.planner.day import CoverTask
from scheduling.planner.intervals import span
from scheduling.planner.pool import Levels, covers

Taking = tuple[CoverTask, int, cp_model.IntVar]
"""A task, the lanes it takes of this nurse, and the variable that is true when they have it."""


def within(
    model: cp_model.CpModel, free: Levels, offset: int, end: int, tasks: Sequence[Taking]
) -> None:
    """One sum a stretch between starts; `offset` is the minute of bit 0, `end` the last one."""
    coming = sorted(tasks, key=lambda taking: taking[0].start)
    starts = sorted({task.start for task, *_ in tasks})
    here: list[Taking] = []
    for start, then in pairwise([*starts, end]):
        here = [taking for taking in here if taking[0].end > start]
        while coming and coming[0][0].start == start:
            here.append(coming.pop(0))
        until = min(then, max(task.end for task, *_ in here))
        where = span(start - offset, until - offset)
        room = sum(covers(bits, where) for bits in free)
        if sum(need for _, need, _ in here) > room:
            model.add(sum(need * taken for _, need, taken in here) <= room)
