"""The boards of a week and of a month, by rooms, clinicians or nurses."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from api.desk.forms import as_id
from api.desk.frame import Asked, open_site, page, part, signed_in
from api.desk.lanes import BY, asked_by
from api.desk.month import read_month
from api.desk.views.day import asked_view
from api.desk.week_board import read_site_week
from api.permissions import may
from clinic.journal import stamp


@require_safe
@signed_in
def week(request: Asked, site: int, day: date) -> HttpResponse:
    """Monday to Sunday around a day; asked by htmx with the newest `?v=`, 204."""
    place = open_site(request, site, "see_day", "see_own_day")
    if request.htmx and request.GET.get("v") == str(stamp(place)):
        return HttpResponse(status=204)
    now = timezone.now()
    by = asked_by(request.GET.get("by", "")) or "rooms"
    one = as_id(request.GET.get("one", ""))
    monday = day - timedelta(days=day.weekday())
    shown = read_site_week(request.user, place, monday, now, by=by, one=one)
    context: dict[str, Any] = {
        "week": shown,
        "focus": day,
        "by": by,
        "layouts": BY,
        "view": asked_view(request),
        "today": now.astimezone(place.zone).date(),
        "may_find_free": may(request.user, "see_day", place),
    }
    if request.htmx:
        return part(request, "desk/week/lines.html", site=place, **context)
    return page(request, "desk/week/week.html", here="day", site=place, day=day, **context)


@require_safe
@signed_in
def month(request: Asked, site: int, day: date) -> HttpResponse:
    """The weeks around a day's month; asked by htmx with the newest `?v=`, 204."""
    place = open_site(request, site, "see_day", "see_own_day")
    if request.htmx and request.GET.get("v") == str(stamp(place)):
        return HttpResponse(status=204)
    now = timezone.now()
    by = asked_by(request.GET.get("by", "")) or "rooms"
    one = as_id(request.GET.get("one", ""))
    context: dict[str, Any] = {
        "month": read_month(request.user, place, day, now, by=by, one=one),
        "by": by,
        "layouts": BY,
        "view": asked_view(request),
        "today": now.astimezone(place.zone).date(),
        "sees_all": may(request.user, "see_day", place),
    }
    if request.htmx:
        return part(request, "desk/month/weeks.html", site=place, **context)
    return page(request, "desk/month/month.html", here="day", site=place, day=day, **context)
