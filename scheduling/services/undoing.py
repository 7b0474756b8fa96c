"""The last action of a person, taken back.

What can be undone is the newest change of its subject, made by the same person through the same
door in the last ten minutes. Everything is judged again as if it were done for the first time, and
nothing is saved when that says no.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from clinic.journal import Actor
from clinic.models import Absence, Credential, Journal, Site
from clinic.transactions import durable
from scheduling.services.booking import guarded
from scheduling.services.inverses import INVERSES, NotUndoable, Turn
from scheduling.services.keeping import sites_of
from scheduling.services.reverting import REVERTED, is_kept

FRESH = timedelta(minutes=10)


def newest_undoable(subject: str, *, actor: Actor, now: datetime) -> Journal | None:
    """The newest change of a subject, if this person may still take it back."""
    entry = Journal.objects.filter(subject=subject).order_by("-pk").first()
    if entry is None or not _is_theirs(entry, actor, now):
        return None
    return entry if all(_is_whole(one) for one in _together(entry)) else None


@guarded
@durable
def undo(*, entry: int, actor: Actor, now: datetime) -> Journal:
    """Take back what a journal row tells of; the row.

    Journal.DoesNotExist, NotUndoable, and what the opposite action raises: Refused or SlotTaken,
    WouldBreakVisits, ChangedMeanwhile, django's ValidationError. Nothing is saved then.
    """
    row = Journal.objects.get(pk=entry)
    if not _is_theirs(row, actor, now):
        raise NotUndoable("There is nothing to undo any more.")
    rows = _together(row)
    turn = Turn(rows, actor, now)
    turn.unchanged()
    if not all(_is_whole(one) for one in rows):
        raise NotUndoable("This change cannot be undone in one step.")
    INVERSES[row.action](turn)
    return row


def places_of(entry: Journal) -> list[Site]:
    """The sites that a change concerns; none where it belongs to no site."""
    if entry.site is not None:
        return [entry.site]
    kind, _, number = entry.subject.partition(":")
    told = {**entry.before, **entry.after}
    resource = int(number) if kind == "staff" else told.get("resource_id") or told.get("staff_id")
    if resource is None and kind == "credential":
        resource = Credential.objects.filter(pk=number).values_list("staff", flat=True).first()
    if resource is None and kind == "absence":
        resource = Absence.objects.filter(pk=number).values_list("resource", flat=True).first()
    return sites_of(int(resource)) if resource else []


def _is_theirs(entry: Journal, actor: Actor, now: datetime) -> bool:
    return (
        entry.action in INVERSES
        and (entry.actor, entry.door) == (actor.name, actor.door)
        and now - entry.at <= FRESH
    )


def _is_whole(entry: Journal) -> bool:
    """Whether the row holds all that the way back needs."""
    if entry.action == "visit.cancelled":
        return "held" in entry.before
    if entry.action == "visit.moved":
        return entry.after.get("because") == "moved"
    if entry.action == "absence.added":
        absence = entry.subject.partition(":")[2]
        return not Absence.objects.filter(pk=absence, time_off__isnull=False).exists()
    if entry.action == "absence.removed":
        withdrawn = Journal.objects.filter(action="time_off.withdrawn", actor=entry.actor)
        return not withdrawn.filter(at=entry.at).exists()
    return entry.action not in REVERTED or is_kept(entry)


def _together(entry: Journal) -> list[Journal]:
    """The rows that one save wrote of a subject, oldest first: fields, and what they link to."""
    rows = Journal.objects.filter(
        subject=entry.subject, action=entry.action, at=entry.at, actor=entry.actor
    )
    return list(rows.filter(pk__lte=entry.pk).order_by("pk"))


__all__ = ["NotUndoable", "newest_undoable", "places_of", "undo"]
