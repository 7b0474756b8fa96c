"""What must be so before a visit begins and ends: saying so, and going on all the same."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from api.desk.forms import beside_the_fields
from api.desk.frame import Asked, actor, open_site, page, part, signed_in
from api.desk.gates import GateForm, OverrideForm, context_of
from api.desk.people import shown_name
from api.desk.telling import tell
from api.desk.views.visits import open_visit
from api.permissions import may, require
from scheduling.errors import Refused
from scheduling.models import Appointment
from scheduling.planner.gates import Gate
from scheduling.selectors import step_name
from scheduling.selectors.gates import AHEAD_DAYS, gate_of, missing_ahead
from scheduling.services.gates import override_gate, record_gate


@require_http_methods(["GET", "POST"])
@signed_in
def gate(request: Asked, visit: int) -> HttpResponse:
    """Say how one gate stands; the section is shown again with it."""
    found, asked = _asked(request, visit, "record_gates")
    if asked is None:
        return _section(request, found, status=422)
    patient = found.patient
    first = {"name": patient.escort_name, "phone": patient.escort_phone}
    form = GateForm(request.POST or None, gate=asked, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            row = record_gate(
                appointment=found.pk,
                gate=asked.key,
                **form.cleaned_data,
                actor=actor(request),
                now=timezone.now(),
            )
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        except Refused as no:
            form.add_error(None, str(no))
        else:
            tell(request, f"{asked.name}: {row.get_outcome_display().lower()}.")
            return _section(request, found)
    return _form(request, found, asked, form, "desk/visits/gate_form.html")


@require_http_methods(["GET", "POST"])
@signed_in
def override(request: Asked, visit: int) -> HttpResponse:
    """Go on though it is open, with the reason; for who may break a rule."""
    found, asked = _asked(request, visit, "override_rules")
    if asked is None:
        return _section(request, found, status=422)
    form = OverrideForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            override_gate(
                appointment=found.pk,
                gate=asked.key,
                reason=form.cleaned_data["reason"],
                actor=actor(request),
                now=timezone.now(),
            )
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        except Refused as no:
            form.add_error(None, str(no))
        else:
            tell(request, f"{asked.name}: set aside for this visit.")
            return _section(request, found)
    return _form(request, found, asked, form, "desk/visits/gate_override.html")


@require_safe
@signed_in
def section(request: Asked, visit: int) -> HttpResponse:
    """All gates of a visit, as they stand now."""
    return _section(request, open_visit(request, visit))


@require_safe
@signed_in
def missing(request: Asked, site: int) -> HttpResponse:
    """What can be had before its day, and is not there yet: the next visit first."""
    place = open_site(request, site, "see_follow_ups")
    now, user = timezone.now(), request.user
    today = now.astimezone(place.zone).date()
    rows = []
    for visit, lacks in missing_ahead(place, now=now):
        starts = visit.starts_at.astimezone(place.zone)
        rows.append(
            {
                "visit": visit,
                "starts": starts,
                "days": (starts.date() - today).days,
                "name": shown_name(user, visit.patient, place),
                "step": step_name(visit),
                "lacks": lacks,
            }
        )
    return page(
        request,
        "desk/follow_ups/missing.html",
        here="follow-ups",
        site=place,
        rows=rows,
        days=AHEAD_DAYS,
        may_ring=may(user, "see_patients", place),
    )


def _asked(request: Asked, visit: int, action: str) -> tuple[Appointment, Gate | None]:
    found = open_visit(request, visit)
    require(request.user, action, found.site)
    key = request.POST.get("gate", "") or request.GET.get("gate", "")
    return found, gate_of(found, key)


def _section(request: Asked, visit: Appointment, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = context_of(request, visit, timezone.now())
    return part(request, "desk/visits/gates.html", status=status, visit=visit, **context)


def _form(
    request: Asked, visit: Appointment, asked: Gate, form: Any, template: str
) -> HttpResponse:
    status = 422 if form.errors else 200
    return part(request, template, status=status, visit=visit, gate=asked, form=form)
