"""The patients of a site whom one may see: running series, what is next, what needs a look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from api.desk.forms import as_id
from api.desk.frame import Asked, open_site, page, part, signed_in
from api.desk.people import shown_name
from api.desk.standing import standing
from api.desk.stands import STANDS, Stand, stands_of
from api.desk.views.patients import age_of
from api.permissions import (
    Reach,
    may,
    patients_of,
    visible_patients,
    visible_series,
    visible_visits,
)
from clinic.finding import find_patients
from clinic.models import Patient, Site, Staff
from scheduling.models import Appointment, Series
from scheduling.models.series import GONE

PER_PAGE = 40
SORTS = {"next": "Next visit", "name": "Name"}
FLAGS = {
    "running": "Has a running series",
    "risk": "Window at risk or overdue",
    "nothing": "No visit ahead",
    "acuity": "Acuity 4 or more",
}
HIGH_ACUITY = 4


@require_http_methods(["GET", "POST"])
@signed_in
def patients(request: Asked, site: int) -> HttpResponse:
    """Filters are the address; a name that is looked for is posted, and answers with the rows."""
    place = open_site(request, site, "see_patients", "see_own_patients")
    asked = request.POST if request.method == "POST" else request.GET
    flags = [flag for flag in FLAGS if asked.get(flag)]
    therapist = as_id(asked.get("therapist", ""))
    names = may(request.user, "see_names", place)
    sort = "name" if asked.get("sort") == "name" and names else "next"
    q = request.POST.get("q", "").replace("\0", " ").strip()[:100]
    mine = visible_patients(request.user, Patient.objects.all())
    rows = patients_of(Reach(False, frozenset({place.pk})), mine)
    series = visible_series(request.user, Series.objects.filter(site=place, status="active"))
    stands = _by_patient(stands_of(series, place, timezone.now()))
    rows = _filtered(request, place, rows, stands, flags)
    if therapist:
        rows = rows.filter(pk__in=series.filter(therapist=therapist).values("patient"))
    if q:
        rows = find_patients(q, rows)
    shown = Paginator(_in_order(rows, sort), PER_PAGE).get_page(asked.get("page"))
    context: dict[str, Any] = {
        "site": place,
        "rows": _shown(request, place, list(shown), series, stands),
        "shown": shown,
        "q": q,
        "flags": [(flag, label, flag in flags) for flag, label in FLAGS.items()],
        "sort": sort,
        "sorts": SORTS if names else {"next": SORTS["next"]},
        "therapist": therapist,
        "filtered": bool(flags or therapist or q),
        "sees_care": may(request.user, "see_care", place),
        "may_add": may(request.user, "manage_patients", place),
    }
    if request.htmx:
        return part(request, "desk/patients/rows.html", **context)
    therapists = Staff.objects.filter(pk__in=series.values("therapist"))
    return page(
        request, "desk/patients/list.html", here="patients", therapists=therapists, **context
    )


def _by_patient(stands: Sequence[Stand]) -> dict[int, list[Stand]]:
    found: dict[int, list[Stand]] = defaultdict(list)
    for one in stands:
        found[one.patient].append(one)
    return found


def _filtered(
    request: Asked,
    site: Site,
    rows: QuerySet[Patient],
    stands: dict[int, list[Stand]],
    flags: list[str],
) -> QuerySet[Patient]:
    """Those that every flag fits, each with their next visit here that one may see."""
    now = timezone.now()
    ahead = Appointment.objects.filter(site=site, ends_at__gt=now).exclude(status__in=GONE)
    ahead = visible_visits(request.user, ahead).filter(patient=OuterRef("pk"))
    soonest = ahead.order_by("starts_at", "pk")
    rows = rows.annotate(soon=Subquery(soonest.values("starts_at")[:1]))
    if "running" in flags:
        rows = rows.filter(pk__in=list(stands))
    if "risk" in flags:
        at_risk = [
            patient
            for patient, of in stands.items()
            if any(one.stand in ("risk", "overdue") for one in of)
        ]
        rows = rows.filter(pk__in=at_risk)
    if "nothing" in flags:
        rows = rows.filter(soon=None)
    if "acuity" in flags and may(request.user, "see_care", site):
        rows = rows.filter(acuity__gte=HIGH_ACUITY)
    return rows


def _in_order(rows: QuerySet[Patient], sort: str) -> QuerySet[Patient]:
    if sort == "name":
        return rows.order_by("family_name", "given_name", "pk")
    return rows.order_by(F("soon").asc(nulls_last=True), "pk")


def _shown(
    request: Asked,
    site: Site,
    listed: list[Patient],
    series: QuerySet[Series],
    stands: dict[int, list[Stand]],
) -> list[dict[str, Any]]:
    """The patients of a page with their running series: 2 queries."""
    running = list(
        series.filter(patient__in=listed).select_related("protocol_version", "site", "therapist")
    )
    visits: dict[int, list[Appointment]] = defaultdict(list)
    of = Appointment.objects.filter(series__in=[one.pk for one in running])
    for visit in of.order_by("starts_at"):
        visits[visit.series_id or 0].append(visit)
    now = timezone.now()
    today = now.astimezone(site.zone).date()
    courses: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for one in running:
        of_series = {stand.series: stand.stand for stand in stands.get(one.patient_id, ())}
        stand = of_series.get(one.pk, "plan")
        courses[one.patient_id].append(
            {
                "series": one,
                "standing": standing(one, visits[one.pk], now),
                "sign": STANDS[stand] if stand != "plan" else None,
            }
        )
    return [
        {
            "patient": patient,
            "name": shown_name(request.user, patient, site),
            "age": age_of(patient, today),
            "soon": (soon := getattr(patient, "soon", None)) and soon.astimezone(site.zone),
            "courses": courses[patient.pk],
        }
        for patient in listed
    ]
