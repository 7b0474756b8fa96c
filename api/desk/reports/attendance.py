"""No-shows, late cancellations and clog time, by how long ahead visits were booked."""

from __future__ import annotations

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
from scheduling.selectors.reports import attendance
from scheduling.selectors.reports.attendance import NO_SHOW_MEDIAN, QUERIES, LeadGroup

COLUMNS = (
    *(Column("Booked ahead", number=False), Column("Booked"), Column("Came")),
    *(Column("Did not come"), Column("Did not come, %"), Column("Cancelled late")),
    *(Column("Cancelled late, %"), Column("Cancelled in time"), Column("Clog, days in all")),
    Column("Clog, mean days"),
)
SHORT = ("< 3", "3–7", "8–14", "15–28", "29 +")


def told(asked: Asked) -> Told:
    found = attendance(site=asked.site, first=asked.first, last=asked.last, now=asked.now)
    whole = found.whole
    missed = whole.missed_percent
    return Told(
        headline=percent(missed),
        says="of those expected did not come",
        small=spark(
            "No-shows by lead time, in percent",
            [row.missed_percent for row in found.rows],
            NO_SHOW_MEDIAN,
        ),
        against=None if missed is None else _against(missed),
        figures=(
            Figure(f"No-shows, median {NO_SHOW_MEDIAN} %", percent(missed)),
            Figure("Cancelled late", percent(whole.late_percent)),
            Figure("Clog, mean", number(whole.clog_mean, " days")),
            Figure("Clog, median", number(whole.clog_median, " days")),
        ),
        plots=(
            Plot(
                "No-shows and late cancellations",
                bars(
                    "Percent of expected visits that were missed or cancelled late, by days booked "
                    "ahead.",
                    [
                        Bar(SHORT[row.group], (row.missed_percent, row.late_percent))
                        for row in found.rows
                    ],
                    series=("no-show", "cancelled late"),
                    unit="% of expected",
                    under="days booked ahead",
                    mark=("no-show median", NO_SHOW_MEDIAN),
                ),
            ),
            Plot(
                "Clog time",
                bars(
                    "Mean days that a later-cancelled visit stood on the book, by days booked "
                    "ahead.",
                    [Bar(SHORT[row.group], (row.clog_mean,)) for row in found.rows],
                    series=("stood on the book",),
                    unit="days, mean",
                    under="days booked ahead",
                ),
                "Days in which nobody else could have the place.",
            ),
        ),
        table=Table(
            "Attendance by lead time",
            COLUMNS,
            (*(_row(row.name, row) for row in found.rows), _row("All", whole)),
            has_sum=True,
        ),
        counted=(
            "Visits planned for these dates, by the days from when they were booked to when they "
            "were to be. Booked counts also those that are still to come.",
            "Expected are those who came, did not come, or cancelled with less notice than the "
            "site asks for. Visits cancelled in time are not expected any more.",
            "Clog time runs from the booking to the cancellation as the journal has it.",
            f"Published by infusion centres: {NO_SHOW_MEDIAN} % no-shows in the median.",
        ),
        queries=QUERIES,
        empty=""
        if not found.is_empty
        else "Nobody was expected on these dates yet. Choose dates that are over.",
    )


def _against(missed: float) -> Against:
    if missed <= NO_SHOW_MEDIAN:
        return Against(f"At or under the median of {NO_SHOW_MEDIAN} %", "good", "circle-check")
    return Against(f"Over the median of {NO_SHOW_MEDIAN} %", "warn", "triangle-alert")


def _row(name: str, row: LeadGroup) -> tuple[Value, ...]:
    return (
        name,
        row.booked,
        row.came,
        row.missed,
        row.missed_percent,
        row.late,
        row.late_percent,
        row.early,
        row.clog_days,
        row.clog_mean,
    )
