"""One stretch of days of monitoring on short bitmaps: who is on, who holds what, who has room."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from scheduling.planner.day import CoverTask, Diary, Person
from scheduling.planner.intervals import span
from scheduling.planner.pool import Levels, covers, given_back, levels, taken
from scheduling.planner.protocols import NURSE

COLOURINGS = 5_000


class Ward:
    """Nurses and movable tasks between two local midnights, bit 0 being `low` of the diary.

    Nurses are indexes into `nurses`. `free[n]` are the levels of lanes free now; `fixed[n]` the
    lanes as they would be with every movable task lifted off.
    """

    def __init__(
        self,
        nurses: Sequence[Person],
        existing: Sequence[CoverTask],
        diary: Diary,
        low: int,
        high: int,
    ) -> None:
        self.offset = diary.start + low
        within = span(0, high - low)
        self.nurses = [person for person in nurses if person.duty.get(NURSE, 0) >> low & within]
        self.index = {person.id: n for n, person in enumerate(self.nurses)}
        self.duty = [person.duty[NURSE] >> low & within for person in self.nurses]
        self.fixed = [[lane >> low & within for lane in person.lanes] for person in self.nurses]
        self.free: list[Levels] = [levels(lanes) for lanes in self.fixed]
        self.movable: list[CoverTask] = []
        self.load = [0] * len(self.nurses)
        for task in existing:
            n = self.index.get(-1 if task.nurse is None else task.nurse)
            if n is None or task.start >= self.offset + high - low or task.end <= self.offset:
                continue
            self.load[n] += task.lanes * (task.end - task.start)
            begun = task.pinned or task.start <= diary.now
            inside = self.offset <= task.start and task.end <= self.offset + high - low
            if inside and task.held and not begun:
                self.movable.append(task)
                for lane in task.held:
                    self.fixed[n][lane] |= self.bits(task)

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
        self, n: int, staying: Sequence[CoverTask], coming: Sequence[CoverTask]
    ) -> dict[CoverTask, tuple[int, ...]] | None:
        """Lanes of nurse n for everybody: those who stay keep theirs if that can be.

        Else all are coloured afresh by start. None when no colouring was found, which happens
        only if claims that cannot move begin later and lie across the lanes.
        """
        lanes = list(self.fixed[n])
        for task in staying:
            for lane in task.held:
                lanes[lane] &= ~self.bits(task)
        kept = {task: task.held for task in staying}
        if (found := self._colour(n, lanes, coming, {})) is not None:
            return kept | found
        return self._colour(n, list(self.fixed[n]), [*staying, *coming], kept)

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
