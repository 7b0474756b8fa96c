"""Patients of one stretch of a day shared out over nurses: depth first, the most constrained
task next. Quick to find a sharing out when there is one, quick to prove that there is none when
the stretch is short.
"""

from __future__ import annotations

from collections.abc import Sequence

from scheduling.planner.day import CoverTask
from scheduling.planner.intervals import span
from scheduling.planner.pool import Levels, covers, given_back, taken
from scheduling.planner.ward import Ward

Shares = dict[CoverTask, int]
"""Which nurse (index) gets a task; existing tasks that stay where they are do not appear."""


class Settling:
    """New tasks and those movable ones that overlap low..high (absolute minutes), to be shared out.

    Everybody else stays. `clipped` looks at those minutes only and forgets what lies beyond: a
    weaker question, so that a no to it is a no to the whole.
    """

    def __init__(
        self, ward: Ward, new: Sequence[CoverTask], low: int, high: int, *, clipped: bool = False
    ) -> None:
        loose = [task for task in ward.movable if task.start < high and low < task.end]
        self.tasks = sorted([*new, *loose], key=lambda task: (-task.lanes, task.start))
        within = span(max(0, low - ward.offset), high - ward.offset) if clipped else -1
        self.bits = [ward.bits(task) & within for task in self.tasks]
        self.home = [ward.index.get(task.nurse or -1, -1) for task in self.tasks]
        free = list(ward.free)
        for task in loose:
            n = ward.index[task.nurse or -1]
            free[n] = given_back(free[n], len(task.held), ward.bits(task))
        self.free = free
        nurses = range(len(ward.nurses))
        self.need = [[ward.need(task, n) for n in nurses] for task in self.tasks]
        self.able = [
            [n for n in {*ward.able(task), home} if n >= 0 and self._fits(free, i, n)]
            for i, (task, home) in enumerate(zip(self.tasks, self.home, strict=True))
        ]
        self.close = [
            [j for j, other in enumerate(self.bits) if j != i and bits & other]
            for i, bits in enumerate(self.bits)
        ]
        self.nodes = 0

    def solve(self, nodes: int) -> Shares | None:
        """A sharing out within a budget of nodes; None without one, or when `exhausted`."""
        self.nodes, self._budget = 0, nodes
        self.chosen = [-1] * len(self.tasks)
        if not all(self.able):
            return None
        if not self._place(self.free, self.able, range(len(self.tasks))):
            return None
        return {
            task: n
            for task, n, home in zip(self.tasks, self.chosen, self.home, strict=True)
            if n != home
        }

    @property
    def exhausted(self) -> bool:
        """True when the budget ran out, so that no answer is no proof."""
        return self.nodes > self._budget

    def _fits(self, free: Sequence[Levels], i: int, n: int) -> bool:
        need = self.need[i][n]
        return need <= len(free[n]) and covers(free[n][need - 1], self.bits[i])

    def _place(
        self, free: Sequence[Levels], able: Sequence[list[int]], left: Sequence[int]
    ) -> bool:
        self.nodes += 1
        if not left or self.nodes > self._budget:
            return not left
        i, fewest = left[0], len(free) + 1
        for j in left:
            count = len(able[j])
            if count < fewest:
                i, fewest = j, count
                if count == 1:
                    break
        rest = [j for j in left if j != i]
        home = self.home[i]
        choices = able[i] if home not in able[i] else [home, *(n for n in able[i] if n != home)]
        for n in choices:
            then = list(free)
            then[n] = taken(free[n], self.need[i][n], self.bits[i])
            still = self._still(then, able, i, n, {*rest})
            if still is not None:
                self.chosen[i] = n
                if self._place(then, still, rest):
                    return True
        return False

    def _still(
        self,
        free: Sequence[Levels],
        able: Sequence[list[int]],
        i: int,
        n: int,
        rest: set[int],
    ) -> list[list[int]] | None:
        """Who can still take what once nurse n has task i; None when somebody is left with none."""
        still = list(able)
        for j in self.close[i]:
            if j in rest and n in still[j] and not self._fits(free, j, n):
                still[j] = [m for m in still[j] if m != n]
                if not still[j]:
                    return None
        return still
