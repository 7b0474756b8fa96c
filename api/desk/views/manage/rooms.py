"""Rooms: what they can be used for, in which order the board shows them, when they are out."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from api.desk import breaks
from api.desk.around import insists, to_the_plan
from api.desk.forms import beside_the_fields
from api.desk.frame import Asked, actor, open_site, page, signed_in
from api.desk.meanwhile import meanwhile, seen_in, theirs
from api.desk.place_forms import NewRoomsForm, OutOfServiceForm, RoomForm
from api.desk.places import known_capabilities, outages, room_rows, uses_of_capabilities
from api.desk.telling import tell
from api.permissions import may
from clinic import journal
from clinic.journal import ChangedMeanwhile
from clinic.models import Absence, Room, Site
from scheduling.errors import WouldBreakVisits
from scheduling.services.upkeep import (
    add_absence,
    add_rooms,
    order_rooms,
    remove_absence,
    save_room,
)


def open_room(request: Asked, pk: int) -> Room:
    """A room that one may manage, or 404."""
    room = Room.objects.select_related("site__organisation").filter(pk=pk).first()
    if room is None or not may(request.user, "manage_places", room.site):
        raise Http404
    return room


@require_safe
@signed_in
def rooms(request: Asked, site: int) -> HttpResponse:
    """Every room in the board's order; those not in use below."""
    place = open_site(request, site, "manage_places")
    everything = list(Room.objects.filter(site=place))
    used = [room for room in everything if room.active]
    return page(
        request,
        "desk/manage/rooms.html",
        here="manage",
        tab="rooms",
        site=place,
        rows=room_rows(place, used, timezone.now()),
        unused=[room for room in everything if not room.active],
    )


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: Asked, site: int) -> HttpResponse:
    """One room, or several alike."""
    place = open_site(request, site, "manage_places")
    form = NewRoomsForm(request.POST or None)
    if form.is_valid():
        taken = Room.objects.filter(site=place).values_list("name", flat=True)
        names = form.names(taken)
        given = form.cleaned_data
        try:
            add_rooms(
                names=names,
                facts={
                    "site": place,
                    "capabilities": given["capabilities"],
                    "chairs": given["chairs"],
                    "turnover_minutes": given["turnover_minutes"],
                },
                actor=actor(request),
                now=timezone.now(),
            )
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        else:
            tell(request, f"Added: {', '.join(names)}.")
            return redirect("desk:rooms", place.pk)
    return page(
        request,
        "desk/manage/room_new.html",
        here="manage",
        tab="rooms",
        site=place,
        form=form,
        chosen=form["capabilities"].value() or [],
        known=known_capabilities(place),
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
@signed_in
def room(request: Asked, room: int) -> HttpResponse:
    """A room: correct it, say when it is out of service, take it out of use."""
    found = open_room(request, room)
    if request.method == "GET":
        return _page(request, found)
    form = RoomForm(request.POST)
    more: dict[str, Any] = {}
    now = timezone.now()
    if form.is_valid():
        try:
            save_room(
                room=found.pk,
                plan_around=insists(request, found.site),
                **form.cleaned_data,
                seen=seen_in(request),
                actor=actor(request),
                now=now,
            )
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        except WouldBreakVisits as error:
            more = {"breaks": breaks.shown(request, error)}
        except ChangedMeanwhile as error:
            it = meanwhile(form, error, found.site)
            form, more = RoomForm(theirs(form, error)), {"it": it, "seen": it.seen}
        else:
            if plan := to_the_plan(request, now):
                return plan
            tell(request, f"Saved: {form.cleaned_data['name']}.", undo=f"room:{found.pk}")
            return redirect("desk:rooms", found.site_id)
    return _page(request, found, form=form, status=409 if more else 422, **more)


@require_POST
@signed_in
def use(request: Asked, room: int) -> HttpResponse:
    """Take a room out of use for good, or back into it."""
    found = open_room(request, room)
    active, now = "use" in request.POST, timezone.now()
    try:
        save_room(
            room=found.pk,
            active=active,
            plan_around=insists(request, found.site),
            actor=actor(request),
            now=now,
        )
    except WouldBreakVisits as error:
        return _page(request, found, status=409, closing=breaks.shown(request, error))
    if plan := to_the_plan(request, now):
        return plan
    said = "is in use again" if active else "is not in use any more"
    tell(request, f"{found.name} {said}.", undo=f"room:{found.pk}")
    return redirect("desk:rooms", found.site_id)


@require_POST
@signed_in
def out(request: Asked, room: int) -> HttpResponse:
    """Out of service for some time; refused, with the list, when visits are booked in it."""
    found = open_room(request, room)
    now = timezone.now()
    form = OutOfServiceForm(request.POST)
    more: dict[str, Any] = {}
    if form.is_valid():
        starts, ends = form.span(found.site.zone)
        try:
            made = add_absence(
                resource=found.pk,
                starts_at=starts,
                ends_at=ends,
                reason=form.cleaned_data["reason"],
                plan_around=insists(request, found.site),
                actor=actor(request),
                now=now,
            )
        except WouldBreakVisits as error:
            more = {"out_breaks": breaks.shown(request, error)}
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        else:
            if plan := to_the_plan(request, now):
                return plan
            tell(request, f"{found.name} is out of service then.", undo=f"absence:{made.pk}")
            return redirect("desk:room", found.pk)
    return _page(request, found, out=form, status=409 if more else 422, **more)


@require_POST
@signed_in
def back(request: Asked, room: int, room_absence: int) -> HttpResponse:
    """In service again."""
    found = open_room(request, room)
    if not Absence.objects.filter(pk=room_absence, resource=found.pk).exists():
        raise Http404
    remove_absence(absence=room_absence, actor=actor(request), now=timezone.now())
    tell(request, f"{found.name} is in service then.", undo=f"absence:{room_absence}")
    return redirect("desk:room", found.pk)


@require_POST
@signed_in
def move(request: Asked, room: int) -> HttpResponse:
    """One place up or down on the board."""
    found = open_room(request, room)
    order = list(Room.objects.filter(site=found.site, active=True).values_list("pk", flat=True))
    at = order.index(found.pk) if found.pk in order else 0
    to = at + (1 if "down" in request.POST else -1)
    if found.pk in order and 0 <= to < len(order):
        order[at], order[to] = order[to], order[at]
        order_rooms(site=found.site_id, rooms=order, actor=actor(request), now=timezone.now())
    return redirect("desk:rooms", found.site_id)


def _page(
    request: Asked,
    found: Room,
    *,
    form: RoomForm | None = None,
    out: OutOfServiceForm | None = None,
    seen: int | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    site: Site = found.site
    if seen is None:
        seen = seen_in(request)
    if seen is None:
        seen = journal.newest(f"room:{found.pk}")
    now = timezone.now()
    fields = {name: getattr(found, name) for name in RoomForm.base_fields}
    today = now.astimezone(site.zone).date()
    form = form or RoomForm(initial=fields)
    return page(
        request,
        "desk/manage/room.html",
        here="manage",
        tab="rooms",
        site=site,
        status=status,
        room=found,
        form=form,
        chosen=form["capabilities"].value() or [],
        known=known_capabilities(site),
        uses=uses_of_capabilities(),
        out=out or OutOfServiceForm(initial={"first": today, "last": today}),
        outages=outages(site, [found.pk], now)[found.pk],
        seen=seen,
        **more,
    )
