"""The coming weeks as a heat map: how full each day is, in a number, a word and a shade."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from api.desk.roster import length
from clinic.models import Site
from scheduling.selectors.capacity import DayCapacity, capacity

WHAT = {"chairs": "Infusion chairs", "nurses": "Nurses", "therapists": "Therapists"}
WEEKS = 8
# A day's shade: the share that is taken, in steps; the last is a day with nothing left.
STEPS = (0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Square:
    """One day of the map. `level` is 0 (empty) to 5 (full); None where nothing is open."""

    day: date
    level: int | None
    number: str
    says: str
    past: bool
    short: bool


@dataclass(frozen=True, slots=True)
class Heat:
    """Weeks of seven squares, and the days themselves for the table."""

    what: str
    weeks: tuple[tuple[Square, ...], ...]
    days: list[DayCapacity]

    @property
    def is_empty(self) -> bool:
        return all(square.level is None for week in self.weeks for square in week)

    @property
    def rows(self) -> list[DayCapacity]:
        """Of the table: days that open, or would."""
        return [day for day in self.days if day.is_open or day.closed]


def read_heat(site: Site, what: str, monday: date, now: datetime) -> Heat:
    """Eight weeks from a Monday, in the queries of `capacity`."""
    today = now.astimezone(site.zone).date()
    days = capacity(site=site, first=monday, weeks=WEEKS, now=now)
    squares = [_square(day, what, today) for day in days]
    weeks = tuple(tuple(squares[i : i + 7]) for i in range(0, len(squares), 7))
    return Heat(what, weeks, days)


def _square(day: DayCapacity, what: str, today: date) -> Square:
    number, says, share = _SAYS[what](day)
    if not day.is_open:
        number, says, share = "", day.closed or "Closed", None
    short = what == "nurses" and day.lanes_short > 0
    return Square(day.day, _level(share), number, says, day.day < today, short)


def _chairs(day: DayCapacity) -> tuple[str, str, float | None]:
    if not day.chair_minutes:
        return "none", "No chair is in service", None
    free = day.chair_minutes - day.chair_taken
    share = day.chair_taken / day.chair_minutes
    says = f"{length(day.chair_taken)} of {length(day.chair_minutes)} taken, {length(free)} free"
    return f"{round(100 * share)} %", says, share


def _nurses(day: DayCapacity) -> tuple[str, str, float | None]:
    if not day.lanes_on and not day.lanes_needed:
        return "none", "No nurse is on", None
    says = f"{day.lanes_needed} lanes needed at the peak, {day.lanes_on} on"
    if day.lanes_short:
        says += f"; {day.lanes_short} short at one time"
    share = day.lanes_needed / day.lanes_on if day.lanes_on else 1.0
    return f"{day.lanes_needed}/{day.lanes_on}", says, share


def _therapists(day: DayCapacity) -> tuple[str, str, float | None]:
    if not day.therapist_minutes:
        return "none", "No therapist is on", None
    free = day.therapist_minutes - day.therapist_taken
    says = f"{length(free)} free of {length(day.therapist_minutes)}"
    return f"{free // 60} h free", says, day.therapist_taken / day.therapist_minutes


_SAYS = {"chairs": _chairs, "nurses": _nurses, "therapists": _therapists}


def _level(share: float | None) -> int | None:
    if share is None:
        return None
    return sum(share >= step for step in STEPS)
