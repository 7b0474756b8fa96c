"""The cover of a day: who watches whom, given, swapped, balanced, rested and signed for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from api.desk import words
from api.desk.board import Hours
from api.desk.cover import phase_of, pictures, read_cover
from api.desk.forms import DeskForm, TimeInput, as_id
from api.desk.frame import Asked, actor, behind, kept_nowhere, open_site, page, part, signed_in
from api.desk.people import shown_name
from api.desk.telling import tell
from api.desk.views.day import asked_view
from api.permissions import may, require, staff_id
from clinic.models import Site, Staff
from clinic.selectors import next_open_day
from clinic.spans import moment
from scheduling.daybook.monitoring import Monitoring
from scheduling.errors import Refused, WouldBreakVisits
from scheduling.models import Appointment
from scheduling.planner.day import CoverTask
from scheduling.planner.monitoring import hand_overs
from scheduling.planner.plans import Refusal
from scheduling.planner.protocols import NURSE
from scheduling.selectors.monitoring import preview_balance, read_monitoring, refusals_of
from scheduling.services.floating import give_break, join_float
from scheduling.services.monitoring import (
    balance,
    give_monitoring,
    sign_hand_over,
    swap_nurses,
)

LATEST_MINUTE = 2_000_000_000


class Stretch(DeskForm):
    """A nurse and hours of the day."""

    nurse = forms.TypedChoiceField(coerce=int)
    starts = forms.TimeField(label="From", widget=TimeInput())
    ends = forms.TimeField(label="To", widget=TimeInput())

    def __init__(self, people: list[tuple[int, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["nurse"].choices = people  # type: ignore[attr-defined]


class Swap(DeskForm):
    """Two nurses, and from when to when."""

    first = forms.TypedChoiceField(label="Nurse", coerce=int)
    second = forms.TypedChoiceField(label="Swaps with", coerce=int)
    starts = forms.TimeField(label="Phases that begin from", widget=TimeInput())
    ends = forms.TimeField(label="Up to", widget=TimeInput(), required=False)

    def __init__(self, people: list[tuple[int, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("first", "second"):
            self.fields[name].choices = people  # type: ignore[attr-defined]


@require_safe
@signed_in
def today(request: Asked, site: int) -> HttpResponse:
    """Today, or the next day on which the site opens."""
    place = open_site(request, site, "see_coverage")
    here = timezone.now().astimezone(place.zone).date()
    return redirect("desk:cover", place.pk, next_open_day(place, here) or here)


@require_safe
@signed_in
def sheet(request: Asked, site: int, day: date) -> HttpResponse:
    place = open_site(request, site, "see_coverage")
    now = timezone.now()
    ahead = day >= now.astimezone(place.zone).date()
    return page(
        request,
        "desk/cover/cover.html",
        here="cover",
        site=place,
        day=day,
        sheet=read_cover(request.user, place, day, now),
        view=asked_view(request),
        may_assign=ahead and may(request.user, "assign_nurses", place),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def give(request: Asked, visit: int) -> HttpResponse:
    """Whom the patient could go to from a phase on, and why not to the others."""
    found = _visit(request, visit, "assign_nurses")
    day = _day(found)
    at = as_id(str(request.POST.get("at") or request.GET.get("at", "")))
    now = timezone.now()
    if request.method == "POST":
        nurse = as_id(request.POST.get("nurse", ""))
        alone = "alone" in request.POST
        try:
            if at is None or nurse is None or at > LATEST_MINUTE:
                raise ValidationError("Choose a nurse.")
            monitoring = read_monitoring(site=found.site, day=day, now=now)
            until = next((one.end for one in monitoring.of(visit) if one.start == at), None)
            give_monitoring(
                appointment=visit,
                at=moment(at),
                nurse=nurse,
                until=moment(until) if alone and until else None,
                actor=actor(request),
                now=now,
            )
        except (Refused, ValidationError, Staff.DoesNotExist) as no:
            return _give(request, found, at, reasons(no))
        name = shown_name(request.user, found.patient, found.site)
        taker = Staff.objects.get(pk=nurse).name
        tell(request, f"Given: {name} to {taker}.", undo=f"appointment:{visit}")
        return behind(request, "desk:cover", found.site_id, day)
    return _give(request, found, at, [])


@require_safe
@signed_in
def targets(request: Asked, visit: int) -> HttpResponse:
    """For a drag: why each nurse cannot have the patient from a phase on; "" where they can."""
    found = _visit(request, visit, "assign_nurses")
    at = as_id(request.GET.get("at", ""))
    monitoring = read_monitoring(site=found.site, day=_day(found), now=timezone.now())
    answers = refusals_of(monitoring, _from(monitoring, visit, at))
    told = {str(nurse): no[0].message if no else "" for nurse, no in answers.items()}
    return kept_nowhere(JsonResponse(told))


@require_http_methods(["GET", "POST"])
@signed_in
def swap(request: Asked, site: int, day: date) -> HttpResponse:
    place = open_site(request, site, "assign_nurses")
    now = timezone.now()
    people = _nurses(read_monitoring(site=place, day=day, now=now))
    begins = {"starts": _soon(place, day, now)} | {
        name: people[number][0] for number, name in enumerate(("first", "second")[: len(people)])
    }
    form = Swap(people, request.POST or None, initial=begins)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        until = told["ends"] and datetime.combine(day, told["ends"], place.zone)
        try:
            moved = swap_nurses(
                site=place.pk,
                day=day,
                first=told["first"],
                second=told["second"],
                since=datetime.combine(day, told["starts"], place.zone),
                until=until or None,
                actor=actor(request),
                now=now,
            )
        except Refused as no:
            form.add_error(None, reasons(no))
        else:
            said = f"Swapped: {words.count(len(moved), 'phase')} changed hands."
            tell(request, said, undo=f"monitoring:{place.pk}")
            return behind(request, "desk:cover", place.pk, day)
    return _form(request, place, day, form, "swap")


@require_http_methods(["GET", "POST"])
@signed_in
def float_in(request: Asked, site: int, day: date) -> HttpResponse:
    """A float nurse joins for some hours."""
    place = open_site(request, site, "assign_nurses")
    now = timezone.now()
    people = [
        (one.pk, f"{one.name} · {', '.join(home.name for home in one.sites.all())}")
        for one in Staff.objects.filter(active=True)
        .filter(Q(sites=place) | Q(sites__organisation=place.organisation_id))
        .distinct()
        .prefetch_related("sites")
        if NURSE in one.roles
    ]
    starts = _soon(place, day, now)
    ends = starts.replace(hour=min(23, starts.hour + 2))
    form = Stretch(people, request.POST or None, initial={"starts": starts, "ends": ends})
    return _stretch(request, place, day, form, "float")


@require_http_methods(["GET", "POST"])
@signed_in
def rest(request: Asked, site: int, day: date) -> HttpResponse:
    """A nurse takes a break while others cover."""
    place = open_site(request, site, "assign_nurses")
    now = timezone.now()
    people = _nurses(read_monitoring(site=place, day=day, now=now))
    starts = _soon(place, day, now)
    whom = as_id(request.GET.get("nurse", ""))
    begins = {"nurse": whom, "starts": starts, "ends": starts.replace(minute=30)}
    form = Stretch(people, request.POST or None, initial=begins)
    return _stretch(request, place, day, form, "break")


@require_http_methods(["GET", "POST"])
@signed_in
def even_out(request: Asked, site: int, day: date) -> HttpResponse:
    """Before and after in two pictures; accepted, it is done as it was shown."""
    place = open_site(request, site, "assign_nurses")
    now = timezone.now()
    refused: list[str] = []
    if request.method == "POST":
        try:
            moved = balance(
                site=place.pk,
                day=day,
                plan=request.POST.get("plan", ""),
                actor=actor(request),
                now=now,
            )
        except Refused as no:
            refused = reasons(no)
        else:
            said = f"Balanced: {words.count(len(moved), 'phase')} changed hands."
            tell(request, said, undo=f"monitoring:{place.pk}")
            return behind(request, "desk:cover", place.pk, day)
    shown = preview_balance(site=place, day=day, now=now)
    monitoring = read_monitoring(site=place, day=day, now=now)
    spans = [
        (visit.starts_at.astimezone(place.zone), visit.ends_at.astimezone(place.zone))
        for visit in monitoring.visits
    ]
    hours = Hours.around(day, spans)
    return part(
        request,
        "desk/cover/balance.html",
        status=422 if refused else 200,
        site=place,
        day=day,
        shown=shown,
        pictures=pictures(shown, monitoring, hours),
        refused=refused,
    )


@require_http_methods(["GET", "POST"])
@signed_in
def sign(request: Asked, visit: int) -> HttpResponse:
    """Who takes over signs, with a word; whoever is in charge signs for them."""
    found = _visit(request, visit, "sign_hand_over")
    at = as_id(str(request.POST.get("at") or request.GET.get("at", "")))
    refused: list[str] = []
    now = timezone.now()
    if request.method == "POST":
        in_charge = may(request.user, "assign_nurses", found.site)
        try:
            if at is None or at > LATEST_MINUTE:
                raise ValidationError("It is not said which hand-over.")
            sign_hand_over(
                appointment=visit,
                at=moment(at),
                note=request.POST.get("note", "")[:1000],
                signer=None if in_charge else staff_id(request.user) or 0,
                actor=actor(request),
                now=now,
            )
        except (Refused, ValidationError) as no:
            refused = reasons(no)
        else:
            tell(request, "Signed for the hand-over.")
            return behind(request, "desk:cover", found.site_id, _day(found))
    monitoring = read_monitoring(site=found.site, day=_day(found), now=now)
    over = next((one for one in hand_overs(monitoring.of(visit)) if one.at == at), None)
    names = {person.id: person.name for person in monitoring.diary.people}
    return part(
        request,
        "desk/cover/sign.html",
        status=422 if refused else 200,
        visit=found,
        name=shown_name(request.user, found.patient, found.site),
        at=at,
        when=over and moment(over.at).astimezone(found.site.zone),
        giver=over and names.get(over.giver, "somebody"),
        taker=over and names.get(over.taker, "somebody"),
        refused=refused,
    )


def reasons(no: Exception) -> list[str]:
    """What a service said, in sentences."""
    if isinstance(no, Refused):
        return [refusal.message for refusal in no.refusals[:4]]
    if isinstance(no, WouldBreakVisits):
        return [message for _, message in no.breaks[:4]]
    return list(no.messages) if isinstance(no, ValidationError) else ["There is no such nurse."]


def _visit(request: Asked, pk: int, action: str) -> Appointment:
    found = (
        Appointment.objects.select_related("site__organisation", "patient").filter(pk=pk).first()
    )
    if found is None:
        raise Http404
    open_site(request, found.site_id, action)
    require(request.user, action, found.site)
    return found


def _day(visit: Appointment) -> date:
    return visit.starts_at.astimezone(visit.site.zone).date()


def _from(monitoring: Monitoring, visit: int, at: int | None) -> list[CoverTask]:
    return [task for task in monitoring.of(visit) if at is None or task.start >= at]


def _give(request: Asked, visit: Appointment, at: int | None, refused: list[str]) -> HttpResponse:
    monitoring = read_monitoring(site=visit.site, day=_day(visit), now=timezone.now())
    tasks = _from(monitoring, visit.pk, at)
    answers = refusals_of(monitoring, tasks) if tasks else {}
    shown = next((one for one in monitoring.visits if one.pk == visit.pk), visit)
    names = dict(_nurses(monitoring))
    holding = {task.nurse for task in tasks}
    return part(
        request,
        "desk/cover/give.html",
        status=422 if refused else 200,
        visit=visit,
        name=shown_name(request.user, visit.patient, visit.site),
        at=tasks[0].start if tasks else at,
        when=moment(tasks[0].start).astimezone(visit.site.zone) if tasks else None,
        phase=phase_of(shown, tasks[0]) if tasks else "",
        several=len(tasks) > 1,
        choices=[
            (nurse, names[nurse], _shortly(no, names[nurse]), holding == {nurse})
            for nurse, no in sorted(answers.items(), key=lambda one: names[one[0]])
        ],
        refused=refused,
    )


def _shortly(no: Sequence[Refusal], name: str) -> str:
    """The first reason, without the name that stands beside it."""
    if not no:
        return ""
    said = no[0].message.removeprefix(f"{name} ")
    return said[0].upper() + said[1:]


def _stretch(request: Asked, site: Site, day: date, form: Stretch, what: str) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        facts = {
            "site": site.pk,
            "day": day,
            "nurse": told["nurse"],
            "starts": told["starts"],
            "ends": told["ends"],
            "actor": actor(request),
            "now": timezone.now(),
        }
        moved = 0
        try:
            if what == "break":
                moved = len(give_break(**facts))
            else:
                join_float(**facts)
        except ValidationError as no:
            for field, wrong in no.message_dict.items():
                form.add_error(field if field in form.fields else None, wrong)
        except (Refused, WouldBreakVisits) as no:
            form.add_error(None, reasons(no))
        else:
            name = Staff.objects.get(pk=told["nurse"]).name
            hours = f"{told['starts']:%H:%M}–{told['ends']:%H:%M}"
            said = f"{name} joins {hours}." if what == "float" else f"{name} rests {hours}."
            if moved:
                said += f" {words.count(moved, 'phase')} changed hands."
            tell(request, said)
            return behind(request, "desk:cover", site.pk, day)
    return _form(request, site, day, form, what)


def _form(request: Asked, site: Site, day: date, form: DeskForm, what: str) -> HttpResponse:
    return part(
        request,
        "desk/cover/form.html",
        status=422 if form.errors else 200,
        site=site,
        day=day,
        form=form,
        what=what,
    )


def _nurses(monitoring: Monitoring) -> list[tuple[int, str]]:
    people = [(one.id, one.name) for one in monitoring.diary.people if one.duty.get(NURSE)]
    return sorted(people, key=lambda one: one[1])


def _soon(site: Site, day: date, now: datetime) -> time:
    """The next whole hour on the day, or nine o'clock on another."""
    here = now.astimezone(site.zone)
    hour = min(22, here.hour + 1) if here.date() == day else 9
    return time(hour)
