"""What is due around a series, from its protocol and the days on which its visits were."""

from __future__ import annotations

from datetime import date, timedelta

from scheduling.planner.following import Booster, Due, booster_of, due_points

D0 = date(2026, 12, 8)
DAY = timedelta(days=1)
COURSE = {
    "origin": "inf1",
    "outside": [],
    "steps": [
        {"key": "inf1", "kind": "infusion"},
        {"key": "th1", "kind": "therapy"},
        {"key": "inf2", "kind": "infusion"},
    ],
    "follow_ups": [
        {"name": "At 3 months", "kind": "measures", "after_days": 91, "tolerance_days": 14},
        {"name": "A call", "kind": "call", "anchor": "inf2", "after_days": 7},
    ],
    "tasks": [
        {"name": "Check benefits", "kind": "benefits_check", "due_days": -3},
        {"name": "Send the form", "kind": "form", "each": "infusion", "due_days": 7},
    ],
}


def due(*, booked_on: date = D0 - 30 * DAY, running: bool = True, booster=None, **discharged: date):
    points = due_points(
        COURSE,
        d0=D0,
        booked_on=booked_on,
        discharged=discharged,
        running=running,
        booster=booster,
    )
    return {point.name: point for point in points}


def test_before_the_first_visit_only_the_tasks_of_the_booking_are_due():
    assert list(due()) == ["Check benefits"]
    assert due()["Check benefits"].due == D0 - 3 * DAY


def test_a_task_of_a_booking_made_late_is_due_on_the_day_of_booking():
    assert due(booked_on=D0 - DAY)["Check benefits"].due == D0 - DAY


def test_a_follow_up_appears_once_its_anchor_is_over_with_its_window():
    point = due(inf1=D0)["At 3 months"]
    assert (point.opens, point.due, point.closes) == (D0 + 77 * DAY, D0 + 91 * DAY, D0 + 105 * DAY)
    assert (point.kind, point.after) == ("questionnaire", "inf1")
    assert "A call" not in due(inf1=D0)


def test_a_window_is_counted_from_the_day_the_visit_was_and_not_from_the_plan():
    assert due(inf1=D0 + DAY)["At 3 months"].due == D0 + 92 * DAY


def test_a_task_of_each_infusion_is_due_after_every_one():
    forms = [
        point.due
        for point in due_points(
            COURSE,
            d0=D0,
            booked_on=D0,
            discharged={"inf1": D0, "inf2": D0 + 7 * DAY, "th1": D0 + DAY},
            running=True,
        )
        if point.name == "Send the form"
    ]
    assert forms == [D0 + 7 * DAY, D0 + 14 * DAY]


def test_a_cancelled_series_leaves_what_follows_a_treatment_that_was_given():
    assert list(due(running=False, inf1=D0)) == ["Send the form", "At 3 months"]


def test_the_treatment_goes_on_only_after_the_last_infusion():
    booster = Booster("Booster", 21, 90)
    assert "Booster" not in due(booster=booster, inf1=D0)
    last = D0 + 7 * DAY
    assert due(booster=booster, inf1=D0, inf2=last)["Booster"] == Due(
        key="continues",
        kind="visit",
        name="Booster",
        measures=(),
        opens=last + 21 * DAY,
        due=last + 55 * DAY,
        closes=last + 90 * DAY,
        after="inf2",
    )


def test_a_protocol_goes_on_when_it_is_counted_from_an_infusion_before_it():
    gap = {"anchor": "previous_infusion", "days": [21, 90]}
    booster = {
        "name": "Booster",
        "outside": [{"key": "previous_infusion", "name": "the infusion before"}],
        "steps": [{"key": "inf1", "kind": "infusion", "gaps": [gap]}],
    }
    assert booster_of(booster) == Booster("Booster", 21, 90)
    assert booster_of(COURSE) is None
