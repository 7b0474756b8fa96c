"""Growth: a proposal over a million claims against the same over ten thousand, in one run.

The clinic in question stays the same. What grows is everything around it: years of its own past,
and other clinics in the same weeks. Run by `make bench` on PostgreSQL, with the guard on.
"""

from __future__ import annotations

import json
import time
from datetime import date, timedelta
from statistics import median, quantiles
from typing import Any

from django.db import connection

KEYS = ("aud-kare", "depression-induction", "kap")
ROUNDS = 9
MILLION = 1_000_000
PAST, OTHERS = MILLION // 2, MILLION // 2
HOURS = 8
ADDRESS, HOST = "/api/v1/proposals", "127.0.0.1"


def measure() -> dict[str, Any]:
    """Median milliseconds of a proposal by protocol before and after, and the largest ratio."""
    from clinic.models import Patient, Site
    from scheduling.demo import load
    from scheduling.models import Claim
    from tests.cast import MONDAY, NOW

    load(size="clinic", seed=1, load=0.85, start=MONDAY, now=NOW)
    site = Site.objects.select_related("organisation").get()
    patient = Patient.objects.first()
    before = Claim.objects.count()
    few = _proposals(site, patient)
    rest = _through_rest(site, patient)
    began = time.perf_counter()
    _grow()
    grown = time.perf_counter() - began
    many = _proposals(site, patient)
    ratios = {key: many[key] / few[key] for key in KEYS}
    return {
        "claims_before": before,
        "claims_after": Claim.objects.count(),
        "grown_in_s": round(grown, 1),
        **{f"{key}_ms": f"{few[key]:.1f} -> {many[key]:.1f}" for key in KEYS},
        "largest_ratio": round(max(ratios.values()), 2),
        **rest,
    }


def _through_rest(site: Any, patient: Any) -> dict[str, Any]:
    """`POST proposals` at ten thousand claims: p95 in milliseconds, and the most queries."""
    from django.test.utils import CaptureQueriesContext

    from tests.cast import MONDAY
    from tests.doors.callers import caller

    door, took, asked = caller("Bench").browser, [], []
    for n in range(30):
        body = {
            "patient": str(patient.pk),
            "protocol": KEYS[n % len(KEYS)],
            "site": str(site.pk),
            "not_before": (MONDAY + timedelta(days=7)).isoformat(),
        }
        with CaptureQueriesContext(connection) as queries:
            began = time.perf_counter()
            answer = door.post(ADDRESS, json.dumps(body), "application/json", HTTP_HOST=HOST)
            took.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.content
        asked.append(len(queries))
    slow = quantiles(took, n=20, method="inclusive")[-1]
    return {"rest_p95_ms": round(1000 * slow, 1), "rest_most_queries": max(asked[1:])}


def _proposals(site: Any, patient: Any) -> dict[str, float]:
    """Milliseconds each, the median of some, once the facts are remembered."""
    from scheduling.selectors import propose_series
    from tests.cast import MONDAY, NOW

    found = {}
    for key in KEYS:
        took = []
        for _ in range(ROUNDS + 1):
            began = time.perf_counter()
            propose_series(
                patient=patient,
                protocol_key=key,
                site=site,
                not_before=MONDAY + timedelta(days=7),
                now=NOW,
            )
            took.append(time.perf_counter() - began)
        found[key] = 1000 * median(took[1:])
    return found


def _grow() -> None:
    """Claims of one hour, eight hours a day: of the same rooms and people in years past, and of
    others around the weeks in question."""
    from clinic.models import Resource
    from scheduling.models import Claim
    from tests.cast import MONDAY

    own = list(Claim.objects.values_list("resource_id", flat=True).distinct())
    others = [
        one.pk for one in Resource.objects.bulk_create(Resource(kind="room") for _ in range(1000))
    ]
    visit = Claim.objects.exclude(appointment=None).values_list("appointment", flat=True)[0]
    first = (MONDAY - date(1970, 1, 1)).days * 1440
    days = PAST // (HOURS * len(own)) + 1
    _insert(own, visit, first - (days + 30) * 1440, days)
    days = OTHERS // (HOURS * len(others)) + 1
    _insert(others, visit, first - 14 * 1440, days)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE scheduling_claim")


def _insert(resources: list[int], visit: int, start: int, days: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO scheduling_claim (resource_id, lane, start_minute, end_minute, role, "
            "turnover_minutes, skills, hold_id, appointment_id) "
            "SELECT r, 0, %s + d * 1440 + h * 60, %s + d * 1440 + h * 60 + 60, 'room', 0, '', "
            "NULL, %s FROM unnest(%s::bigint[]) r, generate_series(0, %s) d, "
            "generate_series(0, %s) h",
            [start, start, visit, resources, days - 1, HOURS - 1],
        )
