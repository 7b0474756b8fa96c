"""The rounds as a phone shows them: who is next, what was found, and a small trend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.desk import words
from api.desk.people import shown_name
from clinic.models import Site, User
from clinic.spans import moment
from scheduling.models import VitalsEntry
from scheduling.planner.rounds import SEDATION
from scheduling.selectors import step_name
from scheduling.selectors.rounds import Chart, Entry

LOOKS = {
    "missed": words.Sign("Missed", "circle-x", "bad"),
    "overdue": words.Sign("Overdue", "circle-alert", "bad"),
    "due": words.Sign("Due now", "bell", "warn"),
    "coming": words.Sign("Next", "clock", ""),
    "none": words.Sign("All taken", "circle-check", "good"),
}
WIDTH, HEIGHT, EDGE = 320, 96, 8
DRAWN = {"Systolic": "systolic", "Diastolic": "diastolic", "Heart rate": "heart_rate"}
LOWEST, HIGHEST = 40, 200
"""What the trend's scale reaches from and to, in mmHg and beats a minute alike."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series of the trend as points of an SVG polyline, with its last value."""

    name: str
    points: str
    dots: tuple[tuple[float, float, bool], ...]
    baseline: float
    last: int


@dataclass(frozen=True)
class Told:
    """An entry in words, with when it was taken at the site."""

    entry: Entry
    said: str
    at: datetime

    @classmethod
    def of(cls, entry: Entry, site: Site) -> Told:
        return cls(entry, said_of(entry.row), entry.row.taken_at.astimezone(site.zone))


@dataclass(frozen=True)
class Row:
    """A patient under way. `mine` when the viewer has them now."""

    chart: Chart
    name: str
    step: str
    room: str
    stands: str
    look: words.Sign
    when: datetime | None
    missed: int
    mine: bool
    last: Told | None

    @property
    def urgent(self) -> bool:
        return self.look.tone == "bad"


def rows_of(
    charts: Sequence[Chart], rooms: dict[int, str], *, user: User, site: Site, me: int | None
) -> list[Row]:
    """One's own patients first, then by when they are due."""
    rows = [_row(chart, rooms.get(chart.visit.pk, ""), user, site, me) for chart in charts]
    return sorted(rows, key=lambda row: not row.mine)


def _row(chart: Chart, room: str, user: User, site: Site, me: int | None) -> Row:
    due = chart.next if chart.started else None
    standing = [entry for entry in chart.entries if not entry.corrected]
    if due:
        look = LOOKS[due.state]
    elif chart.started:
        look = LOOKS["none"]
    else:
        look = words.Sign("Before the infusion", "clock", "")
    return Row(
        chart=chart,
        name=shown_name(user, chart.visit.patient, site),
        step=step_name(chart.visit),
        room=room,
        stands=words.STATUSES[chart.visit.status].word,
        look=look,
        when=moment(due.at).astimezone(site.zone) if due else None,
        missed=sum(one.state == "missed" for one in chart.rounds),
        mine=me in chart.nurses,
        last=Told.of(standing[-1], site) if standing else None,
    )


def said_of(row: VitalsEntry) -> str:
    """`124/78 · 72 · 98 % · Drowsy`."""
    told = []
    if row.systolic is not None:
        told.append(f"{row.systolic}/{row.diastolic}")
    if row.heart_rate is not None:
        told.append(f"{row.heart_rate}/min")
    if row.spo2 is not None:
        told.append(f"{row.spo2} %")
    if row.sedation is not None:
        told.append(SEDATION[row.sedation])
    return " · ".join(told)


def trend_of(entries: Sequence[Entry]) -> list[Line]:
    """Systolic, diastolic and heart rate over time; nothing with fewer than two entries."""
    rows = [entry.row for entry in entries if not entry.corrected]
    if len(rows) < 2:
        return []
    first = rows[0].taken_at
    whole = max(rows[-1].taken_at - first, timedelta(minutes=1))
    lines = []
    for name, field in DRAWN.items():
        given = [(row, value) for row in rows if (value := getattr(row, field)) is not None]
        if len(given) > 1:
            dots = tuple(
                (
                    round(EDGE + (row.taken_at - first) / whole * (WIDTH - 2 * EDGE), 1),
                    _height(value),
                    _stands_out(entries, row, name),
                )
                for row, value in given
            )
            points = " ".join(f"{x},{y}" for x, y, _ in dots)
            lines.append(Line(name, points, dots, _height(given[0][1]), given[-1][1]))
    return lines


def _height(value: int) -> float:
    share = (min(max(value, LOWEST), HIGHEST) - LOWEST) / (HIGHEST - LOWEST)
    return round(HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE), 1)


def _stands_out(entries: Sequence[Entry], row: VitalsEntry, name: str) -> bool:
    return any(
        flag.startswith(name) for entry in entries if entry.row == row for flag in entry.flags
    )
