"""Scenario 4: nights and clock changes: New York, forward on 8 March, back on 1 November."""

from __future__ import annotations

from datetime import date, time

from scheduling.planner.day import local
from scheduling.planner.intervals import from_minute, to_minute
from scheduling.planner.plans import Plan
from scheduling.planner.protocols import Protocol, Step
from scheduling.planner.rules import check
from scheduling.planner.search import propose
from scheduling.planner.starts import Starts
from tests.planner.cast import Clinic, after, harbour, infusion, kare, wants


def starts(clinic: Clinic, plan: Plan) -> list[str]:
    return [f"{from_minute(v.start).astimezone(clinic.zone):%H:%M}" for v in plan.visits]


def test_a_nine_oclock_series_stays_at_nine_across_the_spring() -> None:
    first = date(2026, 2, 23)
    clinic = harbour(first=first)
    plan = propose(wants(kare(), not_before=first, limit=1), clinic.diary()).plans[0]
    assert set(starts(clinic, plan)) == {"09:00"}
    assert {v.start % 1440 for v in plan.visits} == {14 * 60, 13 * 60}


def test_a_nine_oclock_series_stays_at_nine_across_the_autumn() -> None:
    first = date(2026, 10, 12)
    clinic = harbour(first=first)
    plan = propose(wants(kare(), not_before=first, limit=1), clinic.diary()).plans[0]
    assert set(starts(clinic, plan)) == {"09:00"}
    assert {v.start % 1440 for v in plan.visits} == {13 * 60, 14 * 60}


def night(minutes: int, first: date) -> tuple[Clinic, Protocol]:
    """A clinic open round the clock, and one long infusion."""
    clinic = Clinic(days=4, first=first, hours=("00:00", "00:00"), weekdays=range(7), grain=30)
    clinic.room("Room 1", "infusion")
    clinic.nurse("Ines")
    step = Step("inf1", "Infusion", "infusion", infusion(minutes - 100))
    return clinic, Protocol("night", 1, "Night", (step,), "inf1")


def test_scenario_4_three_hours_across_the_autumn_change_are_three_hours() -> None:
    clinic, protocol = night(180, date(2026, 10, 31))
    request = wants(protocol, not_before=date(2026, 11, 1), within=0, earliest="00:30",
                    latest="02:30", limit=1)  # fmt: skip
    plan = propose(request, clinic.diary()).plans[0]
    visit = plan.visits[0]
    assert visit.end - visit.start == 180
    begins, ends = (from_minute(m).astimezone(clinic.zone) for m in (visit.start, visit.end))
    assert (f"{begins:%H:%M}", f"{ends:%H:%M}") == ("00:30", "02:30")
    assert check(plan.visits, clinic.diary(), protocol, acuity=1) == []


def test_scenario_4_a_skipped_half_past_two_is_never_offered() -> None:
    clinic, protocol = night(110, date(2026, 3, 7))
    diary = clinic.diary()
    request = wants(protocol, not_before=date(2026, 3, 8), within=0)
    bits = Starts(request, diary).hours(protocol.steps[0])
    low, high = diary.midnights[1], diary.midnights[2]
    shown = [
        f"{from_minute(diary.start + bit).astimezone(clinic.zone):%H:%M}"
        for bit in range(low, high)
        if bits >> bit & 1
    ]
    assert high - low == 23 * 60
    assert shown[3:6] == ["01:30", "03:00", "03:30"]


def test_scenario_4_a_repeated_half_past_one_is_offered_twice() -> None:
    clinic, protocol = night(110, date(2026, 10, 31))
    diary = clinic.diary()
    request = wants(protocol, not_before=date(2026, 11, 1), within=0)
    bits = Starts(request, diary).hours(protocol.steps[0])
    low = diary.midnights[1]
    shown = [
        f"{from_minute(diary.start + bit).astimezone(clinic.zone):%H:%M}"
        for bit in range(low, low + 200)
        if bits >> bit & 1
    ]
    assert shown == ["00:00", "00:30", "01:00", "01:30", "01:00", "01:30", "02:00"]


def test_a_wall_clock_time_that_is_skipped_moves_past_the_gap() -> None:
    clinic, _ = night(110, date(2026, 3, 7))
    skipped = to_minute(local(date(2026, 3, 8), time(2, 30), clinic.zone))
    assert f"{from_minute(skipped).astimezone(clinic.zone):%H:%M}" == "03:30"


def test_a_day_between_visits_is_a_date_even_when_it_has_25_hours() -> None:
    clinic, _ = night(110, date(2026, 10, 31))
    step = Step("inf1", "Infusion 1", "infusion", infusion(30))
    follow = Step("inf2", "Infusion 2", "infusion", infusion(30), after("inf1", 1, 1))
    protocol = Protocol("two", 1, "Two", (step, follow), "inf1")
    request = wants(protocol, not_before=date(2026, 11, 1), within=0, limit=1)
    one, other = propose(request, clinic.diary()).plans[0].visits
    assert other.start - one.start == 24 * 60
    days = [from_minute(v.start).astimezone(clinic.zone).date() for v in (one, other)]
    assert (days[1] - days[0]).days == 1


def test_scenario_4_a_visit_may_run_past_midnight_and_belongs_to_the_day_it_starts() -> None:
    clinic, protocol = night(180, date(2026, 12, 7))
    clinic.patient_busy.append(clinic.span("7 Dec 00:00", "22:30"))
    clinic.patient_busy.append(clinic.span("8 Dec 02:00", "23:00"))
    plan = propose(wants(protocol, within=0, limit=1), clinic.diary()).plans[0]
    assert starts(clinic, plan) == ["22:30"]
    assert plan.score.finish == 0
    assert check(plan.visits, clinic.diary(), protocol, acuity=1) == []
