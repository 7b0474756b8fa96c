"""How much of chairs and nurses is booked and was used."""

from __future__ import annotations

from datetime import date
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import wrong
from api.reading import a_date
from api.rest import shapes
from api.rest.doors import Door
from api.rest.parsing import Parameter, naming
from scheduling.selectors.reports import utilisation
from scheduling.selectors.reports.utilisation import (
    ACTUAL_MEDIAN,
    CHAIRS_A_NURSE,
    HIGH_PERFORMERS,
    SCHEDULED_MEDIAN,
    Used,
)

LONGEST = 366
DATE = {"type": "string", "format": "date"}
PUBLISHED = {
    "scheduled_percent": SCHEDULED_MEDIAN,
    "actual_percent": ACTUAL_MEDIAN,
    "high_performers_percent": HIGH_PERFORMERS,
    "chairs_per_nurse": CHAIRS_A_NURSE,
}


class UtilisationReport(Door):
    actions = {"GET": "see_reports"}
    queries = {
        "GET": {
            "site": naming("Where.", required=True),
            "from": Parameter(a_date, "The first site date.", DATE, required=True),
            "to": Parameter(a_date, "The last site date; it counts.", DATE, required=True),
        }
    }
    answers = {"GET": (200, shapes.UtilisationShape)}

    def get(self, request: Request) -> Response:
        """Chairs and nurse lanes open, scheduled and used, in all and by hour of the week."""
        site = self.filtered(self.sites(), "site")
        assert site is not None
        first, last = self.asked["from"], self.asked["to"]
        _must_be_in_order(first, last)
        found = utilisation(site=site, first=first, last=last, now=self.now)
        ratio = found.chairs_a_nurse
        return Response(
            {
                "site": str(site.pk),
                "from": first.isoformat(),
                "to": last.isoformat(),
                "chairs": _shown(found.chairs),
                "nurses": _shown(found.nurses),
                "chairs_per_nurse": None if ratio is None else round(ratio, 2),
                "untimed_visits": found.untimed,
                "hours": [
                    {
                        "weekday": row.weekday,
                        "hour": row.hour,
                        "chairs": _shown(row.chairs),
                        "nurses": _shown(row.nurses),
                    }
                    for row in found.rows
                ],
                "published": PUBLISHED,
            }
        )


def _must_be_in_order(first: date, last: date) -> None:
    if last < first:
        raise wrong("to", "It must not be before the first date.")
    if (last - first).days >= LONGEST:
        raise wrong("to", "At most a year and a day at once.")


def _shown(used: Used) -> dict[str, Any]:
    return {
        "open_minutes": round(used.open),
        "scheduled_minutes": round(used.scheduled),
        "scheduled_percent": _percent(used.scheduled_percent),
        "open_minutes_before_today": round(used.open_before),
        "actual_minutes": round(used.actual),
        "actual_percent": _percent(used.actual_percent),
    }


def _percent(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
