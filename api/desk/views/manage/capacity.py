"""What the coming weeks have room for."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from api.desk.forms import as_day
from api.desk.frame import Asked, open_site, page, signed_in
from api.desk.heat import WEEKS, WHAT, read_heat
from api.permissions import may


@require_safe
@signed_in
def capacity(request: Asked, site: int) -> HttpResponse:
    """Eight weeks from the Monday of `?from=`; `?what=` is chairs, nurses or therapists."""
    place, now = open_site(request, site, "see_coverage"), timezone.now()
    today = now.astimezone(place.zone).date()
    what = request.GET.get("what", "")
    begin = as_day(request.GET.get("from", "")) or today
    monday = begin - timedelta(days=begin.weekday())
    heat = read_heat(place, what if what in WHAT else "chairs", monday, now)
    return page(
        request,
        "desk/manage/capacity.html",
        here="manage",
        site=place,
        tab="capacity",
        heat=heat,
        choices=WHAT,
        monday=monday,
        last=monday + timedelta(days=7 * WEEKS - 1),
        previous=monday - timedelta(weeks=WEEKS),
        next=monday + timedelta(weeks=WEEKS),
        today=today,
        opens_days=may(request.user, "see_day", place),
    )
