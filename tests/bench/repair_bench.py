"""A sick call on a full day: the plan at once and after a while, a desk by the clock, a bound.

The bound pools what is alike: rooms, therapists and nurses' lanes are counted and not named, and
visits may be split over starts (a linear programme). No plan can be cheaper than that.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Any

from ortools.linear_solver import pywraplp

from scheduling.planner.intervals import span
from scheduling.planner.protocols import THERAPIST
from scheduling.planner.repair import quick
from scheduling.planner.repair_problem import MOVED, NURSE_CHANGE, SHIFT, STRANDED, Booked, Problem
from scheduling.planner.repair_quick import cost, drafts
from scheduling.planner.repair_search import improve
from scheduling.planner.repair_space import Space
from scheduling.planner.shape import shape_of, watches_of
from tests.bench.repair_day import problem

DAYS = (0, 1, 2, 3)
SECONDS = 12.0
STEP = 5


def measure() -> dict[str, Any]:
    """Milliseconds of the first plan; points of each plan and the bound; visits stranded."""
    rows = [_day(seed) for seed in DAYS]
    return {
        "visits": "/".join(str(row["visits"]) for row in rows),
        "affected": "/".join(str(row["affected"]) for row in rows),
        "first_plan_ms": round(median(row["first_ms"] for row in rows), 1),
        "slowest_first_plan_ms": round(max(row["first_ms"] for row in rows), 1),
        "points_by_the_clock": "/".join(str(row["clock"]) for row in rows),
        "points_at_once": "/".join(str(row["quick"]) for row in rows),
        "points_improved": "/".join(str(row["better"]) for row in rows),
        "pooled_bound": "/".join(f"{row['bound']:.0f}" for row in rows),
        "stranded_at_once": "/".join(str(row["quick_stranded"]) for row in rows),
        "stranded_improved": "/".join(str(row["stranded"]) for row in rows),
        "of_the_bound": round(max(row["better"] / max(row["bound"], 1) for row in rows), 2),
        "never_worse_than_by_the_clock": all(
            row["better"] <= row["quick"] <= row["clock"] for row in rows
        ),
    }


def _day(seed: int) -> dict[str, Any]:
    asked = problem(seed)
    began = time.perf_counter()
    first = quick(asked)
    took = time.perf_counter() - began
    space = Space(asked)
    by_the_clock = next(iter(drafts(space)))
    better = improve(asked, seconds=SECONDS)
    return {
        "visits": len(asked.visits),
        "affected": len(asked.affected),
        "first_ms": 1000 * took,
        "clock": cost(space, by_the_clock),
        "quick": first.measures.cost,
        "quick_stranded": first.measures.stranded,
        "better": better.measures.cost,
        "stranded": better.measures.stranded,
        "bound": pooled_bound(asked),
    }


def pooled_bound(asked: Problem) -> float:
    """Points below which no plan can be: the value of the pooled linear programme."""
    solver = pywraplp.Solver.CreateSolver("GLOP")
    diary = asked.diary
    low, high = diary.midnights[0], diary.midnights[1]
    slots = range(low, high, STEP)
    rooms = {t: sum(lane >> t & 1 for room in diary.rooms for lane in room.lanes) for t in slots}
    lanes = {
        t: sum(
            lane >> t & 1
            for person in diary.people
            if person.duty.get("monitoring_nurse", 0) >> t & 1
            for lane in person.lanes
        )
        for t in slots
    }
    people = {
        t: sum(person.duty.get(THERAPIST, 0) >> t & 1 for person in diary.people) for t in slots
    }
    used: dict[str, dict[int, Any]] = {name: {} for name in ("rooms", "lanes", "people")}
    for name, supply in (("rooms", rooms), ("lanes", lanes), ("people", people)):
        for t, much in supply.items():
            used[name][t] = solver.Constraint(0, much)
    goal = solver.Objective()
    for visit in asked.visits:
        at = visit.place.start - diary.start
        once = solver.Constraint(1, 1)
        lost = solver.NumVar(0, 1, "")
        once.SetCoefficient(lost, 1)
        goal.SetCoefficient(lost, STRANDED)
        for start in _starts(visit, asked, slots):
            here = solver.NumVar(0, 1, "")
            once.SetCoefficient(here, 1)
            goal.SetCoefficient(here, _points(visit, start - at))
            _uses(visit, start, here, used, diary.nurse_lanes, asked)
    goal.SetMinimization()
    assert solver.Solve() == pywraplp.Solver.OPTIMAL
    return float(goal.Value())


def _starts(visit: Booked, asked: Problem, slots: range) -> list[int]:
    diary = asked.diary
    at = visit.place.start - diary.start
    minutes = visit.step.minutes
    free = visit.patient & diary.open
    ahead = max(0, diary.now - diary.start)
    return [
        t
        for t in slots
        if (t == at or t >= ahead) and free >> t & span(0, minutes) == span(0, minutes)
    ]


def _points(visit: Booked, shift: int) -> float:
    """Whoever moves pays for it; whoever stays but lost their nurse pays for another."""
    if shift:
        return MOVED + abs(shift) / SHIFT
    return NURSE_CHANGE if visit.affected else 0


def _uses(
    visit: Booked,
    start: int,
    here: Any,
    used: dict[str, dict[int, Any]],
    nurse_lanes: int,
    asked: Problem,
) -> None:
    shape = shape_of(visit.step)
    turnover = asked.diary.rooms[0].turnover
    for stay in shape.stays:
        for t in range(start + stay.start, start + stay.end + turnover, STEP):
            if t in used["rooms"]:
                used["rooms"][t].SetCoefficient(here, 1)
    for turn in shape.turns:
        for first, last in turn.spans:
            for t in range(start + first, start + last, STEP):
                if t in used["people"]:
                    used["people"][t].SetCoefficient(here, 1)
    for watch in watches_of(visit.step, visit.acuity, nurse_lanes):
        for t in range(start + watch.start, start + watch.end, STEP):
            if t in used["lanes"]:
                used["lanes"][t].SetCoefficient(here, watch.lanes)
