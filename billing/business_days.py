"""Business days: Monday to Friday, holidays of the site left out. Dates are the site's."""

from __future__ import annotations

from collections.abc import Set
from datetime import date, timedelta

DAY = timedelta(days=1)
SATURDAY = 5


def is_business_day(day: date, holidays: Set[date]) -> bool:
    return day.weekday() < SATURDAY and day not in holidays


def after(day: date, count: int, holidays: Set[date]) -> date:
    """The business day so many after a date, which may be any day itself (0: the date)."""
    return _step(day, count, DAY, holidays)


def before(day: date, count: int, holidays: Set[date]) -> date:
    """The business day so many before a date, which may be any day itself (0: the date)."""
    return _step(day, count, -DAY, holidays)


def ahead(booked: date, care: date, holidays: Set[date]) -> int:
    """Business days by which a booking lies ahead of care: those from its date on, care's not.

    Monday to Thursday is 3; a booking on a day off counts from the next business day.
    """
    days = (care - booked).days
    return sum(is_business_day(booked + n * DAY, holidays) for n in range(days))


def _step(day: date, count: int, step: timedelta, holidays: Set[date]) -> date:
    while count > 0:
        day += step
        count -= is_business_day(day, holidays)
    return day
