"""Setting a clinic up: a step a page, from the name of the clinic to the first booking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.views import login as allauth_login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from api.desk import breaks
from api.desk.forms import as_day, beside_the_fields
from api.desk.founding import (
    KEYS,
    USUAL_WORDS,
    Progress,
    cards,
    in_a_year,
    in_words,
    needed,
    nobody_yet,
    progress,
    said,
)
from api.desk.frame import Asked, actor, kept_nowhere, page, signed_in
from api.desk.opening import OpeningForm
from api.desk.places import holidays_ahead
from api.desk.start_forms import FoundingForm, HireRows, RoomRows
from api.permissions import require, sites_for
from clinic.models import OpeningHours, Organisation, Room, Site, Staff
from clinic.selectors import next_open_day
from scheduling.errors import WouldBreakVisits
from scheduling.selectors.protocols import current_versions
from scheduling.selectors.readiness import readiness
from scheduling.services.founding import (
    RowWrong,
    choose_protocols,
    found_site,
    hire,
    keep_rooms,
    open_site,
)

USUAL_WEEK = [(day, "08:00", "18:00") for day in range(5)]
USUAL_ROOMS = [
    *({"name": f"Room {n}", "capabilities": ["infusion"]} for n in range(1, 5)),
    {"name": "Therapy A", "capabilities": ["therapy", "consult"]},
    {"name": "Therapy B", "capabilities": ["therapy", "consult"]},
]
USUAL_PEOPLE = ("prescriber", "therapist", "therapist", "monitoring_nurse", "monitoring_nurse")
Answer = Callable[[Asked, Progress], HttpResponse]


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page; while nobody can sign in, the page that says how to begin."""
    if not request.user.is_authenticated and nobody_yet():
        return redirect("desk:start")
    return allauth_login(request)


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Where an empty database leads; for who sets up, the step that is next."""
    if not request.user.is_authenticated and nobody_yet():
        return kept_nowhere(render(request, "desk/start/empty.html"))
    return _next(request)


@signed_in
def _next(request: Asked) -> HttpResponse:
    now = progress()
    require(request.user, "manage_setup", now.site)
    return redirect("desk:start-step", now.next)


@require_http_methods(["GET", "POST"])
@signed_in
def step(request: Asked, start_step: str) -> HttpResponse:
    """One step, drawn or saved, of the first site: for who sets that one up."""
    now = progress()
    require(request.user, "manage_setup", now.site)
    if start_step not in KEYS:
        raise Http404
    if now.site is None and start_step != "clinic":
        return redirect("desk:start-step", "clinic")
    return ANSWERS[start_step](request, now)


def _clinic(request: Asked, now: Progress) -> HttpResponse:
    initial: dict[str, Any] = {}
    if now.site:
        initial = {name: getattr(now.site, name, "") for name in FoundingForm.base_fields}
        initial["organisation"] = now.site.organisation.name
    elif named := Organisation.objects.first():
        initial["organisation"] = named.name
    form = FoundingForm(request.POST or None, initial=initial)
    everywhere = sites_for(request.user, "manage_setup").everywhere
    form.fields["organisation"].disabled = now.site is not None and not everywhere
    more: dict[str, Any] = {}
    if form.is_valid():
        try:
            found_site(**form.cleaned_data, actor=actor(request), now=timezone.now())
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        except WouldBreakVisits as no:
            more = {"breaks": breaks.shown(request, no)}
        else:
            return redirect("desk:start-step", "hours")
    return _page(request, now, "clinic", form=form, guess=now.site is None, **more)


def _hours(request: Asked, now: Progress) -> HttpResponse:
    site = _site(now)
    today = timezone.now().astimezone(site.zone).date()
    saved = OpeningHours.objects.filter(site=site)
    usual = [OpeningHours(weekday=d, opens=_clock(o), closes=_clock(c)) for d, o, c in USUAL_WEEK]
    week = OpeningForm.made(saved or usual)
    more: dict[str, Any] = {}
    if request.method == "POST":
        week = OpeningForm.read(request.POST)
        if not week.rows:
            week.errors = ["Say at least one day on which the clinic opens."]
    ahead = holidays_ahead(site, today, weekdays=[row.day for row in week.rows])
    if request.method == "POST" and not week.errors:
        days = [as_day(text) for text in request.POST.getlist("open")]
        try:
            open_site(
                site=site.pk,
                openings=week.openings,
                open_on=[day for day in days if day],
                holidays=[one.day for one in ahead],
                actor=actor(request),
                now=timezone.now(),
            )
        except ValidationError as wrong:
            week.errors = wrong.messages
        except WouldBreakVisits as no:
            more = {"breaks": breaks.shown(request, no)}
        else:
            return redirect("desk:start-step", "protocols")
    return _page(request, now, "hours", week=week, holidays=ahead, **more)


def _clock(text: str) -> Any:
    return OpeningHours._meta.get_field("opens").to_python(text)


def _protocols(request: Asked, now: Progress) -> HttpResponse:
    error = ""
    if request.method == "POST":
        offered = {card.key for card in cards()}
        if chosen := offered.intersection(request.POST.getlist("protocol")):
            choose_protocols(keys=chosen, actor=actor(request), now=timezone.now())
            return redirect("desk:start-step", "rooms")
        error = "Choose at least one treatment. Others can follow at any time."
    return _page(request, now, "protocols", cards=cards(), error=error)


def _rooms(request: Asked, now: Progress) -> HttpResponse:
    site = _site(now)
    rooms = list(Room.objects.filter(site=site, active=True))
    wanted = needed([version.definition for version in current_versions()])
    words = sorted(
        {*USUAL_WORDS, *wanted.capabilities, *(w for room in rooms for w in room.capabilities)}
    )
    initial = [_kept(room) for room in rooms] or USUAL_ROOMS
    rows = RoomRows(request.POST or None, initial=initial, form_kwargs={"words": words})
    more: dict[str, Any] = {}
    if rows.is_bound and rows.is_valid():
        kept = [form for form in rows if form not in rows.deleted_forms]
        told = [(form.cleaned_data.pop("room"), _facts(form.cleaned_data)) for form in kept]
        if not told:
            more["error"] = "A clinic needs at least one room."
        try:
            if told:
                keep_rooms(site=site.pk, rooms=told, actor=actor(request), now=timezone.now())
        except RowWrong as wrong:
            _beside(kept[wrong.row], wrong.error)
        except WouldBreakVisits as no:
            more["breaks"] = breaks.shown(request, no)
        else:
            if told:
                return redirect("desk:start-step", "staff")
    asked = in_words(wanted) if wanted.roles else ""
    return _page(request, now, "rooms", rows=rows, asked=asked, **more)


def _kept(room: Room) -> dict[str, Any]:
    names = ("name", "capabilities", "chairs", "turnover_minutes")
    return {"room": room.pk} | {name: getattr(room, name) for name in names}


def _facts(given: dict[str, Any]) -> Any:
    return {name: value for name, value in given.items() if name not in ("room", "DELETE")}


def _staff(request: Asked, now: Progress) -> HttpResponse:
    site = _site(now)
    today = timezone.now().astimezone(site.zone).date()
    people = list(Staff.objects.filter(sites=site, active=True))
    wanted = needed([version.definition for version in current_versions()])
    usual = {"expires_on": in_a_year(today)}
    empty = [
        usual | {"role": role, "life_support": role != "therapist" and bool(wanted.held)}
        for role in ((*USUAL_PEOPLE,) if not people else ())
    ]
    rows = HireRows(request.POST or None, initial=empty, form_kwargs={"empty_permitted": True})
    error = ""
    if rows.is_bound and rows.is_valid():
        kept = [form for form in rows if form.has_changed() and form not in rows.deleted_forms]
        try:
            if kept:
                hire(
                    site=site.pk,
                    people=[form.person() for form in kept],
                    since=today,
                    actor=actor(request),
                    now=timezone.now(),
                )
        except RowWrong as wrong:
            _beside(kept[wrong.row], wrong.error)
        else:
            if kept or people:
                return redirect("desk:start-step", "check")
            error = "Add at least one colleague: visits need people."
    context = {"rows": rows, "people": people, "error": error, "usual": usual["expires_on"]}
    context["asked"] = in_words(wanted) if wanted.roles else ""
    return _page(request, now, "staff", **context)


def _beside(form: Any, wrong: ValidationError) -> None:
    told = wrong.message_dict
    for field, messages in told.items():
        form.add_error(field if field in form.fields else None, messages)


def _check(request: Asked, now: Progress) -> HttpResponse:
    site = _site(now)
    moment = timezone.now()
    found = readiness(site=site, versions=current_versions(), now=moment)
    shown = [(one, [said(lack) for lack in one.lacks]) for one in found]
    ready = sorted((one.first, n) for n, one in enumerate(found) if one.first)
    today = moment.astimezone(site.zone).date()
    return _page(
        request,
        now,
        "check",
        shown=shown,
        best=found[ready[0][1]] if ready else None,
        opens=next_open_day(site, today),
    )


ANSWERS: dict[str, Answer] = {
    "clinic": _clinic,
    "hours": _hours,
    "protocols": _protocols,
    "rooms": _rooms,
    "staff": _staff,
    "check": _check,
}


def _site(now: Progress) -> Site:
    assert now.site is not None
    return now.site


def _page(request: Asked, now: Progress, key: str, **context: Any) -> HttpResponse:
    index = KEYS.index(key)
    return page(
        request,
        f"desk/start/{key}.html",
        here="manage",
        site=now.site,
        progress=now,
        step=now.steps[index],
        number=index + 1,
        back=KEYS[index - 1] if index else "",
        status=422 if request.method == "POST" else 200,
        **context,
    )
