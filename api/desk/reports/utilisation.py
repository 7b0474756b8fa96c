"""Chairs and nurses: what is booked and what was used, by hour of the week."""

from __future__ import annotations

from collections.abc import Callable

from api.desk.plots import heat, spark
from api.desk.plots.heat import DAYS
from api.desk.reports.told import Against, Asked, Column, Figure, Plot, Table, Told, percent
from scheduling.selectors.reports import Utilisation, utilisation
from scheduling.selectors.reports.utilisation import (
    ACTUAL_MEDIAN,
    CHAIRS_A_NURSE,
    HIGH_PERFORMERS,
    QUERIES,
    SCHEDULED_MEDIAN,
    HourUsed,
    Used,
)

Share = Callable[[HourUsed], float | None]
COLUMNS = (
    *(Column("Weekday", number=False), Column("Hour", number=False)),
    *(Column("Chairs open, min"), Column("Chairs booked, min"), Column("Chairs booked, %")),
    *(Column("Chairs used, min"), Column("Chairs used, %")),
    *(Column("Lanes on, min"), Column("Lanes booked, min"), Column("Lanes booked, %")),
    *(Column("Lanes used, min"), Column("Lanes used, %")),
)


def told(asked: Asked) -> Told:
    found = utilisation(site=asked.site, first=asked.first, last=asked.last, now=asked.now)
    chairs, nurses = found.chairs, found.nurses
    per_nurse = found.chairs_a_nurse
    days = sorted({row.weekday for row in found.rows})
    by_day = [_day(found, weekday) for weekday in days]
    low, high = HIGH_PERFORMERS
    return Told(
        headline=percent(chairs.scheduled_percent),
        says="of open chair time is booked"
        + (f"; {percent(chairs.actual_percent)} was used" if chairs.actual_percent else ""),
        small=spark("Chair time booked by weekday, in percent", by_day, SCHEDULED_MEDIAN),
        against=_against(chairs),
        figures=(
            Figure(
                f"Chairs booked, median {SCHEDULED_MEDIAN} %", percent(chairs.scheduled_percent)
            ),
            Figure(f"Chairs used, median {ACTUAL_MEDIAN} %", percent(chairs.actual_percent)),
            Figure("Nurses booked", percent(nurses.scheduled_percent)),
            Figure("Nurses used", percent(nurses.actual_percent)),
            Figure(
                f"Chairs a nurse, median {CHAIRS_A_NURSE[0]} to {CHAIRS_A_NURSE[1]}",
                f"{per_nurse:.1f}" if per_nurse else "–",
            ),
        ),
        plots=(
            _plot("Chairs booked, %", found, lambda row: row.chairs.scheduled_percent),
            _plot("Chairs used, %", found, lambda row: row.chairs.actual_percent),
            _plot("Nurses booked, %", found, lambda row: row.nurses.scheduled_percent),
            _plot("Nurses used, %", found, lambda row: row.nurses.actual_percent),
        ),
        table=Table(
            "Chairs and nurses by weekday and hour",
            COLUMNS,
            (
                *(
                    (DAYS[row.weekday], f"{row.hour:02d}:00", *_of(row.chairs), *_of(row.nurses))
                    for row in found.rows
                ),
                ("All", "", *_of(chairs), *_of(nurses)),
            ),
            has_sum=True,
        ),
        counted=(
            "Open chair time: every chair of a room for infusions, while the site is open and the "
            "room is in service, drawn from opening hours, closures and time out of service. Days "
            "before the site’s first visit do not count.",
            "Nurse lanes: the site cuts a nurse’s attention into lanes; they are on while a "
            "nurse is "
            "on duty with a valid licence, drawn from weekly hours, breaks, single days and time "
            "off.",
            "Booked counts what visits hold, without the turnover, and the chair of who did not "
            "come. Cancelled visits hold nothing.",
            "Used counts visits that are over, from the first step in the chair to the discharge, "
            "on days up to yesterday, against the hours open on those days. A phase takes its "
            "share "
            "of the visit’s real length."
            + (
                f" {found.untimed} of them have no times entered and are left out."
                if found.untimed
                else ""
            ),
            f"Published by infusion centres: chairs booked {SCHEDULED_MEDIAN} % and used "
            f"{ACTUAL_MEDIAN} % in the median, {low} to {high} % by the best; "
            f"{CHAIRS_A_NURSE[0]} to {CHAIRS_A_NURSE[1]} chairs a nurse.",
        ),
        queries=QUERIES,
        empty=""
        if not found.is_empty
        else "No visit holds a chair or a nurse on these dates. Book visits, or choose other "
        "dates.",
    )


def _against(chairs: Used) -> Against | None:
    share = chairs.scheduled_percent
    if share is None:
        return None
    if share >= HIGH_PERFORMERS[0]:
        return Against(f"Among the best ({HIGH_PERFORMERS[0]} % and more)", "good", "circle-check")
    where = "At or over" if share >= SCHEDULED_MEDIAN else "Under"
    return Against(f"{where} the median of {SCHEDULED_MEDIAN} %")


def _of(used: Used) -> tuple[float | None, ...]:
    return (
        round(used.open),
        round(used.scheduled),
        used.scheduled_percent,
        round(used.actual),
        used.actual_percent,
    )


def _day(found: Utilisation, weekday: int) -> float | None:
    own = [row.chairs for row in found.rows if row.weekday == weekday]
    whole = sum(used.open for used in own)
    return 100 * sum(used.scheduled for used in own) / whole if whole else None


def _plot(title: str, found: Utilisation, share: Share) -> Plot:
    opened = [row for row in found.rows if row.chairs.open or row.nurses.open]
    values = {(row.weekday, row.hour): share(row) for row in opened}
    weekdays, hours = sorted({row.weekday for row in opened}), sorted({row.hour for row in opened})
    highest = max(values, key=lambda hour: values[hour] or 0, default=None)
    says = f"{title}, by weekday and hour."
    if highest and values[highest]:
        says += f" Highest: {DAYS[highest[0]]} {highest[1]:02d}:00, {percent(values[highest])}."
    known = any(value is not None for value in values.values())
    return Plot(
        title, heat(says, values, weekdays, hours), "" if known else "No day of these is over yet."
    )
