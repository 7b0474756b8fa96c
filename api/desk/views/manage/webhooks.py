"""Webhooks: which programs are told of what happens, how that goes, what is sent again."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from api.desk.forms import beside_the_fields
from api.desk.frame import Asked, actor, page, signed_in, sites_of, usual_site
from api.desk.telling import tell
from api.desk.webhooks import STANDS, EndpointForm, groups, line_of, shown
from api.permissions import NotPermitted, require, sites_for
from api.webhooks import delivery
from api.webhooks.endpoints import (
    NotReplayable,
    change_endpoint,
    create_endpoint,
    remove_endpoint,
    replay_dead,
    replay_one,
    rotate_secret,
    standing,
)
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from clinic.models import Site

PER_PAGE = 40
FACTS = ("url", "description", "site", "detail", "types")


def open_endpoint(request: Asked, pk: int, action: str) -> WebhookEndpoint:
    """One of one's sites (one of every site only for who has them all); 404, NotPermitted."""
    require(request.user, action)
    row = standing().filter(sites_for(request.user, action).q(), pk=pk).first()
    if row is None:
        raise Http404
    return row


@require_safe
@signed_in
def listed(request: Asked) -> HttpResponse:
    """Every endpoint in use, with what waits and what died."""
    require(request.user, "see_webhooks")
    rows = list(standing().filter(sites_for(request.user, "see_webhooks").q()).order_by("pk"))
    return page(
        request,
        "desk/manage/webhooks/list.html",
        here="manage",
        tab="webhooks",
        rows=shown(rows, _here(request).zone),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: Asked) -> HttpResponse:
    """Add an endpoint; its secret is shown this once."""
    require(request.user, "manage_webhooks")
    reach = sites_for(request.user, "manage_webhooks")
    places = [site for site in sites_of(request) if site in reach]
    drawn = {"detail": "ids", "site": None if reach.everywhere else places[0].pk}
    form = EndpointForm(
        request.POST or None,
        initial=drawn,
        places=places,
        every=reach.everywhere,
        details=_details(request),
    )
    if form.is_valid():
        facts = form.cleaned_data
        try:
            _may_reveal(request, facts["detail"], facts["site"])
            made, secret = create_endpoint(**facts, actor=actor(request), now=timezone.now())
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        else:
            return _secret(request, made, secret)
    return page(
        request,
        "desk/manage/webhooks/new.html",
        here="manage",
        tab="webhooks",
        form=form,
        groups=groups(),
        chosen=form["types"].value() or [],
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
@signed_in
def endpoint(request: Asked, endpoint: int) -> HttpResponse:
    """One endpoint: correct it, see how it does."""
    if request.method == "GET":
        return _page(request, open_endpoint(request, endpoint, "see_webhooks"))
    found = open_endpoint(request, endpoint, "manage_webhooks")
    form = _form(request, found, request.POST)
    if form.is_valid():
        facts = {name: form.cleaned_data[name] for name in FACTS if name != "site"}
        try:
            _may_reveal(request, facts["detail"], found.site_id)
            change_endpoint(endpoint=found.pk, **facts, actor=actor(request), now=timezone.now())
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        else:
            tell(request, "Saved.")
            return redirect("desk:webhook", found.pk)
    return _page(request, found, form=form, status=422)


@require_POST
@signed_in
def turn(request: Asked, endpoint: int) -> HttpResponse:
    """Pause it, or turn it on again with everything that waits."""
    found = open_endpoint(request, endpoint, "manage_webhooks")
    on = "on" in request.POST
    change_endpoint(endpoint=found.pk, active=on, actor=actor(request), now=timezone.now())
    tell(request, "It is on: what waited is sent now." if on else "Paused: what happens waits.")
    return redirect("desk:webhook", found.pk)


@require_POST
@signed_in
def rotate(request: Asked, endpoint: int) -> HttpResponse:
    """A new secret, shown this once."""
    found = open_endpoint(request, endpoint, "manage_webhooks")
    row, secret = rotate_secret(endpoint=found.pk, actor=actor(request), now=timezone.now())
    return _secret(request, row, secret, until=row.old_until)


@require_POST
@signed_in
def test(request: Asked, endpoint: int) -> HttpResponse:
    """Send a test and show what was answered."""
    found = open_endpoint(request, endpoint, "manage_webhooks")
    return _page(request, found, said=delivery.send_test(endpoint=found, clock=timezone.now))


@require_POST
@signed_in
def remove(request: Asked, endpoint: int) -> HttpResponse:
    """Nothing is sent there any more."""
    found = open_endpoint(request, endpoint, "manage_webhooks")
    remove_endpoint(endpoint=found.pk, actor=actor(request), now=timezone.now())
    tell(request, "Removed: nothing is sent there any more.")
    return redirect("desk:webhooks")


@require_POST
@signed_in
def replay_all(request: Asked, endpoint: int) -> HttpResponse:
    """Send again all that could not be delivered."""
    found = open_endpoint(request, endpoint, "manage_webhooks")
    count = replay_dead(endpoint=found.pk, actor=actor(request), now=timezone.now())
    tell(request, f"{count} event{'' if count == 1 else 's'} will be sent again, in order.")
    return redirect("desk:webhook", found.pk)


@require_POST
@signed_in
def replay(request: Asked, webhook_delivery: int) -> HttpResponse:
    """Send one event again."""
    row = WebhookDelivery.objects.filter(pk=webhook_delivery).first()
    require(request.user, "manage_webhooks")
    if row is None:
        raise Http404
    found = open_endpoint(request, row.endpoint_id, "manage_webhooks")
    try:
        replay_one(delivery=row.pk, actor=actor(request), now=timezone.now())
    except NotReplayable as no:
        tell(request, str(no))
    else:
        tell(request, "It will be sent again.")
    return redirect("desk:webhook", found.pk)


def _page(
    request: Asked,
    found: WebhookEndpoint,
    *,
    form: EndpointForm | None = None,
    said: delivery.Outcome | None = None,
    status: int = 200,
) -> HttpResponse:
    zone = (found.site or _here(request)).zone
    [row] = shown([found], zone)
    stand = request.GET.get("stand", "")
    counts = {"dead": row.dead, "waiting": row.waiting}
    counts["delivered"] = found.deliveries.filter(state="delivered").count()
    if stand not in STANDS:
        stand = next((one for one in STANDS if counts[one]), "delivered")
    lines = found.deliveries.filter(state__in=STANDS[stand][1]).order_by("-pk")
    some = Paginator(lines, PER_PAGE).get_page(request.GET.get("page"))
    form = form or _form(request, found)
    return page(
        request,
        "desk/manage/webhooks/endpoint.html",
        here="manage",
        tab="webhooks",
        row=row,
        endpoint=found,
        form=form,
        groups=groups(),
        chosen=form["types"].value() or [],
        said=said,
        stand=stand,
        stands=[(name, sign, counts[name]) for name, (sign, _) in STANDS.items()],
        shown=some,
        lines=[line_of(one, zone) for one in some],
        total=sum(counts.values()),
        status=status,
    )


def _form(request: Asked, found: WebhookEndpoint, posted: Any = None) -> EndpointForm:
    """The site stands: what was lined up is of it."""
    place = [found.site] if found.site else []
    data = None
    if posted is not None:
        data = posted.copy()
        data["site"] = str(found.site_id or "")
    drawn = {name: getattr(found, name) for name in FACTS}
    details = _details(request, found.detail)
    return EndpointForm(
        data,
        initial=drawn | {"site": found.site_id},
        places=place,
        every=found.site is None,
        details=details,
    )


def _details(request: Asked, now: str = "ids") -> list[str]:
    """What may be told; all of it for who sees what somebody is treated for."""
    full = now == "full" or bool(sites_for(request.user, "see_care"))
    return ["ids", "full"] if full else ["ids"]


def _may_reveal(request: Asked, detail: str, site: int | None) -> None:
    reach = sites_for(request.user, "see_care")
    if detail == "full" and not (reach.everywhere if site is None else site in reach):
        raise ValidationError({"detail": str(NotPermitted("see_care"))})


def _secret(request: Asked, row: WebhookEndpoint, secret: str, until: Any = None) -> HttpResponse:
    zone = (row.site or _here(request)).zone
    return page(
        request,
        "desk/manage/webhooks/secret.html",
        here="manage",
        tab="webhooks",
        endpoint=row,
        secret=secret,
        until=until and until.astimezone(zone),
    )


def _here(request: Asked) -> Site:
    site = usual_site(request)
    if site is None:
        raise Http404
    return site
