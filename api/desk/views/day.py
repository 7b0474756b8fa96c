"""The day board, its list and its drawer of arrivals: one page, kept up to date."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from api.desk.board import tally
from api.desk.founding import first_treatment
from api.desk.frame import Asked, open_site, page, part, signed_in
from api.desk.freshness import tag_of, tagged, unchanged
from api.desk.lanes import BY, asked_by
from api.desk.recoveries import open_recoveries
from api.desk.sheet import read_sheet
from api.permissions import may
from clinic.selectors import next_open_day

GOOD_FOR = timedelta(minutes=10)
"""How long the board of a day is not drawn anew while nothing changes."""


@require_safe
@signed_in
def today(request: Asked, site: int) -> HttpResponse:
    """Today, or the next day on which the site opens."""
    place = open_site(request, site, "see_day", "see_own_day")
    here = timezone.now().astimezone(place.zone).date()
    return redirect("desk:day", place.pk, next_open_day(place, here) or here)


@require_safe
@signed_in
def day(request: Asked, site: int, day: date) -> HttpResponse:
    place = open_site(request, site, "see_day", "see_own_day")
    now = timezone.now()
    by = asked_by(request.GET.get("by", ""))
    tag = _tag(request, site, day, by, now)
    sheet = read_sheet(request.user, place, day, now, by)
    may_find_free = may(request.user, "see_day", place)
    ahead = day >= now.astimezone(place.zone).date()
    may_book = ahead and may(request.user, "book_series", place)
    may_book_visit = ahead and may(request.user, "book_visit", place)
    may_block = ahead and may(request.user, "block_time", place)
    form = "book-visit" if may_book_visit else "block" if may_block else ""
    return page(
        request,
        "desk/day/day.html",
        here="day",
        site=place,
        day=day,
        sheet=sheet,
        tag=tag,
        tally=tally(sheet.entries),
        may_book=may_book,
        recoveries=open_recoveries(place) if may(request.user, "see_day", place) else [],
        may_see_recoveries=may(request.user, "see_recoveries", place),
        may_call_out=ahead and may(request.user, "report_absence", place),
        may_move=ahead and may(request.user, "move_visit", place),
        may_book_visit=may_book_visit,
        place_url=form and f"{reverse(f'desk:{form}', args=[place.pk])}?day={day.isoformat()}",
        may_find_free=may_find_free,
        by=by,
        layouts=BY,
        view=asked_view(request),
        first=first_treatment(request.GET.get("first", ""))
        if may_book and not sheet.entries
        else "",
    )


@require_safe
@signed_in
def live(request: Asked, site: int, day: date) -> HttpResponse:
    """The lists again when something at the site has changed since; else 304."""
    now = timezone.now()
    by = asked_by(request.GET.get("by", ""))
    tag = _tag(request, site, day, by, now)
    if answer := unchanged(request, tag):
        return answer
    place = open_site(request, site, "see_day", "see_own_day")
    sheet = read_sheet(request.user, place, day, now, by)
    told = tally(sheet.entries)
    return tagged(part(request, "desk/day/list.html", sheet=sheet, tag=tag, tally=told), tag)


def _tag(request: Asked, site: int, day: date, by: str, now: datetime) -> str:
    return tag_of(request, site, f"day:{day}:{by}", now, GOOD_FOR)


def asked_view(request: Asked) -> str:
    """Board or list: as the address says, else as one last chose."""
    asked = request.GET.get("view") or request.COOKIES.get("view")
    return "list" if asked == "list" else "board"
