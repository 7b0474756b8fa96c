"""One visit: its sheet, and giving it up."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from api.desk import words
from api.desk.board import Entry, Sight, entries
from api.desk.forms import CancelForm
from api.desk.frame import Asked, actor, behind, only_said, page, part, signed_in
from api.desk.gates import context_of
from api.desk.left import left_of
from api.desk.sheet import names_in, siblings_of
from api.desk.steps import STEPS, Step
from api.desk.telling import tell
from api.permissions import may, require, visible_patients, visible_visits
from clinic.models import Patient
from scheduling.errors import Refused
from scheduling.models import Appointment, CancelKind, Status
from scheduling.models.series import AHEAD
from scheduling.planner.progress import next_of
from scheduling.selectors import visits
from scheduling.services.cancelling import cancel_visit, is_late
from scheduling.services.progress import kind_of, set_status


def open_visit(request: Asked, pk: int) -> Appointment:
    """A visit one may see, or 404."""
    found = visible_visits(request.user, visits()).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def shown(request: Asked, visit: Appointment) -> Entry:
    sight = Sight.of(request.user, visit.site)
    [entry] = entries([visit], sight=sight, names=names_in([visit]), siblings=siblings_of([visit]))
    return entry


@require_safe
@signed_in
def visit(request: Asked, pk: int) -> HttpResponse:
    """When, where, who, what comes before and after, and what must be so before it."""
    found = open_visit(request, pk)
    user = request.user
    context: dict[str, Any] = {
        "visit": found,
        "entry": shown(request, found),
        "opens_patient": _opens_patient(request, found),
        "may_wait": found.status in AHEAD and may(user, "manage_waitlist", found.site),
        "may_move": found.status in AHEAD and may(user, "move_visit", found.site),
        "may_correct_times": found.status == Status.DISCHARGED and may(user, "run_day", found.site),
        "may_cancel": found.status in AHEAD and may(user, "cancel_visit", found.site),
        "sees_care": may(user, "see_care", found.site),
        "may_note": may(user, "write_notes", found.site),
        "next": next_steps(request, found),
        **context_of(request, found, timezone.now()),
    }
    if request.htmx:
        return part(request, "desk/visits/sheet.html", **context)
    return page(request, "desk/visits/page.html", here="day", site=found.site, **context)


@require_http_methods(["GET", "POST"])
@signed_in
def cancel(request: Asked, pk: int) -> HttpResponse:
    """Ask why, show what goes, and do it; the page behind then shows it gone."""
    found = open_visit(request, pk)
    require(request.user, "cancel_visit", found.site)
    form = CancelForm(request.POST or None)
    refused: Refused | None = None
    if form.is_valid():
        try:
            cancel_visit(
                appointment=pk,
                reason=form.reason(),
                kind=form.cleaned_data["cause"],
                actor=actor(request),
                now=timezone.now(),
            )
        except Refused as no:
            refused = no
        else:
            entry = shown(request, found)
            said = f"{entry.step}, {words.day(entry.starts)} {words.clock(entry.starts)}"
            said = f"Cancelled: {said}. Its room and people are free again."
            if left := left_of(request, found, timezone.now()):
                said = f"{said} {left}"
            tell(request, said, undo=f"appointment:{pk}")
            return behind(request, "desk:visit", pk)
    context = {"form": form, "visit": found, "entries": [shown(request, found)], "refused": refused}
    context["late"] = is_late(found, CancelKind.PATIENT, timezone.now())
    status = 422 if form.errors or refused else 200
    return part(request, "desk/visits/cancel.html", status=status, **context)


@require_POST
@signed_in
def status(request: Asked, pk: int) -> HttpResponse:
    """One step on: arrived, in prep, over; or the patient did not come."""
    found = open_visit(request, pk)
    require(request.user, "run_day", found.site)
    to = request.POST.get("to", "")
    if to not in STEPS:
        return HttpResponseBadRequest()
    now = timezone.now()
    try:
        set_status(appointment=pk, to=to, actor=actor(request), now=now)
    except Refused as no:
        tell(request, _why_not(no))
        return _after_a_step(request, pk)
    entry = shown(request, found)
    said = f"{entry.name}, {entry.step}: {Status(to).label.lower()}."
    if to == Status.NO_SHOW and (left := left_of(request, found, now)):
        said = f"{said} {left}"
    # A no-show gave its place free: the way back is to book it anew.
    tell(request, said, undo="" if to == Status.NO_SHOW else f"appointment:{pk}")
    return _after_a_step(request, pk)


def _after_a_step(request: Asked, pk: int) -> HttpResponse:
    """The page behind anew; a live board is only told, and asks by itself."""
    if request.htmx and "live" in request.POST:
        return only_said(request)
    return behind(request, "desk:visit", pk)


def _why_not(no: Refused) -> str:
    first = no.refusals[0]
    if first.rule != "gates_are_met":
        return first.message
    names = [one.message.partition(":")[0] for one in no.refusals]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"Not yet: {', '.join(names[:3])}{more}. See what must be so before."


def next_steps(request: Asked, visit: Appointment) -> list[Step]:
    """What can be said of it next, the usual first: only on its day, only by who may."""
    if not may(request.user, "run_day", visit.site):
        return []
    now = timezone.now()
    zone = visit.site.zone
    today = visit.starts_at.astimezone(zone).date() <= now.astimezone(zone).date()
    possible = next_of(visit.status, kind_of(visit))
    return [
        STEPS[to]
        for to in possible
        if (today or to == Status.CONFIRMED) and (to != Status.NO_SHOW or now >= visit.starts_at)
    ]


def _opens_patient(request: Asked, visit: Appointment) -> bool:
    patient = Patient.objects.filter(pk=visit.patient_id)
    return visible_patients(request.user, patient).exists()
