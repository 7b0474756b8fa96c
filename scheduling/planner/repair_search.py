"""A better plan: visits off and on again while it cools, with a pooled programme as the measure.

Anytime: whatever it has when the time is over is complete and no worse than what it began with.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from random import Random

from scheduling.planner.intervals import nth
from scheduling.planner.repair_finish import finished
from scheduling.planner.repair_named import renamed
from scheduling.planner.repair_pooled import pooled
from scheduling.planner.repair_problem import NURSE_CHANGE, Measures, Problem, RepairPlan
from scheduling.planner.repair_quick import Draft, cost, drafts, placed, price
from scheduling.planner.repair_space import Space, Spot

FEWEST, MOST = 2, 7
"""Visits taken off at once."""
FIRST = 1.5
"""Seconds before the pooled programme: a first better plan comes soon."""
POOLING, NAMING = 0.3, 0.1
"""Shares of the time for the pooled programme and for the naming of nurses."""
HOT, COLD = 40.0, 1.0
"""Points by which a step may be dearer one time in e, at first and at last."""
DEAR = 0.3
"""Share of steps around a visit that costs something, where nobody is stranded."""
FIRST_COME = 0.5
"""Share of steps in which the stranded choose first or, with nobody stranded, those who lost
nothing."""
ROUNDS = 3
"""Times it cools, each beginning at the best so far."""
ELSEWHERE = 0.5
"""Share of steps that try a stranded visit somewhere else than near its own time."""


def improve(
    problem: Problem,
    *,
    seconds: float,
    seed: int = 0,
    on_better: Callable[[RepairPlan], object] | None = None,
) -> RepairPlan:
    """The best plan found in that time; `on_better` is told of each that beats the one before.

    A few visits at a time are put back in another order, dearer steps taken the seldomer the
    later; everything alike is pooled for the bound, which ends it when reached; at last the
    nurses are named anew.
    """
    began = time.monotonic()
    space, rng = Space(problem), Random(seed)  # noqa: S311 - no secret is drawn
    best = _Best(min(drafts(space), key=lambda draft: cost(space, draft)), on_better)
    end = began + (1 - NAMING) * seconds
    search = _Search(best, rng, began, end)
    search.run(began + min(FIRST, POOLING * seconds))
    if not best.proven:
        best.bound = pooled(space, best.draft, time.monotonic() + POOLING * seconds)
    search.run(end)
    if not best.proven:
        best.offer(renamed(best.draft, began + seconds - time.monotonic()))
    return replace(best.plan, measures=best.measures)


class _Best:
    """The best draft so far, with its plan and what it costs at least."""

    def __init__(self, draft: Draft, on_better: Callable[[RepairPlan], object] | None) -> None:
        self.space, self.on_better = draft.floor.space, on_better
        self.bound: float | None = None
        self.draft, self.points = draft, cost(self.space, draft)
        self.plan = finished(self.space, draft)

    @property
    def proven(self) -> bool:
        """True when no plan can be cheaper."""
        least = 0 if self.bound is None else math.ceil(self.bound - 1e-6)
        return self.plan.measures.cost <= least

    @property
    def measures(self) -> Measures:
        return replace(self.plan.measures, bound=self.bound, proven=self.proven)

    def offer(self, draft: Draft) -> None:
        """Take a draft that is cheaper; its plan is told where that is cheaper too."""
        points = cost(self.space, draft)
        if points >= self.points:
            return
        self.draft, self.points = draft, points
        plan = finished(self.space, draft)
        if plan.measures.cost < self.plan.measures.cost:
            self.plan = plan
            if self.on_better:
                self.on_better(plan)


class _Search:
    """A walk from draft to draft, from `began` hot to `end` cold."""

    def __init__(self, best: _Best, rng: Random, began: float, end: float) -> None:
        self.best, self.rng, self.began, self.end = best, rng, began, end
        self.here, self.level, self.rounds = best.draft, best.points, 0
        self.loose = [spot for spot in best.space.spots.values() if not spot.booked.begun]

    def run(self, until: float) -> None:
        """Step until a time, or until nothing can be cheaper."""
        space, best = self.best.space, self.best
        while self.loose and not best.proven and (now := time.monotonic()) < until:
            self._begin_again(now)
            then = self._shaken()
            reached = cost(space, then)
            if reached <= self.level or self.rng.random() < self._chance(reached, now):
                self.here, self.level = then, reached
                best.offer(then)

    def _dear(self) -> list[Spot]:
        """Visits that cost more than a nurse who takes over, as things stand."""
        standing = self.here.floor.standing
        return [spot for spot in self.loose if price(spot, standing[spot.booked.id]) > NURSE_CHANGE]

    def _begin_again(self, now: float) -> None:
        """At the best so far, when a round begins."""
        rounds = int(ROUNDS * (now - self.began) / (self.end - self.began))
        if rounds != self.rounds:
            self.rounds, self.here, self.level = rounds, self.best.draft, self.best.points

    def _chance(self, reached: int, now: float) -> float:
        gone = ROUNDS * (now - self.began) / (self.end - self.began) % 1
        heat = HOT * (COLD / HOT) ** gone
        return math.exp((self.level - reached) / heat)

    def _shaken(self) -> Draft:
        """A few visits near each other off the floor, and back in an order drawn by lot."""
        rng, draft = self.rng, self.here
        floor = draft.floor.copy()
        waiting = [spot for spot in self.loose if draft.lost(spot.booked.id)]
        middle = rng.choice(waiting or (rng.random() < DEAR and self._dear()) or self.loose)
        goals: dict[int, int] = {}
        if waiting and middle.starts and rng.random() < ELSEWHERE:
            goals[middle.booked.id] = nth(middle.starts, rng.randrange(middle.starts.bit_count()))
        around = goals.get(middle.booked.id, middle.at)
        near = sorted(
            (spot for spot in self.loose if not draft.lost(spot.booked.id)),
            key=lambda spot: (
                abs(floor.standing[spot.booked.id].start - around) * (0.5 + rng.random()),
                spot.booked.id,
            ),
        )
        off = near[: rng.randint(FEWEST, MOST)]
        for spot in off:
            floor.give(spot.booked.id)
        again = [*waiting, *off]
        rng.shuffle(again)
        if rng.random() < FIRST_COME:
            again.sort(key=lambda s: not draft.lost(s.booked.id) if waiting else s.booked.affected)
        for spot in again:
            goal = goals.get(spot.booked.id)
            standing = placed(floor, spot, alone=rng.random() < 0.2, near=goal)
            if standing:
                floor.take(spot.booked.id, standing)
            elif not spot.booked.affected:
                return draft
        return Draft(floor, draft.stuck)
