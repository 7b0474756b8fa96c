"""A series as a CP-SAT model over feasible starts, with a plan as a hint: the bench's rival."""

from __future__ import annotations

import time

from ortools.sat.python import cp_model

from scheduling.planner.grid import wall_minute
from scheduling.planner.intervals import members
from scheduling.planner.naming import Naming
from scheduling.planner.options import Option
from scheduling.planner.preferences import BANDS, wanted_start
from scheduling.planner.variants import Search

FINISH = 1 << 20
LIMIT = 60.0
"""Seconds after which the solver's best so far counts, and is not called proven."""


def optimum(search: Search, hint: Option) -> tuple[tuple[int, int], bool, float]:
    """(finish day, cost) found by CP-SAT, whether proven the least, and the seconds of solving.

    Cover of a start that needs a repack is proven lazily, as the planner does: an optimum that
    rests on one disproven is cut off and the model solved again.
    """
    forbidden: set[tuple[int, int]] = set()
    took = 0.0
    while True:
        rival = Rival(search, hint, forbidden)
        seconds, chosen = rival.solve()
        took += seconds
        naming = Naming(search.starts, rival.therapist)
        failed = {
            (i, start)
            for i, start in enumerate(chosen)
            if (i, start) in rival.uncertain and not naming.coverable(search.frame.steps[i], start)
        }
        if not failed:
            return rival.score, rival.proven, took
        forbidden |= failed


class Rival:
    """The model: one boolean a step and start, days, gaps, one therapist, one band."""

    def __init__(self, search: Search, hint: Option, forbidden: set[tuple[int, int]]) -> None:
        self.search, self.hint = search, hint
        self.model = cp_model.CpModel()
        self.therapists = {t: self.model.new_bool_var("") for t in search.therapists}
        self.model.add_exactly_one(self.therapists.values())
        for therapist, chosen in self.therapists.items():
            self.model.add_hint(chosen, therapist == hint.variant.therapist)
        self.uncertain: set[tuple[int, int]] = set()
        self.terms: list[cp_model.LinearExprT] = []
        self.at: list[dict[int, cp_model.IntVar]] = []
        self.days: list[cp_model.IntVar] = []
        for i in range(len(search.frame.steps)):
            self._step(i, forbidden)
        self._gaps()
        self._bands()

    def _step(self, i: int, forbidden: set[tuple[int, int]]) -> None:
        search, model = self.search, self.model
        step, main = search.frame.steps[i], search.frame.main[i]
        able: dict[int, list[int | None]] = {}
        direct: set[int] = set()
        whole = step.needs("therapist")
        for therapist in search.therapists if whole else [search.therapists[0]]:
            feasible = search.starts.feasible(step, therapist if whole else None)
            for start in members(feasible.pooled):
                day = search.diary.day_of(start)
                if search.windows[i] >> day & 1 and (i, start) not in forbidden:
                    able.setdefault(start, []).append(therapist)
            direct |= set(members(feasible.direct))
        at = {start: model.new_bool_var("") for start in able}
        model.add_exactly_one(at.values())
        on: dict[int, list[cp_model.IntVar]] = {}
        wanted = wanted_start(search.request)
        for start, chosen in at.items():
            if whole:
                model.add_bool_or([self.therapists[t] for t in able[start]]).only_enforce_if(chosen)
            on.setdefault(search.diary.day_of(start), []).append(chosen)
            away = abs(wall_minute(search.diary, start) - wanted)
            self.terms.append((2 if main else 1) * (away // 30) * chosen)
            if start not in direct:
                self.uncertain.add((i, start))
                self.terms.append(16 * chosen)
            model.add_hint(chosen, start == self.hint.starts[i])
        day_of = model.new_int_var_from_domain(cp_model.Domain.from_values(list(on)), "")
        for day, several in on.items():
            here = model.new_bool_var("")
            model.add(sum(several) == here)
            model.add(day_of == day).only_enforce_if(here)
            model.add_hint(here, day == self.hint.days[i])
        model.add_hint(day_of, self.hint.days[i])
        self.at.append(at)
        self.days.append(day_of)

    def _gaps(self) -> None:
        model, frame = self.model, self.search.frame
        for link in frame.links:
            apart = self.days[link.after] - self.days[link.before]
            model.add_linear_constraint(apart, link.low, link.high)
        for wish in frame.wishes:
            away = model.new_int_var(0, 60, "")
            apart = self.days[wish.after] - self.days[wish.before] - wish.ideal
            model.add_abs_equality(away, apart)
            off = self.hint.days[wish.after] - self.hint.days[wish.before] - wish.ideal
            model.add_hint(away, abs(off))
            self.terms.append(8 * away)

    def _bands(self) -> None:
        model, search = self.model, self.search
        band = [model.new_bool_var("") for _ in BANDS]
        model.add_exactly_one(band)
        for n, here in enumerate(band):
            model.add_hint(here, n == self.hint.band)
        for i, main in enumerate(search.frame.main):
            if not main:
                continue
            for n, (low, high) in enumerate(BANDS):
                outside = [
                    chosen
                    for start, chosen in self.at[i].items()
                    if not low <= wall_minute(search.diary, start) < high
                ]
                stray = model.new_bool_var("")
                model.add(stray >= sum(outside) + band[n] - 1)
                at = wall_minute(search.diary, self.hint.starts[i])
                model.add_hint(stray, n == self.hint.band and not low <= at < high)
                self.terms.append(4 * stray)

    def solve(self) -> tuple[float, list[int]]:
        """Seconds of solving, and the start chosen for each step."""
        self.model.minimize(FINISH * self.days[-1] + sum(self.terms))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 2
        solver.parameters.max_time_in_seconds = LIMIT
        began = time.perf_counter()
        status = solver.solve(self.model)
        took = time.perf_counter() - began
        if status == cp_model.UNKNOWN:
            self.proven, self.score = False, (self.hint.finish, self.hint.cost)
            self.therapist = self.hint.variant.therapist
            return took, list(self.hint.starts)
        assert status in (cp_model.OPTIMAL, cp_model.FEASIBLE), solver.status_name(status)
        self.proven = status == cp_model.OPTIMAL
        value = round(solver.objective_value)
        self.score = (value // FINISH, value % FINISH)
        self.therapist = next(t for t, chosen in self.therapists.items() if solver.value(chosen))
        chosen = [
            next(start for start, taken in at.items() if solver.value(taken)) for at in self.at
        ]
        return took, chosen
