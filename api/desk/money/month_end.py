"""Month-end reports by their names, each with how it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from api.desk.money.month_shapes import Asked, Told
from api.desk.money.month_told import aging, earned, reduced, unearned


@dataclass(frozen=True, slots=True)
class Report:
    name: str
    title: str
    icon: str
    under: str
    told: Callable[[Asked], Told]


REPORTS = {
    one.name: one
    for one in (
        Report(
            "receivables",
            "Receivables",
            "hourglass",
            "Who owes how much, by patient and payer, and since when.",
            aging,
        ),
        Report(
            "unearned",
            "Unearned revenue",
            "package",
            "What packages and deposits hold, from the first day of the month to the last.",
            unearned,
        ),
        Report(
            "revenue",
            "Revenue",
            "chart-line",
            "What was earned, by code and by site.",
            earned,
        ),
        Report(
            "reductions",
            "Fees and write-offs",
            "scale",
            "Fees, discounts, contractual adjustments and write-offs.",
            reduced,
        ),
    )
}
