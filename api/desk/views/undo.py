"""Taking the last action back."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import (
    HttpResponseClientRedirect,
    HttpResponseClientRefresh,
    trigger_client_event,
)

from api.desk import words
from api.desk.forms import as_id
from api.desk.frame import Asked, actor, kept_nowhere, only_said, signed_in, usual_site
from api.desk.telling import may_undo, tell
from clinic.journal import ChangedMeanwhile
from clinic.models import Journal
from scheduling.errors import Refused, WouldBreakVisits
from scheduling.services.undoing import NotUndoable
from scheduling.services.undoing import undo as take_back

NOTHING = "There is nothing to undo any more."
DONE = {
    "moved": "Moved back, with all that followed.",
    "status": "Taken back: it stands as it did before.",
    "done": "Due again.",
    "dropped": "Due again.",
    "visit.booked": "Undone. The visit is given up, and its place is free again.",
    "visit.cancelled": "Undone. The visit is booked again at its own place.",
    "series.booked": "Undone. The series is given up, and its places are free again.",
    "series.extended": "Undone. The visits are given up, and their places are free again.",
    "series.cancelled": "Undone. Every visit is booked again at its own place.",
    "added": "Undone. What was added is gone again.",
    "removed": "Undone. What was removed is there again.",
    "changed": "Undone. It is as it was before.",
    "corrected": "Undone. It is as it was before.",
}


@require_POST
@signed_in
def undo(request: Asked) -> HttpResponse:
    """Take back what the toast told of; the page behind then shows it so, or why not is said."""
    entry = Journal.objects.filter(pk=as_id(request.POST.get("entry", ""))).first()
    why = NOTHING if entry is None or not may_undo(request, entry) else _undone(request, entry)
    request.session.pop("undo", None)
    if not request.htmx:
        if why:
            messages.error(request, why)
        return redirect("desk:home")
    if why:
        answer = HttpResponse(status=409)
        return kept_nowhere(trigger_client_event(answer, "say", {"text": why, "bad": True}))
    if entry is not None and entry.action == "series.booked":
        return HttpResponseClientRedirect(_wizard_again(entry))
    return only_said(request) if "live" in request.POST else HttpResponseClientRefresh()


def _wizard_again(entry: Journal) -> str:
    """Whoever gives a series up that they just booked means to book it otherwise."""
    asked = urlencode({key: entry.after[key] for key in ("patient", "protocol")})
    return f"{reverse('desk:book', args=[entry.site_id])}?{asked}"


def _undone(request: Asked, entry: Journal) -> str:
    """Take it back; why that cannot be, or nothing."""
    try:
        take_back(entry=entry.pk, actor=actor(request), now=timezone.now())
    except NotUndoable as no:
        return str(no)
    except Refused as no:
        reasons = dict.fromkeys(refusal.message for refusal in no.refusals)
        return f"Not undone. {next(iter(reasons))}"
    except ChangedMeanwhile as no:
        last, site = no.entries[-1], usual_site(request)
        at = last.at.astimezone(site.zone) if site else last.at
        return f"Not undone. {last.actor} changed it at {words.clock(at)}."
    except WouldBreakVisits as no:
        broken = words.count(len({visit for visit, _ in no.breaks}), "booked visit")
        return f"Not undone. {broken} would no longer fit."
    except ValidationError as no:
        return f"Not undone. {' '.join(no.messages)}"
    tell(request, DONE.get(entry.action) or DONE[entry.action.partition(".")[2]])
    return ""
