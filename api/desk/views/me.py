"""One's own week, and time off asked for in it."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from api.desk.calendars import section
from api.desk.feeds import feeds_section
from api.desk.forms import as_day
from api.desk.frame import Asked, actor, page, part, signed_in, usual_site
from api.desk.hours_forms import TimeOffForm
from api.desk.shifts import days_off
from api.desk.week import HOUR_PIXELS, Week, read_week
from api.permissions import NotPermitted, require, staff_id
from clinic.models import Site, TimeOff
from scheduling.services.time_off import (
    STANDING,
    AlreadyAnswered,
    ask_time_off,
    withdraw_time_off,
)


def own_staff(request: Asked) -> int:
    """The staff member that one is; NotPermitted for a sign-in without one."""
    staff = staff_id(request.user)
    if staff is None:
        raise NotPermitted("see_own_calendar")
    return staff


@require_safe
@signed_in
def week(request: Asked) -> HttpResponse:
    """Monday to Sunday around `?from=`, and the addresses to subscribe to."""
    require(request.user, "see_own_calendar")
    staff, site = own_staff(request), usual_site(request)
    if site is None:
        raise Http404
    today = timezone.now().astimezone(site.zone).date()
    asked = as_day(request.GET.get("from", "")) or today
    monday = asked - timedelta(days=asked.weekday())
    shown: Week = read_week(request.user, staff, site, monday)
    return page(
        request,
        "desk/me/week.html",
        here="week",
        week=shown,
        hour_pixels=HOUR_PIXELS,
        today=today,
        this_monday=today - timedelta(days=today.weekday()),
        **feeds_section(request, staff),
        off=own_time_off(request, site),
        off_form=TimeOffForm(auto_id="off_%s"),
        **section(request, staff),
    )


def own_time_off(request: Asked, site: Site) -> list[tuple[TimeOff, str, bool]]:
    """One's own requests to come and of late: the days, and whether it can be withdrawn."""
    now = timezone.now()
    mine = TimeOff.objects.filter(staff=own_staff(request), ends_at__gt=now - timedelta(days=14))
    return [
        (row, days_off(row, site), row.state in STANDING and row.ends_at > now)
        for row in mine.order_by("starts_at", "pk")[:40]
    ]


@require_POST
@signed_in
def ask_off(request: Asked) -> HttpResponse:
    """Ask for time off; it blocks nothing until somebody approves it."""
    require(request.user, "ask_time_off")
    staff, site = own_staff(request), _own_site(request)
    form = TimeOffForm(request.POST, auto_id="off_%s")
    if not form.is_valid():
        return _time_off(request, site, form, status=422)
    starts, ends = form.span(site.zone)
    try:
        ask_time_off(
            staff=staff,
            starts_at=starts,
            ends_at=ends,
            reason=form.cleaned_data["reason"],
            actor=actor(request),
            now=timezone.now(),
        )
    except ValidationError as wrong:
        for field, said in wrong.message_dict.items():
            form.add_error(field if field in form.fields else None, said)
        return _time_off(request, site, form, status=422)
    return _time_off(request, site, said="Asked. You see the answer here.")


@require_POST
@signed_in
def withdraw_off(request: Asked, pk: int) -> HttpResponse:
    """Take one's own request back, approved or not."""
    require(request.user, "ask_time_off")
    if not TimeOff.objects.filter(pk=pk, staff=own_staff(request)).exists():
        raise Http404
    try:
        withdraw_time_off(time_off=pk, actor=actor(request), now=timezone.now())
    except AlreadyAnswered as late:
        return _time_off(request, _own_site(request), late=str(late), status=409)
    return _time_off(request, _own_site(request), said="Withdrawn.")


def _own_site(request: Asked) -> Site:
    """Whose clock one's time off is told by."""
    site = usual_site(request)
    if site is None:
        raise Http404
    return site


def _time_off(
    request: Asked,
    site: Site,
    form: TimeOffForm | None = None,
    *,
    said: str = "",
    late: str = "",
    status: int = 200,
) -> HttpResponse:
    if not request.htmx:
        if said:
            messages.success(request, said)
        return redirect("desk:week")
    return part(
        request,
        "desk/me/time_off.html",
        status=status,
        off=own_time_off(request, site),
        off_form=form or TimeOffForm(auto_id="off_%s"),
        said=said,
        late=late,
        open=form is not None,
    )
