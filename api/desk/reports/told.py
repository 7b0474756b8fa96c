"""A report as a page tells it: a figure in words, plots, one table, how it is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.safestring import SafeString

from clinic.imports.table import guarded
from clinic.models import Site
from scheduling.selectors.reports import Query

Value = str | float | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What every report is about."""

    site: Site
    first: date
    last: date
    now: datetime

    def written(self, query: Query) -> str:
        return query.written(site=self.site, first=self.first, last=self.last, now=self.now)


@dataclass(frozen=True, slots=True)
class Column:
    """A head of the table; its unit is in its name."""

    name: str
    number: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as it is shown: at most one digit after the point, a dash where nothing is known."""

    value: Value
    number: bool

    def __str__(self) -> str:
        if self.value is None:
            return "–"
        return self.value if isinstance(self.value, str) else _shown(self.value)


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a report; the last may be their sum."""

    label: str
    columns: tuple[Column, ...]
    values: tuple[tuple[Value, ...], ...]
    has_sum: bool = False

    @property
    def rows(self) -> list[list[Cell]]:
        return [
            [Cell(value, column.number) for value, column in zip(row, self.columns, strict=True)]
            for row in self.values
        ]

    @property
    def lines(self) -> list[list[str]]:
        """For a spreadsheet: the same values, no text of which can be taken for a formula."""
        return [[column.name for column in self.columns]] + [
            ["" if value is None else _safe(value) for value in row] for row in self.values
        ]


@dataclass(frozen=True, slots=True)
class Plot:
    title: str
    svg: SafeString
    under: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number beside the headline."""

    name: str
    number: str


@dataclass(frozen=True, slots=True)
class Against:
    """How the headline compares with what is published or aimed at; tone good, warn or none."""

    words: str
    tone: str = ""
    icon: str = "scale"


@dataclass(frozen=True, slots=True)
class Told:
    """`empty` is said instead when there is nothing to count."""

    headline: str
    says: str
    small: SafeString
    table: Table
    plots: Sequence[Plot] = ()
    figures: Sequence[Figure] = ()
    against: Against | None = None
    counted: Sequence[str] = ()
    queries: Sequence[Query] = ()
    empty: str = ""


def percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} %"


def number(value: float | None, unit: str = "") -> str:
    return "–" if value is None else f"{_shown(value)}{unit}"


def _shown(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0").replace("-", "−")


def _safe(value: str | float) -> str:
    if isinstance(value, str):
        return guarded(value)
    return f"{value:.2f}".rstrip("0").rstrip(".")
