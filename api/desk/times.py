"""A patient's usual times, as a form reads and shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from django.http import QueryDict

from api.desk import words
from api.desk.forms import as_day, as_id, as_time
from clinic.models import Site, Staff
from clinic.wishes import CELLS, LONGEST_NOTES, MOST_AWAY, PARTS, Away, Wishes

LONGEST_WHY = 100
SPARE_ROWS = 2


@dataclass(frozen=True, slots=True)
class AwayRow:
    """One time away as it was typed; `error` is about it."""

    first: str = ""
    last: str = ""
    why: str = ""
    error: str = ""


@dataclass
class Times:
    """The form as it was typed, and what is wrong with it, field by field."""

    when: tuple[str, ...] = ()
    earliest: str = ""
    latest: str = ""
    staff: str = ""
    notes: str = ""
    away: list[AwayRow] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, wishes: Wishes, today: date) -> Times:
        """As it is kept: what is over of the times away is left out."""
        rows = [
            AwayRow(one.first.isoformat(), one.last.isoformat(), one.why)
            for one in wishes.ahead(today)
        ]
        return cls(
            when=wishes.when,
            earliest=f"{wishes.earliest:%H:%M}" if wishes.earliest else "",
            latest=f"{wishes.latest:%H:%M}" if wishes.latest else "",
            staff=str(wishes.staff[0]) if wishes.staff else "",
            notes=wishes.notes,
            away=[*rows, *[AwayRow()] * SPARE_ROWS],
        )

    @classmethod
    def read(cls, data: QueryDict, site: Site) -> Times:
        """As it was typed."""
        given = zip(
            data.getlist("away_from"),
            data.getlist("away_to"),
            data.getlist("away_why"),
            strict=False,
        )
        times = cls(
            when=tuple(cell for cell in CELLS if cell in data.getlist("when")),
            earliest=data.get("earliest", ""),
            latest=data.get("latest", ""),
            staff=data.get("staff", "")[:20],
            notes=data.get("notes", "").replace("\r\n", "\n").strip(),
            away=[_checked(AwayRow(*(text.strip() for text in row))) for row in given],
        )
        times.errors = dict(times._wrong(site))
        return times

    def _wrong(self, site: Site) -> Iterator[tuple[str, str]]:
        clocks = {name: getattr(self, name) for name in ("earliest", "latest")}
        for name, text in clocks.items():
            if text and as_time(text) is None:
                yield name, "Give a time such as 09:00."
        low, high = as_time(self.earliest), as_time(self.latest)
        if low and high and low >= high:
            yield "latest", "This is before the earliest start."
        if self.staff and not Staff.objects.filter(pk=as_id(self.staff), sites=site).exists():
            yield "staff", "Choose somebody who works here."
        if len(self.notes) > LONGEST_NOTES:
            yield "notes", f"{len(self.notes)} characters; there is room for {LONGEST_NOTES}."
        elif "\0" in self.notes:
            yield "notes", "There is a character in it that cannot be kept."
        if any(row.error for row in self.away):
            yield "away", next(row.error for row in self.away if row.error)
        elif sum(bool(row.first) for row in self.away) > MOST_AWAY:
            yield "away", f"Up to {MOST_AWAY} times away are kept."

    @property
    def wishes(self) -> Wishes:
        """What is to be kept; the form must be without errors."""
        rows = [(as_day(row.first), as_day(row.last or row.first), row.why) for row in self.away]
        return Wishes(
            when=self.when,
            earliest=as_time(self.earliest),
            latest=as_time(self.latest),
            staff=(as_id(self.staff),) if self.staff else (),
            away=tuple(
                sorted(Away(first, last, why) for first, last, why in rows if first and last)
            ),
            notes=self.notes,
        )


def _checked(row: AwayRow) -> AwayRow:
    if not row.first and not row.last and not row.why:
        return row
    first, last = as_day(row.first), as_day(row.last or row.first)
    if first is None or last is None:
        return replace(row, error="Give the first and the last day away.")
    if last < first:
        return replace(row, error="The last day away is before the first.")
    if len(row.why) > LONGEST_WHY or "\0" in row.why:
        return replace(row, error=f"A reason has up to {LONGEST_WHY} characters.")
    return row


def said(wishes: Wishes) -> str:
    """`Tue and Thu, morning, not before 09:00`; empty when nothing is asked."""
    parts = []
    if wishes.when:
        parts.append(", ".join(day.capitalize() for day in wishes.weekdays))
        on = [part for part in PARTS if any(cell.endswith(part) for cell in wishes.when)]
        if len(on) < len(PARTS):
            parts.append(" or ".join(on))
    if wishes.earliest:
        parts.append(f"not before {wishes.earliest:%H:%M}")
    if wishes.latest:
        parts.append(f"done by {wishes.latest:%H:%M}")
    return ", ".join(parts)


def away_said(one: Away) -> str:
    """`Sun 20 Dec – Sat 2 Jan, a wedding`."""
    days = words.day(one.first)
    if one.last != one.first:
        days = f"{days} – {words.day(one.last)}"
    return f"{days}, {one.why}" if one.why else days
