"""A month, and what a month-end report is made of: figures, plots, one table in dollars."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from api.desk.money.tabs import dollars
from api.desk.reports.told import Column, Figure, Plot
from clinic.imports.table import guarded
from clinic.models import Site
from scheduling.selectors.reports import Query

MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month of a site, and those beside it."""

    first: date

    @property
    def last(self) -> date:
        return self.first.replace(day=monthrange(self.first.year, self.first.month)[1])

    @property
    def name(self) -> str:
        return f"{self.first:%B %Y}"

    @property
    def query(self) -> str:
        return f"?month={self.first:%Y-%m}"

    @property
    def before(self) -> Month:
        return Month((self.first - timedelta(days=1)).replace(day=1))

    @property
    def after(self) -> Month:
        return Month(self.last + timedelta(days=1))


def month(text: str, today: date) -> Month:
    """2026-11, else the month that is going on."""
    meant = MONTH.fullmatch(text)
    return Month(date(int(meant[1]), int(meant[2]), 1) if meant else today.replace(day=1))


@dataclass(frozen=True, slots=True)
class Asked:
    """What every report is about; `sites` are those the viewer sees the money of."""

    site: Site
    sites: tuple[Site, ...]
    month: Month
    now: datetime

    def written(self, query: Query) -> str:
        of = self.month
        return query.written(site=self.site, first=of.first, last=of.last, now=self.now)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of names and cents; a number is cents. The last row may be the sum."""

    label: str
    columns: tuple[Column, ...]
    values: tuple[tuple[str | int, ...], ...]
    has_sum: bool = True

    @property
    def rows(self) -> list[list[tuple[str, bool]]]:
        """(what is shown, whether it is an amount) of each cell."""
        return [
            [(one, False) if isinstance(one, str) else (dollars(one), True) for one in row]
            for row in self.values
        ]

    @property
    def lines(self) -> list[list[str]]:
        """For a spreadsheet: dollars as 12.34."""
        heads = [column.name for column in self.columns]
        return [heads] + [
            [guarded(one) if isinstance(one, str) else f"{one / 100:.2f}" for one in row]
            for row in self.values
        ]


@dataclass(frozen=True, slots=True)
class Told:
    """`empty` is said instead when there is nothing to count."""

    headline: str
    says: str
    table: Table
    plots: Sequence[Plot]
    figures: Sequence[Figure]
    counted: Sequence[str]
    queries: Sequence[Query]
    empty: str = ""
