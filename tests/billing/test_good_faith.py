"""When an estimate is due: 45 CFR 149.610, over weekends, holidays and the end of a year."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import business_days
from billing.good_faith import (
    due_when_asked,
    due_when_booked,
    due_when_changed,
    may_be_disputed,
    series_problems,
)
from billing.money import Money

HOLIDAYS = frozenset(
    {
        date(2026, 11, 11),
        date(2026, 11, 26),
        date(2026, 12, 25),
        date(2027, 1, 1),
        date(2027, 1, 18),
    }
)
FAR, NEAR, SHORT = "booked_far", "booked_near", "booked_at_short_notice"


def on(text: str) -> date:
    """`Mon 16 Nov` of the winter of 2026, checked against the calendar."""
    year = 2027 if "Jan" in text else 2026
    day = datetime.strptime(f"{text[4:]} {year}", "%d %b %Y").date()  # noqa: DTZ007
    assert f"{day:%a}" == text[:3]
    return day


PAIRS = [
    ("Mon 16 Nov", "Mon 16 Nov", SHORT, None),
    ("Mon 16 Nov", "Tue 17 Nov", SHORT, None),
    ("Mon 16 Nov", "Wed 18 Nov", SHORT, None),
    ("Mon 16 Nov", "Thu 19 Nov", NEAR, "Tue 17 Nov"),
    ("Mon 16 Nov", "Fri 20 Nov", NEAR, "Tue 17 Nov"),
    ("Mon 16 Nov", "Mon 23 Nov", NEAR, "Tue 17 Nov"),
    ("Mon 16 Nov", "Mon 30 Nov", NEAR, "Tue 17 Nov"),
    ("Mon 16 Nov", "Tue 01 Dec", FAR, "Thu 19 Nov"),
    ("Mon 30 Nov", "Mon 14 Dec", FAR, "Thu 03 Dec"),
    ("Mon 30 Nov", "Fri 11 Dec", NEAR, "Tue 01 Dec"),
    ("Fri 20 Nov", "Mon 23 Nov", SHORT, None),
    ("Fri 20 Nov", "Tue 24 Nov", SHORT, None),
    ("Fri 20 Nov", "Wed 25 Nov", NEAR, "Mon 23 Nov"),
    ("Fri 20 Nov", "Thu 26 Nov", NEAR, "Mon 23 Nov"),
    ("Sat 21 Nov", "Wed 25 Nov", SHORT, None),
    ("Sat 21 Nov", "Thu 26 Nov", NEAR, "Mon 23 Nov"),
    ("Sat 21 Nov", "Fri 27 Nov", NEAR, "Mon 23 Nov"),
    ("Sun 22 Nov", "Fri 27 Nov", NEAR, "Mon 23 Nov"),
    ("Sun 22 Nov", "Wed 25 Nov", SHORT, None),
    ("Wed 25 Nov", "Mon 30 Nov", SHORT, None),
    ("Wed 25 Nov", "Tue 01 Dec", NEAR, "Fri 27 Nov"),
    ("Thu 26 Nov", "Tue 01 Dec", SHORT, None),
    ("Thu 26 Nov", "Wed 02 Dec", NEAR, "Fri 27 Nov"),
    ("Wed 25 Nov", "Thu 10 Dec", FAR, "Tue 01 Dec"),
    ("Wed 25 Nov", "Wed 09 Dec", NEAR, "Fri 27 Nov"),
    ("Tue 10 Nov", "Fri 13 Nov", SHORT, None),
    ("Tue 10 Nov", "Mon 16 Nov", NEAR, "Thu 12 Nov"),
    ("Tue 10 Nov", "Wed 25 Nov", FAR, "Mon 16 Nov"),
    ("Tue 10 Nov", "Tue 24 Nov", NEAR, "Thu 12 Nov"),
    ("Wed 23 Dec", "Tue 29 Dec", NEAR, "Thu 24 Dec"),
    ("Wed 23 Dec", "Mon 28 Dec", SHORT, None),
    ("Thu 24 Dec", "Wed 30 Dec", NEAR, "Mon 28 Dec"),
    ("Thu 24 Dec", "Tue 29 Dec", SHORT, None),
    ("Fri 25 Dec", "Thu 31 Dec", NEAR, "Mon 28 Dec"),
    ("Thu 31 Dec", "Tue 05 Jan", SHORT, None),
    ("Thu 31 Dec", "Wed 06 Jan", NEAR, "Mon 04 Jan"),
    ("Thu 31 Dec", "Fri 15 Jan", FAR, "Wed 06 Jan"),
    ("Thu 31 Dec", "Thu 14 Jan", NEAR, "Mon 04 Jan"),
    ("Tue 22 Dec", "Thu 07 Jan", FAR, "Mon 28 Dec"),
    ("Tue 22 Dec", "Wed 06 Jan", NEAR, "Wed 23 Dec"),
    ("Fri 08 Jan", "Mon 25 Jan", FAR, "Wed 13 Jan"),
    ("Fri 08 Jan", "Fri 22 Jan", NEAR, "Mon 11 Jan"),
    ("Sat 02 Jan", "Mon 18 Jan", FAR, "Wed 06 Jan"),
    ("Fri 01 Jan", "Fri 15 Jan", NEAR, "Mon 04 Jan"),
]


@pytest.mark.parametrize(("booked", "care", "rule", "due"), PAIRS)
def test_an_estimate_is_due_by_how_far_ahead_the_visit_is_booked(booked, care, rule, due):
    found = due_when_booked(booked=on(booked), care=on(care), holidays=HOLIDAYS)
    assert (found.rule, found.due) == (rule, due and on(due))
    assert found.required is (due is not None)


def test_the_answer_says_why_and_whose_rule_it_is():
    found = due_when_booked(booked=on("Mon 16 Nov"), care=on("Thu 19 Nov"), holidays=HOLIDAYS)
    assert found.why == (
        "Booked on Mon 16 Nov 2026 for Thu 19 Nov 2026, 3 business days ahead: "
        "due within 1 business day of the booking."
    )
    assert found.source == "45 CFR 149.610(b)(1)(vi)(A)"


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        ("Mon 16 Nov", "Thu 19 Nov"),
        ("Fri 20 Nov", "Wed 25 Nov"),
        ("Sat 21 Nov", "Wed 25 Nov"),
        ("Tue 24 Nov", "Mon 30 Nov"),
        ("Thu 31 Dec", "Wed 06 Jan"),
    ],
)
def test_an_estimate_asked_for_is_due_within_three_business_days(asked, due):
    assert due_when_asked(asked=on(asked), holidays=HOLIDAYS).due == on(due)


def test_at_short_notice_only_asking_makes_an_estimate_due():
    booked = {"booked": on("Mon 16 Nov"), "care": on("Wed 18 Nov"), "holidays": HOLIDAYS}
    found = due_when_booked(**booked, asked=on("Mon 16 Nov"))
    assert (found.rule, found.due) == ("asked", on("Thu 19 Nov"))


def test_of_two_dates_the_earlier_counts():
    booked = {"booked": on("Mon 16 Nov"), "care": on("Fri 20 Nov"), "holidays": HOLIDAYS}
    assert due_when_booked(**booked, asked=on("Mon 16 Nov")).rule == "booked_near"
    assert due_when_booked(**booked, asked=on("Tue 10 Nov")).due == on("Mon 16 Nov")


@pytest.mark.parametrize(
    ("changed", "care", "due", "late"),
    [
        ("Mon 16 Nov", "Fri 20 Nov", "Thu 19 Nov", False),
        ("Mon 16 Nov", "Mon 23 Nov", "Fri 20 Nov", False),
        ("Mon 16 Nov", "Fri 27 Nov", "Wed 25 Nov", False),
        ("Thu 19 Nov", "Fri 20 Nov", "Thu 19 Nov", False),
        ("Fri 20 Nov", "Fri 20 Nov", "Fri 20 Nov", True),
        ("Sun 22 Nov", "Mon 23 Nov", "Sun 22 Nov", True),
    ],
)
def test_a_change_is_estimated_anew_a_business_day_before_care(changed, care, due, late):
    found = due_when_changed(changed=on(changed), care=on(care), holidays=HOLIDAYS)
    assert (found.due, found.late) == (on(due), late)


def test_a_visit_cannot_be_before_its_booking():
    with pytest.raises(ValueError, match="before its booking"):
        due_when_booked(booked=on("Tue 17 Nov"), care=on("Mon 16 Nov"), holidays=HOLIDAYS)


@pytest.mark.parametrize(
    ("billed", "disputed"), [("1399.99", False), ("1400.00", True), ("900.00", False)]
)
def test_a_bill_four_hundred_dollars_over_may_be_disputed(billed, disputed):
    assert may_be_disputed(estimated=Money.parse("1000.00"), billed=Money.parse(billed)) is disputed


def test_one_estimate_covers_a_series_of_a_year_that_says_how_often_and_how_many():
    year = {"first": date(2026, 3, 1), "last": date(2027, 3, 1)}
    assert series_problems(**year, count=12, frequency="once a month") == ()
    longer = series_problems(
        first=date(2028, 2, 29), last=date(2029, 3, 1), count=12, frequency="once a month"
    )
    assert longer == (
        "One estimate covers at most 12 months: end it by Wed 28 Feb 2029 and write another for "
        "the rest.",
    )
    assert len(series_problems(**year, count=None, frequency=" ")) == 2
    assert (
        "time frame"
        in series_problems(
            first=date(2026, 3, 1), last=date(2026, 2, 1), count=1, frequency="once"
        )[0]
    )


DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))


@settings(deadline=None)
@given(DAYS, st.integers(0, 40))
def test_days_ahead_and_days_before_agree(care: date, days: int):
    booked = care - timedelta(days=days)
    for count in (3, 10):
        far_enough = business_days.ahead(booked, care, HOLIDAYS) >= count
        assert far_enough is (booked <= business_days.before(care, count, HOLIDAYS))


@settings(deadline=None)
@given(DAYS, st.integers(1, 15))
def test_a_due_date_is_a_business_day(booked: date, ahead: int):
    found = due_when_booked(booked=booked, care=booked + timedelta(days=ahead), holidays=HOLIDAYS)
    assert found.due is None or business_days.is_business_day(found.due, HOLIDAYS)
