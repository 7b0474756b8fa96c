"""Correct a patient, and monitor booked visits anew when their acuity changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Unpack

from clinic.journal import Actor
from clinic.models import Patient, Site
from clinic.services.patients import PatientFacts, write_patient
from clinic.spans import minute
from clinic.transactions import durable
from scheduling import catalogue, daybook
from scheduling.errors import Refused
from scheduling.models import Appointment, Claim, Status
from scheduling.planner import cover, rules
from scheduling.planner.day import CoverTask, Diary
from scheduling.planner.plans import PlannedClaim, Refusal
from scheduling.services.entries import publish
from scheduling.services.placing import repack

CLINICIANS = (Claim.Role.PRESCRIBER, Claim.Role.THERAPIST)


@durable
def correct_patient(
    *,
    patient: int,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **changes: Unpack[PatientFacts],
) -> Patient:
    """Change what is given of a patient.

    With another acuity, nurses are chosen anew for the visits booked and not begun, and others'
    monitoring is repacked if that is what it takes. Errors of `update_patient`, and Refused when
    nobody can give a visit the attention: nothing is saved then.
    """
    return corrected(patient=patient, changes=changes, actor=actor, now=now, seen=seen)


def corrected(
    *, patient: int, changes: PatientFacts, actor: Actor, now: datetime, seen: int | None = None
) -> Patient:
    """`correct_patient` inside a transaction that is open."""
    before = Patient.objects.get(pk=patient)
    for site in Site.objects.filter(appointments__patient=patient).distinct().order_by("pk"):
        if changes.get("acuity", before.acuity) != before.acuity:
            daybook.close_site(site)
    row = write_patient(patient=patient, changes=changes, actor=actor, now=now, seen=seen)
    if row.acuity != before.acuity:
        by_site: dict[Site, list[Appointment]] = defaultdict(list)
        for visit in _watched(row, now):
            if _asks(visit, row.acuity) != _asks(visit, before.acuity):
                by_site[visit.site].append(visit)
        for site, visits in by_site.items():
            _watch_anew(row, site, visits, now)
    return row


def _watched(patient: Patient, now: datetime) -> Iterable[Appointment]:
    """The patient's visits that are booked, have not begun, and have a nurse."""
    return (
        Appointment.objects.filter(
            patient=patient,
            status__in=(Status.BOOKED, Status.CONFIRMED),
            starts_at__gt=now,
            claims__role=Claim.Role.NURSE,
        )
        .select_related("site__organisation", "protocol_version")
        .prefetch_related("claims")
        .distinct()
    )


def _asks(visit: Appointment, acuity: int) -> list[CoverTask]:
    """The monitoring that a visit asks for at an acuity, its own clinicians barred from it."""
    version = visit.protocol_version
    protocol = catalogue.protocol(
        version.definition, version=version.version, reaching=[visit.step]
    )
    step = protocol.step(visit.step)
    own = (claim.resource for claim in _clinicians(visit))
    tasks = cover.tasks_of(step, minute(visit.starts_at), acuity, visit.site.nurse_lanes, own)
    return [replace(task, visit=str(visit.pk)) for task in tasks]


def _watch_anew(patient: Patient, site: Site, visits: Sequence[Appointment], now: datetime) -> None:
    spans = [(minute(visit.starts_at), minute(visit.ends_at)) for visit in visits]
    days = {at.astimezone(site.zone).date() for v in visits for at in (v.starts_at, v.ends_at)}
    diary = daybook.open_days(
        site=site,
        spans=spans,
        first=min(days),
        last=max(days),
        resources=(),
        now=now,
        patient=patient,
        days=days,
        without_appointments=[visit.pk for visit in visits],
    )
    by_day: dict[date, list[Appointment]] = defaultdict(list)
    for visit in visits:
        by_day[diary.date_of(minute(visit.starts_at))].append(visit)
    shared = [_shared(patient, on_day, diary) for on_day in by_day.values()]
    Claim.objects.filter(appointment__in=visits, role=Claim.Role.NURSE).delete()
    moved = repack([placed for one in shared for placed in one.changed], diary)
    _write([placed for one in shared for placed in one.new])
    publish([*moved, *(visit.pk for visit in visits)], now=now)


def _shared(patient: Patient, visits: Sequence[Appointment], diary: Diary) -> cover.Assignment:
    """Nurses for one day's visits; Refused when there are not enough."""
    tasks = [task for visit in visits for task in _asks(visit, patient.acuity)]
    clinicians = [claim for visit in visits for claim in _clinicians(visit)]
    shared = cover.assign(tasks, diary.people, diary.cover, diary, clinicians)
    if isinstance(shared, cover.Shortage):
        message = (
            f"At acuity {patient.acuity} a booked visit would lack attention. "
            f"{rules.shortage_words(shared, diary)} Cancel or rebook that visit first."
        )
        day = diary.date_of(shared.start)
        raise Refused([Refusal("nurse_cover_is_kept", "nurse cover", message, visits[0].step, day)])
    return shared


def _clinicians(visit: Appointment) -> list[PlannedClaim]:
    """What a visit takes of its prescriber and therapist."""
    return [
        PlannedClaim(
            claim.resource_id,
            "staff",
            claim.role,
            (claim.lane,),
            claim.start_minute,
            claim.end_minute,
        )
        for claim in visit.claims.all()
        if claim.role in CLINICIANS
    ]


def _write(placements: Iterable[cover.Placement]) -> None:
    """The nurse claims of visits; a task's `visit` is the appointment's id."""
    by_visit: dict[str, list[cover.Placement]] = defaultdict(list)
    for placed in placements:
        by_visit[placed.task.visit].append(placed)
    Claim.objects.bulk_create(
        Claim(
            appointment_id=int(visit),
            resource_id=claim.resource,
            lane=lane,
            start_minute=claim.start,
            end_minute=claim.end,
            role=claim.role,
            skills=" ".join(sorted({skill for placed in own for skill in placed.task.skills})),
        )
        for visit, own in by_visit.items()
        for claim in cover.claims_of(own)
        for lane in claim.lanes
    )
