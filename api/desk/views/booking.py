"""The series wizard: one form, proposals that follow it, one click to book."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from api.desk import words
from api.desk.forms import as_day, as_id
from api.desk.frame import Asked, actor, open_site, page, part, signed_in
from api.desk.people import shown_name
from api.desk.proposals import cards, d0_of, ways_out
from api.desk.telling import tell
from api.desk.views.patients import open_patient
from api.desk.wizard import Wanted, grid, therapists, treatments
from api.permissions import may, visible_patients
from billing.selectors.insurance import Planned, authorisation_warnings
from clinic.models import Patient, Site
from clinic.spans import moment
from clinic.wishes import wishes_in
from scheduling.errors import (
    ProposalExpired,
    ProposalUnknown,
    Refused,
    SlotTaken,
    UnknownProtocol,
)
from scheduling.selectors import Proposals
from scheduling.services.booking import book_series, hold_proposal, release_hold
from scheduling.tokens import open_token


@require_http_methods(["GET", "POST"])
@signed_in
def book(request: Asked, site: int) -> HttpResponse:
    """The wizard; posted, it books the proposal that was chosen, or says why not and what fits."""
    place = open_site(request, site, "book_series")
    if request.method == "POST":
        return _book(request, place)
    today = timezone.now().astimezone(place.zone).date()
    wanted = Wanted.read(request.GET, today)
    return page(request, "desk/book/wizard.html", here="book", **_form(request, place, wanted))


def _form(request: Asked, site: Site, wanted: Wanted) -> dict[str, Any]:
    patient = _patient(request, wanted)
    return {
        "site": site,
        "wanted": wanted,
        "today": timezone.now().astimezone(site.zone).date(),
        "patient": patient,
        "name": shown_name(request.user, patient, site) if patient else "",
        "treatments": treatments(),
        "therapists": therapists(site),
        "grid": grid(wanted),
    }


@require_safe
@signed_in
def who(request: Asked, site: int, patient: int) -> HttpResponse:
    """The chosen patient, in the wizard's first column; patient 0 asks again."""
    place = open_site(request, site, "book_series")
    found = open_patient(request, patient) if patient else None
    name = shown_name(request.user, found, place) if found else ""
    response = part(request, "desk/book/who.html", patient=found, name=name, site=place)
    return trigger_client_event(response, "patient-chosen", after="settle")


@require_POST
@signed_in
def proposals(request: Asked, site: int) -> HttpResponse:
    """The third column anew, for what the first two now say."""
    place = open_site(request, site, "book_series")
    return part(request, "desk/book/proposals.html", **_proposed(request, place))


@require_POST
@signed_in
def hold(request: Asked, site: int) -> HttpResponse:
    """Hold the proposal in focus, instead of another of its set, while people talk."""
    place = open_site(request, site, "book_series")
    if "hold" not in request.POST:
        return HttpResponse(status=204)
    token, letter = request.POST.get("token", ""), request.POST.get("letter", "")[:1]
    held = _hold(request, place, token, letter)
    return part(request, "desk/book/held.html", site=place, **held)


@require_POST
@signed_in
def release(request: Asked, site: int) -> HttpResponse:
    """Let the held proposal go: the place is anybody's again."""
    place, now = open_site(request, site, "book_series"), timezone.now()
    token = request.POST.get("held", "")
    try:
        _must_be_of_here(token, place, now)
        release_hold(token=token, actor=actor(request), now=now)
    except (ProposalExpired, ProposalUnknown):
        return part(request, "desk/book/held.html", site=place)
    return part(request, "desk/book/held.html", site=place, released=True)


@require_POST
@signed_in
def sooner(request: Asked, site: int) -> HttpResponse:
    """What stands in the way of a first infusion before that of the first proposal."""
    place, now = open_site(request, site, "book_series"), timezone.now()
    wanted = Wanted.read(request.POST, now.astimezone(place.zone).date())
    patient, before = _patient(request, wanted), as_day(request.POST.get("before", ""))
    context: dict[str, Any] = {"site": place}
    if patient and wanted.protocol and not wanted.errors and before:
        wanted.until = (before - timedelta(days=1)).isoformat()
        try:
            found = wanted.proposals(patient, place, now, _offer(request, now))
            context["ways_out"] = [
                replace(way, changes=()) if "until" in dict(way.changes) else way
                for way in ways_out(found.blocked, found.protocol)
            ]
            context["sooner"] = next(iter(cards(found)), None)
            context["d0"] = d0_of(found)
        except (Refused, UnknownProtocol) as no:
            context["impossible"] = _why(no) if isinstance(no, Refused) else []
    return part(request, "desk/book/sooner.html", **context)


def _book(request: Asked, site: Site) -> HttpResponse:
    token, now = request.POST.get("token", ""), timezone.now()
    try:
        _must_be_of_here(token, site, now)
        series = book_series(token=token, actor=actor(request), now=now)
    except (Refused, ProposalExpired, ProposalUnknown) as no:
        status = 409 if isinstance(no, SlotTaken) else 422
        context = _proposed(request, site) | {"refusal": _why(no), "site": site}
        if request.htmx:
            return part(request, "desk/book/proposals.html", status=status, **context)
        context |= _form(request, site, context["wanted"])
        return page(request, "desk/book/wizard.html", here="book", status=status, **context)
    booked = words.count(series.appointments.count(), "visit")
    tell(request, f"Booked: {booked}, every one inside its window.", undo=f"series:{series.pk}")
    address = reverse("desk:series", args=[series.pk])
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _why(no: Exception) -> list[str]:
    if isinstance(no, Refused):
        return list(dict.fromkeys(refusal.message for refusal in no.refusals))
    if isinstance(no, ProposalExpired):
        return ["The proposals were more than 30 minutes old."]
    return ["That was not one of the proposals given out for this patient."]


def _proposed(request: Asked, site: Site) -> dict[str, Any]:
    """Proposals for the form as it stands, or what is missing or wrong in it."""
    now = timezone.now()
    wanted = Wanted.read(request.POST, now.astimezone(site.zone).date())
    patient = _patient(request, wanted)
    context: dict[str, Any] = {"wanted": wanted, "patient": patient, "site": site}
    if patient and may(request.user, "manage_patients", patient.home_site_id):
        context["may_remember"] = wanted.asks_other_than(wishes_in(patient.preferences))
    if patient is None or not wanted.protocol or wanted.errors:
        return context
    try:
        found = wanted.proposals(patient, site, now, _offer(request, now))
    except Refused as no:
        return context | {"impossible": _why(no)}
    except UnknownProtocol:
        return context | {"impossible": ["This treatment is not offered any more. Choose another."]}
    return context | _shown(request, site, wanted, found) | _beyond(request, site, patient, found)


def _beyond(request: Asked, site: Site, patient: Patient, found: Proposals) -> dict[str, Any]:
    """Where the first proposal goes beyond what the patient's insurance covers."""
    if not found.offers or not may(request.user, "see_balance", site):
        return {}
    planned = [
        Planned(
            moment(visit.start).astimezone(site.zone).date(), found.protocol.step(visit.step).kind
        )
        for visit in found.offers[0].plan.visits
    ]
    today = timezone.now().astimezone(site.zone).date()
    return {"beyond": authorisation_warnings(patient, planned, today=today)}


def _shown(request: Asked, site: Site, wanted: Wanted, found: Proposals) -> dict[str, Any]:
    shown = cards(found)
    context: dict[str, Any] = {
        "cards": shown,
        "ways_out": ways_out(found.blocked, found.protocol),
        "protocol": found.protocol,
        "d0": d0_of(found) if shown and wanted.start else None,
    }
    if wanted.hold and shown:
        context |= _hold(request, site, shown[0].token, shown[0].letter)
    return context


def _hold(request: Asked, site: Site, token: str, letter: str) -> dict[str, Any]:
    now = timezone.now()
    try:
        _must_be_of_here(token, site, now)
        held = hold_proposal(token=token, actor=actor(request), now=now)
    except (Refused, ProposalExpired, ProposalUnknown) as no:
        return {"not_held": _why(no)}
    until = held.expires_at.astimezone(site.zone)
    return {"held_until": until, "held_token": token, "held_letter": letter}


def _must_be_of_here(token: str, site: Site, now: datetime) -> None:
    """The right that was asked for is that of this site, so the proposal must be of it too."""
    if open_token(token, now=now).site != site.pk:
        raise ProposalUnknown


def _offer(request: Asked, now: datetime) -> str:
    """The set that the proposals on screen came from, so that its own hold is not in the way."""
    try:
        return open_token(request.POST.get("held", ""), now=now).offer
    except (ProposalUnknown, ProposalExpired):
        return ""


def _patient(request: Asked, wanted: Wanted) -> Patient | None:
    mine = visible_patients(request.user, Patient.objects.all())
    return mine.filter(pk=as_id(wanted.patient)).first()
