"""A day as people say it on the telephone: tue, 8 dec, tomorrow, in 2 weeks, 2026-12-08."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta

from api.desk.forms import YEARS, as_day

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january february march april may june july august september october november december".split()
)
SAID = {"today": 0, "now": 0, "tomorrow": 1, "tmrw": 1, "yesterday": -1}
LONG = {"day": 1, "week": 7, "fortnight": 14}
NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
SHORTEST = 3

AWAY = re.compile(r"(?P<number>\d{1,3}|[a-z]+) (?P<unit>[a-z]+?)s?(?P<ago> ago)?")
DAY_FIRST = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)? (?P<month>[a-z]{3,9})(?: (?P<year>\d{4}))?"
)
MONTH_FIRST = re.compile(
    r"(?P<month>[a-z]{3,9}) (?P<day>\d{1,2})(?:st|nd|rd|th)?(?: (?P<year>\d{4}))?"
)
FIGURES = re.compile(r"(\d{1,2})[./-](\d{1,2})(?:[./-](\d{4})?)?")
OF_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)")


def days_meant(text: str, today: date) -> list[date]:
    """Every day that the words can mean, the likeliest first; none when they mean no day.

    Without a year the nearest one is meant; 3/4 is said for 3 April and for 4 March.
    """
    said = " ".join(text.lower().replace(",", " ").split()).removeprefix("on ")
    found = dict.fromkeys(_meant(said, today))
    return [day for day in found if day.year in YEARS]


def _meant(said: str, today: date) -> Iterator[date]:
    if day := as_day(said):
        yield day
    if said in SAID:
        yield today + timedelta(days=SAID[said])
    yield from _weekday(said, today)
    yield from _away(said, today)
    for pattern in (DAY_FIRST, MONTH_FIRST):
        if told := pattern.fullmatch(said):
            month = _place(told["month"], MONTHS)
            yield from _dated(int(told["day"]), month, told["year"], today)
    if told := FIGURES.fullmatch(said):
        one, other = int(told[1]), int(told[2])
        yield from _dated(other, one, told[3], today)
        yield from _dated(one, other, told[3], today)
    if told := OF_MONTH.fullmatch(said):
        yield from _next_of_month(int(told[1]), today)


def _weekday(said: str, today: date) -> Iterator[date]:
    """tue is the next one, today included; next tue is that of next week."""
    which, _, name = said.rpartition(" ")
    weekday = _place(name, WEEKDAYS)
    if not weekday or which not in ("", "this", "next", "last"):
        return
    monday = today - timedelta(days=today.weekday())
    of_week = monday + timedelta(days=weekday - 1)
    if which == "next":
        yield of_week + timedelta(weeks=1)
    elif which == "last":
        yield of_week - timedelta(weeks=1)
    else:
        yield of_week if of_week >= today or which else of_week + timedelta(weeks=1)


def _away(said: str, today: date) -> Iterator[date]:
    """in 2 weeks, 3 days ago, next week, in a month."""
    if said in ("next week", "last week"):
        said = "1 week" + (" ago" if said == "last week" else "")
    told = AWAY.fullmatch(said.removeprefix("in "))
    if not told or (said.startswith("in ") and told["ago"]):
        return
    number = int(told["number"]) if told["number"].isdigit() else NUMBERS.get(told["number"])
    if number is None:
        return
    sign = -1 if told["ago"] else 1
    if told["unit"] in LONG:
        yield today + sign * timedelta(days=number * LONG[told["unit"]])
    elif told["unit"] == "month":
        months = today.year * 12 + today.month - 1 + sign * number
        for day in range(today.day, 27, -1) if today.day > 28 else [today.day]:
            with suppress(ValueError):
                yield date(months // 12, months % 12 + 1, day)
                return


def _dated(day: int, month: int, year: str | None, today: date) -> Iterator[date]:
    """The day of that year, or of the nearest one."""
    found = []
    for number in [int(year)] if year else [today.year + step for step in (-1, 0, 1)]:
        with suppress(ValueError):
            found.append(date(number, month, day))
    if found:
        yield min(found, key=lambda one: (abs(one - today), one < today))


def _next_of_month(day: int, today: date) -> Iterator[date]:
    """8th: of this month, or of the next that has one once it is over."""
    for ahead in range(3):
        months = today.year * 12 + today.month - 1 + ahead
        with suppress(ValueError):
            found = date(months // 12, months % 12 + 1, day)
            if found >= today:
                yield found
                return


def _place(name: str, names: list[str] | tuple[str, ...]) -> int:
    """Which of these names a word begins, from 1; 0 for none, or too short a word."""
    if len(name) < SHORTEST:
        return 0
    return next((at for at, one in enumerate(names, 1) if one.startswith(name)), 0)
