"""The week in which a site is open, as it is typed: one row an opening."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest

from django.http import QueryDict

from api.desk.forms import as_time
from clinic.models import OpeningHours, Site
from clinic.services.closures import Opening
from clinic.services.hours import WEEKDAYS

MOST = 30


@dataclass(frozen=True, slots=True)
class OpeningRow:
    """One opening as typed, and what is wrong with it."""

    day: int
    opens: str
    closes: str
    error: str = ""


@dataclass(slots=True)
class OpeningForm:
    """All rows, by weekday; `errors` are said above, those of a row beside it."""

    rows: list[OpeningRow]
    errors: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, site: Site) -> OpeningForm:
        return cls.made(OpeningHours.objects.filter(site=site))

    @classmethod
    def made(cls, hours: Iterable[OpeningHours]) -> OpeningForm:
        ordered = sorted(hours, key=lambda one: (one.weekday, one.opens))
        return cls(
            [OpeningRow(o.weekday, f"{o.opens:%H:%M}", f"{o.closes:%H:%M}") for o in ordered]
        )

    @classmethod
    def read(cls, data: QueryDict) -> OpeningForm:
        """Rows without any time are left out: that day is closed."""
        columns = [data.getlist(name)[:MOST] for name in ("day", "opens", "closes")]
        rows = [_row(*cells) for cells in zip_longest(*columns, fillvalue="") if any(cells[1:])]
        wrong = any(row.error for row in rows)
        return cls(rows, ["Not saved: look at the days marked."] if wrong else [])

    def with_theirs(self, site: Site, before: Iterable[str]) -> OpeningForm:
        """Days typed as they were `before` somebody else's change are as they left them."""
        was, now = list(before), OpeningForm.of(site).rows
        rows: list[OpeningRow] = []
        for day, name in enumerate(WEEKDAYS):
            typed = sorted(str(one) for one in self.openings if one.weekday == day)
            untouched = typed == sorted(one for one in was if one.startswith(name))
            rows += [row for row in (now if untouched else self.rows) if row.day == day]
        return OpeningForm(rows)

    @property
    def openings(self) -> list[Opening]:
        found = []
        for row in self.rows:
            opens, closes = as_time(row.opens), as_time(row.closes)
            assert opens is not None
            assert closes is not None
            found.append(Opening(row.day, opens, closes))
        return found

    @property
    def days(self) -> list[tuple[int, str, list[OpeningRow]]]:
        """Each weekday with its openings; an empty one where there is none."""
        return [
            (day, name, [row for row in self.rows if row.day == day] or [OpeningRow(day, "", "")])
            for day, name in enumerate(WEEKDAYS)
        ]


def _row(day: str, opens: str, closes: str) -> OpeningRow:
    number = int(day) if day in tuple("0123456") else 0
    start, end = as_time(opens), as_time(closes)
    error = ""
    if start is None or end is None:
        error = "An opening needs a time to open and one to close."
    elif start == end:
        error = "It closes when it opens."
    return OpeningRow(number, opens[:8], closes[:8], error)
