"""What is said after something was done: a toast, with a way back where there is one."""

from __future__ import annotations

from django.contrib import messages
from django.utils import timezone

from api.desk.frame import Asked, actor
from api.permissions import may
from clinic.models import Journal, Site
from scheduling.services.undoing import newest_undoable, places_of

RIGHTS: dict[str, tuple[str, ...]] = {
    "visit.booked": ("book_visit",),
    "visit.cancelled": ("cancel_visit",),
    "visit.moved": ("move_visit",),
    "visit.status": ("run_day",),
    "series.booked": ("book_series",),
    "series.cancelled": ("cancel_series",),
    "series.extended": ("book_series",),
    "monitoring": ("assign_nurses",),
    "note": ("write_notes",),
    "follow_up": ("manage_follow_ups",),
    "absence": ("block_time", "manage_staff", "manage_places"),
    "closure": ("manage_places",),
    "exception": ("manage_staff",),
    "credential": ("manage_staff",),
    "site": ("manage_places",),
    "room": ("manage_places",),
    "staff": ("manage_staff",),
    "patient": ("manage_patients",),
}
"""The journal's action, or what it is about -> the rights of which one takes it back."""


def tell(request: Asked, text: str, *, undo: str = "") -> None:
    """Show `text` as a toast: with the part that answers, else on the next page.

    `undo` is the journal's subject of what was just written, such as "appointment:12": the toast
    offers to take it back where that is possible and allowed.
    """
    entry = newest_undoable(undo, actor=actor(request), now=timezone.now()) if undo else None
    if entry and may_undo(request, entry):
        request.session["undo"] = {"subject": undo, "text": text}
        messages.success(request, text, extra_tags=str(entry.pk))
    else:
        messages.success(request, text)
    request.told = True


def may_undo(request: Asked, entry: Journal) -> bool:
    """The right that the change itself needed, at one of the sites it is about."""
    rights = RIGHTS.get(entry.action) or RIGHTS.get(entry.action.partition(".")[0], ())
    places: list[Site | None] = [*places_of(entry)] or [None]
    return any(may(request.user, right, place) for right in rights for place in places)
