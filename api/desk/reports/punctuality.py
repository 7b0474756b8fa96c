"""Waits, late arrivals, and visits that take longer than planned."""

from __future__ import annotations

from api.desk import words
from api.desk.plots import Bar, bars, spark
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
from scheduling.selectors.reports import Punctuality, punctuality
from scheduling.selectors.reports.punctuality import QUERIES

COLUMNS = (
    *(Column("Booked, min", number=False), Column("Visits"), Column("Planned, mean min")),
    *(Column("Actual, mean min"), Column("Longer by, min"), Column("Published actual, min")),
    *(Column("Wait, mean min"), Column("Came late")),
)


def told(asked: Asked) -> Told:
    found = punctuality(site=asked.site, first=asked.first, last=asked.last, now=asked.now)
    late = 100 * found.late / found.visits if found.visits else None
    unknown = found.over - found.visits
    return Told(
        headline=number(found.wait, " min"),
        says="from arrival to the first step, in the mean",
        small=spark("Mean wait by booked length", [row.wait for row in found.rows]),
        against=Against(f"Visits take {number(found.overrun)} min longer than planned", "", "clock")
        if found.overrun is not None and found.overrun >= 0.05
        else None,
        figures=(
            Figure("Mean wait", number(found.wait, " min")),
            Figure("Median wait", number(found.wait_median, " min")),
            Figure("Came late", percent(late)),
            Figure("Longer than planned, mean", number(found.overrun, " min")),
        ),
        plots=(
            Plot(
                "Planned and actual length",
                bars(
                    "Mean planned and actual minutes of visits, by booked length.",
                    [Bar(row.name, (row.planned, row.actual), row.published) for row in found.rows],
                    series=("planned", "actual"),
                    unit="minutes, mean",
                    under="minutes booked",
                    marks="published actual",
                ),
                "The line over each pair is the mean that infusion centres published for visits "
                "of about that length: short ones overrun, long ones hardly.",
            ),
            Plot(
                "Wait",
                bars(
                    "Mean minutes from arrival to the first step, by booked length.",
                    [Bar(row.name, (row.wait,)) for row in found.rows],
                    series=("wait",),
                    unit="minutes, mean",
                    under="minutes booked",
                ),
            ),
        ),
        table=Table(
            "Length, wait and late arrivals by booked length", COLUMNS, _rows(found), has_sum=True
        ),
        counted=(
            "Visits that are over and have their times. A visit’s actual length runs from the "
            "first "
            "step in the chair or the session to the discharge; steps that were taken back do not "
            "count."
            + (
                f" Left out, with no times entered: {words.count(unknown, 'visit')}."
                if unknown
                else ""
            ),
            "A wait runs from the arrival to that first step, also when the patient came early. "
            "Late "
            "is an arrival after the planned start.",
            "Published by infusion centres, actual minutes by booked length: 30 took 56, 60 "
            "took 83, "
            "120 took 142, 180 took 194, 240 took 236, 300 took 269, 360 took 346.",
        ),
        queries=QUERIES,
        empty=""
        if not found.is_empty
        else "No visit of these dates is over with its times. They are entered on the day board: "
        "arrived, in prep, infusing, discharged.",
    )


def _rows(found: Punctuality) -> tuple[tuple[Value, ...], ...]:
    rows: list[tuple[Value, ...]] = [
        (
            row.name,
            row.visits,
            row.planned,
            row.actual,
            row.overrun,
            row.published,
            row.wait,
            row.late,
        )
        for row in found.rows
    ]
    whole = ("All", found.visits, None, None, found.overrun, None, found.wait, found.late)
    return (*rows, whole)
