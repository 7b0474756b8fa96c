"""What is due after and around series: the list, booking in one click, done, dropped."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from api.desk import words
from api.desk.follow_ups import KINDS, STANDS, row_of
from api.desk.forms import DeskForm, as_id, as_moment
from api.desk.frame import Asked, actor, behind, open_site, page, part, signed_in
from api.desk.telling import tell
from api.permissions import may, require, visible_patients
from clinic.journal import Actor
from clinic.models import Patient, Site
from scheduling.errors import ProposalExpired, ProposalUnknown, Refused
from scheduling.models import Appointment, FollowUp, ProtocolVersion
from scheduling.selectors.follow_ups import count_stands, follow_ups, places_for, standing
from scheduling.services.follow_ups import (
    NotDue,
    book_follow_up_series,
    book_follow_up_visit,
    drop_follow_up,
    finish_follow_up,
    reopen_follow_up,
)

PER_PAGE = 50


class SettleForm(DeskForm):
    """A word on how it went, or on why it will not be done."""

    note = forms.CharField(
        max_length=1000, required=False, widget=forms.Textarea({"rows": 3, "autofocus": True})
    )


@require_safe
@signed_in
def listed(request: Asked, site: int) -> HttpResponse:
    """By stand and kind, both in the address; overdue first."""
    place = open_site(request, site, "see_follow_ups")
    today = timezone.now().astimezone(place.zone).date()
    rows = _visible(request, place)
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    if kind:
        rows = rows.filter(kind=kind)
    counts = count_stands(rows, today)
    stand = request.GET.get("stand", "")
    if stand not in STANDS:
        stand = next((one for one in ("overdue", "open", "coming") if counts[one]), "open")
    found = standing(rows, stand, today)
    if stand in ("done", "dropped"):
        found = found.order_by("-done_at", "-pk")
    shown = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    return page(
        request,
        "desk/follow_ups/list.html",
        here="follow-ups",
        site=place,
        rows=[row_of(one, request.user, place, today) for one in shown],
        shown=shown,
        stand=stand,
        stands=[(name, look, counts[name]) for name, look in STANDS.items()],
        kind=kind,
        kinds=KINDS,
        total=sum(counts.values()),
        may_manage=may(request.user, "manage_follow_ups", place),
        may_book=may(request.user, "book_visit", place),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def book(request: Asked, follow_up: int) -> HttpResponse:
    """Free times in its window; one click books."""
    row = _open(request, follow_up)
    require(request.user, "book_visit", row.site)
    now = timezone.now()
    refused: list[str] = []
    if request.method == "POST":
        try:
            place = request.POST.get("place", "")
            visit = book_place(row, place, actor=actor(request), now=now)
        except Refused as no:
            refused = [refusal.message for refusal in no.refusals[:3]]
        except (ProposalExpired, ProposalUnknown):
            refused = ["These times are too old; here are fresh ones."]
        except NotDue as late:
            refused = [str(late)]
        else:
            when = visit.starts_at.astimezone(row.site.zone)
            said = f"Booked: {row.name}, {words.day(when)} {words.clock(when)}."
            tell(request, said, undo=f"appointment:{visit.pk}")
            return behind(request, "desk:follow-ups", row.site_id)
    return part(
        request,
        "desk/follow_ups/book.html",
        status=422 if refused else 200,
        row=row_of(row, request.user, row.site, now.astimezone(row.site.zone).date()),
        places=places_for(row, now=now) if row.state == FollowUp.State.DUE else [],
        refused=refused,
    )


@require_http_methods(["GET", "POST"])
@signed_in
def settle(request: Asked, follow_up: int, how: str) -> HttpResponse:
    """Done with a word on how it went, or dropped with a word on why."""
    row = _open(request, follow_up)
    require(request.user, "manage_follow_ups", row.site)
    form = SettleForm(request.POST or None)
    form.fields["note"].label = "How it went" if how == "done" else "Why it will not be done"
    form.fields["note"].required = how == "dropped"
    if request.method == "POST" and form.is_valid():
        service = finish_follow_up if how == "done" else drop_follow_up
        try:
            service(
                follow_up=row.pk,
                note=form.cleaned_data["note"],
                actor=actor(request),
                now=timezone.now(),
            )
        except NotDue as late:
            form.add_error(None, str(late))
        else:
            tell(request, f"{how.capitalize()}: {row.name}.", undo=f"follow_up:{row.pk}")
            return behind(request, "desk:follow-ups", row.site_id)
    return part(
        request,
        "desk/follow_ups/settle.html",
        status=422 if form.errors else 200,
        row=row,
        form=form,
        how=how,
    )


@require_POST
@signed_in
def reopen(request: Asked, follow_up: int) -> HttpResponse:
    """Due again."""
    row = _open(request, follow_up)
    require(request.user, "manage_follow_ups", row.site)
    try:
        reopen_follow_up(follow_up=row.pk, actor=actor(request), now=timezone.now())
    except NotDue:
        tell(request, f"{row.name} is due already.")
    else:
        tell(request, f"Due again: {row.name}.")
    return behind(request, "desk:follow-ups", row.site_id)


def _visible(request: Asked, site: Site) -> QuerySet[Any]:
    patients = visible_patients(request.user, Patient.objects.all())
    return follow_ups([site], now=timezone.now()).filter(patient__in=patients)


def _open(request: Asked, pk: int) -> FollowUp:
    row = FollowUp.objects.filter(pk=pk).select_related("site").first()
    if row is None:
        raise Http404
    site = open_site(request, row.site_id, "see_follow_ups")
    return _visible(request, site).get(pk=pk)


def book_place(row: FollowUp, place: str, *, actor: Actor, now: datetime) -> Appointment:
    """Book the place that a button named: its visit, or the first of its series."""
    kind, _, value = place.partition(".")
    if kind == "series":
        series = book_follow_up_series(follow_up=row.pk, token=value, actor=actor, now=now)
        return series.appointments.order_by("starts_at")[0]
    number, _, rest = value.partition(".")
    step, _, when = rest.partition(".")
    version = ProtocolVersion.objects.filter(pk=as_id(number)).first()
    starts_at = as_moment(when)
    if (
        version is None
        or starts_at is None
        or step not in [one["key"] for one in version.definition["steps"]]
    ):
        raise ProposalUnknown
    return book_follow_up_visit(
        follow_up=row.pk, version=version, step=step, starts_at=starts_at, actor=actor, now=now
    )
