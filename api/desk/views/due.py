"""A patient's link to what is due: times to choose from, or when they had best be rung."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from api.desk.quiet import quiet, too_many
from api.desk.views.follow_ups import book_place
from api.rate import Limit
from clinic.journal import Actor
from scheduling.errors import ProposalExpired, ProposalUnknown, Refused
from scheduling.models import FollowUp
from scheduling.selectors.follow_ups import places_for
from scheduling.services.follow_ups import NotDue, ask_for_call
from scheduling.tokens import secret_hash

TRIES = Limit("follow-up", rate=0.2, burst=30)
PATIENT = Actor(name="patient, by link", door="link")
CALL_TIMES = {
    "morning": "Morning, before 12",
    "midday": "Midday, 12 to 14",
    "afternoon": "Afternoon, after 14",
}


@require_http_methods(["GET", "POST"])
def due(request: HttpRequest, secret: str) -> HttpResponse:
    """What is used up, over or unknown answers the same. Nothing on it says who or why."""
    if refused := too_many(request, TRIES):
        return refused
    row = _row(secret)
    now = timezone.now()
    if row is None or row.closes_on < now.astimezone(row.site.zone).date():
        return quiet(render(request, "desk/due/over.html", status=404))
    said = ""
    if request.method == "POST" and row.state == FollowUp.State.DUE:
        said = _take(request, row)
        if not said:
            return quiet(redirect("desk:due", secret))
    context: dict[str, Any] = {"row": row, "site": row.site, "said": said}
    if row.state == FollowUp.State.DUE and row.kind == FollowUp.Kind.VISIT:
        context["places"] = places_for(row, now=now, limit=6)
    if row.kind == FollowUp.Kind.TELEPHONE:
        context["times"] = CALL_TIMES
        context["wished"] = CALL_TIMES.get(row.note.removeprefix(WISH))
    if row.appointment:
        context["starts"] = row.appointment.starts_at.astimezone(row.site.zone)
    return quiet(render(request, "desk/due/due.html", context, status=409 if said else 200))


WISH = "Best time to ring: "


def _take(request: HttpRequest, row: FollowUp) -> str:
    """What the patient chose; why not, when that could not be."""
    try:
        if row.kind == FollowUp.Kind.TELEPHONE and request.POST.get("ring") in CALL_TIMES:
            wish = WISH + request.POST["ring"]
            ask_for_call(follow_up=row.pk, wish=wish, actor=PATIENT, now=timezone.now())
        elif row.kind == FollowUp.Kind.VISIT:
            book_place(row, request.POST.get("place", ""), actor=PATIENT, now=timezone.now())
    except Refused:
        return "Somebody has just taken this time. Here are others."
    except (ProposalExpired, ProposalUnknown):
        return "These times were too old. Here are fresh ones."
    except NotDue:
        return ""
    return ""


def _row(secret: str) -> FollowUp | None:
    rows = FollowUp.objects.select_related(
        "site", "patient", "protocol_version", "appointment", "after"
    )
    return rows.filter(secret_hash=secret_hash(secret)).first()
