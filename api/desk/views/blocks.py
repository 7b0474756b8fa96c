"""Close a room or a person for some hours from the day, and open them again."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from api.desk import breaks, words
from api.desk.around import insists, to_the_plan
from api.desk.blocks import Blocking, is_time_off, resource_of
from api.desk.frame import Asked, actor, open_site, page, part, signed_in, sites_of
from api.desk.single import rooms_of
from api.desk.telling import tell
from api.desk.views.single import here
from api.permissions import NotPermitted, may
from clinic.models import Absence, Site, Staff
from scheduling.errors import WouldBreakVisits
from scheduling.services.upkeep import add_absence, remove_absence


@require_http_methods(["GET", "POST"])
@signed_in
def block(request: Asked, site: int) -> HttpResponse:
    """What, from when to when and why; refused, with the list, when visits are in the way."""
    place, now = open_site(request, site, "block_time"), timezone.now()
    if request.method == "GET":
        return _form(request, place, Blocking.read(request.GET, place, now))
    asked = Blocking.read(request.POST, place, now)
    asked.check(place, now)
    resource = resource_of(place, asked.of)
    if asked.errors or resource is None:
        return _form(request, place, asked, status=422)
    starts, ends = asked.span(place)
    try:
        made = add_absence(
            resource=resource.pk,
            starts_at=starts,
            ends_at=ends,
            reason=asked.reason,
            plan_around=insists(request, place),
            actor=actor(request),
            now=now,
        )
    except WouldBreakVisits as no:
        return _form(request, place, asked, status=409, breaks=breaks.shown(request, no))
    if plan := to_the_plan(request, now):
        return plan
    said = f"Blocked: {resource.name}, {words.day(starts)} {words.clock(starts)}"
    tell(request, f"{said} to {words.clock(ends)}.", undo=f"absence:{made.pk}")
    if request.POST.get("on") == "page":
        return HttpResponseClientRedirect(reverse("desk:day", args=[place.pk, starts.date()]))
    return HttpResponseClientRefresh()


@require_http_methods(["GET", "POST"])
@signed_in
def unblock(request: Asked, absence: int) -> HttpResponse:
    """Look at what is blocked, and open it again."""
    found = Absence.objects.select_related("time_off").filter(pk=absence).first()
    place = _site_of(request, found) if found else None
    if found is None or place is None:
        raise Http404
    of = resource_of(place, str(found.resource_id))
    if request.method == "POST" and not is_time_off(found):
        remove_absence(absence=found.pk, actor=actor(request), now=timezone.now())
        tell(request, f"Open again: {of.name if of else 'it'}.", undo=f"absence:{found.pk}")
        return HttpResponseClientRefresh()
    starts, ends = (at.astimezone(place.zone) for at in (found.starts_at, found.ends_at))
    tells = isinstance(of, Staff) and not (
        may(request.user, "manage_staff", place) or may(request.user, "decide_time_off", place)
    )
    context: dict[str, Any] = {
        "absence": found,
        "of": of,
        "starts": starts,
        "ends": ends,
        "reason": "Away" if tells else found.reason,
        "time_off": is_time_off(found),
    }
    if request.htmx:
        return part(request, "desk/blocks/sheet.html", **context)
    return page(request, "desk/blocks/page.html", here="day", site=place, **context)


def _site_of(request: Asked, absence: Absence) -> Site | None:
    """A site of the room or person at which time may be blocked; NotPermitted, None: not seen."""
    mine = [site for site in sites_of(request) if resource_of(site, str(absence.resource_id))]
    allowed = [site for site in mine if may(request.user, "block_time", site)]
    if mine and not allowed:
        raise NotPermitted("block_time")
    return next(iter(allowed), None)


def _form(
    request: Asked, site: Site, asked: Blocking, *, status: int = 200, **more: Any
) -> HttpResponse:
    context: dict[str, Any] = {
        "site": site,
        "asked": asked,
        "rooms": rooms_of(site),
        "people": Staff.objects.filter(sites=site, active=True),
        "closing": asked.closing(site),
        "may_call_out": may(request.user, "report_absence", site),
        **here(request, site, asked.day, asked.at, asked.of),
        **more,
    }
    if request.htmx:
        return part(request, "desk/blocks/new.html", status=status, **context)
    return page(request, "desk/blocks/new_page.html", here="day", status=status, **context)
