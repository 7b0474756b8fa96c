"""One visit from a place on the board: who, what, whether it fits, and the booking of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from api.desk import words
from api.desk.forms import as_id
from api.desk.frame import Asked, actor, open_site, page, part, signed_in
from api.desk.people import shown_name
from api.desk.single import (
    Visit,
    alone,
    clinicians_for,
    missing_of,
    nearby,
    only_away,
    room_left,
    rooms_of,
    why_not,
)
from api.desk.telling import tell
from api.permissions import may, visible_patients
from clinic.models import Patient, Site
from scheduling.errors import Refused, SlotTaken
from scheduling.models import Appointment
from scheduling.services.booking import book_visit


@require_http_methods(["GET", "POST"])
@signed_in
def book(request: Asked, site: int) -> HttpResponse:
    """The form for one visit; posted, it books, or says why not and what would do."""
    place, now = open_site(request, site, "book_visit"), timezone.now()
    if request.method == "GET":
        visit = Visit.read(request.GET, place, now)
        return _form(request, place, visit, now)
    visit = Visit.read(request.POST, place, now)
    patient, chosen = _patient(request, visit), visit.chosen()
    if patient is None:
        visit.errors["patient"] = "Choose the patient."
    if chosen is None:
        visit.errors["step"] = "Choose the visit."
    if patient is None or chosen is None or visit.errors:
        return _form(request, place, visit, now, status=422)
    try:
        booked = book_visit(
            patient=patient,
            site=place,
            version=chosen[0],
            step=chosen[1].key,
            starts_at=visit.starts_at(place),
            wish=visit.wish,
            actor=actor(request),
            now=now,
        )
    except Refused as no:
        status = 409 if isinstance(no, SlotTaken) else 422
        return _form(request, place, visit, now, status=status, refused=no)
    return _booked(request, booked, chosen[1].name)


@require_POST
@signed_in
def fit(request: Asked, site: int) -> HttpResponse:
    """How it stands with the visit as the form now asks for it."""
    place, now = open_site(request, site, "book_visit"), timezone.now()
    visit = Visit.read(request.POST, place, now)
    return part(request, "desk/visits/fit.html", **_standing(request, place, visit, now))


@require_safe
@signed_in
def choices(request: Asked, site: int, patient: int) -> HttpResponse:
    """What can be booked for the chosen patient: what their series lacks first."""
    place = open_site(request, site, "book_visit")
    found = visible_patients(request.user, Patient.objects.filter(pk=patient)).first()
    context = _choices(found, place) | {"visit": Visit(day="", at="")}
    return part(request, "desk/visits/choices.html", **context)


def _form(
    request: Asked,
    site: Site,
    visit: Visit,
    now: datetime,
    *,
    status: int = 200,
    refused: Refused | None = None,
) -> HttpResponse:
    patient = _patient(request, visit)
    context: dict[str, Any] = _standing(request, site, visit, now) | _choices(patient, site)
    context |= {
        "name": shown_name(request.user, patient, site) if patient else "",
        "patient": patient,
        "refusal": [refusal.message for refusal in refused.refusals][:3] if refused else [],
        "rooms": rooms_of(site),
        "today": now.astimezone(site.zone).date(),
    }
    context |= here(request, site, visit.day, visit.at, visit.room or visit.clinician)
    if request.htmx:
        return part(request, "desk/visits/new.html", status=status, **context)
    return page(request, "desk/visits/new_page.html", here="day", status=status, **context)


def here(request: Asked, site: Site, day: str, at: str, room: str = "") -> dict[str, Any]:
    """What can be put in a place, for whom is asking, in the sheet or on a page of its own."""
    on_page = not request.htmx or request.POST.get("on") == "page"
    series = urlencode({"from": day, "at": at})
    return {
        "on_page": on_page,
        "into": "#single-page" if on_page else "#sheet-body",
        "here_query": urlencode({"day": day, "at": at, "room": room}),
        "series_url": f"{reverse('desk:book', args=[site.pk])}?{series}",
        "may_book_visit": may(request.user, "book_visit", site),
        "may_book_series": may(request.user, "book_series", site),
        "may_block": may(request.user, "block_time", site),
    }


def _standing(request: Asked, site: Site, visit: Visit, now: datetime) -> dict[str, Any]:
    """Whether it fits, why not, the nearest that do, and who could be its clinician."""
    patient, chosen = _patient(request, visit), visit.chosen()
    tried = visit.tried(patient, site, now) if patient else None
    elsewhere = None
    if patient and tried and not tried.fits and visit.wish.room:
        elsewhere = visit.tried(patient, site, now, any_room=True)
    return {
        "site": site,
        "visit": visit,
        "ready": bool(patient and chosen),
        "tried": tried,
        "why_not": why_not(tried) if tried else [],
        "only_away": tried is not None and only_away(tried),
        "elsewhere": room_left(tried, visit, site) if tried else "",
        "nearby": nearby(tried, visit.starts_at(site), elsewhere) if tried else [],
        "clinicians": clinicians_for(chosen[1], site) if chosen else [],
    }


def _choices(patient: Patient | None, site: Site) -> dict[str, Any]:
    return {
        "site": site,
        "missing": missing_of(patient, site) if patient else [],
        "alone": alone(),
    }


def _booked(request: Asked, visit: Appointment, name: str) -> HttpResponse:
    """Back where it was asked from; on another day of the board, to the visit's day."""
    starts = visit.starts_at.astimezone(visit.site.zone)
    said = f"Booked: {name}, {words.day(starts)} {words.clock(starts)}."
    tell(request, said, undo=f"appointment:{visit.pk}")
    day = reverse("desk:day", args=[visit.site_id, starts.date()])
    here = urlsplit(request.htmx.current_url or "").path if request.htmx else ""
    boards = reverse("desk:today", args=[visit.site_id])
    if here and here != day and not here.startswith(boards) and "/visit/" not in here:
        return HttpResponseClientRefresh()
    return HttpResponseClientRefresh() if here == day else HttpResponseClientRedirect(day)


def _patient(request: Asked, visit: Visit) -> Patient | None:
    mine = visible_patients(request.user, Patient.objects.all())
    return mine.filter(pk=as_id(visit.patient)).first()
