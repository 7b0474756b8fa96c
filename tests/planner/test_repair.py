"""A day without one of its nurses: complete at once, never worse later, measured by a bound."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

import pytest

from scheduling.planner.intervals import span
from scheduling.planner.repair import quick
from scheduling.planner.repair_named import renamed
from scheduling.planner.repair_pooled import pooled
from scheduling.planner.repair_problem import NURSE_CHANGE, Booked, Problem, RepairPlan
from scheduling.planner.repair_quick import changes, cost, drafts
from scheduling.planner.repair_search import improve
from scheduling.planner.repair_space import Space
from tests.bench.repair_day import problem

SEEDS = range(6)
MANY = 40
LONG = 300.0
"""Seconds no test would wait for."""


def by_the_clock(asked: Problem) -> int:
    space = Space(asked)
    return cost(space, next(iter(drafts(space))))


def bound_of(asked: Problem) -> float:
    space = Space(asked)
    found = pooled(space, next(iter(drafts(space))), time.monotonic() + LONG)
    assert found is not None
    return found


def one_visit(asked: Problem) -> Problem:
    """The same day with the first spray that had the absent nurse throughout, and nobody else."""
    mine = [
        visit
        for visit in asked.affected
        if visit.step.key == "spray"
        and all(task.nurse == asked.loss.resource for task in visit.watched)
    ]
    return replace(asked, visits=(min(mine, key=lambda visit: visit.place.start),))


def twice(asked: Problem, *, whose: int) -> Problem:
    """One visit and another of the same patient right after it, the patient free until its end.

    Everybody is out but from the second visit's start, so the first cannot stay before it.
    """
    first = replace(one_visit(asked).visits[0], whose=whose)
    minutes = first.place.end - first.place.start
    later = _shifted(first, minutes, id=99, affected=False)
    low = first.place.start - asked.diary.start
    free = replace(first, patient=span(low, low + 3 * minutes))
    diary = asked.diary
    late = ~span(0, low + minutes)
    people = tuple(
        replace(person, duty={role: bits & late for role, bits in person.duty.items()})
        for person in diary.people
    )
    nurse = next(
        p.id for p in people if "monitoring_nurse" in p.duty and p.id != asked.loss.resource
    )
    kept = replace(
        later,
        watched=tuple(replace(task, nurse=nurse) for task in later.watched),
        patient=span(low + minutes, low + 2 * minutes),
    )
    return replace(asked, diary=replace(diary, people=people), visits=(free, kept))


def _shifted(visit: Booked, by: int, *, id: int, affected: bool) -> Booked:
    place = visit.place
    return replace(
        visit,
        id=id,
        affected=affected,
        place=replace(
            place,
            start=place.start + by,
            end=place.end + by,
            phases=tuple(replace(p, start=p.start + by, end=p.end + by) for p in place.phases),
            claims=tuple(replace(c, start=c.start + by, end=c.end + by) for c in place.claims),
        ),
        watched=tuple(
            replace(t, visit=f"appointment:{id}", start=t.start + by, end=t.end + by)
            for t in visit.watched
        ),
    )


def assert_nothing_twice(asked: Problem, plan: RepairPlan) -> None:
    """Every affected visit has one answer, and no lane is given twice in any minute."""
    told = [*plan.reassigned, *plan.moves, *plan.kept]
    answers = Counter([*(one.visit for one in told), *(one.visit for one in plan.stranded)])
    assert {visit.id for visit in asked.affected} <= set(answers)
    assert set(answers.values()) == {1}
    taken: set[tuple[int, int, int]] = set()

    def take(resource: int, lanes: tuple[int, ...], start: int, end: int) -> None:
        wanted = {(resource, lane, minute) for lane in lanes for minute in range(start, end)}
        assert not wanted & taken
        taken.update(wanted)

    for one in told:
        for claim in one.place.claims:
            take(claim.resource, claim.lanes, claim.start, claim.end)
        for placement in one.monitoring:
            take(placement.nurse, placement.lanes, placement.task.start, placement.task.end)
    for visit in asked.visits:
        if visit.id not in answers:
            for claim in visit.place.claims:
                take(claim.resource, claim.lanes, claim.start, claim.end)
            for task in visit.watched:
                take(task.nurse or 0, task.held, task.start, task.end)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_plan_at_once_costs_no_more_than_a_desk_that_goes_by_the_clock(seed: int) -> None:
    asked = problem(seed, visits=MANY)
    plan = quick(asked)
    assert plan.measures.cost <= by_the_clock(asked)
    assert_nothing_twice(asked, plan)


def test_a_plan_worked_on_is_complete_and_costs_no_more_than_the_one_at_once() -> None:
    asked, told = problem(0), list[int]()
    better = improve(asked, seconds=3, on_better=lambda plan: told.append(plan.measures.cost))
    assert better.measures.cost < quick(asked).measures.cost
    assert told == sorted(set(told), reverse=True)
    assert_nothing_twice(asked, better)


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_no_plan_costs_less_than_the_pooled_bound(seed: int) -> None:
    asked = problem(seed, visits=MANY)
    better = improve(asked, seconds=1)
    assert 0 < bound_of(asked) <= better.measures.cost + 1e-6


def test_a_plan_that_nothing_can_beat_ends_the_search_and_says_so() -> None:
    asked = one_visit(problem(3))
    plan = improve(asked, seconds=LONG)
    assert plan.measures.proven
    assert plan.measures.cost == NURSE_CHANGE
    assert plan.measures.bound == pytest.approx(NURSE_CHANGE)


def test_a_programme_too_large_tells_no_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduling.planner.repair_pooled.MOST", 10)
    asked = problem(0, visits=MANY)
    space = Space(asked)
    assert pooled(space, next(iter(drafts(space))), time.monotonic() + LONG) is None


def test_nurses_named_anew_take_over_less_often_and_nobody_moves() -> None:
    asked = problem(2, visits=MANY)
    space = Space(asked)
    before = next(iter(drafts(space)))
    after = renamed(before, seconds=3)
    spots = space.spots
    assert {id: s.start for id, s in after.floor.standing.items()} == {
        id: s.start for id, s in before.floor.standing.items()
    }

    def over(draft: object) -> int:
        return sum(changes(spots[id], s) for id, s in draft.floor.standing.items())  # type: ignore[attr-defined]

    assert over(after) < over(before)


def test_two_visits_of_one_patient_are_never_put_at_the_same_time() -> None:
    asked = twice(problem(3, visits=MANY), whose=7)
    for plan in (quick(asked), improve(asked, seconds=0.5)):
        [moved] = plan.moves
        assert moved.place.start >= asked.visits[1].place.end


def test_strangers_may_well_be_put_at_the_same_time() -> None:
    asked = twice(problem(3, visits=MANY), whose=0)
    [moved] = quick(asked).moves
    assert moved.place.start < asked.visits[1].place.end
