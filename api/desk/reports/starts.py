"""When infusions begin, against the same number spread level over the day."""

from __future__ import annotations

from api.desk import words
from api.desk.plots import Line, curve, spark
from api.desk.reports.told import Against, Asked, Column, Figure, Plot, Table, Told, number
from scheduling.selectors.reports import starts
from scheduling.selectors.reports.starts import QUERIES

COLUMNS = (
    *(Column("From", number=False), Column("Planned starts"), Column("Planned a day")),
    *(Column("Target a day"), Column("Most on one day"), Column("Days over the cap")),
    Column("Really begun"),
)


def told(asked: Asked) -> Told:
    found = starts(site=asked.site, first=asked.first, last=asked.last, now=asked.now)
    days = max(1, found.days)
    names = [row.clock for row in found.rows]
    planned = [row.planned / days for row in found.rows]
    lines = [
        Line("planned", planned, "p-line"),
        Line("level target", [row.target for row in found.rows], "p-mark"),
    ]
    if found.actual:
        really = [row.actual / days for row in found.rows]
        lines.insert(1, Line("really begun", really, "p-line-2", dotted=True))
    peak = found.busiest
    at = peak.clock if peak else ""
    return Told(
        headline=f"{number(peak.planned / days)} at {at}" if peak else "–",
        says=f"starts in the busiest half hour of an average day; level, at most {found.cap}",
        small=spark("Planned starts by half hour", planned, max(r.target for r in found.rows))
        if found.rows
        else spark("Nothing", []),
        against=Against("No half hour over the cap", "good", "circle-check")
        if not found.over
        else Against(f"Over the cap {words.count(found.over, 'time')}", "warn", "triangle-alert"),
        figures=(
            Figure("Starts planned", number(found.planned)),
            Figure("Days with starts", number(found.days)),
            Figure("Cap a half hour", number(found.cap)),
            Figure("Half hours over the cap", number(found.over)),
        ),
        plots=(
            Plot(
                "Starts on an average day",
                curve(
                    f"Starts a half hour on an average day. Most are planned at {at}.",
                    names,
                    lines,
                    unit="starts a half hour",
                    under="time of day",
                ),
                "A level day ramps up after opening, stays flat, and ramps down so that the last "
                "visit is over at closing. A midday peak costs lunches and overtime.",
            ),
        ),
        table=Table(
            "Starts by half hour",
            COLUMNS,
            tuple(
                (
                    row.clock,
                    row.planned,
                    row.planned / days,
                    row.target,
                    row.most,
                    row.over,
                    row.actual,
                )
                for row in found.rows
            ),
        ),
        counted=(
            "A start is a visit that holds an infusion chair; cancelled visits and those that did "
            "not come hold none. Averages are over days with at least one start.",
            "The target spreads the same number of starts over the opening hours, less the usual "
            "length of a visit at the end, rising over the first three half hours and falling over "
            "the last three.",
            "The cap is the target’s highest half hour, rounded up to whole starts. One infusion "
            "centre that capped its starts cut its peak from 19 chairs to 12 at the same hourly "
            "mean of 8.7.",
        ),
        queries=QUERIES,
        empty=""
        if not found.is_empty
        else "No infusion starts on these dates. Book some, or choose other dates.",
    )
