"""Which dates a report is about: two days in the address, or a preset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.http import QueryDict

from api.desk.forms import as_day

LONGEST = 366


@dataclass(frozen=True, slots=True)
class Preset:
    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Period:
    """First and last site date, both inclusive. `wrong` says why what was asked for is not it."""

    first: date
    last: date
    presets: tuple[Preset, ...]
    wrong: str = ""

    @property
    def query(self) -> str:
        return f"?from={self.first.isoformat()}&to={self.last.isoformat()}"


def period(asked: QueryDict, today: date) -> Period:
    """What `?from=` and `?to=` say; the last four weeks without them, or instead of nonsense."""
    presets = presets_of(today)
    usual = Period(presets[0].first, presets[0].last, presets)
    if "from" not in asked and "to" not in asked:
        return usual
    first, last = as_day(asked.get("from", "")), as_day(asked.get("to", ""))
    if first is None or last is None:
        return _not(usual, "Give the first and the last day.")
    if first > last:
        return _not(usual, "The first day is after the last.")
    if (last - first).days >= LONGEST:
        return _not(usual, "At most a year and a day at once.")
    return Period(first, last, presets)


def presets_of(today: date) -> tuple[Preset, ...]:
    month = today.replace(day=1)
    next_month = (month + timedelta(days=31)).replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    return (
        Preset("Last 4 weeks", today - timedelta(days=27), today),
        Preset("This month", month, next_month - timedelta(days=1)),
        Preset("Last month", before, month - timedelta(days=1)),
        Preset("Next 4 weeks", today, today + timedelta(days=27)),
    )


def _not(usual: Period, why: str) -> Period:
    return Period(usual.first, usual.last, usual.presets, f"{why} These are the last 4 weeks.")
