"""The reports of a site, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from api.desk.reports import (
    attendance,
    follow_ups,
    nurses,
    punctuality,
    series,
    starts,
    utilisation,
)
from api.desk.reports.told import Asked, Told


@dataclass(frozen=True, slots=True)
class Report:
    """`name` is its address; `told` makes it."""

    name: str
    title: str
    icon: str
    under: str
    told: Callable[[Asked], Told]


REPORTS = {
    report.name: report
    for report in (
        Report(
            "utilisation",
            "Chairs and nurses",
            "chart-line",
            "What is booked and what was used, by hour of the week, against published medians.",
            utilisation.told,
        ),
        Report(
            "starts",
            "Starts",
            "clock",
            "When infusions begin, against the same number spread level over the day.",
            starts.told,
        ),
        Report(
            "punctuality",
            "Wait and overrun",
            "hourglass",
            "How long patients wait, who comes late, and how much longer visits take.",
            punctuality.told,
        ),
        Report(
            "attendance",
            "No-shows and clog time",
            "calendar-x",
            "Who did not come or cancelled late, by how long ahead the visit was booked.",
            attendance.told,
        ),
        Report(
            "series",
            "Series and windows",
            "list",
            "How courses end, and whether their visits keep to the windows of the protocol.",
            series.told,
        ),
        Report(
            "follow-ups",
            "Follow-ups",
            "clipboard-list",
            "Whether calls, measures and visits after a course are done, and in time.",
            follow_ups.told,
        ),
        Report(
            "nurses",
            "Nurse load",
            "scale",
            "How evenly patients, weighted by acuity, are shared among nurses.",
            nurses.told,
        ),
    )
}
