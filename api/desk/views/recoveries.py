"""Somebody is out: saying so, and deciding how the day goes on."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from api.desk import words
from api.desk.forms import DateInput, DeskForm, TimeInput, as_id
from api.desk.frame import Asked, actor, behind, open_site, page, part, signed_in
from api.desk.recoveries import shown
from api.desk.telling import tell
from api.permissions import may, require
from clinic.models import Room, Site, Staff
from scheduling.errors import PlanStale
from scheduling.models import Recovery
from scheduling.services.recovering import accept_recovery, call_out, come_back, replan


class OutForm(DeskForm):
    """Who or what is out, and from when to when."""

    what = forms.ChoiceField(label="Who or what")
    day = forms.DateField(widget=DateInput(), label="On")
    starts = forms.TimeField(widget=TimeInput(step=300), label="From")
    last = forms.DateField(widget=DateInput(), label="Up to and with")
    ends = forms.TimeField(widget=TimeInput(step=300), label="Until")
    reason = forms.CharField(
        max_length=150,
        required=False,
        label="In a word",
        help_text="Colleagues see it. Leave out what is private.",
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site
        people = Staff.objects.filter(sites=site, active=True).order_by("given_name")
        rooms = Room.objects.filter(site=site, active=True)
        self.fields["what"].choices = [  # type: ignore[attr-defined]
            ("", "Choose…"),
            ("People", [(f"staff.{one.pk}", one.name) for one in people]),
            ("Rooms", [(f"room.{one.pk}", one.name) for one in rooms]),
            ("Everything", [(f"site.{site.pk}", f"The whole site: {site.name}")]),
        ]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if {"day", "starts", "last", "ends"} <= given.keys():
            zone = self.site.zone
            given["starts_at"] = datetime.combine(given["day"], given["starts"], tzinfo=zone)
            given["ends_at"] = datetime.combine(given["last"], given["ends"], tzinfo=zone)
            if given["ends_at"] <= given["starts_at"]:
                self.add_error("ends", "It ends before it begins.")
            elif given["ends_at"] <= timezone.now():
                self.add_error("ends", "That time is over.")
            elif given["ends_at"] - given["starts_at"] > timedelta(days=366):
                self.add_error("last", "A year at most; change the weekly hours for longer.")
        return given


@require_http_methods(["GET", "POST"])
@signed_in
def out(request: Asked, site: int) -> HttpResponse:
    """Say who or what is out. What nobody notices is mended at once."""
    place = open_site(request, site, "report_absence")
    here = timezone.now().astimezone(place.zone)
    first = {
        "what": request.GET.get("what", ""),
        "day": here.date(),
        "starts": time(here.hour, here.minute - here.minute % 5),
        "last": here.date(),
        "ends": time(23, 59),
    }
    form = OutForm(request.POST or None, initial=first, site=place)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        kind, _, number = given["what"].partition(".")
        try:
            recovery = call_out(
                **{kind: as_id(number)},
                starts_at=given["starts_at"],
                ends_at=given["ends_at"],
                reason=given["reason"],
                actor=actor(request),
                now=timezone.now(),
            )
        except ValidationError as wrong:
            form.add_error(None, "; ".join(wrong.messages))
        else:
            tell(request, _said(recovery))
            address = redirect("desk:recovery", recovery.pk)
            return HttpResponseClientRedirect(address.url) if request.htmx else address
    status = 422 if form.errors else 200
    if request.htmx:
        return part(request, "desk/recoveries/out.html", status=status, form=form, site=place)
    return page(
        request,
        "desk/recoveries/out_page.html",
        here="day",
        site=place,
        status=status,
        form=form,
    )


@require_safe
@signed_in
def recovery(request: Asked, recovery: int) -> HttpResponse:
    """What is mended, what waits, and what could be done with those that have no place."""
    row, site = _open(request, recovery, "see_recoveries")
    return page(
        request,
        "desk/recoveries/recovery.html",
        here="day",
        site=site,
        **_context(request, row, site),
    )


@require_safe
@signed_in
def live(request: Asked, recovery: int) -> HttpResponse:
    """The plan as it is now, while a worker betters it."""
    row, site = _open(request, recovery, "see_recoveries")
    return part(request, "desk/recoveries/plan.html", **_context(request, row, site))


@require_POST
@signed_in
def accept(request: Asked, recovery: int) -> HttpResponse:
    """All of it, or what was chosen; a plan that does not fit any more is made anew."""
    row, _ = _open(request, recovery, "accept_recovery")
    chosen = [as_id(one) for one in request.POST.getlist("visit")]
    only = None if "all" in request.POST else [one for one in chosen if one]
    if only == []:
        tell(request, "Choose at least one visit.")
        return behind(request, "desk:recovery", row.pk)
    try:
        done = accept_recovery(
            recovery=row.pk,
            version=as_id(request.POST.get("version", "")) or None,
            only=only,
            actor=actor(request),
            now=timezone.now(),
        )
    except PlanStale as no:
        tell(request, f"Nothing was done: {no.refusals[0].message} It is shown here.")
    else:
        gone = sum(visit.status == "to_rebook" for visit in done)
        moved = words.count(len(done) - gone, "visit")
        more = f", {words.count(gone, 'visit')} to rebook" if gone else ""
        tell(request, f"Accepted: {moved} placed{more}. Patients are told.")
    return behind(request, "desk:recovery", row.pk)


@require_POST
@signed_in
def again(request: Asked, recovery: int) -> HttpResponse:
    """A fresh plan for what still waits."""
    row, _ = _open(request, recovery, "accept_recovery")
    replan(recovery=row.pk, actor=actor(request), now=timezone.now())
    tell(request, "A fresh plan, as the book stands now.")
    return behind(request, "desk:recovery", row.pk)


@require_POST
@signed_in
def back(request: Asked, recovery: int) -> HttpResponse:
    """They are well again: the absence goes, and with it what still waits."""
    row, _ = _open(request, recovery, "report_absence")
    come_back(recovery=row.pk, actor=actor(request), now=timezone.now())
    tell(request, "Back again. Visits that waited stand as they were.")
    return behind(request, "desk:recovery", row.pk)


def _open(request: Asked, pk: int, action: str) -> tuple[Recovery, Site]:
    row = Recovery.objects.filter(pk=pk).first()
    if row is None:
        raise Http404
    site = open_site(request, row.site_id, "see_recoveries")
    require(request.user, action, site)
    return row, site


def _context(request: Asked, row: Recovery, site: Site) -> dict[str, Any]:
    user = request.user
    return {
        "it": shown(row, user, site),
        "may_accept": may(user, "accept_recovery", site),
        "may_move": may(user, "move_visit", site),
        "may_call_back": may(user, "report_absence", site)
        and bool(row.absence_id or row.outage_id),
    }


def _said(recovery: Recovery) -> str:
    waits = len(recovery.moves) + len(recovery.stranded)
    if not recovery.affected:
        return "Noted. No visit needs them then."
    mended = words.count(len(recovery.reassigned), "visit")
    return f"{mended} mended at once" + (f", {waits} to decide." if waits else ".")
