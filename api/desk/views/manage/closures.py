"""The days on which a site is closed, or open on a holiday, and the way to other sites."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from api.desk import breaks, words
from api.desk.around import insists, to_the_plan
from api.desk.forms import as_id, beside_the_fields
from api.desk.frame import Asked, actor, open_site, signed_in
from api.desk.place_forms import ClosureForm, day_in
from api.desk.telling import tell
from api.desk.views.manage.sites import managed_sites, site_page
from clinic.models import Closure
from scheduling.errors import WouldBreakVisits
from scheduling.services.upkeep import add_closure, remove_closure, set_travel

FURTHEST = timedelta(days=370)


@require_POST
@signed_in
def close(request: Asked, site: int) -> HttpResponse:
    """Closed on some days; refused, with the list, while visits are booked on them."""
    place = open_site(request, site, "manage_places")
    now = timezone.now()
    form = ClosureForm(request.POST)
    more: dict[str, Any] = {}
    if form.is_valid():
        try:
            made = add_closure(
                site=place.pk,
                **form.cleaned_data,
                plan_around=insists(request, place),
                actor=actor(request),
                now=now,
            )
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        except WouldBreakVisits as error:
            more = {"closure_breaks": breaks.shown(request, error)}
        else:
            if plan := to_the_plan(request, now):
                return plan
            tell(request, f"Closed: {made.reason}.", undo=f"closure:{made.pk}")
            return redirect("desk:site", place.pk)
    return site_page(request, place, closure=form, status=409 if more else 422, **more)


@require_POST
@signed_in
def reopen(request: Asked, site: int, closure: int) -> HttpResponse:
    """The days are as any others again; refused where visits rest on being open."""
    place = open_site(request, site, "manage_places")
    if not Closure.objects.filter(pk=closure, site=place).exists():
        raise Http404
    try:
        remove_closure(closure=closure, actor=actor(request), now=timezone.now())
    except WouldBreakVisits as error:
        found = breaks.shown(request, error)
        return site_page(request, place, status=409, closure_breaks=found)
    tell(request, "Those days are as the week says again.", undo=f"closure:{closure}")
    return redirect("desk:site", place.pk)


@require_POST
@signed_in
def holiday(request: Asked, site: int) -> HttpResponse:
    """Open on a public holiday all the same."""
    place = open_site(request, site, "manage_places")
    day = day_in(request.POST.get("day", ""))
    today = timezone.now().astimezone(place.zone).date()
    if day is None or not today <= day <= today + 2 * FURTHEST:
        return site_page(request, place, status=422)
    made = add_closure(
        site=place.pk,
        first=day,
        last=day,
        reason=f"Open on {words.day(day)}",
        opens_anyway=True,
        actor=actor(request),
        now=timezone.now(),
    )
    tell(request, f"Open on {words.day(day)}.", undo=f"closure:{made.pk}")
    return redirect("desk:site", place.pk)


@require_POST
@signed_in
def travel(request: Asked, site: int) -> HttpResponse:
    """Minutes on the way to another site."""
    place = open_site(request, site, "manage_places")
    asked = as_id(request.POST.get("other", ""))
    other = next((one for one in managed_sites(request) if one.pk == asked), None)
    minutes = as_id(request.POST.get("minutes", "x"))
    if other is None:
        return site_page(request, place, status=422, travel_error="Choose another site of yours.")
    if not request.POST.get("minutes", "").isdecimal() or minutes > 1440:
        return site_page(request, place, status=422, travel_error="Give minutes, from 0 to 1440.")
    try:
        set_travel(
            site=place.pk,
            other=other.pk,
            minutes=minutes,
            actor=actor(request),
            now=timezone.now(),
        )
    except ValidationError as wrong:
        return site_page(request, place, status=422, travel_error=" ".join(wrong.messages))
    except WouldBreakVisits as error:
        return site_page(request, place, status=409, travel_breaks=breaks.shown(request, error))
    tell(request, f"{place.name} and {other.name} are {minutes} minutes apart.")
    return redirect("desk:site", place.pk)
