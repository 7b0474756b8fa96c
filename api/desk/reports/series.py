"""Courses completed, and visits in or outside the windows of their protocol."""

from __future__ import annotations

from api.desk import words
from api.desk.plots import Dot, dots, spark
from api.desk.reports.told import (
    Against,
    Asked,
    Column,
    Figure,
    Plot,
    Table,
    Told,
    Value,
    number,
    percent,
)
from scheduling.selectors.reports import completion
from scheduling.selectors.reports.series import QUERIES, Courses

COLUMNS = (
    *(Column("Protocol", number=False), Column("Courses"), Column("Completed")),
    *(Column("Under way"), Column("Cancelled"), Column("Done in window")),
    *(Column("Done outside"), Column("Window missed"), Column("In window, %")),
)


def told(asked: Asked) -> Told:
    found = completion(site=asked.site, first=asked.first, last=asked.last, now=asked.now)
    whole = found.whole
    kept = whole.kept_percent
    return Told(
        headline=percent(kept),
        says="of visits due were done in their window",
        small=spark("Visits in their window by protocol", [r.kept_percent for r in found.rows]),
        against=Against("No window missed", "good", "circle-check")
        if not whole.missed
        else Against(f"{words.count(whole.missed, 'window')} missed", "warn", "triangle-alert"),
        figures=(
            Figure("Courses", number(whole.courses)),
            Figure("Completed, of those ended", percent(whole.completed_percent)),
            Figure("Visits in their window", percent(kept)),
            Figure("Windows missed", number(whole.missed)),
        ),
        plots=(
            Plot(
                "Visits done in their window",
                dots(
                    "Percent of visits due that were done in their window, by protocol.",
                    [Dot(row.protocol, row.kept_percent, _of(row)) for row in found.rows],
                    mean=None if kept is None else ("all", kept),
                ),
                "At the end of each line: visits in their window, of visits due.",
            ),
        ),
        table=Table(
            "Courses by protocol",
            COLUMNS,
            (*(_row(row.protocol, row) for row in found.rows), _row("All", whole)),
            has_sum=True,
        ),
        counted=(
            "Courses whose D0, the first infusion, dosing or visit, is in these dates.",
            "A visit is due when it is over, or when its window closed without one. Windows are "
            "drawn by the protocol from the dates of the other visits; steps that were done before "
            "the course was booked do not count.",
        ),
        queries=QUERIES,
        empty=""
        if not found.is_empty
        else "No course begins on these dates. Book a series, or choose other dates.",
    )


def _of(row: Courses) -> str:
    return f"{row.kept} of {row.due}" if row.due else "none due"


def _row(name: str, row: Courses) -> tuple[Value, ...]:
    return (
        name,
        row.courses,
        row.completed,
        row.active,
        row.cancelled,
        row.kept,
        row.outside,
        row.missed,
        row.kept_percent,
    )
