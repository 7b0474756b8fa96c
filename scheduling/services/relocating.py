"""Visits written at another place: the last step of a move, a recovery and an earlier time found.

It is no service of its own: it works inside a transaction that holds the locks of the old places
(`daybook.lock_visits`) and of the new ones (`daybook.open_days`, read without these visits).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from clinic.journal import Actor, record
from clinic.models import Patient
from clinic.spans import moment
from scheduling.models import Appointment, AppointmentPhase, Claim, Status
from scheduling.planner.day import Diary
from scheduling.services.cancelling import held_by
from scheduling.services.placing import Judged, claim_anew

LOST = (Status.UNCOVERED, Status.TO_REBOOK)
"""A visit that stood so has found its place when it is written at one."""


def relocate(
    judged: Judged,
    visits: Mapping[str, Appointment],
    patient: Patient,
    diary: Diary,
    *,
    reasons: Mapping[str, str],
    because: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Write one patient's visits, by step, at their judged places; each has its journal row.

    `because` is moved, recovery, waitlist or undo; `reasons` (by step) are told to people.
    The rows are refreshed in place. Rooms, people and times may all have changed, or only some.
    """
    rows = [visits[planned.step] for planned in judged.visits]
    held = held_by(rows)
    Claim.objects.filter(appointment__in=rows).delete()
    for planned in judged.visits:
        visit = visits[planned.step]
        before = {
            "starts_at": visit.starts_at.isoformat(),
            "ends_at": visit.ends_at.isoformat(),
            "status": visit.status,
            "held": held[visit.pk],
        }
        visit.starts_at, visit.ends_at = moment(planned.start), moment(planned.end)
        if visit.status in LOST:
            visit.status = Status.BOOKED
        visit.sequence += 1
        visit.updated_at = now
        record(
            actor=actor,
            now=now,
            action="visit.moved",
            subject=f"appointment:{visit.pk}",
            site=visit.site_id,
            before=before,
            after={
                "starts_at": visit.starts_at.isoformat(),
                "ends_at": visit.ends_at.isoformat(),
                "status": visit.status,
                "because": because,
                "reason": reasons.get(planned.step, ""),
            },
        )
    Appointment.objects.bulk_update(
        rows, ["starts_at", "ends_at", "status", "sequence", "updated_at"]
    )
    AppointmentPhase.objects.filter(appointment__in=rows).delete()
    AppointmentPhase.objects.bulk_create(
        AppointmentPhase(
            appointment=visits[planned.step],
            position=position,
            name=phase.name,
            starts_at=moment(phase.start),
            ends_at=moment(phase.end),
        )
        for planned in judged.visits
        for position, phase in enumerate(planned.phases)
    )
    claim_anew(judged, visits, patient, diary, now=now)
