"""Move a visit: where it could be, what that would change, and doing it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from api.desk import words
from api.desk.forms import as_day
from api.desk.frame import Asked, actor, behind, kept_nowhere, page, part, signed_in
from api.desk.moves import Wanted, chips, refused, rows_of, said_of
from api.desk.telling import tell
from api.desk.views.visits import open_visit, shown
from api.permissions import may, require
from scheduling.errors import Refused
from scheduling.models import Appointment
from scheduling.selectors.moves import free_starts, legal_days, preview_move
from scheduling.services.moving import move_visit


@require_safe
@signed_in
def dialog(request: Asked, visit: int) -> HttpResponse:
    """The days on which it could be, and what the one asked for would change."""
    found = _open(request, visit)
    wanted = Wanted.read(request.GET, found)
    context = _context(request, found, wanted)
    try:
        days = legal_days(appointment=found.pk, now=timezone.now())
    except Refused as no:
        context["stays"] = [refusal.message for refusal in no.refusals]
        days = []
    context |= {"days": chips(days, found), "entry": shown(request, found)}
    if request.htmx:
        return part(request, "desk/moves/dialog.html", **context)
    return page(request, "desk/moves/page.html", here="day", site=found.site, **context)


@require_POST
@signed_in
def preview(request: Asked, visit: int) -> HttpResponse:
    """What the place in the form would change; nothing is saved."""
    found = _open(request, visit)
    wanted = Wanted.read(request.POST, found)
    return part(request, "desk/moves/preview.html", **_context(request, found, wanted))


@require_POST
@signed_in
def move(request: Asked, visit: int) -> HttpResponse:
    """Move it, and what follows; the page behind then shows it."""
    found = _open(request, visit)
    wanted = Wanted.read(request.POST, found)
    insists = "insist" in request.POST
    if insists:
        require(request.user, "override_rules", found.site)
        if not wanted.reason:
            wanted.errors["reason"] = "Say why: whoever reads the journal will want to know."
    if not wanted.errors:
        try:
            changes = move_visit(
                appointment=found.pk,
                starts_at=wanted.starts_at(found.site),
                wish=wanted.wish,
                cascade=not wanted.alone,
                override=wanted.reason if insists else "",
                actor=actor(request),
                now=timezone.now(),
            )
        except (Refused, ValidationError):
            pass
        else:
            tell(request, said_of(changes), undo=f"appointment:{found.pk}")
            return behind(request, "desk:visit", found.pk)
    context = _context(request, found, wanted) | {"tried": True}
    context |= {"days": [], "entry": shown(request, found)}
    return part(request, "desk/moves/dialog.html", status=422, **context)


@require_safe
@signed_in
def places(request: Asked, visit: int) -> HttpResponse:
    """For a drag: the days it could be on, and the free starts of the day on the board."""
    found = _open(request, visit)
    now = timezone.now()
    try:
        days = legal_days(appointment=found.pk, now=now, limit=10)
    except Refused as no:
        return kept_nowhere(JsonResponse({"stays": str(no)}))
    day = as_day(request.GET.get("day", ""))
    starts = free_starts(appointment=found.pk, day=day, now=now) if day else []
    answer = {
        "days": [
            {"day": one.date().isoformat(), "at": words.clock(one), "label": words.day(one)}
            for one in days
        ],
        "starts": [words.clock(one) for one in starts],
    }
    return kept_nowhere(JsonResponse(answer))


def _open(request: Asked, pk: int) -> Appointment:
    found = open_visit(request, pk)
    require(request.user, "move_visit", found.site)
    return found


def _context(request: Asked, visit: Appointment, wanted: Wanted) -> dict[str, Any]:
    """The form, and what it would change or why it cannot be."""
    may_override = may(request.user, "override_rules", visit.site)
    context: dict[str, Any] = {
        "visit": visit,
        "wanted": wanted,
        "wished": wanted.wished(visit.site),
    }
    if wanted.errors:
        return context
    starts_at = wanted.starts_at(visit.site)
    if starts_at == visit.starts_at and wanted.wish is None:
        return context | {"unmoved": True}
    try:
        changes = preview_move(
            appointment=visit.pk,
            starts_at=starts_at,
            wish=wanted.wish,
            cascade=not wanted.alone,
            now=timezone.now(),
        )
    except Refused as no:
        return context | {"nothing": refused(no, may_override=may_override)}
    return context | {"rows": rows_of(changes, visit)}
