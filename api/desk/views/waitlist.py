"""The waitlist at the desk: who waits, what is held for whom, and ringing them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from api.desk import words
from api.desk.forms import DateInput, DeskForm, TimeInput
from api.desk.frame import Asked, actor, behind, open_site, page, part, signed_in
from api.desk.telling import tell
from api.desk.views.visits import open_visit, shown
from api.desk.waiting import DAY_NAMES, rows_of
from api.permissions import may, require, visible_patients
from clinic.models import Patient, Site
from scheduling.errors import Refused
from scheduling.models import Offer, WaitlistEntry
from scheduling.services.offering import (
    OfferGone,
    accept_offer,
    decline_offer,
    offer_opening,
)
from scheduling.services.waiting import STANDING, join_waitlist, leave_waitlist

LATELY = timedelta(days=14)


class WaitForm(DeskForm):
    """When somebody who waits can come."""

    not_after = forms.DateField(widget=DateInput(), label="At the latest on")
    weekdays = forms.MultipleChoiceField(
        choices=list(DAY_NAMES.items()),
        required=False,
        label="Days that suit",
        help_text="None chosen: any day.",
        widget=forms.CheckboxSelectMultiple,
    )
    earliest = forms.TimeField(widget=TimeInput(step=900), required=False, label="Not before")
    latest = forms.TimeField(widget=TimeInput(step=900), required=False, label="Over by")
    notice_minutes = forms.TypedChoiceField(
        label="Needs to know",
        coerce=int,
        initial=120,
        choices=[
            (30, "30 minutes ahead"),
            (120, "2 hours ahead"),
            (1440, "a day ahead"),
            (2880, "two days ahead"),
        ],
    )
    urgent = forms.BooleanField(required=False, label="Urgent: comes before everybody else")
    note = forms.CharField(max_length=200, required=False)


@require_safe
@signed_in
def listed(request: Asked, site: int) -> HttpResponse:
    """Who waits, in the order of their turns; what is held; what came of the last weeks."""
    place = open_site(request, site, "see_waitlist")
    now = timezone.now()
    rows = rows_of(_standing(request, place), request.user, place, now)
    over = _rows(request, place).exclude(state__in=STANDING)
    lately = over.filter(updated_at__gte=now - LATELY).order_by("-updated_at")[:30]
    return page(
        request,
        "desk/waitlist/list.html",
        here="waitlist",
        site=place,
        held=[row for row in rows if row.held],
        rows=[row for row in rows if not row.held],
        over=rows_of(lately, request.user, place, now),
        may_manage=may(request.user, "manage_waitlist", place),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def earlier(request: Asked, visit: int) -> HttpResponse:
    """A patient would come earlier: put that visit on the list."""
    found = open_visit(request, visit)
    require(request.user, "manage_waitlist", found.site)
    here = found.starts_at.astimezone(found.site.zone)
    form = WaitForm(request.POST or None, initial={"not_after": here.date()})
    if request.method == "POST" and form.is_valid():
        try:
            wait = join_waitlist(
                patient=found.patient,
                site=found.site,
                version=found.protocol_version,
                appointment=found,
                **form.cleaned_data,
                actor=actor(request),
                now=timezone.now(),
            )
        except ValidationError as wrong:
            form.add_error(None, "; ".join(wrong.messages))
        else:
            offer_opening(wait=wait.pk, actor=actor(request), now=timezone.now())
            tell(request, "On the waitlist. What is free earlier is held for them at once.")
            return behind(request, "desk:waitlist", found.site_id)
    return part(
        request,
        "desk/waitlist/join.html",
        status=422 if form.errors else 200,
        form=form,
        entry=shown(request, found),
        visit=found,
    )


@require_POST
@signed_in
def offer(request: Asked, wait: int) -> HttpResponse:
    """Look now for somebody, out of their turn too."""
    row = _open(request, wait)
    made = offer_opening(wait=row.pk, actor=actor(request), now=timezone.now())
    if made is None:
        tell(request, "Nothing that suits is free at the moment. It is looked for all the time.")
    else:
        when = made.starts_at.astimezone(row.site.zone)
        tell(request, f"Held: {words.day(when)} {words.clock(when)}. Ring them.")
    return behind(request, "desk:waitlist", row.site_id)


@require_POST
@signed_in
def accept(request: Asked, offer: int) -> HttpResponse:
    """They said yes on the telephone."""
    row = _offer(request, offer)
    try:
        visit = accept_offer(offer=row.pk, actor=actor(request), now=timezone.now())
    except OfferGone as gone:
        tell(request, str(gone))
    except Refused as no:
        tell(request, f"Not booked: {no.refusals[0].message}")
    else:
        when = visit.starts_at.astimezone(row.entry.site.zone)
        tell(request, f"Booked: {words.day(when)} {words.clock(when)}.")
    return behind(request, "desk:waitlist", row.entry.site_id)


@require_POST
@signed_in
def decline(request: Asked, offer: int) -> HttpResponse:
    """They said no, or cannot be reached: the place goes to the next."""
    row = _offer(request, offer)
    try:
        decline_offer(offer=row.pk, actor=actor(request), now=timezone.now())
    except OfferGone as gone:
        tell(request, str(gone))
    else:
        tell(request, "The place is free for the next; they wait on.")
    return behind(request, "desk:waitlist", row.entry.site_id)


@require_POST
@signed_in
def leave(request: Asked, wait: int) -> HttpResponse:
    """They wait no more."""
    row = _open(request, wait)
    leave_waitlist(wait=row.pk, actor=actor(request), now=timezone.now())
    tell(request, "Off the waitlist.")
    return behind(request, "desk:waitlist", row.site_id)


def _rows(request: Asked, site: Site) -> Any:
    patients = visible_patients(request.user, Patient.objects.all())
    return (
        WaitlistEntry.objects.filter(site=site, patient__in=patients)
        .select_related("patient", "appointment", "protocol_version", "site")
        .prefetch_related("offers")
    )


def _standing(request: Asked, site: Site) -> Any:
    return _rows(request, site).filter(state__in=STANDING)


def _open(request: Asked, pk: int) -> WaitlistEntry:
    row = WaitlistEntry.objects.filter(pk=pk).select_related("site").first()
    if row is None:
        raise Http404
    site = open_site(request, row.site_id, "see_waitlist")
    require(request.user, "manage_waitlist", site)
    found: WaitlistEntry = _rows(request, site).get(pk=pk)
    return found


def _offer(request: Asked, pk: int) -> Offer:
    row = Offer.objects.filter(pk=pk).first()
    if row is None:
        raise Http404
    row.entry = _open(request, row.entry_id)
    return row
