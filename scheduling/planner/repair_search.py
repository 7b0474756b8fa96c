"""A better plan by taking a few visits off the floor and putting them back in another order.

Anytime: whatever it has when the time is over is complete and no worse than what it began with.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random

from scheduling.planner.repair_finish import finished
from scheduling.planner.repair_problem import Problem, RepairPlan
from scheduling.planner.repair_quick import Draft, cost, drafts, placed
from scheduling.planner.repair_space import Space, Spot

FEWEST, MOST = 2, 9
"""Visits taken off at once."""
UPHILL = 0.02
"""Share of steps that may go to a dearer plan, to leave a dead end."""


def improve(
    problem: Problem,
    *,
    seconds: float,
    seed: int = 0,
    on_better: Callable[[RepairPlan], object] | None = None,
) -> RepairPlan:
    """The best plan found in that time; `on_better` is told of each that beats the one before."""
    space, rng = Space(problem), Random(seed)  # noqa: S311 - no secret is drawn
    best = min(drafts(space), key=lambda draft: cost(space, draft))
    points = cost(space, best)
    found = finished(space, best)
    here, level = best, points
    loose = [spot for spot in space.spots.values() if not spot.booked.begun]
    until = time.monotonic() + seconds
    while loose and found.measures.cost and time.monotonic() < until:
        then = _shaken(space, here, loose, rng)
        reached = cost(space, then)
        if reached < level or (reached == level or rng.random() < UPHILL):
            here, level = then, reached
        if level < points:
            plan = finished(space, here)
            best, points = here, level
            if plan.measures.cost < found.measures.cost:
                found = plan
                if on_better:
                    on_better(plan)
        elif level > points + 1000:
            here, level = best, points
    return found


def _shaken(space: Space, draft: Draft, loose: list[Spot], rng: Random) -> Draft:
    """A few visits that are near each other off the floor, and back in an order drawn by lot."""
    floor = draft.floor.copy()
    waiting = [spot for spot in loose if draft.lost(spot.booked.id)]
    middle = rng.choice(waiting or loose)
    near = sorted(
        (spot for spot in loose if not draft.lost(spot.booked.id)),
        key=lambda spot: (abs(spot.at - middle.at) * (0.5 + rng.random()), spot.booked.id),
    )
    off = near[: rng.randint(FEWEST, MOST)]
    for spot in off:
        floor.give(spot.booked.id)
    again = [*waiting, *off]
    rng.shuffle(again)
    if waiting and rng.random() < 0.5:
        again.sort(key=lambda spot: not draft.lost(spot.booked.id))
    for spot in again:
        standing = placed(floor, spot, alone=rng.random() < 0.2)
        if standing:
            floor.take(spot.booked.id, standing)
        elif not spot.booked.affected:
            return draft
    return Draft(floor, draft.stuck)
