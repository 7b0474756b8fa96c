"""What any plan costs at least: an integer programme in which what is alike is counted, not named.

Everything is counted at samples of the day, and nurses may hand over at every phase, so no plan
with names can be cheaper; every plan is measured by it, however that was found.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ortools.linear_solver import pywraplp

from scheduling.planner.intervals import members
from scheduling.planner.repair_counts import Counts, Stock
from scheduling.planner.repair_floor import Floor, Standing
from scheduling.planner.repair_problem import STRANDED
from scheduling.planner.repair_quick import Draft
from scheduling.planner.repair_space import Space, Spot

SOLVER = "SCIP"
GRAIN = 5
"""Minutes between the samples."""
MOST = 20_000
"""Choices beyond which the programme is not written: writing it alone would take seconds."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A visit at a start (bit), with the clinicians it was booked with (`own`) or with others."""

    start: int
    own: bool
    points: int


def pooled(space: Space, hint: Draft, until: float) -> float | None:
    """What no plan can be cheaper than, as good as it can be told by a time of the monotonic clock.

    Solving begins with a draft. None where nothing can be told: the programme would be too large,
    or monitoring outside the problem could be shared out otherwise, which is not counted.
    """
    diary = space.diary
    if diary.promised(diary.start, diary.start + diary.length):
        return None
    counts = Counts(space)
    choices = {id: list(_choices(counts.floor, spot)) for id, spot in space.spots.items()}
    if sum(map(len, choices.values())) > MOST:
        return None
    programme = _Programme(space, counts, choices)
    return programme.solve(hint, max(0.1, until - time.monotonic()))


def _choices(floor: Floor, spot: Spot) -> Iterator[Choice]:
    """Everywhere a visit could be if it were alone with those that have begun."""
    if spot.booked.begun:
        yield Choice(spot.at, own=True, points=0)
        return
    common = floor.roomy(spot)
    here = 1 << spot.at if spot.at >= 0 else 0
    free = {True: 0 if spot.booked.affected else here, False: 0}
    for staff in spot.staffs:
        watched = floor.watchable(spot, spot.barred(staff)) | here
        free[spot.same_people(staff)] |= common & floor.manned(spot, staff) & watched
    for own, starts in free.items():
        for start in members(starts):
            yield Choice(start, own, spot.least(start, same=own))


class _Programme:
    """One 0-1 variable a choice, one row for each stock at each sample."""

    def __init__(self, space: Space, counts: Counts, choices: Mapping[int, list[Choice]]) -> None:
        self.space, self.counts = space, counts
        self.solver = pywraplp.Solver.CreateSolver(SOLVER)
        self.goal = self.solver.Objective()
        self.goal.SetMinimization()
        self.rows: dict[tuple[Stock, int], pywraplp.Constraint] = {}
        self.chosen: dict[int, list[tuple[Choice, pywraplp.Variable]]] = {}
        self.lost: dict[int, pywraplp.Variable] = {}
        for id, having in choices.items():
            self._add(space.spots[id], having)

    def solve(self, hint: Draft, seconds: float) -> float | None:
        self.solver.SetHint(*self._hint(hint))
        self.solver.SetTimeLimit(max(1, round(1000 * seconds)))
        if self.solver.Solve() not in (self.solver.OPTIMAL, self.solver.FEASIBLE):
            return None
        return max(0.0, float(self.goal.BestBound()))

    def _add(self, spot: Spot, having: list[Choice]) -> None:
        once = self.solver.Constraint(1, 1)
        lost = self.lost[spot.booked.id] = self.solver.BoolVar("")
        once.SetCoefficient(lost, 1)
        self.goal.SetCoefficient(lost, STRANDED)
        self.chosen[spot.booked.id] = []
        for choice in having:
            variable = self.solver.BoolVar("")
            once.SetCoefficient(variable, 1)
            self.goal.SetCoefficient(variable, choice.points)
            self.chosen[spot.booked.id].append((choice, variable))
            used: Counter[tuple[Stock, int]] = Counter()
            for stock, much, low, high in self.counts.uses(spot, choice.start, own=choice.own):
                for sample in range(-(-low // GRAIN) * GRAIN, high, GRAIN):
                    used[stock, sample] += much
            for row, much in used.items():
                self._row(*row).SetCoefficient(variable, much)

    def _row(self, stock: Stock, sample: int) -> pywraplp.Constraint:
        if (stock, sample) not in self.rows:
            self.rows[stock, sample] = self.solver.Constraint(0, stock.at(sample))
        return self.rows[stock, sample]

    def _hint(self, draft: Draft) -> tuple[list[pywraplp.Variable], list[float]]:
        """The draft in the programme's words: every variable with its value."""
        variables: list[pywraplp.Variable] = []
        values: list[float] = []
        for id, having in self.chosen.items():
            standing = None if draft.lost(id) else draft.floor.standing[id]
            for choice, variable in having:
                variables.append(variable)
                values.append(float(_is_at(standing, choice, self.space.spots[id])))
            variables.append(self.lost[id])
            values.append(float(standing is None))
        return variables, values


def _is_at(standing: Standing | None, choice: Choice, spot: Spot) -> bool:
    if standing is None or standing.start != choice.start:
        return False
    return choice.own == (not standing.staff or spot.same_people(standing.staff))
