"""Whether a visit can be monitored, asked of CP-SAT one start at a time: no bitmaps, no lanes.

Two quick answers come first, both exact: yes when every phase finds a nurse with room as things
stand, no when some quarter of an hour has too few lanes in all.
"""

from __future__ import annotations

from functools import cache

from ortools.sat.python import cp_model

from scheduling.planner.protocols import NURSE, Step
from tests.planner.cast import Clinic, Fixture

Stretch = tuple[int, int, int]


class Watching:
    """The nurses of one clinic and the patients of others whom they already have."""

    def __init__(self, clinic: Clinic, acuity: int) -> None:
        self.clinic, self.acuity, self.lanes = clinic, acuity, clinic.nurse_lanes
        self.nurses = [person for person in clinic.people if NURSE in person.roles]
        self.held = {
            (task.nurse, lane, task.start, task.end)
            for task in clinic.promised
            for lane in task.held
        }
        self.open = clinic.open_spans()

    def possible(self, step: Step, start: int, therapist: int | None) -> bool:
        """True when nurses can be found who hand over at phase boundaries only."""
        tasks = self.stretches(step, start)
        if not tasks:
            return True
        treating = self._treating(step, start) if therapist is not None else []
        return self._answer(tuple(tasks), therapist, tuple(treating))

    def direct(self, step: Step, start: int, therapist: int | None) -> bool:
        """True when every phase finds a nurse with room as things stand, nobody moved."""
        own = [nurse for nurse in self.nurses if nurse.id != therapist]
        return all(any(self._has_room(n, *t) for n in own) for t in self.stretches(step, start))

    def stretches(self, step: Step, start: int) -> list[Stretch]:
        """(start, end, lanes by ratio and acuity) of each monitored phase."""
        found, at = [], start
        for phase in step.phases:
            for need in phase.roles:
                if need.role == NURSE:
                    lanes = -(-self.lanes // (need.ratio or 1))
                    factor = {4: 2, 5: 2, 6: self.lanes}.get(self.acuity, 1)
                    found.append((at, at + phase.minutes, min(self.lanes, factor * lanes)))
            at += phase.minutes
        return found

    def _treating(self, step: Step, start: int) -> list[tuple[int, int]]:
        found, at = [], start
        for phase in step.phases:
            if any(need.role != NURSE for need in phase.roles):
                found.append((at, at + phase.minutes))
            at += phase.minutes
        return found

    @cache  # noqa: B019
    def _answer(
        self,
        tasks: tuple[Stretch, ...],
        therapist: int | None,
        treating: tuple[tuple[int, int], ...],
    ) -> bool:
        own = [nurse for nurse in self.nurses if nurse.id != therapist]
        if all(any(self._has_room(n, *task) for n in own) for task in tasks):
            return True
        for low, high, lanes in tasks:
            for edge in {low, *(t.start for t in self.clinic.promised if low < t.start < high)}:
                if sum(self._free(nurse, edge) for nurse in self.nurses) < lanes:
                    return False
        return self._shared_out(tasks, therapist, treating)

    def on_duty(self, nurse: Fixture, low: int, high: int) -> bool:
        if any(a < high and low < b for a, b in nurse.off):
            return False
        return any(a <= low and high <= b for a, b in self.open)

    def need(self, nurse: Fixture, lanes: int) -> int:
        if nurse.max_patients is None:
            return lanes
        return min(nurse.lanes, max(lanes, -(-nurse.lanes // nurse.max_patients)))

    def _free(self, nurse: Fixture, minute: int) -> int:
        if not self.on_duty(nurse, minute, minute + 1):
            return 0
        return nurse.lanes - sum(a <= minute < b for _, a, b in nurse.busy)

    def _has_room(self, nurse: Fixture, low: int, high: int, lanes: int) -> bool:
        edges = {low, *(a for _, a, _ in nurse.busy if low < a < high)}
        return self.on_duty(nurse, low, high) and all(
            self._free(nurse, edge) >= self.need(nurse, lanes) for edge in edges
        )

    def _shared_out(
        self,
        tasks: tuple[Stretch, ...],
        therapist: int | None,
        treating: tuple[tuple[int, int], ...],
    ) -> bool:
        """All of that day's patients put to nurses anew, those begun excepted."""
        low, high = next((a, b) for a, b in self.open if a <= tasks[0][0] < b)
        others = [t for t in self.clinic.promised if low <= t.start and t.end <= high]
        model = cp_model.CpModel()
        takes: list[tuple[int, int, dict[int, tuple[cp_model.IntVar, int]]]] = []
        for start, end, lanes in tasks:
            able = [n for n in self.nurses if n.id != therapist and self.on_duty(n, start, end)]
            takes.append((start, end, {n.id: (model.new_bool_var(""), self.need(n, lanes))
                                       for n in able}))  # fmt: skip
        for task in others:
            able = [n for n in self.nurses if n.id == task.nurse]
            if not task.pinned:
                able = [n for n in self.nurses if self.on_duty(n, task.start, task.end)]
            takes.append((task.start, task.end, {
                n.id: (model.new_bool_var(""),
                       len(task.held) if n.id == task.nurse else self.need(n, task.lanes))
                for n in able
            }))  # fmt: skip
        for *_, choice in takes:
            model.add_exactly_one(taken for taken, _ in choice.values())
        for edge in sorted({start for start, *_ in takes} | {a for a, _ in treating}):
            for nurse in self.nurses:
                fixed = sum(
                    a <= edge < b and (nurse.id, lane, a, b) not in self.held
                    for lane, a, b in nurse.busy
                )
                if nurse.id == therapist and any(a <= edge < b for a, b in treating):
                    fixed = nurse.lanes
                here = [
                    need * taken
                    for start, end, choice in takes
                    if start <= edge < end
                    for id, (taken, need) in choice.items()
                    if id == nurse.id
                ]
                if here:
                    model.add(sum(here) <= nurse.lanes - fixed)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        return solver.solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE)
