"""Nurses for the monitoring of one visit: one if that can be, else handed over after prep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scheduling.planner.intervals import erode, span
from scheduling.planner.pool import levels

Task = tuple[int, int, int]
"""Start and end bit of a phase, and the lanes it needs."""


@dataclass(frozen=True, slots=True)
class Nurse:
    """One nurse's day in bits: on duty, and each lane free."""

    id: int
    duty: int
    lanes: Sequence[int]
    max_patients: int | None


class NurseClaim(NamedTuple):
    nurse: int
    lane: int
    start: int
    end: int


def possible(tasks: Sequence[Task], nurses: Sequence[Nurse]) -> int:
    """Starts at which every task, taken by itself, finds a nurse; tasks count from the start."""
    starts = -1
    free = [levels(lane & nurse.duty for lane in nurse.lanes) for nurse in nurses]
    for low, high, lanes in tasks:
        found = 0
        for nurse, levels_of in zip(nurses, free, strict=True):
            found |= erode(levels_of[_need(nurse, lanes) - 1], high - low) >> low
        starts &= found
    return starts


def assign(tasks: Sequence[Task], nurses: Sequence[Nurse]) -> list[NurseClaim] | None:
    """Claims that cover every task; None when these nurses cannot.

    The busiest who can comes first, so that others stay free for a prep, which takes a whole one.
    """
    if not tasks:
        return []
    around = span(tasks[0][0] - 60, tasks[-1][1] + 60) if tasks[0][0] >= 60 else span(0, 1440)
    busy = {nurse.id: sum((~lane & around).bit_count() for lane in nurse.lanes) for nurse in nurses}
    order = sorted(nurses, key=lambda nurse: (-busy[nurse.id], nurse.id))
    for nurse in order:
        if claims := _claims(nurse, tasks):
            return claims
    for cut in range(1, len(tasks)):
        first = next((found for n in order if (found := _claims(n, tasks[:cut]))), None)
        if first is None:
            return None
        rest = next((found for n in order if (found := _claims(n, tasks[cut:]))), None)
        if rest is not None:
            return first + rest
    return None


def _claims(nurse: Nurse, tasks: Sequence[Task]) -> list[NurseClaim] | None:
    """One nurse's lanes for consecutive tasks, a lane kept as long as it is needed."""
    runs: dict[int, tuple[int, int]] = {}
    claims: list[NurseClaim] = []
    for number, (start, end, lanes) in enumerate(tasks):
        need = _need(nurse, lanes)
        bits = span(start, end)
        if nurse.duty & bits != bits:
            return None
        free = [lane for lane, mask in enumerate(nurse.lanes) if mask & bits == bits]
        if len(free) < need:
            return None
        free.sort(key=lambda lane: (lane not in runs, -_lasting(nurse, lane, tasks[number:]), lane))
        kept = {}
        for lane in free[:need]:
            begun, until = runs.get(lane, (start, start))
            kept[lane] = (begun if until == start else start, end)
        claims += [
            NurseClaim(nurse.id, n, *run)
            for n, run in runs.items()
            if n not in kept or run[1] != start
        ]
        runs = kept
    return claims + [NurseClaim(nurse.id, lane, *run) for lane, run in runs.items()]


def _lasting(nurse: Nurse, lane: int, tasks: Sequence[Task]) -> int:
    """How many of the tasks in turn the lane is free for."""
    count = 0
    for start, end, _ in tasks:
        bits = span(start, end)
        if nurse.lanes[lane] & bits != bits:
            break
        count += 1
    return count


def _need(nurse: Nurse, lanes: int) -> int:
    if nurse.max_patients is None:
        return lanes
    return min(len(nurse.lanes), max(lanes, -(-len(nurse.lanes) // nurse.max_patients)))
