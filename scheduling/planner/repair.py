"""A day repaired after a loss: at once, then better, with a bound to measure it by."""

from __future__ import annotations

from scheduling.planner.repair_finish import finished
from scheduling.planner.repair_problem import Problem, RepairPlan
from scheduling.planner.repair_quick import cost, drafts
from scheduling.planner.repair_space import Space


def quick(problem: Problem) -> RepairPlan:
    """A complete plan at once, never worse than a desk that goes by the clock."""
    space = Space(problem)
    best = min(drafts(space), key=lambda draft: cost(space, draft))
    return finished(space, best)
