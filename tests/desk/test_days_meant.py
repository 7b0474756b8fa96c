"""The day that somebody means, on Wednesday 25 November 2026."""

from datetime import date

import pytest

from api.desk.days_meant import days_meant

TODAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("today", "2026-11-25"),
        ("Tomorrow", "2026-11-26"),
        ("yesterday", "2026-11-24"),
        ("wed", "2026-11-25"),
        ("tue", "2026-12-01"),
        ("on Tuesday", "2026-12-01"),
        ("thurs", "2026-11-26"),
        ("next thu", "2026-12-03"),
        ("last mon", "2026-11-16"),
        ("this mon", "2026-11-23"),
        ("8 dec", "2026-12-08"),
        ("Dec 8", "2026-12-08"),
        ("8th December, 2027", "2027-12-08"),
        ("2 nov", "2026-11-02"),
        ("9 feb", "2027-02-09"),
        ("2026-12-08", "2026-12-08"),
        ("in 2 weeks", "2026-12-09"),
        ("2 weeks", "2026-12-09"),
        ("in a week", "2026-12-02"),
        ("next week", "2026-12-02"),
        ("last week", "2026-11-18"),
        ("in three days", "2026-11-28"),
        ("10 days ago", "2026-11-15"),
        ("in 3 months", "2027-02-25"),
        ("8th", "2026-12-08"),
        ("25th", "2026-11-25"),
    ],
)
def test_a_day_as_people_say_it(said, day):
    assert days_meant(said, TODAY)[0] == date.fromisoformat(day)


def test_figures_are_read_month_first_and_day_first():
    assert days_meant("3/4", TODAY) == [date(2027, 3, 4), date(2027, 4, 3)]
    assert days_meant("13/4", TODAY) == [date(2027, 4, 13)]


def test_a_month_that_is_shorter_ends_earlier():
    assert days_meant("in 1 month", date(2027, 1, 31)) == [date(2027, 2, 28)]


def test_29_february_is_looked_for_in_the_years_around():
    assert days_meant("29 feb", date(2027, 6, 1)) == [date(2028, 2, 29)]


@pytest.mark.parametrize(
    "said",
    [
        "",
        "tu",
        "monica",
        "sunny",
        "8",
        "31 feb",
        "99 dec",
        "in 2 apples",
        "\0",
        "9" * 200,
        "in 2 weeks ago",
        "mayor",
        "0000-00-00",
        "1999-01-01",
        "in week",
    ],
)
def test_what_means_no_day(said):
    assert days_meant(said, TODAY) == []
