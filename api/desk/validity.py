"""From when to when somebody's credentials are valid, as bars on a line of months."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from api.desk.colleagues import Held
from clinic.models import Credential

BEFORE, AFTER = 365, 730


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch in days from the left end; `words` says it to who does not see it."""

    x: int
    width: int
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    held: Held
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Lines of kinds from a year ago to two years on; `years` are (days from the left, year)."""

    lines: tuple[Line, ...]
    years: tuple[tuple[int, int], ...]

    today = BEFORE
    width = BEFORE + AFTER


def spans_of(rows: Iterable[Credential], held: Sequence[Held], today: date) -> Timeline:
    """A line for each kind that is held or needed."""
    left = today - timedelta(days=BEFORE)
    credentials = list(rows)
    lines = tuple(
        Line(one, tuple(_spans([row for row in credentials if row.kind == one.kind], left)))
        for one in held
    )
    marks = [date(year, 1, 1) for year in range(left.year + 1, left.year + 4)]
    years = tuple(
        ((mark - left).days, mark.year) for mark in marks if (mark - left).days < BEFORE + AFTER
    )
    return Timeline(lines, years)


def _spans(rows: Iterable[Credential], left: date) -> Iterable[Span]:
    for row in rows:
        first = max((row.valid_from - left).days, 0) if row.valid_from else 0
        last = min((row.expires_on - left).days + 1, BEFORE + AFTER)
        if last > first:
            since = f"from {row.valid_from.isoformat()} " if row.valid_from else ""
            yield Span(first, last - first, f"{since}until {row.expires_on.isoformat()}")
