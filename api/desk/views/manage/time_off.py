"""Time off: who waits for an answer, and the answers."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from api.desk import breaks as in_the_way
from api.desk.around import insists, to_the_plan
from api.desk.calendars import site_conflicts
from api.desk.forms import as_id, beside_the_fields
from api.desk.frame import Asked, actor, open_site, page, signed_in, sites_of
from api.desk.hours_forms import AnswerForm, GiveTimeOffForm
from api.desk.telling import tell
from api.desk.time_off import answered, may_decide, waiting
from api.permissions import NotPermitted, may
from clinic.models import Site, Staff, TimeOff
from scheduling.errors import WouldBreakVisits
from scheduling.services.time_off import (
    AlreadyAnswered,
    approve_time_off,
    decline_time_off,
    give_time_off,
    withdraw_time_off,
)


@require_http_methods(["GET", "POST"])
@signed_in
def time_off(request: Asked, site: int) -> HttpResponse:
    """Who waits, what was answered, and time off entered for somebody."""
    place = open_site(request, site, "decide_time_off")
    if request.method == "GET":
        return listed(request, place)
    now = timezone.now()
    form = GiveTimeOffForm(request.POST, people=_people(place))
    extra: dict[str, Any] = {}
    if form.is_valid():
        person = Staff.objects.prefetch_related("sites").get(pk=form.cleaned_data["staff"])
        starts, ends = form.span(place.zone)
        try:
            if not may_decide(request.user, person):
                message = "Somebody else decides on your own time off. Ask for it in My week."
                raise ValidationError({"staff": message})
            give_time_off(
                staff=person.pk,
                starts_at=starts,
                ends_at=ends,
                reason=form.cleaned_data["reason"],
                plan_around=insists(request, place),
                actor=actor(request),
                now=now,
            )
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        except WouldBreakVisits as error:
            extra = {"give_breaks": in_the_way.shown(request, error)}
        else:
            if plan := to_the_plan(request, now):
                return plan
            tell(request, f"{person.name} is off.")
            return redirect("desk:time-off", place.pk)
    return listed(request, place, give=form, status=422, **extra)


@require_POST
@signed_in
def approve(request: Asked, time_off: int) -> HttpResponse:
    """The person is off, unless booked visits need them: then these are listed."""
    row, place = _request(request, time_off)
    now = timezone.now()
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return listed(request, place, answering=row.pk, answer=form, status=422)
    try:
        approve_time_off(
            time_off=row.pk,
            answer=form.cleaned_data["answer"],
            plan_around=insists(request, place),
            actor=actor(request),
            now=now,
        )
    except WouldBreakVisits as error:
        found = in_the_way.shown(request, error)
        return listed(request, place, answering=row.pk, answer=form, breaks=found, status=422)
    except AlreadyAnswered as late:
        return listed(request, place, late=str(late), status=409)
    if plan := to_the_plan(request, now):
        return plan
    tell(request, f"{row.staff.name} is off.")
    return redirect("desk:time-off", place.pk)


@require_POST
@signed_in
def decline(request: Asked, time_off: int) -> HttpResponse:
    """No, with a word."""
    row, place = _request(request, time_off)
    form = AnswerForm(request.POST)
    try:
        if form.is_valid():
            decline_time_off(
                time_off=row.pk,
                answer=form.cleaned_data["answer"],
                actor=actor(request),
                now=timezone.now(),
            )
    except ValidationError as wrong:
        beside_the_fields(form, wrong)
    except AlreadyAnswered as late:
        return listed(request, place, late=str(late), status=409)
    if form.errors:
        return listed(request, place, answering=row.pk, answer=form, status=422)
    tell(request, f"Declined; {row.staff.name} sees your word.")
    return redirect("desk:time-off", place.pk)


@require_POST
@signed_in
def withdraw(request: Asked, time_off: int) -> HttpResponse:
    """What was approved is taken back: they work as their week says."""
    row, place = _request(request, time_off)
    try:
        withdraw_time_off(time_off=row.pk, actor=actor(request), now=timezone.now())
    except AlreadyAnswered as late:
        return listed(request, place, late=str(late), status=409)
    tell(request, f"{row.staff.name} works as usual then.")
    return redirect("desk:time-off", place.pk)


def _request(request: Asked, pk: int) -> tuple[TimeOff, Site]:
    """The request and the site of it where one decides; NotPermitted on one's own, mostly."""
    rows = TimeOff.objects.select_related("staff").prefetch_related("staff__sites")
    row = get_object_or_404(rows, pk=pk)
    theirs = {site.pk for site in row.staff.sites.all()}
    mine = [site for site in sites_of(request) if site.pk in theirs]
    mine = [site for site in mine if may(request.user, "decide_time_off", site)]
    if not mine or not may_decide(request.user, row.staff):
        raise NotPermitted("decide_time_off")
    last = request.session.get("site")
    return row, next((site for site in mine if site.pk == last), mine[0])


def _people(site: Site) -> list[Staff]:
    return list(Staff.objects.filter(sites=site, active=True))


def listed(
    request: Asked,
    place: Site,
    *,
    give: GiveTimeOffForm | None = None,
    answering: int = 0,
    answer: AnswerForm | None = None,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    """The page, with the form that is being worked on as it was typed."""
    now = timezone.now()
    done, pages = answered(request.user, place, now, request.GET.get("page", "1"))
    person = as_id(request.GET.get("staff", ""))
    people = _people(place)
    return page(
        request,
        "desk/manage/time_off.html",
        here="manage",
        site=place,
        tab="time-off",
        status=status,
        waiting=waiting(request.user, place, now),
        done=done,
        pages=pages,
        give=give or GiveTimeOffForm(people=people, initial={"staff": person or None}),
        answering=answering,
        answer=answer or AnswerForm(),
        now=now,
        conflicts=site_conflicts(request, place, now),
        **extra,
    )
