"""Nurse cover through a day."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from rest_framework.request import Request
from rest_framework.response import Response

from api.reading import a_date
from api.rest import shapes
from api.rest.doors import Door
from api.rest.parsing import Parameter, naming
from api.rest.showing import local
from scheduling.selectors import coverage


class CoverageDoor(Door):
    actions = {"GET": "see_coverage"}
    queries = {
        "GET": {
            "site": naming("Where.", required=True),
            "date": Parameter(
                a_date, "The site date.", {"type": "string", "format": "date"}, required=True
            ),
        }
    }
    answers = {"GET": (200, shapes.CoverageShape)}

    def get(self, request: Request) -> Response:
        """Nurse lanes on duty, needed and free, from midnight to midnight."""
        site = self.filtered(self.sites(), "site")
        assert site is not None
        day = self.asked["date"]
        steps = coverage(site=site, day=day, now=self.now).steps
        midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=site.zone)
        ends = [*(step.starts_at for step in steps[1:]), midnight]
        return Response(
            {
                "site": str(site.pk),
                "date": day.isoformat(),
                "steps": [
                    {
                        "starts_at": local(step.starts_at, site.zone),
                        "ends_at": local(end, site.zone),
                        "on": step.on,
                        "needed": step.needed,
                        "free": step.free,
                    }
                    for step, end in zip(steps, ends, strict=True)
                ],
            }
        )
