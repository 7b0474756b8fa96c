"""The same question put to CP-SAT: intervals, no bitmaps, no dynamic programme.

It reads the clinic's raw spans, not the planner's diary, and states the score of decision 0003 in
its own words. Steps of the instances are listed in time order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise, product

from ortools.sat.python import cp_model

from scheduling.planner.intervals import from_minute, to_minute
from scheduling.planner.plans import Request
from scheduling.planner.protocols import NURSE, THERAPIST, Step
from tests.planner.cast import Clinic, Fixture
from tests.planner.oracle_cover import Watching

MAIN = {"infusion", "dosing"}
BANDS = ((0, 720), (720, 900), (900, 1440))
FINISH = 1 << 20
OUTSIDE = 1 << 34


@dataclass
class Visit:
    """Variables of one step: its start, its day, and one boolean a start that could be."""

    step: Step
    start: cp_model.IntVar
    day: cp_model.IntVar
    at: dict[int, cp_model.IntVar]


class Oracle:
    """One instance as a model; `solve` gives (outside, finish, cost), or None when proven none."""

    def __init__(self, clinic: Clinic, request: Request) -> None:
        self.clinic, self.request = clinic, request
        self.model = cp_model.CpModel()
        self.midnight = [
            to_minute(datetime.combine(self.date(i), time(0), clinic.zone))
            for i in range((clinic.last - clinic.first).days + 2)
        ]
        self.zero = self.midnight[0]
        self.open = clinic.open_spans()
        self.watching = Watching(clinic, request.acuity)
        self.steps = [s for s in request.protocol.steps if s.key not in request.completed]

    def date(self, index: int) -> date:
        return self.clinic.first + timedelta(days=index)

    def solve(self, *, weekdays: bool) -> tuple[int, int, int] | None:
        """With `weekdays` the preferred ones are hard; otherwise visits outside count first."""
        self.hard = weekdays and bool(self.request.weekdays)
        self.repacks: list[cp_model.LinearExprT] = []
        choices = self._therapists()
        visits = [self._visit(step, choices) for step in self.steps]
        if any(visit is None for visit in visits):
            return None
        self.visits: list[Visit] = [visit for visit in visits if visit]
        self._dates()
        self._rooms()
        self.model.minimize(self._score(weekdays))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.max_time_in_seconds = 120
        status = solver.solve(self.model)
        if status == cp_model.INFEASIBLE:
            return None
        assert status == cp_model.OPTIMAL, solver.status_name(status)
        value = round(solver.objective_value)
        return value // OUTSIDE, value % OUTSIDE // FINISH, value % FINISH

    def _therapists(self) -> dict[int, cp_model.IntVar] | None:
        """One therapist for all, when the protocol has it so."""
        if not self.request.protocol.same_therapist:
            return None
        chosen = {p.id: self.model.new_bool_var("") for p in self._able(THERAPIST)}
        self.model.add_exactly_one(chosen.values())
        return chosen

    def _able(self, role: str) -> list[Fixture]:
        having = [person for person in self.clinic.people if role in person.roles]
        return [p for p in having if p.id in self.request.staff] or having

    def _visit(self, step: Step, therapists: dict[int, cp_model.IntVar] | None) -> Visit | None:
        starts: dict[int, list[int]] = {}
        direct: dict[int, list[int | None]] = {}
        for start in self._candidates(step):
            able = self._clinicians(step, start)
            if able is not None and self._seated(step, start):
                watched = {id: self.watching.possible(step, start, id) for id in able or [None]}
                if any(watched.values()):
                    starts[start] = [id for id, fine in watched.items() if fine and id]
                    direct[start] = [
                        id
                        for id, fine in watched.items()
                        if fine and self.watching.direct(step, start, id)
                    ]
        if not starts:
            return None
        model = self.model
        at = {start: model.new_bool_var("") for start in starts}
        model.add_exactly_one(at.values())
        if therapists is not None and step.needs(THERAPIST):
            for start, able in starts.items():
                model.add_bool_or([therapists[id] for id in able]).only_enforce_if(at[start])
        for start, fine in direct.items():
            self._repacked(at[start], starts[start], fine, therapists)
        on: dict[int, list[cp_model.IntVar]] = {}
        for start, chosen in at.items():
            on.setdefault(self._index(start), []).append(chosen)
        day_of = model.new_int_var_from_domain(cp_model.Domain.from_values(list(on)), "")
        for index, several in on.items():
            here = model.new_bool_var("")
            model.add(sum(several) == here)
            model.add(day_of == index).only_enforce_if(here)
            model.add(day_of != index).only_enforce_if(~here)
        values = [start - self.zero for start in starts]
        start_of = model.new_int_var_from_domain(cp_model.Domain.from_values(values), "")
        for start, chosen in at.items():
            model.add(start_of == start - self.zero).only_enforce_if(chosen)
        return Visit(step, start_of, day_of, at)

    def _repacked(
        self,
        chosen: cp_model.IntVar,
        able: list[int],
        direct: list[int | None],
        therapists: dict[int, cp_model.IntVar] | None,
    ) -> None:
        """16 for a visit that only a repack of others' nurses allows."""
        if not direct:
            self.repacks.append(16 * chosen)
        elif therapists is not None and set(able) - set(direct):
            moved = self.model.new_bool_var("")
            fine = [therapists[id] for id in direct if id is not None]
            self.model.add(moved >= chosen - sum(fine))
            self.repacks.append(16 * moved)

    def _index(self, minute: int) -> int:
        return bisect_right(self.midnight, minute) - 1

    def _candidates(self, step: Step) -> Iterable[int]:
        """Starts on the grain in hours, days and windows, the patient and presence there."""
        request, zone = self.request, self.clinic.zone
        for low, high in self.open:
            for start in range(low, high - step.minutes + 1, self.clinic.grain):
                there = from_minute(start).astimezone(zone)
                end = start + step.minutes
                ends = from_minute(end).astimezone(zone)
                if (there.hour * 60 + there.minute) % self.clinic.grain:
                    continue
                if there.date() < request.not_before:
                    continue
                if step.key == request.protocol.origin and there.date() > request.not_after:
                    continue
                if request.earliest and there.time() < request.earliest:
                    continue
                if request.latest and ends.time() > request.latest:
                    continue
                if self.hard and there.weekday() not in request.weekdays:
                    continue
                if any(a < end and start < b for a, b in self.clinic.patient_busy):
                    continue
                if self._attended(step, start):
                    yield start

    def _attended(self, step: Step, start: int) -> bool:
        at = start
        for phase in step.phases:
            end = at + phase.minutes
            for credential in phase.presence:
                spans = self.clinic.present.get(credential, [])
                if not any(a <= at and end <= b for a, b in spans):
                    return False
            at = end
        return True

    def _clinicians(self, step: Step, start: int) -> list[int] | None:
        """Therapists who can take it with some others; None when the roles cannot be filled."""
        roles = sorted({n.role for p in step.phases for n in p.roles if n.role != NURSE})
        able = {role: [p for p in self._able(role) if self._free(p, step, role, start)]
                for role in roles}  # fmt: skip
        if any(not people for people in able.values()):
            return None
        return [person.id for person in able.get(THERAPIST, [])]

    def _free(self, person: Fixture, step: Step, role: str, start: int) -> bool:
        at = start
        for phase in step.phases:
            end = at + phase.minutes
            if any(need.role == role for need in phase.roles):
                if any(a < end and at < b for _, a, b in person.busy):
                    return False
                if any(a < end and at < b for a, b in person.off):
                    return False
                if not any(a <= at and end <= b for a, b in self.open):
                    return False
            at = end
        return True

    def _stays(self, step: Step) -> dict[str, tuple[set[str], bool, int, int]]:
        found: dict[str, tuple[set[str], bool, int, int]] = {}
        at = 0
        for phase in step.phases:
            if room := phase.room:
                needs, private, start, _ = found.get(room.place, (set(), False, at, at))
                found[room.place] = (
                    needs | {room.capability}, private or room.private, start, at + phase.minutes
                )  # fmt: skip
            at += phase.minutes
        return found

    def _options(self, needs: set[str], private: bool) -> list[tuple[Fixture, tuple[int, ...]]]:
        rooms = [room for room in self.clinic.rooms if needs <= room.capabilities]
        if private:
            return [(room, tuple(range(room.lanes))) for room in rooms]
        return [(room, (lane,)) for room in rooms for lane in range(room.lanes)]

    def _seated(self, step: Step, start: int) -> bool:
        """Free rooms for the stays, a different one for each."""
        choices = [
            [room.id for room, lanes in self._options(needs, private)
             if not any(held in lanes and a < start + high + room.turnover and start + low < b
                        for held, a, b in room.busy)]
            for needs, private, low, high in self._stays(step).values()
        ]  # fmt: skip
        return any(len(set(rooms)) == len(rooms) for rooms in product(*choices))

    def _rooms(self) -> None:
        """Visits that may share a day: lanes never twice, the turnover between them included."""
        model = self.model
        sharing = {s.shares_day_with for s in self.steps} | {
            s.key for s in self.steps if s.shares_day_with
        }
        lanes: dict[tuple[int, int], list[cp_model.IntervalVar]] = {}
        for room in self.clinic.rooms:
            for lane in range(room.lanes):
                spans = [(a, b) for held, a, b in room.busy if held == lane]
                lanes[room.id, lane] = [
                    model.new_fixed_size_interval_var(a - self.zero, b - a, "") for a, b in spans
                ]  # fmt: skip
        for visit in self.visits:
            if visit.step.key not in sharing:
                continue
            for needs, private, low, high in self._stays(visit.step).values():
                chosen = []
                for room, taken in self._options(needs, private):
                    here = model.new_bool_var("")
                    chosen.append(here)
                    for lane in taken:
                        size = high - low + room.turnover
                        lanes[room.id, lane].append(
                            model.new_optional_fixed_size_interval_var(
                                visit.start + low, size, here, ""
                            )
                        )
                model.add_exactly_one(chosen)
        for intervals in lanes.values():
            model.add_no_overlap(intervals)

    def _dates(self) -> None:
        """Gaps, and one visit a day in the order listed unless two may share it."""
        model = self.model
        known = {visit.step.key: visit for visit in self.visits}
        for visit in self.visits:
            for gap in visit.step.gaps:
                anchor = known[gap.anchor]
                if gap.unit == "days":
                    apart = visit.day - anchor.day
                    model.add(apart >= gap.earliest)
                    model.add(apart <= gap.latest)
                else:
                    elapsed = visit.start - anchor.start - anchor.step.minutes
                    model.add(elapsed >= 60 * gap.earliest)
                    model.add(elapsed <= 60 * gap.latest)
        self.trips = []
        for one, other in pairwise(self.visits):
            if other.step.shares_day_with == one.step.key:
                same = model.new_bool_var("")
                model.add(other.day == one.day).only_enforce_if(same)
                model.add(other.start >= one.start + one.step.minutes).only_enforce_if(same)
                model.add(other.day >= one.day + 1).only_enforce_if(~same)
                self.trips.append(20 * (1 - same))
            else:
                model.add(other.day >= one.day + 1)

    def _score(self, weekdays: bool) -> cp_model.LinearExpr:
        """Finish day, then hours, bands, gaps and trips; with soft weekdays those first."""
        model, request = self.model, self.request
        wanted = 540
        if request.earliest:
            wanted = request.earliest.hour * 60 + request.earliest.minute
        band = [model.new_bool_var("") for _ in BANDS]
        model.add_exactly_one(band)
        terms: list[cp_model.LinearExprT] = [*self.trips, *self.repacks]
        outside: list[cp_model.LinearExprT] = []
        known = {visit.step.key: visit for visit in self.visits}
        for visit in self.visits:
            main = visit.step.kind in MAIN
            off = {n: [] for n in range(3)}
            for start, chosen in visit.at.items():
                there = from_minute(start).astimezone(self.clinic.zone)
                minute = there.hour * 60 + there.minute
                terms.append((2 if main else 1) * (abs(minute - wanted) // 30) * chosen)
                for n, (low, high) in enumerate(BANDS):
                    if not low <= minute < high:
                        off[n].append(chosen)
                if not weekdays and there.weekday() not in request.weekdays:
                    outside.append((100 if main else 1) * chosen)
            if main:
                for n in range(3):
                    stray = model.new_bool_var("")
                    model.add(stray >= sum(off[n]) + band[n] - 1)
                    terms.append(4 * stray)
            for gap in visit.step.gaps:
                if gap.ideal is not None:
                    ideal = gap.ideal if gap.unit == "days" else round(gap.ideal / 24)
                    away = model.new_int_var(0, 100, "")
                    apart = visit.day - known[gap.anchor].day
                    model.add_abs_equality(away, apart - ideal)
                    terms.append(8 * away)
        finish = self.visits[-1].day
        return OUTSIDE * sum(outside) + FINISH * finish + sum(terms)


def optimum(clinic: Clinic, request: Request) -> tuple[int, int, int] | None:
    """(visits outside preferred weekdays by weight, finish day, cost); None when proven none."""
    found = Oracle(clinic, request).solve(weekdays=True)
    if found is None and request.weekdays:
        found = Oracle(clinic, request).solve(weekdays=False)
    return found
