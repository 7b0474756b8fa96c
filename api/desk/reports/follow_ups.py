"""Whether calls, measures and visits after a course are done, and in time."""

from __future__ import annotations

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
from scheduling.selectors.reports import completeness
from scheduling.selectors.reports.follow_ups import QUERIES, Kind

COLUMNS = (
    *(Column("Kind", number=False), Column("Due"), Column("Done in window"), Column("Done late")),
    *(Column("Dropped"), Column("Overdue"), Column("Booked"), Column("Still open")),
    Column("Complete, %"),
)


def told(asked: Asked) -> Told:
    found = completeness(site=asked.site, first=asked.first, last=asked.last, now=asked.now)
    whole = found.whole
    complete = whole.complete_percent
    return Told(
        headline=percent(complete),
        says="of follow-ups settled or overdue were done",
        small=spark("Follow-ups done by kind", [row.complete_percent for row in found.rows]),
        against=Against("Nothing overdue", "good", "circle-check")
        if not whole.overdue
        else Against(f"{whole.overdue} overdue", "warn", "triangle-alert"),
        figures=(
            Figure("Due in these dates", number(whole.due)),
            Figure("Complete", percent(complete)),
            Figure("Done in their window", number(whole.in_time)),
            Figure("Done late", number(whole.late)),
            Figure("Overdue", number(whole.overdue)),
        ),
        plots=(
            Plot(
                "Complete",
                dots(
                    "Percent of follow-ups that were done, by kind.",
                    [Dot(row.name, row.complete_percent, _of(row)) for row in found.rows],
                    mean=None if complete is None else ("all", complete),
                ),
                "At the end of each line: done, of those done, dropped or overdue.",
            ),
        ),
        table=Table(
            "Follow-ups by kind",
            COLUMNS,
            (*(_row(row.name, row) for row in found.rows), _row("All", whole)),
            has_sum=True,
        ),
        counted=(
            "Follow-ups whose best day is in these dates. One is overdue on the day after its "
            "window closes; done late is done after that.",
            "Complete are those done, in their window or late, of those done, dropped or overdue. "
            "What is booked or still open does not count yet.",
        ),
        queries=QUERIES,
        empty=""
        if not found.is_empty
        else "No call, measure or visit is due on these dates. Follow-ups appear when visits of a "
        "course are over.",
    )


def _of(row: Kind) -> str:
    return f"{row.in_time + row.late} of {row.settled}" if row.settled else "none yet"


def _row(name: str, row: Kind) -> tuple[Value, ...]:
    return (
        name,
        row.due,
        row.in_time,
        row.late,
        row.dropped,
        row.overdue,
        row.booked,
        row.open,
        row.complete_percent,
    )
