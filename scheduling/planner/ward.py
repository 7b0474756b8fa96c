"""One stretch of days of monitoring on short bitmaps: who is on, who holds what, who has room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import combinations

from scheduling.planner.day import CoverTask, Diary, Person
from scheduling.planner.intervals import span
from scheduling.planner.plans import PlannedClaim
from scheduling.planner.pool import Levels, covers, given_back, levels, taken
from scheduling.planner.protocols import NURSE

COLOURINGS = 5_000


class Ward:
    """Nurses and movable tasks between two local midnights, bit 0 being `low` of the diary.

    Nurses are indexes into `nurses`. `free[n]` are the levels of lanes free now, `load[n]` the
    lane-minutes on duty that are not.
    """

    def __init__(
        self,
        nurses: Sequence[Person],
        existing: Sequence[CoverTask],
        diary: Diary,
        low: int,
        high: int,
        claims: Iterable[PlannedClaim] = (),
    ) -> None:
        self._existing, self._diary = existing, diary
        self.offset, self.end = diary.start + low, diary.start + high
        within = span(0, high - low)
        on = [(person, person.duty.get(NURSE, 0) >> low & within) for person in nurses]
        self.nurses = [person for person, duty in on if duty]
        self.duty = [duty for _, duty in on if duty]
        self.lanes = [[lane >> low & within for lane in person.lanes] for person in self.nurses]
        self.index = {person.id: n for n, person in enumerate(self.nurses)}
        for claim in claims:
            if (n := self.index.get(claim.resource)) is not None:
                where = span(max(0, claim.start - self.offset), max(0, claim.end - self.offset))
                for lane in claim.lanes:
                    self.lanes[n][lane] &= ~where
        self.free: list[Levels] = [levels(lanes) for lanes in self.lanes]
        self.load = [
            sum((duty & ~lane).bit_count() for lane in lanes)
            for duty, lanes in zip(self.duty, self.lanes, strict=True)
        ]

    @cached_property
    def movable(self) -> list[CoverTask]:
        """Tasks of these nurses and days that have not begun and tell which lanes they hold."""
        standing = self._existing
        if standing is self._diary.cover:
            standing = self._diary.promised(self.offset, self.end)
        return [
            task
            for task in standing
            if self.offset <= task.start
            and task.end <= self.end
            and task.nurse in self.index
            and task.held
            and not task.pinned
            and task.start > self._diary.now
        ]

    @cached_property
    def fixed(self) -> list[list[int]]:
        """Lanes as they would be free with every movable task lifted off."""
        found = [list(lanes) for lanes in self.lanes]
        for task in self.movable:
            for lane in task.held:
                found[self.index[task.nurse or 0]][lane] |= self.bits(task)
        return found

    def bits(self, task: CoverTask) -> int:
        """The minutes of a task."""
        return span(task.start - self.offset, task.end - self.offset)

    def need(self, task: CoverTask, n: int) -> int:
        """Lanes a task takes of nurse n; those it holds already count as they are."""
        if task.nurse == self.nurses[n].id and task.held:
            return len(task.held)
        return self.nurses[n].need(task.lanes)

    def able(self, task: CoverTask) -> list[int]:
        """Nurses on duty throughout, with the skills, not the visit's own clinician."""
        where = self.bits(task)
        return [
            n
            for n, person in enumerate(self.nurses)
            if covers(self.duty[n], where)
            and task.skills <= person.skills
            and person.id not in task.barred
        ]

    def fits(self, free: Sequence[Levels], task: CoverTask, n: int) -> bool:
        """True when nurse n has the lanes for the whole task."""
        need = self.need(task, n)
        return need <= len(free[n]) and covers(free[n][need - 1], self.bits(task))

    def with_task(self, free: Sequence[Levels], task: CoverTask, n: int) -> list[Levels]:
        """Free levels once nurse n has the task too."""
        return [
            taken(held, self.need(task, n), self.bits(task)) if m == n else held
            for m, held in enumerate(free)
        ]

    def without_task(self, free: Sequence[Levels], task: CoverTask) -> list[Levels]:
        """Free levels once the nurse who holds a task lets go of it."""
        return [
            given_back(held, len(task.held), self.bits(task)) if person.id == task.nurse else held
            for person, held in zip(self.nurses, free, strict=True)
        ]

    def colour(
        self, n: int, leaving: Sequence[CoverTask], coming: Sequence[CoverTask]
    ) -> dict[CoverTask, tuple[int, ...]] | None:
        """Lanes of nurse n for those who come; those who stay keep theirs if that can be.

        Else all are coloured afresh by start, and the answer has those who stay too. None when no
        colouring was found, which happens only if claims that cannot move begin later and lie
        across the lanes.
        """
        lanes = list(self.lanes[n])
        for task in leaving:
            for lane in task.held:
                lanes[lane] |= self.bits(task)
        if (found := self._colour(n, lanes, coming, {})) is not None:
            return found
        staying = [
            task for task in self.movable if task.nurse == self.nurses[n].id and task not in leaving
        ]
        kept = {task: task.held for task in staying}
        return self._colour(n, list(self.fixed[n]), [*staying, *coming], kept)

    def paint(self, n: int, tasks: Sequence[CoverTask]) -> dict[CoverTask, tuple[int, ...]] | None:
        """Lanes of nurse n when all that can move is shared out anew: these tasks are hers then.

        Those she has already keep their lanes where that can be. None when no colouring was found.
        """
        kept = {task: task.held for task in tasks if task.nurse == self.nurses[n].id}
        return self._colour(n, list(self.fixed[n]), tasks, kept)

    def _colour(
        self,
        n: int,
        lanes: list[int],
        tasks: Sequence[CoverTask],
        wished: dict[CoverTask, tuple[int, ...]],
    ) -> dict[CoverTask, tuple[int, ...]] | None:
        """Depth first by start, each task on the lanes its visit had last, else the lowest."""
        order = sorted(tasks, key=lambda task: (task.start, -task.lanes))
        found: dict[CoverTask, tuple[int, ...]] = {}
        budget = COLOURINGS

        def put(k: int, last: dict[str, tuple[int, ...]]) -> bool:
            nonlocal budget
            if k == len(order):
                return True
            task, where = order[k], self.bits(order[k])
            wish = wished.get(task) or last.get(task.visit, ())
            open_lanes = [lane for lane, bits in enumerate(lanes) if covers(bits, where)]
            open_lanes.sort(key=lambda lane: (lane not in wish, lane))
            for choice in combinations(open_lanes, self.need(task, n)):
                budget -= 1
                if budget < 0:
                    return False
                for lane in choice:
                    lanes[lane] &= ~where
                found[task] = tuple(sorted(choice))
                if put(k + 1, last | {task.visit: choice}):
                    return True
                for lane in choice:
                    lanes[lane] |= where
            return False

        return found if put(0, {}) else None
