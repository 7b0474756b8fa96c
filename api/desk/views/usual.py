"""A patient's usual times: kept on their page, filled into the wizard, remembered from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from api.desk.forms import DeskForm, as_id, as_time
from api.desk.frame import Asked, actor, open_site, page, part, signed_in, usual_site
from api.desk.meanwhile import Change, Meanwhile, meanwhile, seen_in
from api.desk.people import shown_names
from api.desk.telling import tell
from api.desk.times import Times, said
from api.desk.views.patients import open_patient
from api.desk.wizard import Wanted, grid_of, therapists
from api.permissions import require
from clinic.journal import ChangedMeanwhile, newest
from clinic.models import Patient, Site
from clinic.wishes import kept, wishes_in
from scheduling.services.attention import correct_patient


@require_http_methods(["GET", "POST"])
@signed_in
def times(request: Asked, patient: int) -> HttpResponse:
    """When somebody can come, with whom, when they are away, and what to know when booking."""
    found = open_patient(request, patient)
    require(request.user, "manage_patients", found.home_site)
    site = found.home_site or usual_site(request)
    if site is None:
        return part(request, "desk/nowhere.html", status=404)
    today = timezone.now().astimezone(site.zone).date()
    if request.method == "GET":
        return _form(request, found, site, Times.of(wishes_in(found.preferences), today))
    typed = Times.read(request.POST, site)
    if typed.errors:
        return _form(request, found, site, typed, status=422)
    try:
        _keep(request, found, kept(typed.wishes), seen_in(request))
    except ChangedMeanwhile as late:
        return _form(request, found, site, typed, status=409, it=_told(late, site))
    tell(request, "Times remembered.", undo=f"patient:{found.pk}")
    return HttpResponseClientRefresh()


@require_POST
@signed_in
def remember(request: Asked, site: int) -> HttpResponse:
    """What the wizard asks for becomes what the patient usually asks for."""
    place = open_site(request, site, "book_series")
    wanted = Wanted.read(request.POST, timezone.now().astimezone(place.zone).date())
    if not wanted.patient:
        wanted.errors["patient"] = "Choose the patient."
    if wanted.errors:
        return part(request, "desk/book/remember.html", status=422, wanted=wanted, site=place)
    found = open_patient(request, as_id(wanted.patient))
    require(request.user, "manage_patients", found.home_site)
    wishes = replace(
        wishes_in(found.preferences),
        when=wanted.when,
        earliest=as_time(wanted.earliest),
        latest=as_time(wanted.latest),
        staff=(as_id(wanted.staff),) if as_id(wanted.staff) else (),
    )
    _keep(request, found, kept(wishes), None)
    tell(request, "These times are remembered.", undo=f"patient:{found.pk}")
    return part(request, "desk/book/remember.html", remembered=True, site=place)


def _keep(request: Asked, patient: Patient, wishes: dict[str, Any], seen: int | None) -> None:
    correct_patient(
        patient=patient.pk,
        preferences=wishes,
        seen=seen,
        actor=actor(request),
        now=timezone.now(),
    )


def _told(late: ChangedMeanwhile, site: Site) -> Meanwhile:
    """What changed, the times in words."""
    nothing = DeskForm({})
    nothing.is_valid()
    it = meanwhile(nothing, late, site)
    changes = [change for change in it.changes if change.field != "Preferences"]
    rows = [row for row in late.entries if "preferences" in row.after]
    if rows:
        was, became = (
            said(wishes_in(told)) or "any time"
            for told in (rows[0].before["preferences"] or {}, rows[-1].after["preferences"] or {})
        )
        changes.append(Change("Usual times", was, became, mine=True))
    return replace(it, changes=tuple(changes))


def _form(
    request: Asked, patient: Patient, site: Site, typed: Times, *, status: int = 200, **more: Any
) -> HttpResponse:
    it: Meanwhile | None = more.get("it")
    context: dict[str, Any] = {
        "patient": patient,
        "name": shown_names(request.user, [patient])[patient.pk],
        "typed": typed,
        "grid": grid_of(typed.when),
        "therapists": therapists(site),
        "seen": it.seen if it else newest(f"patient:{patient.pk}"),
        **more,
    }
    if request.htmx:
        return part(request, "desk/patients/times.html", status=status, **context)
    return page(request, "desk/patients/times_page.html", status=status, **context)
