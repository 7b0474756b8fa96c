"""The live boards of a site: pages that ask by themselves whether they are still so."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from api.desk.frame import Asked, open_site, page, part, signed_in
from api.desk.freshness import tag_of, tagged, unchanged
from api.desk.live import TABS, Live, read_live
from api.desk.live_nurses import charts_now, cover_now, late_rounds, nurse_lines
from api.desk.live_rooms import chairs


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
    charts = charts_now(live)
    late = late_rounds(live, charts, named=tab != "rooms")
    if tab == "desk":
        return {"late": late, "board": live.desk()}
    if tab == "nurses":
        return {"late": late, "lines": nurse_lines(live, charts), "cover": cover_now(live)}
    return {"late": late, "chairs": chairs(live)}
