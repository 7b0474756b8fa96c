"""Sites: which there are, what they are, the week in which they are open."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from api.desk import breaks
from api.desk.around import insists, to_the_plan
from api.desk.forms import beside_the_fields
from api.desk.frame import Asked, actor, open_site, page, signed_in, sites_of
from api.desk.meanwhile import meanwhile, seen_in, theirs
from api.desk.opening import OpeningForm
from api.desk.place_forms import ClosureForm, OrganisationForm, SiteForm
from api.desk.places import holidays_ahead, site_rows
from api.desk.telling import tell
from api.permissions import NotPermitted, may, sites_for
from clinic import journal
from clinic.journal import ChangedMeanwhile
from clinic.models import Closure, Organisation, Site, Travel
from scheduling.errors import WouldBreakVisits
from scheduling.services.organisations import save_organisation
from scheduling.services.upkeep import save_site, set_opening_hours


@require_safe
@signed_in
def sites(request: Asked) -> HttpResponse:
    """Every site that one manages."""
    mine = managed_sites(request)
    reach = sites_for(request.user, "manage_places")
    return page(
        request,
        "desk/manage/sites.html",
        here="manage",
        tab="sites",
        rows=site_rows(mine, timezone.now()),
        everywhere=reach.everywhere,
        organisation=Organisation.objects.first(),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: Asked) -> HttpResponse:
    """A further site of the organisation; for who manages every site."""
    organisation = _organisation(request)
    first = managed_sites(request)[:1]
    initial = {"keeps_public_holidays": True}
    if first:
        initial |= {name: getattr(first[0], name) for name in ("country", "time_zone")}
    form = SiteForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            made = save_site(
                organisation=organisation,
                **form.cleaned_data,
                actor=actor(request),
                now=timezone.now(),
            )
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        else:
            tell(request, f"Added: {made.name}. Say when it is open.")
            return redirect("desk:site", made.pk)
    status = 422 if form.errors else 200
    return page(
        request,
        "desk/manage/site_new.html",
        here="manage",
        tab="sites",
        form=form,
        status=status,
    )


@require_http_methods(["GET", "POST"])
@signed_in
def organisation(request: Asked) -> HttpResponse:
    """The name of all, and what its people must hold."""
    found = _organisation(request)
    kinds = {role: ", ".join(held) for role, held in found.required_credentials.items()}
    form = OrganisationForm(request.POST or None, initial={"name": found.name} | kinds)
    more: dict[str, Any] = {}
    if form.is_valid():
        try:
            save_organisation(
                organisation=found.pk,
                name=form.cleaned_data["name"],
                required_credentials=form.required_credentials(),
                seen=seen_in(request),
                actor=actor(request),
                now=timezone.now(),
            )
        except WouldBreakVisits as error:
            more = {"breaks": breaks.shown(request, error)}
        except ChangedMeanwhile as error:
            site = sites_of(request)[0]
            it = meanwhile(form, error, site)
            form, more = OrganisationForm(theirs(form, error)), {"it": it, "seen": it.seen}
        else:
            tell(request, "Saved.")
            return redirect("desk:sites")
    drawn = seen_in(request)
    newest = journal.newest(f"organisation:{found.pk}")
    more.setdefault("seen", newest if drawn is None else drawn)
    status = 409 if "it" in more or "breaks" in more else 422 if form.errors else 200
    return page(
        request,
        "desk/manage/organisation.html",
        here="manage",
        tab="sites",
        form=form,
        status=status,
        **more,
    )


@require_http_methods(["GET", "POST"])
@signed_in
def about(request: Asked, site: int) -> HttpResponse:
    """One site: its facts; posted, they are corrected."""
    place = open_site(request, site, "manage_places")
    if request.method == "GET":
        return site_page(request, place)
    form = SiteForm(request.POST)
    more: dict[str, Any] = {}
    if form.is_valid():
        try:
            save_site(
                site=place.pk,
                **form.cleaned_data,
                seen=seen_in(request),
                actor=actor(request),
                now=timezone.now(),
            )
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        except WouldBreakVisits as error:
            more = {"breaks": breaks.shown(request, error)}
        except ChangedMeanwhile as error:
            it = meanwhile(form, error, place)
            form, more = SiteForm(theirs(form, error)), {"it": it, "seen": it.seen}
        else:
            tell(request, "Saved.", undo=f"site:{place.pk}")
            return redirect("desk:site", place.pk)
    return site_page(request, place, form=form, status=409 if more else 422, **more)


@require_POST
@signed_in
def opening(request: Asked, site: int) -> HttpResponse:
    """The week in which the site is open."""
    place = open_site(request, site, "manage_places")
    week = OpeningForm.read(request.POST)
    more: dict[str, Any] = {}
    now = timezone.now()
    if not week.errors:
        try:
            set_opening_hours(
                site=place.pk,
                openings=week.openings,
                plan_around=insists(request, place),
                seen=seen_in(request),
                actor=actor(request),
                now=now,
            )
        except ValidationError as wrong:
            week.errors += wrong.messages
        except WouldBreakVisits as error:
            more = {"week_breaks": breaks.shown(request, error)}
        except ChangedMeanwhile as error:
            it = meanwhile(Form({}), error, place)
            hours = [entry for entry in error.entries if "hours" in entry.after]
            if hours:
                week = week.with_theirs(place, hours[0].before["hours"])
            more = {"week_it": it, "seen": it.seen}
        else:
            if plan := to_the_plan(request, now):
                return plan
            tell(request, "Opening hours saved.", undo=f"site:{place.pk}")
            return redirect("desk:site", place.pk)
    return site_page(request, place, week=week, status=409 if more else 422, **more)


def managed_sites(request: Asked) -> list[Site]:
    """The sites that one manages; NotPermitted for who manages none."""
    mine = [site for site in sites_of(request) if may(request.user, "manage_places", site)]
    if not mine and not sites_for(request.user, "manage_places"):
        raise NotPermitted("manage_places")
    return mine


def _organisation(request: Asked) -> Organisation:
    """The organisation, for who manages all of it."""
    if not sites_for(request.user, "manage_places").everywhere:
        raise NotPermitted("manage_places")
    found = Organisation.objects.first()
    if found is None:
        raise Http404
    return found


def site_page(
    request: Asked,
    place: Site,
    *,
    form: SiteForm | None = None,
    week: OpeningForm | None = None,
    closure: ClosureForm | None = None,
    seen: int | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """A site's page, with what was typed and why it was refused."""
    if seen is None:
        seen = seen_in(request)
    if seen is None:
        seen = journal.newest(f"site:{place.pk}")
    now = timezone.now()
    today = now.astimezone(place.zone).date()
    fields = {name: getattr(place, name) for name in SiteForm.base_fields}
    away = {
        row.other_id if row.site_id == place.pk else row.site_id: row.minutes
        for row in Travel.objects.filter(site=place) | Travel.objects.filter(other=place)
    }
    others = [(one, away.get(one.pk)) for one in sites_of(request) if one.pk != place.pk]
    closures = Closure.objects.filter(site=place, opens_anyway=False, last__gte=today)
    return page(
        request,
        "desk/manage/site.html",
        here="manage",
        tab="sites",
        site=place,
        status=status,
        form=form or SiteForm(initial=fields),
        week=week or OpeningForm.of(place),
        closure=closure or ClosureForm(),
        closures=closures.order_by("first"),
        holidays=holidays_ahead(place, today),
        others=others,
        here_now=now.astimezone(place.zone),
        seen=seen,
        **more,
    )
