"""Staff: the list of a site, a person's page, somebody new, and who leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from api.desk import breaks
from api.desk.around import insists, to_the_plan
from api.desk.colleagues import (
    ROLES,
    STATES,
    Held,
    kind_words,
    next_days_on,
    protocol_needs,
    read_rows,
    read_standings,
    visits_ahead,
    worst_of,
)
from api.desk.forms import beside_the_fields
from api.desk.frame import Asked, actor, open_site, page, part, signed_in, sites_of, usual_site
from api.desk.meanwhile import Meanwhile, meanwhile, seen_in, theirs
from api.desk.people_forms import CredentialForm, StaffForm
from api.desk.shifts import in_words, told_short
from api.desk.telling import tell
from api.desk.validity import spans_of
from api.permissions import may
from clinic import journal
from clinic.finding import fold
from clinic.journal import ChangedMeanwhile
from clinic.models import Site, Staff, WeeklyHours
from clinic.services.invitations import open_invitations
from clinic.weeks import versions
from scheduling.errors import WouldBreakVisits
from scheduling.services.upkeep import save_staff

PER_PAGE = 40
FACTS = ("given_name", "family_name", "title", "email", "phone", "roles", "skills", "max_patients")


def managed(request: Asked) -> list[Site]:
    """The sites whose staff one may manage."""
    return [site for site in sites_of(request) if may(request.user, "manage_staff", site)]


def open_staff(request: Asked, pk: int) -> tuple[Staff, Site]:
    """Somebody at a site where one may manage staff, and that site; else 404."""
    found = Staff.objects.select_related("user").prefetch_related("sites").filter(pk=pk).first()
    theirs = {site.pk for site in found.sites.all()} if found else set()
    mine = [site for site in managed(request) if site.pk in theirs]
    if found is None or not mine:
        raise Http404
    usual = usual_site(request)
    return found, usual if usual in mine else mine[0]


@require_http_methods(["GET", "POST"])
@signed_in
def staff_list(request: Asked, site: int) -> HttpResponse:
    """Filters are the address; a name that is looked for is posted, and answers with the rows."""
    place = open_site(request, site, "manage_staff")
    asked = request.POST if request.method == "POST" else request.GET
    role = asked.get("role", "") if asked.get("role", "") in ROLES else ""
    state = asked.get("state", "") if asked.get("state", "") in STATES else ""
    left = asked.get("active") == "no"
    q = request.POST.get("q", "").replace("\0", " ").strip()[:100]
    now = timezone.now()
    today = now.astimezone(place.zone).date()
    people = [
        one
        for one in Staff.objects.filter(sites=place, active=not left)
        if (not role or role in one.roles) and _named(one, q)
    ]
    standings = read_standings(place, people, today)
    counts = Counter(worst_of(standings[one.pk]) for one in people)
    chosen = [one for one in people if not state or worst_of(standings[one.pk]) == state]
    shown = Paginator(chosen, PER_PAGE).get_page(asked.get("page"))
    context: dict[str, Any] = {
        "site": place,
        "rows": read_rows(place, list(shown), standings, now),
        "shown": shown,
        "q": q,
        "role": role,
        "state": state,
        "left": left,
        "filtered": bool(role or state or q or left),
    }
    if request.htmx:
        return part(request, "desk/manage/staff_rows.html", **context)
    return page(
        request,
        "desk/manage/staff_list.html",
        here="manage",
        tab="staff",
        roles=ROLES,
        counts=[(key, sign, counts[key]) for key, sign in STATES.items() if counts[key]],
        total=len(people),
        urgent=_urgent(standings),
        may_grant=may(request.user, "manage_setup"),
        **context,
    )


def _named(person: Staff, q: str) -> bool:
    told = fold(f"{person.name} {person.title} {person.email}")
    return all(word in told for word in fold(q).split())


def _urgent(standings: dict[int, list[Held]]) -> int:
    """How many credentials are missing, over, or end within 30 days."""
    return sum(one.state != "valid" for held in standings.values() for one in held)


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: Asked, site: int) -> HttpResponse:
    """Somebody new; their credentials and hours follow on their own page."""
    place = open_site(request, site, "manage_staff")
    form = StaffForm(
        request.POST or None,
        places=managed(request),
        lanes=place.nurse_lanes,
        initial={"sites": [str(place.pk)]},
    )
    if form.is_valid():
        try:
            made = save_staff(**_facts(form, []), actor=actor(request), now=timezone.now())
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        else:
            tell(request, f"{made.name} is on the staff. Now their credentials and hours.")
            return redirect("desk:staff", made.pk)
    return page(
        request,
        "desk/manage/staff_new.html",
        here="manage",
        tab="staff",
        site=place,
        form=form,
        status=422 if form.errors or request.method == "POST" else 200,
        **_choices(form),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def staff(request: Asked, staff: int) -> HttpResponse:
    """A person: who they are, what they hold, when they work, and how they leave."""
    found, place = open_staff(request, staff)
    if request.method == "GET":
        return person_page(request, found, place)
    places = managed(request)
    form = StaffForm(request.POST, places=places, lanes=place.nurse_lanes)
    more: dict[str, Any] = {}
    now = timezone.now()
    if form.is_valid():
        kept = [one for one in found.sites.all() if one not in places]
        try:
            save_staff(
                staff=found.pk,
                plan_around=insists(request, place),
                **_facts(form, kept),
                seen=seen_in(request),
                actor=actor(request),
                now=now,
            )
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        except WouldBreakVisits as error:
            more = {"breaks": breaks.shown(request, error)}
        except ChangedMeanwhile as error:
            it = _in_words(told_short(meanwhile(form, error, place), error))
            data = theirs(form, error)
            form = StaffForm(data, places=places, lanes=place.nurse_lanes)
            more = {"it": it, "seen": it.seen}
        else:
            if plan := to_the_plan(request, now):
                return plan
            name = f"{form.cleaned_data['given_name']} {form.cleaned_data['family_name']}"
            tell(request, f"Saved: {name}.", undo=f"staff:{found.pk}")
            return redirect("desk:staff", found.pk)
    found.refresh_from_db()
    return person_page(request, found, place, form=form, status=409 if more else 422, **more)


@require_POST
@signed_in
def leave(request: Asked, staff: int) -> HttpResponse:
    """They work here no more, or again. Refused while booked visits need them."""
    found, place = open_staff(request, staff)
    active, now = "back" in request.POST, timezone.now()
    try:
        save_staff(
            staff=found.pk,
            active=active,
            plan_around=insists(request, place),
            actor=actor(request),
            now=now,
        )
    except WouldBreakVisits as error:
        return person_page(request, found, place, status=409, leaving=breaks.shown(request, error))
    if plan := to_the_plan(request, now):
        return plan
    said = "works here again" if active else "works here no more"
    tell(request, f"{found.name} {said}.", undo=f"staff:{found.pk}")
    return redirect("desk:staff", found.pk)


def person_page(
    request: Asked,
    found: Staff,
    place: Site,
    *,
    form: StaffForm | None = None,
    credential_form: CredentialForm | None = None,
    seen: int | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """The whole page, with what was typed in the form that is being worked on."""
    now = timezone.now()
    today = now.astimezone(place.zone).date()
    places = managed(request)
    drawn = {field: getattr(found, field) for field in FACTS}
    drawn["sites"] = [str(site.pk) for site in found.sites.all()]
    form = form or StaffForm(initial=drawn, places=places, lanes=place.nurse_lanes)
    rows = list(found.credentials.all())
    held = read_standings(place, [found], today)[found.pk]
    choices = _choices(form)
    return page(
        request,
        "desk/manage/staff.html",
        here="manage",
        tab="staff",
        site=place,
        status=status,
        person=found,
        form=form,
        credential_form=credential_form or CredentialForm(auto_id="credential_%s"),
        seen=journal.newest(f"staff:{found.pk}") if seen is None else seen,
        held=held,
        asked_for=[
            (kind_words(kind), names)
            for kind, names in choices["needs"].credentials.items()
            if kind not in {one.kind for one in held}
        ],
        timeline=spans_of(rows, held, today),
        credentials=[(row, kind_words(row.kind)) for row in rows],
        elsewhere=[one for one in found.sites.all() if one not in places],
        hours=_week_of(found, place, today),
        next_on=next_days_on(place, [found.pk], now).get(found.pk),
        ahead=visits_ahead(found.pk, now),
        invitation=open_invitations(now).filter(staff=found).first(),
        may_grant=may(request.user, "manage_setup", place),
        kinds=_kinds(place, choices["needs"].credentials),
        **choices,
        **more,
    )


def _week_of(person: Staff, site: Site, day: date) -> tuple[str, ...]:
    """Their hours here in the week that holds on a day."""
    found = versions(list(WeeklyHours.objects.filter(staff=person, site=site)))
    return in_words(next(one for one in found if one.holds_on(day)).shifts)


def _facts(form: StaffForm, kept: Sequence[Site]) -> dict[str, Any]:
    """What was typed; sites beyond one's reach stay."""
    given = dict(form.cleaned_data)
    chosen = Site.objects.filter(pk__in=given.pop("sites"))
    return given | {"sites": [*chosen, *kept]}


def _choices(form: StaffForm) -> dict[str, Any]:
    """The skills to choose from: those that protocols ask for, and those that somebody has."""
    needs = protocol_needs()
    chosen = [str(one) for one in form["skills"].value() or ()]
    held = {skill for skills in Staff.objects.values_list("skills", flat=True) for skill in skills}
    others = sorted({*held, *chosen} - set(needs.skills) - {""})
    return {"needs": needs, "chosen": chosen, "other_skills": others}


def _kinds(site: Site, asked: Any) -> list[str]:
    """Kinds of credential that a role or a protocol needs, in words."""
    required = site.organisation.required_credentials
    return sorted({kind_words(kind) for kinds in [*required.values(), asked] for kind in kinds})


def _in_words(it: Meanwhile) -> Meanwhile:
    """Sites by their names, roles as the form calls them."""
    names = {str(site.pk): site.name for site in Site.objects.all()} | ROLES

    def words(text: str) -> str:
        return ", ".join(names.get(one, one) for one in text.split(", "))

    return replace(
        it,
        changes=tuple(
            replace(one, before=words(one.before), after=words(one.after))
            if one.field in ("Works at", "Roles")
            else one
            for one in it.changes
        ),
    )
