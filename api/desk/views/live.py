"""The live boards of a site: pages that ask by themselves whether they are still so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from api.desk.frame import Asked, open_site, page, part, signed_in
from api.desk.freshness import tag_of, tagged, unchanged
from api.desk.live import TABS, Live, read_live
from api.desk.live_nurses import cover_now, nurse_lines
from api.desk.live_rooms import chairs
from api.permissions import may
from clinic.spans import moment
from scheduling.selectors.rounds import rounds_of_site


@require_safe
@signed_in
def desk(request: Asked, site: int) -> HttpResponse:
    return _board(request, site, "desk")


@require_safe
@signed_in
def nurses(request: Asked, site: int) -> HttpResponse:
    return _board(request, site, "nurses")


@require_safe
@signed_in
def rooms(request: Asked, site: int) -> HttpResponse:
    return _board(request, site, "rooms")


def _board(request: Asked, site: int, tab: str) -> HttpResponse:
    """A board; asked again by htmx's sign, the part of it that changes, or 304."""
    now = timezone.now()
    tag = tag_of(request, site, tab, now)
    if answer := unchanged(request, tag):
        return answer
    place = open_site(request, site, "see_day", "see_own_day")
    live = read_live(request.user, place, now)
    clock = now.astimezone(place.zone)
    context = {"tab": tab, "tag": tag, "tabs": TABS, "clock": clock, **_shown(live, tab)}
    if request.htmx:
        return tagged(part(request, "desk/live/board.html", site=place, **context), tag)
    whole = page(request, "desk/live/page.html", here="live", site=place, **context)
    return tagged(whole, tag)


def _shown(live: Live, tab: str) -> dict[str, Any]:
    if tab == "desk":
        return {"board": live.desk()}
    if tab == "nurses":
        return {"lines": nurse_lines(live, _rounds(live)), "cover": cover_now(live)}
    return {"chairs": chairs(live)}


def _rounds(live: Live) -> dict[int, datetime]:
    """When each patient's next round is due, for who may see what rounds find."""
    site, now = live.run.site, moment(live.run.now)
    if not may(live.user, "see_rounds", site):
        return {}
    charts = rounds_of_site(site, now=now)
    due = {one.visit.pk: one.next_at for one in charts if one.started}
    return {visit: at.astimezone(site.zone) for visit, at in due.items() if at}
