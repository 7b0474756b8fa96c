"""Nurses for a whole day at once: the same places, with the fewest who take a patient over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ortools.sat.python import cp_model

from scheduling.planner.lanes import within
from scheduling.planner.repair_floor import Floor, Standing
from scheduling.planner.repair_quick import Draft
from scheduling.planner.repair_space import Spot

Takes = list[dict[int, cp_model.IntVar]]
"""By task, and by the nurse who could have it, whether they do."""


def renamed(draft: Draft, seconds: float) -> Draft:
    """The same places with the fewest nurses who take over that can be found in a time.

    Begins with the nurses of the draft; the draft itself when nothing better was found.
    """
    floor = draft.floor.copy()
    before = {
        id: standing
        for id, standing in floor.standing.items()
        if not floor.space.spots[id].booked.begun
    }
    for id, standing in before.items():
        floor.give(id)
        floor.take(id, replace(standing, tasks=(), nurses=()))
    model = cp_model.CpModel()
    takes = {id: _takes(model, floor, standing) for id, standing in before.items()}
    _shared(model, floor, before, takes)
    over = [
        one
        for id, standing in before.items()
        for one in _taken_over(model, floor.space.spots[id], standing, takes[id])
    ]
    model.minimize(sum(over))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 7
    solver.parameters.max_time_in_seconds = max(0.0, seconds)
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return draft
    for id, standing in before.items():
        nurses = tuple(n for take in takes[id] for n, taken in take.items() if solver.value(taken))
        floor.give(id)
        floor.take(id, replace(standing, nurses=nurses))
    return Draft(floor, draft.stuck)


def _takes(model: cp_model.CpModel, floor: Floor, standing: Standing) -> Takes:
    """Exactly one nurse for each task, those of the draft to begin with."""
    found: Takes = []
    for task, now in zip(standing.tasks, standing.nurses, strict=True):
        take = {nurse: model.new_bool_var("") for nurse in {now, *floor.able(task)}}
        model.add_exactly_one(take.values())
        for nurse, taken in take.items():
            model.add_hint(taken, nurse == now)
        found.append(take)
    return found


def _shared(
    model: cp_model.CpModel,
    floor: Floor,
    standings: Mapping[int, Standing],
    takes: Mapping[int, Takes],
) -> None:
    """No nurse has more lanes than theirs."""
    diary = floor.space.diary
    for nurse in floor.duty:
        having = [
            (task, floor.need(task, nurse), take[nurse])
            for id, standing in standings.items()
            for task, take in zip(standing.tasks, takes[id], strict=True)
            if nurse in take
        ]
        within(model, floor.free[nurse], diary.start, diary.start + diary.length, having)


def _taken_over(
    model: cp_model.CpModel, spot: Spot, standing: Standing, takes: Takes
) -> Iterator[cp_model.IntVar]:
    """One variable a task: true when its nurse is neither the booked one nor the one before."""
    before: Mapping[int, cp_model.IntVar] = {}
    homes = spot.homes(standing.tasks, standing.start)
    for home, take in zip(homes, takes, strict=True):
        over = model.new_bool_var("")
        for nurse, taken in take.items():
            if nurse != home:
                model.add(taken - before.get(nurse, 0) <= over)
        before = take
        yield over
