"""Vitals of a round are recorded, and corrected by another entry; never altered.

Errors: Appointment.DoesNotExist; django's ValidationError by field; Refused for a visit that is not
under way, or an entry that was corrected already.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError

from clinic.journal import Actor, record
from clinic.transactions import durable
from scheduling.errors import Refused
from scheduling.models import Appointment, Status, VitalsEntry
from scheduling.models.rounds import VALUES
from scheduling.planner.plans import Refusal
from scheduling.planner.progress import UNDER_WAY

BOUNDS: Mapping[str, tuple[int, int, str]] = {
    "systolic": (40, 300, "mmHg"),
    "diastolic": (20, 200, "mmHg"),
    "heart_rate": (20, 250, "beats a minute"),
    "spo2": (50, 100, "per cent"),
    "sedation": (0, 4, "on the scale"),
}
"""Between which a number can be one at all."""
AHEAD_OF_US = timedelta(minutes=2)
"""How far a phone's clock may be ahead of the server's."""


@durable
def record_vitals(
    *,
    appointment: int,
    key: UUID,
    taken_at: datetime,
    values: Mapping[str, int | None],
    note: str = "",
    corrects: int | None = None,
    actor: Actor,
    now: datetime,
) -> VitalsEntry:
    """One entry, with what of `VALUES` was taken. The same key again answers what was kept then.

    An entry that was typed without a connection may come in late, after the discharge too.
    """
    visit = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=appointment)
    kept = VitalsEntry.objects.filter(key=key).first()
    if kept:
        if kept.appointment_id != visit.pk:
            raise ValidationError({"key": "This entry is kept already, of another visit."})
        return kept
    _must_be_here(visit, corrects)
    given = {name: values.get(name) for name in VALUES}
    _must_be_possible(given, note, taken_at, visit, now)
    row = VitalsEntry(
        appointment=visit,
        key=key,
        taken_at=min(taken_at, now),
        recorded_at=now,
        by=actor.name,
        note=note.strip(),
        corrects_id=corrects,
        **given,
    )
    row.full_clean(exclude=["appointment", "corrects", "key"], validate_constraints=False)
    row.save()
    record(
        actor=actor,
        now=now,
        action="vitals.corrected" if corrects else "vitals.recorded",
        subject=f"appointment:{visit.pk}",
        site=visit.site_id,
        after={"entry": row.pk, "taken_at": row.taken_at.isoformat()},
    )
    return row


def _must_be_here(visit: Appointment, corrects: int | None) -> None:
    if visit.status not in (*UNDER_WAY, Status.DISCHARGED):
        stands = visit.get_status_display().lower()
        message = f"This visit is {stands}: say first that the patient has arrived."
        raise Refused([Refusal("visit_is_under_way", visit.step, message, visit.step)])
    if corrects is None:
        return
    before = VitalsEntry.objects.filter(pk=corrects, appointment=visit).first()
    if before is None:
        raise ValidationError({"corrects": "This visit has no such entry."})
    if VitalsEntry.objects.filter(corrects=before).exists():
        message = "This entry was corrected already. Correct the newer one."
        raise Refused([Refusal("entry_is_newest", visit.step, message, visit.step)])


def _must_be_possible(
    given: Mapping[str, int | None],
    note: str,
    taken_at: datetime,
    visit: Appointment,
    now: datetime,
) -> None:
    wrong: dict[str, str] = {}
    for name, value in given.items():
        low, high, unit = BOUNDS[name]
        if value is not None and not low <= value <= high:
            wrong[name] = f"Give {low} to {high} {unit}."
    systolic, diastolic = given["systolic"], given["diastolic"]
    if (systolic is None) != (diastolic is None):
        wrong["diastolic" if diastolic is None else "systolic"] = "Give both numbers."
    elif systolic is not None and diastolic is not None and systolic <= diastolic:
        wrong.setdefault("diastolic", "It is below the first number.")
    if not wrong and all(value is None for value in given.values()) and not note.strip():
        wrong["systolic"] = "Give at least one value."
    if taken_at > now + AHEAD_OF_US:
        wrong["taken_at"] = "That time is still to come."
    if taken_at < visit.starts_at - timedelta(hours=12):
        wrong["taken_at"] = "That was before this visit."
    if wrong:
        raise ValidationError(wrong)
