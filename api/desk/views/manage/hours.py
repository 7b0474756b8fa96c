"""When people work: everybody's week, and the editor of one person's hours at a site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from api.desk import breaks as in_the_way
from api.desk.around import insists, to_the_plan
from api.desk.forms import as_day, as_id
from api.desk.frame import Asked, actor, open_site, page, part, signed_in, sites_of
from api.desk.hours_forms import ExceptionForm, OnCallForm, Row, WeekForm
from api.desk.meanwhile import meanwhile, seen_in
from api.desk.roster import ROLE_LABELS, length, read_roster
from api.desk.shifts import later_than, minutes_at, read_person_hours, told_short
from api.desk.telling import tell
from api.permissions import NotPermitted, may
from clinic import journal
from clinic.journal import ChangedMeanwhile
from clinic.models import AvailabilityException, OnCall, Site, Staff
from clinic.services.hours import WEEKDAYS
from clinic.services.on_call import add_on_call, remove_on_call
from clinic.weeks import week_minutes
from scheduling.errors import WouldBreakVisits
from scheduling.models import Claim
from scheduling.services.upkeep import add_exception, remove_exception
from scheduling.services.weeks import preview_weekly_hours, share_weekly_hours


@require_safe
@signed_in
def hours(request: Asked, site: int) -> HttpResponse:
    """Everybody's week around `?from=`, of one role with `?role=`."""
    place = open_site(request, site, "manage_staff")
    today = timezone.now().astimezone(place.zone).date()
    begin = as_day(request.GET.get("from", "")) or today
    role = request.GET.get("role", "")
    role = role if role in ROLE_LABELS else ""
    monday = begin - timedelta(days=begin.weekday())
    return page(
        request,
        "desk/manage/hours.html",
        here="manage",
        site=place,
        tab="hours",
        roster=read_roster(place, monday, role),
        role=role,
        roles={key: label for key, label in ROLE_LABELS.items() if key},
        today=today,
        this_monday=today - timedelta(days=today.weekday()),
    )


@dataclass(frozen=True, slots=True)
class Bench:
    """Whose hours are on the table, where, and how far somebody got with them."""

    person: Staff
    site: Site
    today: date

    @property
    def url(self) -> str:
        return f"{reverse('desk:staff-hours', args=[self.person.pk])}?site={self.site.pk}"

    def colleagues(self) -> list[Staff]:
        return list(Staff.objects.filter(sites=self.site, active=True).exclude(pk=self.person.pk))


def bench(request: Asked, staff: int, site: int = 0) -> Bench:
    """The person, at the site that is asked for or else the first where one may."""
    person = get_object_or_404(Staff.objects.prefetch_related("sites"), pk=staff)
    theirs = {site.pk for site in person.sites.all()}
    asked = site or as_id(request.POST.get("site", "") or request.GET.get("site", ""))
    mine = [site for site in sites_of(request) if site.pk in theirs]
    mine = [site for site in mine if may(request.user, "manage_staff", site)]
    if not mine:
        raise NotPermitted("manage_staff")
    place = next((site for site in mine if site.pk == asked), None if asked else mine[0])
    if place is None:
        raise Http404
    open_site(request, place.pk, "manage_staff")
    return Bench(person, place, timezone.now().astimezone(place.zone).date())


@require_http_methods(["GET", "POST"])
@signed_in
def staff_hours(request: Asked, staff: int) -> HttpResponse:
    """The editor, and the save of a whole week from a date on, for one person or several."""
    it = bench(request, staff)
    if request.method == "GET":
        return editor(request, it)
    form = WeekForm(request.POST, today=it.today, colleagues=it.colleagues())
    seen, now = seen_in(request), timezone.now()
    extra: dict[str, Any] = {}
    if form.is_valid():
        people = [it.person.pk, *form.cleaned_data["also"]]
        try:
            share_weekly_hours(
                people=people,
                site=it.site.pk,
                shifts=form.shifts,
                since=form.cleaned_data["since"],
                plan_around=len(people) == 1 and insists(request, it.site),
                actor=actor(request),
                now=now,
                seen=seen,
            )
        except ValidationError as wrong:
            form.add_error(None, wrong.messages)
        except WouldBreakVisits as error:
            extra = {
                "breaks": in_the_way.shown(request, error),
                "whose": whose(error, people),
                "around": len(people) == 1 and may(request.user, "report_absence", it.site),
            }
        except ChangedMeanwhile as error:
            notice = told_short(meanwhile(form, error, it.site), error)
            seen, extra = notice.seen, {"notice": notice}
        else:
            if plan := to_the_plan(request, now):
                return plan
            alone = f"staff:{it.person.pk}" if len(people) == 1 else ""
            tell(request, _saved(it.person, people), undo=alone)
            return redirect(f"{it.url}&from={form.cleaned_data['since'].isoformat()}")
    return editor(request, it, week=form, seen=seen, status=422, **extra)


def _saved(person: Staff, people: Sequence[int]) -> str:
    others = len(people) - 1
    if not others:
        return f"{person.name}’s hours are saved."
    return f"The week is saved for {person.name} and {others} other{'s'[: others > 1]}."


def whose(error: WouldBreakVisits, people: Sequence[int]) -> list[tuple[str, int]]:
    """How many of the visits in the way each person takes part in; empty for one person."""
    if len(people) < 2:
        return []
    held: dict[int, set[int]] = {pk: set() for pk in people}
    claims = Claim.objects.filter(
        resource__in=people, appointment__in={visit for visit, _ in error.breaks}
    )
    for person, visit in claims.values_list("resource_id", "appointment_id"):
        held[person].add(visit or 0)
    names = {row.pk: row.name for row in Staff.objects.filter(pk__in=people)}
    return [(names[pk], len(visits)) for pk, visits in held.items() if visits]


@require_POST
@signed_in
def preview(request: Asked, staff: int) -> HttpResponse:
    """What saving would do, beside the editor; nothing is kept of it."""
    it = bench(request, staff)
    form = WeekForm(request.POST, today=it.today, colleagues=it.colleagues())
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        since, people = form.cleaned_data["since"], [it.person.pk, *form.cleaned_data["also"]]
        found = preview_weekly_hours(
            people=people, site=it.site.pk, shifts=form.shifts, since=since, now=timezone.now()
        )
        broken = WouldBreakVisits(found.breaks)
        after, before = week_minutes(form.shifts), minutes_at(it.person, it.site, since)
        context |= {
            "found": found,
            "breaks": in_the_way.shown(request, broken) if found.breaks else [],
            "whose": whose(broken, people) if found.breaks else [],
            "since": since,
            "after": length(after),
            "before": length(before),
            "differs": length(abs(after - before)) if after != before else "",
            "is_more": after > before,
            "replaced": later_than(it.person, it.site, since),
        }
    status = 200 if form.is_valid() else 422
    return part(request, "desk/manage/hours_preview.html", status=status, **context)


@require_POST
@signed_in
def exception(request: Asked, staff: int) -> HttpResponse:
    """One date that differs from the week."""
    it = bench(request, staff)
    form = ExceptionForm(request.POST)
    extra: dict[str, Any] = {}
    now = timezone.now()
    if form.is_valid():
        try:
            row = add_exception(
                staff=it.person.pk,
                site=it.site.pk,
                **form.facts(),
                plan_around=insists(request, it.site),
                actor=actor(request),
                now=now,
            )
        except ValidationError as wrong:
            form.add_error(None, wrong.messages)
        except WouldBreakVisits as error:
            extra = {
                "day_breaks": in_the_way.shown(request, error),
                "day_around": may(request.user, "report_absence", it.site),
            }
        else:
            if plan := to_the_plan(request, now):
                return plan
            tell(request, "The day is saved.", undo=f"exception:{row.pk}")
            return redirect(f"{it.url}&month={row.date:%Y-%m}#days")
    return editor(request, it, day=form, status=422, **extra)


@require_POST
@signed_in
def forget_exception(request: Asked, exception: int) -> HttpResponse:
    """The day is as the week says again; more hours are not taken from under a visit."""
    row = get_object_or_404(AvailabilityException, pk=exception)
    it = bench(request, row.staff_id, row.site_id)
    try:
        remove_exception(exception=row.pk, actor=actor(request), now=timezone.now())
    except WouldBreakVisits as error:
        return editor(request, it, status=422, day_breaks=in_the_way.shown(request, error))
    tell(request, "The day is as the week says again.", undo=f"exception:{exception}")
    return redirect(f"{it.url}&month={row.date:%Y-%m}#days")


@require_POST
@signed_in
def on_call(request: Asked, staff: int) -> HttpResponse:
    """Hours in which somebody can be called."""
    it = bench(request, staff)
    form = OnCallForm(request.POST)
    if form.is_valid():
        starts, ends = form.span(it.site.zone)
        try:
            add_on_call(
                staff=it.person.pk,
                site=it.site.pk,
                starts_at=starts,
                ends_at=ends,
                note=form.cleaned_data["note"],
                actor=actor(request),
                now=timezone.now(),
            )
        except ValidationError as wrong:
            form.add_error(None, wrong.messages)
        else:
            tell(request, f"{it.person.name} is on call.")
            return redirect(f"{it.url}#on-call")
    return editor(request, it, call=form, status=422)


@require_POST
@signed_in
def forget_on_call(request: Asked, on_call: int) -> HttpResponse:
    row = get_object_or_404(OnCall, pk=on_call)
    it = bench(request, row.staff_id, row.site_id)
    remove_on_call(on_call=row.pk, actor=actor(request), now=timezone.now())
    tell(request, f"{it.person.name} is not on call then.")
    return redirect(f"{it.url}#on-call")


def editor(
    request: Asked,
    it: Bench,
    *,
    week: WeekForm | None = None,
    day: ExceptionForm | None = None,
    call: OnCallForm | None = None,
    seen: int | None = None,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    """The whole page, with what was typed in the form that is being worked on."""
    since = max(as_day(request.GET.get("from", "")) or it.today, it.today)
    month = as_day(f"{request.GET.get('month', '')}-01") or it.today
    known = read_person_hours(it.person, it.site, since=since, month=month, now=timezone.now())
    facts = {"today": it.today, "colleagues": it.colleagues()}
    picked = as_day(request.GET.get("day", ""))
    return page(
        request,
        "desk/manage/staff_hours.html",
        here="manage",
        site=it.site,
        tab="hours",
        status=status,
        person=it.person,
        url=it.url,
        known=known,
        week=week or WeekForm.drawn(known.drawn.shifts, since, **facts),
        is_new=week is None,
        total=length(known.drawn.minutes),
        later=later_than(it.person, it.site, since),
        blank=Row(),
        weekdays=[(str(number), name) for number, name in enumerate(WEEKDAYS)],
        seen=journal.newest(f"staff:{it.person.pk}") if seen is None else seen,
        day_form=day or ExceptionForm(initial={"day": picked, "working": "less"}),
        call_form=call or OnCallForm(auto_id="call_%s"),
        places=[site for site in it.person.sites.all() if may(request.user, "manage_staff", site)],
        today=it.today,
        may_decide=may(request.user, "decide_time_off", it.site),
        **extra,
    )
