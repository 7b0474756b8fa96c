"""Monitoring rounds on a phone: who is due, and what was found; typed without a connection too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from api.desk.frame import Asked, actor, open_site, page, part, signed_in
from api.desk.people import shown_name
from api.desk.rounds import HEIGHT, WIDTH, Told, rows_of, trend_of
from api.desk.views.visits import open_visit
from api.permissions import may, require, staff_id
from clinic.models import Site
from scheduling.errors import Refused
from scheduling.models import Claim
from scheduling.models.rounds import VALUES
from scheduling.planner.rounds import SEDATION
from scheduling.selectors import step_name
from scheduling.selectors.rounds import chart_of, rounds_of_site
from scheduling.services.rounds import record_vitals


class VitalsForm(forms.Form):
    """An entry as a phone sends it; the service checks what the numbers can be."""

    key = forms.UUIDField()
    taken_at = forms.FloatField(min_value=0, max_value=4e9, help_text="Seconds since 1970.")
    corrects = forms.IntegerField(required=False, min_value=1)
    note = forms.CharField(required=False, max_length=200)
    systolic = forms.IntegerField(required=False, min_value=0, max_value=999)
    diastolic = forms.IntegerField(required=False, min_value=0, max_value=999)
    heart_rate = forms.IntegerField(required=False, min_value=0, max_value=999)
    spo2 = forms.IntegerField(required=False, min_value=0, max_value=999)
    sedation = forms.IntegerField(required=False, min_value=0, max_value=9)


@require_safe
@signed_in
def rounds(request: Asked, site: int) -> HttpResponse:
    """Patients under way, one's own first, the most urgent first."""
    place = open_site(request, site, "see_rounds")
    return page(
        request, "desk/rounds/rounds.html", here="rounds", site=place, **_context(request, place)
    )


@require_safe
@signed_in
def live(request: Asked, site: int) -> HttpResponse:
    """The same list again."""
    place = open_site(request, site, "see_rounds")
    return part(request, "desk/rounds/list.html", site=place, **_context(request, place))


@require_safe
@signed_in
def chart(request: Asked, visit: int) -> HttpResponse:
    """Every entry of a visit with its trend; corrections beside what they correct."""
    found = open_visit(request, visit)
    require(request.user, "see_rounds", found.site)
    now = timezone.now()
    it = chart_of(found, now=now)
    return page(
        request,
        "desk/rounds/chart.html",
        here="rounds",
        site=found.site,
        visit=found,
        name=shown_name(request.user, found.patient, found.site),
        step=step_name(found),
        chart=it,
        now=now.timestamp(),
        entries=[Told.of(one, found.site) for one in it.entries][::-1],
        trend=trend_of(it.entries),
        width=WIDTH,
        height=HEIGHT,
        may_record=may(request.user, "record_rounds", found.site),
        sedation=list(enumerate(SEDATION)),
    )


@require_POST
@signed_in
def record(request: Asked, visit: int) -> HttpResponse:
    """Keep one entry; sent again, it is the same one. 422 says beside which field it is wrong."""
    found = open_visit(request, visit)
    require(request.user, "record_rounds", found.site)
    form = VitalsForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"wrong": form.errors.get_json_data()}, status=422)
    given = form.cleaned_data
    now = timezone.now()
    try:
        row = record_vitals(
            appointment=found.pk,
            key=given["key"],
            taken_at=datetime.fromtimestamp(given["taken_at"], tz=now.tzinfo),
            values={name: given[name] for name in VALUES},
            note=given["note"],
            corrects=given["corrects"],
            actor=actor(request),
            now=now,
        )
    except ValidationError as wrong:
        told = {
            name: [{"message": one} for one in said] for name, said in wrong.message_dict.items()
        }
        return JsonResponse({"wrong": told}, status=422)
    except Refused as no:
        return JsonResponse({"wrong": {"": [{"message": str(no)}]}}, status=422)
    return JsonResponse({"entry": row.pk}, status=201)


def _context(request: Asked, site: Site) -> dict[str, Any]:
    now, user = timezone.now(), request.user
    charts = rounds_of_site(site, now=now)
    rows = rows_of(charts, _rooms(charts), user=user, site=site, me=staff_id(user))
    return {
        "rows": rows,
        "now": now.timestamp(),
        "late": sum(row.urgent for row in rows),
        "may_record": may(user, "record_rounds", site),
        "sedation": list(enumerate(SEDATION)),
    }


def _rooms(charts: Any) -> dict[int, str]:
    """Where each patient is: one query."""
    rows = Claim.objects.filter(
        appointment__in=[chart.visit for chart in charts], role=Claim.Role.ROOM
    ).values_list("appointment", "resource__room__name")
    return {visit or 0: name or "" for visit, name in rows}
