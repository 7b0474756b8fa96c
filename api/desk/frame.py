"""What surrounds every page: site switch, rail, person; and the one way to render a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.messages import get_messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.gzip import gzip_page
from django_htmx.http import HttpResponseClientRefresh, trigger_client_event

from api.desk.manage import Tab, tabs_of
from api.desk.money.tabs import money_tabs
from api.permissions import NotPermitted, may, sites_for, staff_id
from clinic.journal import Actor
from clinic.models import Patient, Site, User

PHONE_PLACES = 5


class Asked(HttpRequest):
    """A request of somebody signed in."""

    user: User
    htmx: Any
    sites: tuple[Site, ...]
    told: bool


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the rail."""

    name: str
    label: str
    icon: str
    url: str
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where one is, who one is and where one may go. `day` is set on pages about a date."""

    site: Site | None
    sites: tuple[Site, ...]
    here: str
    rail: tuple[Place, ...]
    person: str
    initials: str
    roles: str
    today: date
    day: date | None
    may_search: bool
    may_add: bool
    may_book: bool
    may_call_out: bool
    may_set_up: bool
    may_administer: bool
    tabs: tuple[Tab, ...]
    money: tuple[Tab, ...]
    has_week: bool
    demo: bool

    @property
    def beyond_phone(self) -> tuple[Place, ...]:
        """The places that a phone's bar has no room for."""
        return self.rail[PHONE_PLACES:] if len(self.rail) > PHONE_PLACES else ()

    @property
    def zone(self) -> str:
        """EST, EDT: how the site's clock is called today."""
        return timezone.now().astimezone(self.site.zone).tzname() or "" if self.site else ""

    @property
    def previous(self) -> date | None:
        return self.day and self.day - timedelta(days=1)

    @property
    def next(self) -> date | None:
        return self.day and self.day + timedelta(days=1)


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Signed-in people only: a page leads to the sign-in, a part answers 401 and is not swapped.

    Answers are compressed: a full board is a tenth of its size then. Django pads what it compresses
    and masks its token, so that the size gives nothing in it away.
    """
    page_view = gzip_page(login_required(view))

    @wraps(view)
    def answer(request: Asked, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.htmx and not request.user.is_authenticated:
            return HttpResponse(status=401)
        try:
            return page_view(request, *args, **kwargs)
        except ObjectDoesNotExist as gone:
            # What the page was drawn with was there; somebody took it away in the meantime.
            raise Http404 from gone

    return answer


def sites_of(request: Asked) -> tuple[Site, ...]:
    """The sites of somebody's grants, by name: one query a request."""
    if not hasattr(request, "sites"):
        reach = sites_for(request.user, "see_sites")
        mine = Site.objects.filter(reach.q("pk")).select_related("organisation")
        request.sites = tuple(mine) if reach else ()
    return request.sites


def open_site(request: Asked, pk: int, *actions: str) -> Site:
    """The site of that id, where any of the actions is allowed; 404 or NotPermitted."""
    site = next((site for site in sites_of(request) if site.pk == pk), None)
    if site is None:
        if Site.objects.filter(pk=pk).exists():
            raise NotPermitted(actions[0])
        raise Http404
    if not any(may(request.user, action, site) for action in actions):
        raise NotPermitted(actions[0])
    if request.session.get("site") != pk:
        request.session["site"] = pk
    return site


def usual_site(request: Asked) -> Site | None:
    """Where somebody last was, else the first of their sites."""
    sites = sites_of(request)
    last = request.session.get("site")
    return next((site for site in sites if site.pk == last), sites[0] if sites else None)


def actor(request: Asked) -> Actor:
    return Actor(
        name=request.user.email or request.user.username, door="desk", user=request.user.pk
    )


def frame(request: Asked, here: str, site: Site | None, day: date | None) -> Frame:
    user = request.user
    site = site or usual_site(request)
    name = user.get_full_name() or user.email
    has_week = staff_id(user) is not None
    return Frame(
        site=site,
        sites=sites_of(request),
        here=here,
        rail=tuple(_rail(user, site, has_week)),
        person=name,
        initials="".join(part[0] for part in name.split()[:2]).upper(),
        roles=", ".join(sorted({grant.get_role_display() for grant in user.grants.all()})),
        today=timezone.now().astimezone(site.zone).date() if site else timezone.now().date(),
        day=day,
        may_search=may(user, "see_patients") or may(user, "see_own_patients"),
        may_add=may(user, "manage_patients", site),
        may_book=may(user, "book_series", site),
        may_call_out=may(user, "report_absence", site),
        may_set_up=may(user, "manage_setup"),
        may_administer=user.is_staff and sites_for(user, "manage_setup").everywhere,
        tabs=tuple(tabs_of(user, site)) if site else (),
        money=tuple(money_tabs(user, site)) if site else (),
        has_week=has_week,
        demo=_in_a_demo(request, here),
    )


def _in_a_demo(request: Asked, here: str) -> bool:
    """Whether the patients are a demo's: asked on the day board, once a sign-in."""
    if here == "day" and "demo" not in request.session:
        request.session["demo"] = Patient.objects.filter(is_demo=True).exists()
    return bool(request.session.get("demo", False))


def _rail(user: User, site: Site | None, has_week: bool) -> list[Place]:
    places = []
    if site:
        if may(user, "see_day", site) or may(user, "see_own_day", site):
            url = reverse("desk:today", args=[site.pk])
            places.append(Place("day", "Day", "layout-grid", url, "g d"))
            url = reverse("desk:live-desk", args=[site.pk])
            places.append(Place("live", "Live", "activity", url, "g v"))
        if may(user, "record_rounds", site):
            url = reverse("desk:rounds", args=[site.pk])
            places.append(Place("rounds", "Rounds", "heart-pulse", url, "g r"))
        if may(user, "book_series", site):
            url = reverse("desk:book", args=[site.pk])
            places.append(Place("book", "Book", "calendar-plus", url, "b"))
        if may(user, "see_patients", site) or may(user, "see_own_patients", site):
            url = reverse("desk:patients", args=[site.pk])
            places.append(Place("patients", "Patients", "users", url, "g p"))
        if may(user, "see_series", site) or may(user, "see_own_patients", site):
            url = reverse("desk:series-list", args=[site.pk])
            places.append(Place("series", "Series", "list", url, "g s"))
        if may(user, "see_waitlist", site):
            url = reverse("desk:waitlist", args=[site.pk])
            places.append(Place("waitlist", "Waitlist", "hourglass", url, "g l"))
        if may(user, "see_coverage", site):
            url = reverse("desk:cover-today", args=[site.pk])
            places.append(Place("cover", "Cover", "hand-heart", url, "g c"))
        if may(user, "see_follow_ups", site):
            url = reverse("desk:follow-ups", args=[site.pk])
            places.append(Place("follow-ups", "Follow-ups", "clipboard-list", url, "g f"))
    if site and may(user, "see_messages", site):
        url = reverse("desk:messages", args=[site.pk])
        places.append(Place("messages", "Messages", "bell", url, "g e"))
    if site and (money := money_tabs(user, site)):
        places.append(Place("money", "Billing", "receipt", money[0].url, "g i"))
    if site and may(user, "see_reports", site):
        url = reverse("desk:reports", args=[site.pk])
        places.append(Place("reports", "Reports", "chart-line", url, "g n"))
    if site and (tabs := tabs_of(user, site)):
        places.append(Place("manage", "Set-up", "settings", tabs[0].url, "g m"))
    if has_week:
        places.append(Place("week", "My week", "calendar-days", reverse("desk:week"), "g w"))
    return places


def page(
    request: Asked,
    template: str,
    *,
    here: str = "",
    site: Site | None = None,
    day: date | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """A whole page in its frame. Nothing of it is kept by a browser or a proxy."""
    context["frame"] = shown = frame(request, here, site, day)
    context.setdefault("site", shown.site)
    return kept_nowhere(render(request, template, context, status=status))


def part(request: Asked, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """A piece of a page, for htmx. What was told while it was made is said with it."""
    response = kept_nowhere(render(request, template, context, status=status))
    if getattr(request, "told", False):
        _say(request, response)
    return response


def only_said(request: Asked) -> HttpResponse:
    """No page and no part: what was told, for a board that asks for itself what has changed."""
    return _say(request, kept_nowhere(HttpResponse(status=204)))


def _say(request: Asked, response: HttpResponse) -> HttpResponse:
    said = [{"text": str(one), "undo": one.extra_tags} for one in get_messages(request)]
    return trigger_client_event(response, "said", {"toasts": said})


def behind(request: Asked, address: str, *args: Any) -> HttpResponse:
    """The page behind a dialog anew; without htmx, the page of that address."""
    return HttpResponseClientRefresh() if request.htmx else redirect(address, *args)


def kept_nowhere(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, no_store=True, private=True)
    return response
