"""Whole series: complete, best first, really different, with true reasons."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from scheduling.planner.intervals import from_minute
from scheduling.planner.plans import Plan, PlannedVisit, Request, Result
from scheduling.planner.protocols import NURSE, PRESCRIBER, THERAPIST, Protocol
from scheduling.planner.rules import check
from scheduling.planner.search import propose
from tests.planner.cast import (
    MONDAY,
    Clinic,
    depression,
    esketamine,
    harbour,
    kap,
    kare,
    maintenance,
    ptsd,
    wants,
)

EVERY = (kare, depression, ptsd, maintenance, kap, esketamine)


def offered(clinic: Clinic, request: Request) -> tuple[Plan, ...]:
    """Plans that all keep every rule; at least one."""
    diary = clinic.diary()
    result = propose(request, diary)
    assert result.plans, result.blocked
    for plan in result.plans:
        assert check(plan.visits, diary, request.protocol, acuity=request.acuity,
                     anchors=request.completed) == []  # fmt: skip
    return result.plans


def when(clinic: Clinic, visit: PlannedVisit) -> str:
    there = from_minute(visit.start).astimezone(clinic.zone)
    return f"{there:%a} {there.day} {there:%b %H:%M}"


def dates(clinic: Clinic, plan: Plan) -> dict[str, date]:
    return {v.step: from_minute(v.start).astimezone(clinic.zone).date() for v in plan.visits}


def rooms(plan: Plan) -> list[int]:
    return [c.resource for v in plan.visits for c in v.claims if c.kind == "room"]


@pytest.mark.parametrize("protocol", EVERY)
def test_every_protocol_gets_complete_plans_that_keep_every_rule(protocol: object) -> None:
    made: Protocol = protocol()  # type: ignore[operator]
    for plan in offered(harbour(days=170), wants(made)):
        assert [visit.step for visit in plan.visits] == [step.key for step in made.steps]


def test_the_series_that_ends_first_comes_first() -> None:
    clinic = harbour()
    plans = offered(clinic, wants(kare(), limit=5))
    scores = [plan.score for plan in plans]
    assert scores == sorted(scores)
    last = dates(clinic, plans[0])["th7"]
    assert plans[0].score.finish == (last - MONDAY).days


def test_plans_on_offer_really_differ() -> None:
    clinic = harbour()
    plans = offered(clinic, wants(kare(), limit=6))
    looks = set()
    for plan in plans:
        infusions = [dates(clinic, plan)[key] for key in ("inf1", "inf2", "inf3")]
        hours = [v.start % 1440 // 180 for v in plan.visits if v.step.startswith("inf")]
        days = frozenset(day.weekday() for day in infusions)
        looks.add((plan.therapist, days, infusions[0].isocalendar().week, *hours))
    assert len(looks) == len(plans) >= 5


def test_no_more_plans_than_asked_for() -> None:
    assert len(offered(harbour(), wants(kare(), limit=1))) == 1


def test_one_therapist_has_the_whole_series() -> None:
    clinic = harbour()
    for plan in offered(clinic, wants(kare())):
        who = {c.resource for v in plan.visits for c in v.claims if c.role == THERAPIST}
        assert who == {plan.therapist}
        assert any("same therapist throughout" in reason for reason in plan.reasons)


def test_a_therapist_out_for_a_day_costs_that_day_only() -> None:
    clinic = harbour()
    free = offered(clinic, wants(kare(), limit=1))[0]
    day = dates(clinic, free)["th2"]
    for therapist in clinic.people[:2]:
        clinic.off(therapist, f"{day.day} Dec 00:00", "23:59")
    again = dates(clinic, offered(clinic, wants(kare(), limit=1))[0])
    assert again["th2"] == day + timedelta(days=1)
    assert again["th7"] == dates(clinic, free)["th7"]


def test_staff_asked_for_are_the_only_ones_in_their_roles() -> None:
    clinic = harbour()
    ben = clinic.people[1]
    plans = offered(clinic, wants(kare(), staff=[ben.id]))
    assert {plan.therapist for plan in plans} == {ben.id}
    asked = {c.resource for v in plans[0].visits for c in v.claims if c.role == PRESCRIBER}
    assert asked == {clinic.people[2].id}


def test_visits_keep_the_hours_asked_for() -> None:
    clinic = harbour()
    for plan in offered(clinic, wants(kare(), earliest="10:00", latest="14:00")):
        for visit in plan.visits:
            start = from_minute(visit.start).astimezone(clinic.zone)
            end = from_minute(visit.end).astimezone(clinic.zone)
            assert start.hour >= 10
            assert (end.hour, end.minute) <= (14, 0)


def test_preferred_weekdays_are_kept_when_they_can_be() -> None:
    clinic = harbour()
    for plan in offered(clinic, wants(kare(), weekdays=[1, 2])):
        assert {day.weekday() for day in dates(clinic, plan).values()} <= {1, 2}
        assert "every visit on a preferred day" in plan.reasons


def test_else_the_fewest_visits_fall_outside_and_the_reason_says_so() -> None:
    clinic = harbour()
    plan = offered(clinic, wants(kare(), weekdays=[1], limit=1))[0]
    outside = [key for key, day in dates(clinic, plan).items() if day.weekday() != 1]
    assert outside == ["th2", "th3", "th4"]
    assert "3 visits on Wednesdays" in plan.reasons


def test_always_the_same_weekday_and_time_is_on_offer() -> None:
    clinic = harbour()
    for room in clinic.rooms[:2]:
        clinic.busy(room, "28 Dec 00:00", "23:59")
    plans = offered(clinic, wants(kare(), limit=4))
    steady = [p for p in plans if any(r.startswith("always Tue") for r in p.reasons)]
    assert steady
    for plan in steady:
        found = dates(clinic, plan)
        assert {found[f"inf{n}"].weekday() for n in (1, 2, 3)} == {1}


def test_reasons_compare_truthfully() -> None:
    clinic = harbour(weekdays=range(6))
    plans = offered(clinic, wants(kare(), limit=4))
    finishes = [plan.score.finish for plan in plans]
    for plan in plans:
        sooner = [r for r in plan.reasons if r.startswith("finishes") and r.endswith("sooner")]
        if sooner:
            others = min(f for p, f in zip(plans, finishes, strict=True) if p is not plan)
            assert str(others - plan.score.finish) in sooner[0].replace("one", "1")


def test_one_room_is_kept_throughout_when_possible() -> None:
    clinic = harbour()
    clinic.busy(clinic.rooms[0], "15 Dec 00:00", "18 Dec 00:00")
    plan = offered(clinic, wants(esketamine(), limit=1))[0]
    assert len(set(rooms(plan))) == 1
    assert "one room throughout (Room 2)" in plan.reasons


def test_a_chair_is_sought_where_it_leaves_the_private_room_free() -> None:
    clinic = harbour()
    plan = offered(clinic, wants(maintenance(), limit=1))[0]
    assert rooms(plan) == [clinic.rooms[0].id]


def test_a_private_visit_never_shares_its_room() -> None:
    clinic = harbour(days=120)
    clinic.rooms[1].capabilities = frozenset()
    clinic.busy(clinic.rooms[0], "7 Dec 00:00", "4 Jan 00:00", lanes=[1])
    plan = offered(clinic, wants(kap(2), limit=1))[0]
    assert dates(clinic, plan)["dosing1"] >= date(2027, 1, 4)


def test_turnover_keeps_visits_apart() -> None:
    clinic = harbour()
    for room in clinic.rooms[:2]:
        clinic.busy(room, "7 Dec 08:00", "09:00")
        clinic.busy(room, "7 Dec 11:30", "17:00")
    assert not propose(wants(maintenance(), within=0), clinic.diary()).plans
    for room in clinic.rooms[:2]:
        room.turnover = 5
    assert when(clinic, offered(clinic, wants(maintenance(), within=0))[0].visits[0]) == (
        "Mon 7 Dec 09:00"
    )


def test_medical_and_intake_share_a_trip() -> None:
    clinic = harbour(days=170)
    plan = offered(clinic, wants(kap(), limit=1))[0]
    found = dates(clinic, plan)
    assert found["medical"] == found["intake"]
    assert plan.visits[0].end <= plan.visits[1].start
    assert "Medical and Intake on one day" in plan.reasons


def test_every_other_visit_has_a_day_of_its_own() -> None:
    clinic = harbour(days=170)
    found = dates(clinic, offered(clinic, wants(kap(), limit=1))[0])
    assert len(set(found.values())) == len(found) - 1


def test_six_infusions_leave_a_clear_day_and_fit_three_weeks() -> None:
    clinic = harbour()
    for plan in offered(clinic, wants(depression(), limit=4)):
        found = [day for key, day in dates(clinic, plan).items() if key.startswith("inf")]
        assert all((b - a).days >= 2 for a, b in pairwise(found))
        assert all((found[i + 3] - found[i]).days >= 7 for i in range(3))
        assert (found[-1] - found[0]).days <= 20


def test_a_booster_without_a_known_infusion_says_where_it_opens() -> None:
    plan = offered(harbour(), wants(maintenance(), limit=1))[0]
    assert plan.score.finish == 0
    assert "no previous infusion is known: opens on Mon 7 Dec" in plan.reasons


def test_a_booster_waits_for_its_window() -> None:
    clinic = harbour()
    request = wants(maintenance(), completed={"previous_infusion": date(2026, 11, 24)}, limit=1)
    plan = offered(clinic, request)[0]
    assert dates(clinic, plan)["inf1"] == date(2026, 12, 15)


def test_steps_already_done_bind_the_rest() -> None:
    clinic = harbour()
    done = {"screening": date(2026, 12, 2), "th1": date(2026, 12, 4)}
    found = dates(clinic, offered(clinic, wants(kare(), completed=done, limit=1))[0])
    assert "screening" not in found
    assert found["inf1"] == date(2026, 12, 9)


def test_an_expired_credential_ends_a_clinicians_visits() -> None:
    clinic = harbour()
    clinic.expired(clinic.people[2], PRESCRIBER, "8 Dec 00:00", "30 Mar 00:00")
    found = dates(clinic, offered(clinic, wants(kare(), limit=1))[0])
    assert found["screening"] == MONDAY
    tomorrow = wants(kare(), not_before=MONDAY + timedelta(days=1))
    assert not propose(tomorrow, clinic.diary()).plans


def test_a_person_with_two_roles_has_one_in_a_visit() -> None:
    clinic = harbour(days=120)
    clinic.people = clinic.people[:1] + clinic.people[2:4]
    clinic.people[0].roles = (THERAPIST, NURSE)
    clinic.people[0].lanes = 4
    for plan in offered(clinic, wants(kap(2))):
        for visit in plan.visits:
            by_role = {c.role: c.resource for c in visit.claims if c.kind == "staff"}
            assert len(set(by_role.values())) == len(by_role)


def test_nothing_is_left_when_every_step_is_done() -> None:
    done = {step.key: date(2026, 12, 1) for step in maintenance().steps}
    result: Result = propose(wants(maintenance(), completed=done), harbour().diary())
    assert [blocked.rule for blocked in result.blocked] == ["nothing_to_plan"]
