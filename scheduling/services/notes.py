"""Notes on visits: what the next person should know, kept beside the visit and nowhere else."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError

from clinic.journal import Actor, changes, record, unchanged_since
from clinic.transactions import durable
from scheduling.models import Appointment

LONGEST = 1000


def note_subject(appointment: int) -> str:
    """The journal's subject of a visit's note: apart from the visit, so that edits do not meet."""
    return f"note:{appointment}"


@durable
def write_note(
    *, appointment: int, note: str, seen: int | None = None, actor: Actor, now: datetime
) -> Appointment:
    """Write the note of a visit anew; an empty one takes it away.

    Appointment.DoesNotExist; ValidationError with a message for `note`; ChangedMeanwhile (`seen`).
    Calendars are told nothing: a note is for the people at the desk.
    """
    return keep_note(appointment=appointment, note=note, seen=seen, actor=actor, now=now)


def keep_note(
    *, appointment: int, note: str, seen: int | None, actor: Actor, now: datetime
) -> Appointment:
    """`write_note` inside a transaction that is open."""
    visit = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=appointment)
    unchanged_since(seen, note_subject(appointment))
    text = note.replace("\r\n", "\n").strip()
    if len(text) > LONGEST:
        raise ValidationError({"note": f"{len(text)} characters; a note has up to {LONGEST}."})
    if "\0" in text:
        raise ValidationError({"note": "There is a character in it that cannot be kept."})
    was, became = changes({"note": visit.note}, {"note": text})
    if became:
        visit.note = text
        visit.save(update_fields=["note"])
        record(
            actor=actor,
            now=now,
            action="note.changed",
            subject=note_subject(appointment),
            site=visit.site_id,
            before=was,
            after=became,
        )
    return visit
