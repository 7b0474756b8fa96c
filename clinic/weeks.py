"""Somebody's weeks at a site: as they were, as they are, and as they are planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from clinic.models import WeeklyHours
from clinic.services.hours import DAY, Shift, week_span

DAY_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Version:
    """A week that holds from `first` to `last`, both inclusive; None is for ever."""

    first: date | None
    last: date | None
    shifts: tuple[Shift, ...]

    def holds_on(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    @property
    def minutes(self) -> int:
        return week_minutes(self.shifts)


def versions(rows: Sequence[WeeklyHours]) -> list[Version]:
    """The weeks of one person at one site, the earliest first, without a gap between them."""
    edges = {row.effective_from for row in rows if row.effective_from}
    edges |= {row.effective_to + DAY_AFTER for row in rows if row.effective_to}
    firsts = [None, *sorted(edges)]
    lasts = [*(edge - DAY_AFTER for edge in firsts[1:] if edge), None]
    found: list[Version] = []
    for first, last in zip(firsts, lasts, strict=True):
        shifts = tuple(sorted({_shift(row) for row in rows if _in_effect(row, first, last)}))
        if found and found[-1].shifts == shifts:
            found[-1] = Version(found[-1].first, last, shifts)
        else:
            found.append(Version(first, last, shifts))
    return found


def week_minutes(shifts: Sequence[Shift]) -> int:
    """Minutes worked in a week, breaks not counted."""
    return sum(_length(shift) for shift in shifts)


def _length(shift: Shift) -> int:
    start, end = shift.span
    if shift.break_starts is None or shift.break_ends is None:
        return end - start
    low, high = week_span(0, shift.break_starts, shift.break_ends)
    return end - start - min(high - low, DAY)


def _in_effect(row: WeeklyHours, first: date | None, last: date | None) -> bool:
    """Whether a row holds all through a stretch in which nothing begins or ends."""
    begins = row.effective_from is None or (first is not None and row.effective_from <= first)
    ends = row.effective_to is None or (last is not None and last <= row.effective_to)
    return begins and ends


def _shift(row: WeeklyHours) -> Shift:
    return Shift(row.weekday, row.starts, row.ends, row.break_starts, row.break_ends)
