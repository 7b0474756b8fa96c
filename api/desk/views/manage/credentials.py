"""Credentials: those of a person, and the list of what is missing or ends soon."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from api.desk import breaks
from api.desk.around import insists, to_the_plan
from api.desk.colleagues import kind_words, protocol_needs, read_warnings
from api.desk.forms import beside_the_fields
from api.desk.frame import Asked, actor, open_site, page, signed_in
from api.desk.meanwhile import meanwhile, seen_in, theirs
from api.desk.people_forms import CredentialForm
from api.desk.telling import tell
from api.desk.views.manage.staff import open_staff, person_page
from clinic import journal
from clinic.journal import ChangedMeanwhile
from clinic.models import Credential, Site
from scheduling.errors import WouldBreakVisits
from scheduling.services.upkeep import add_credential, remove_credential, renew_credential

BANDS = {
    "now": "Missing or expired",
    "30": "Within 30 days",
    "60": "Within 60 days",
    "90": "Within 90 days",
}
FACTS = ("number", "issuer", "valid_from", "expires_on")


@require_safe
@signed_in
def credentials(request: Asked, site: int) -> HttpResponse:
    """What is missing, over or ends within 90 days, and the visits that would lack somebody."""
    place = open_site(request, site, "manage_staff")
    found = read_warnings(place, timezone.now())
    bands = [
        (key, label, [one for one in found if one.band == key]) for key, label in BANDS.items()
    ]
    return page(
        request,
        "desk/manage/credentials.html",
        here="manage",
        tab="staff",
        site=place,
        bands=[band for band in bands if band[2]],
        total=len(found),
        visits=len(frozenset().union(*(one.visits for one in found))),
        needs=protocol_needs().credentials,
    )


@require_POST
@signed_in
def add(request: Asked, staff: int) -> HttpResponse:
    """Somebody has a licence or certificate."""
    found, place = open_staff(request, staff)
    form = CredentialForm(request.POST, auto_id="credential_%s")
    if form.is_valid():
        try:
            made = add_credential(
                staff=found.pk, **form.cleaned_data, actor=actor(request), now=timezone.now()
            )
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        else:
            tell(request, f"Added: {kind_words(made.kind)}.", undo=f"credential:{made.pk}")
            return redirect("desk:staff", found.pk)
    return person_page(request, found, place, credential_form=form, status=422)


@require_http_methods(["GET", "POST"])
@signed_in
def credential(request: Asked, credential: int) -> HttpResponse:
    """Renew it or correct it."""
    row, place = open_credential(request, credential)
    drawn = {field: getattr(row, field) for field in FACTS} | {"kind": kind_words(row.kind)}
    if request.method == "GET":
        return _page(request, row, place, CredentialForm(initial=drawn))
    form = CredentialForm(request.POST)
    more: dict[str, Any] = {}
    now = timezone.now()
    if form.is_valid():
        try:
            renew_credential(
                credential=row.pk,
                plan_around=insists(request, place),
                **form.cleaned_data,
                seen=seen_in(request),
                actor=actor(request),
                now=now,
            )
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        except WouldBreakVisits as error:
            more = {"breaks": breaks.shown(request, error)}
        except ChangedMeanwhile as error:
            it = meanwhile(form, error, place)
            form, more = CredentialForm(theirs(form, error)), {"it": it, "seen": it.seen}
        else:
            if plan := to_the_plan(request, now):
                return plan
            name = kind_words(form.cleaned_data["kind"])
            tell(request, f"Saved: {name}.", undo=f"credential:{row.pk}")
            return redirect("desk:staff", row.staff_id)
    row.refresh_from_db()
    return _page(request, row, place, form, status=409 if more else 422, **more)


@require_POST
@signed_in
def withdraw(request: Asked, credential: int) -> HttpResponse:
    """It was taken back, or never was. Refused while booked visits rest on it."""
    row, place = open_credential(request, credential)
    now = timezone.now()
    try:
        remove_credential(
            credential=row.pk,
            plan_around=insists(request, place),
            actor=actor(request),
            now=now,
        )
    except WouldBreakVisits as error:
        drawn = {field: getattr(row, field) for field in FACTS} | {"kind": kind_words(row.kind)}
        shown = breaks.shown(request, error)
        form = CredentialForm(initial=drawn)
        return _page(request, row, place, form, status=409, leaving=shown)
    if plan := to_the_plan(request, now):
        return plan
    tell(request, f"Withdrawn: {kind_words(row.kind)}.", undo=f"credential:{credential}")
    return redirect("desk:staff", row.staff_id)


def open_credential(request: Asked, pk: int) -> tuple[Credential, Site]:
    """A credential of somebody whom one may manage, or 404."""
    row = Credential.objects.select_related("staff").filter(pk=pk).first()
    if row is None:
        raise Http404
    return row, open_staff(request, row.staff_id)[1]


def _page(
    request: Asked,
    row: Credential,
    place: Site,
    form: CredentialForm,
    *,
    seen: int | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    return page(
        request,
        "desk/manage/credential.html",
        here="manage",
        tab="staff",
        site=place,
        status=status,
        row=row,
        name=kind_words(row.kind),
        form=form,
        today=timezone.now().astimezone(place.zone).date(),
        seen=journal.newest(f"credential:{row.pk}") if seen is None else seen,
        **more,
    )
