"""Dates, times and lists as a person at the desk reads them, in the site's zone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from scheduling.planner.intervals import from_minute

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ROLES = {"monitoring_nurse": "monitoring nurse"}


def day_words(day: date) -> str:
    """`Tue 8 Dec`."""
    return f"{day:%a} {day.day} {day:%b}"


def clock(minute: int, zone: ZoneInfo) -> str:
    """`09:05`, the wall clock of an absolute minute."""
    return f"{from_minute(minute).astimezone(zone):%H:%M}"


def moment(minute: int, zone: ZoneInfo) -> str:
    """`Tue 8 Dec 09:05`."""
    there = from_minute(minute).astimezone(zone)
    return f"{day_words(there.date())} {there:%H:%M}"


def stretch(start: int, end: int, zone: ZoneInfo) -> str:
    """`Tue 8 Dec 09:05-10:00`."""
    return f"{moment(start, zone)}-{clock(end, zone)}"


def role_words(role: str) -> str:
    """A role as it is spoken of."""
    return ROLES.get(role, role.replace("_", " "))


def listed(names: Iterable[str], joint: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    items = list(names)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {joint} {items[-1]}"


def count(number: int, one: str, many: str = "") -> str:
    """`one visit`, `3 visits`."""
    if number == 1:
        return f"one {one}"
    return f"{number} {many or one + 's'}"
