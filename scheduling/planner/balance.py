"""A day's monitoring made more even from where it stands: never with more hand-overs.

A local search by first improvement over stretches of one visit given to another nurse, and over
visits of two nurses exchanged. It is deterministic, and what it finds is never worse than what is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from scheduling.planner.day import CoverTask, Diary
from scheduling.planner.monitoring import Wanted
from scheduling.planner.pool import Levels, given_back, taken
from scheduling.planner.ward import Ward

TRIES = 30_000
"""Exchanges looked at before the best so far is told."""

Step = Sequence[tuple[CoverTask, int]]
Score = tuple[int, int, int, int]
"""Hand-overs, spread in percent, sum of squared percents, phases that change nurses."""


def even(tasks: Sequence[CoverTask], diary: Diary) -> Wanted:
    """The tasks that should change nurses, and to whom (ids); empty when it is as even as found.

    Tasks begun, pinned or without a nurse stay as they are.
    """
    search = _Search(tasks, diary)
    search.run()
    return {
        task: search.ward.nurses[n].id
        for task, n in search.at.items()
        if search.ward.nurses[n].id != task.nurse
    }


class _Search:
    def __init__(self, tasks: Sequence[CoverTask], diary: Diary) -> None:
        self.ward = ward = Ward(diary.people, tasks, diary, 0, diary.length)
        self.free: list[Levels] = list(ward.free)
        self.at = {task: ward.index[task.nurse or 0] for task in ward.movable}
        self.visits: dict[str, list[CoverTask]] = defaultdict(list)
        for task in sorted(tasks, key=lambda task: task.start):
            self.visits[task.visit].append(task)
        self.able = {task: frozenset(ward.able(task)) for task in self.at}
        self.duty = [max(1, bits.bit_count() * diary.nurse_lanes) for bits in ward.duty]
        self.minutes = [0] * len(ward.nurses)
        for task in tasks:
            if (n := ward.index.get(task.nurse or -1)) is not None:
                self.minutes[n] += task.lanes * (task.end - task.start)
        self.overs = sum(self._overs(visit) for visit in self.visits)
        self.changes = 0
        self.tries = 0

    def run(self) -> None:
        """Improve until nothing does, or the tries are used up."""
        best, better = self._score(), True
        while better and self.tries < TRIES:
            better = False
            for step in self._steps():
                self.tries += 1
                if self.tries > TRIES:
                    return
                back = [(task, self.at[task]) for task, _ in step]
                if not self._apply(step):
                    continue
                if (score := self._score()) < best:
                    best, better = score, True
                else:
                    self._apply(back)

    def _steps(self) -> Iterator[Step]:
        """A stretch of a visit to another nurse; then two nurses' visits exchanged."""
        nurses = range(len(self.ward.nurses))
        whole = [[task for task in own if task in self.at] for own in self.visits.values()]
        whole = [own for own in whole if own]
        for own in whole:
            for i in range(len(own)):
                for j in range(len(own), i, -1):
                    for n in nurses:
                        part = [(task, n) for task in own[i:j]]
                        if any(self.at[task] != n for task, n in part):
                            yield part
        for k, one in enumerate(whole):
            for other in whole[k + 1 :]:
                first, second = self.at[one[0]], self.at[other[0]]
                if first != second:
                    yield [
                        *((task, second) for task in one if self.at[task] == first),
                        *((task, first) for task in other if self.at[task] == second),
                    ]

    def _apply(self, step: Step) -> bool:
        """Do a step if every nurse has the lanes; else leave all as it was."""
        if any(n not in self.able[task] and self._home(task) != n for task, n in step):
            return False
        free = list(self.free)
        for task, _ in step:
            n = self.at[task]
            free[n] = given_back(free[n], self.ward.need(task, n), self.ward.bits(task))
        for task, n in step:
            if not self.ward.fits(free, task, n):
                return False
            free[n] = taken(free[n], self.ward.need(task, n), self.ward.bits(task))
        visits = {task.visit for task, _ in step}
        self.overs -= sum(self._overs(visit) for visit in visits)
        for task, n in step:
            weight = task.lanes * (task.end - task.start)
            self.minutes[self.at[task]] -= weight
            self.minutes[n] += weight
            self.changes += (n != self._home(task)) - (self.at[task] != self._home(task))
            self.at[task] = n
        self.overs += sum(self._overs(visit) for visit in visits)
        self.free = free
        return True

    def _home(self, task: CoverTask) -> int:
        return self.ward.index[task.nurse or 0]

    def _overs(self, visit: str) -> int:
        """Hand-overs within a visit as it stands in the search."""
        nurses = [
            self.ward.nurses[self.at[task]].id if task in self.at else task.nurse
            for task in self.visits[visit]
        ]
        known = [nurse for nurse in nurses if nurse is not None]
        return sum(one != other for one, other in pairwise(known))

    def _score(self) -> Score:
        shares = [
            round(100 * minutes / duty)
            for minutes, duty in zip(self.minutes, self.duty, strict=True)
        ]
        if not shares:
            return (0, 0, 0, 0)
        spread = max(shares) - min(shares)
        return self.overs, spread, sum(share * share for share in shares), self.changes
