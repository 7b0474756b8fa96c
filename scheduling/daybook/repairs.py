"""Rows to the problem of a repair: one day of one site that lost a person, a room or itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from clinic.models import Site
from clinic.selectors import range_of
from clinic.spans import minute, minute_up, moment
from scheduling import catalogue
from scheduling.daybook.diary import CLINICIANS, Cover, Row, read
from scheduling.models import Appointment, AppointmentPhase, Claim, Status
from scheduling.models.claims import LONGEST_CLAIM
from scheduling.models.series import AHEAD, GONE
from scheduling.planner.day import CoverTask, Diary
from scheduling.planner.intervals import span, union
from scheduling.planner.placed import Anchor
from scheduling.planner.plans import PlannedClaim, PlannedPhase, PlannedVisit
from scheduling.planner.protocols import Protocol
from scheduling.planner.repair_problem import Booked, Loss, Problem

OFFERED = timedelta(days=10)
"""How far ahead other days are offered to visits that find no place."""
ENDED = (Status.DISCHARGED, *GONE)
Held = Mapping[int, Sequence[Claim]]


def visits_of(site: Site, day: date) -> list[Appointment]:
    """Visits that begin on a site date and are not over, with what a problem asks of them."""
    low, high = (moment(edge) for edge in range_of(site, day, day))
    return list(
        Appointment.objects.filter(site=site, starts_at__gte=low, starts_at__lt=high)
        .exclude(status__in=ENDED)
        .select_related("patient", "series", "protocol_version")
    )


def held_by(visits: Iterable[Appointment]) -> dict[int, list[Claim]]:
    """The claims of visits, by visit: one query."""
    found: dict[int, list[Claim]] = defaultdict(list)
    rows = Claim.objects.filter(appointment__in=list(visits))
    for claim in rows.order_by("start_minute", "resource_id", "lane"):
        found[claim.appointment_id or 0].append(claim)
    return found


def problem_of(
    *,
    site: Site,
    day: date,
    loss: Loss,
    visits: Sequence[Appointment],
    held: Held,
    affected: Collection[int],
    now: datetime,
) -> Problem:
    """The problem of one day, the loss already written; `held` is what visits had before it."""
    last = day + OFFERED
    phases: dict[int, list[AppointmentPhase]] = defaultdict(list)
    for phase in AppointmentPhase.objects.filter(appointment__in=visits):
        phases[phase.appointment_id].append(phase)
    visits = [
        visit
        for visit in visits
        if visit.pk in affected or not _cut_off(held.get(visit.pk, ()), phases[visit.pk])
    ]
    ids = [visit.pk for visit in visits]
    diary = read(site=site, first=day, last=last, now=now, without_appointments=ids)
    patients = _patients(diary, visits)
    anchors = _anchors(visits)
    booked = [
        _booked(
            visit,
            held.get(visit.pk, ()),
            phases[visit.pk],
            patients[visit.patient_id] if visit.patient_id in patients else span(0, diary.length),
            anchors.get(visit.series_id or 0, {}),
            visit.pk in affected,
            minute_up(now),
        )
        for visit in visits
    ]
    return Problem(diary, tuple(booked), loss)


def _cut_off(claims: Sequence[Claim], phases: Sequence[AppointmentPhase]) -> bool:
    """Whether a nurse went home in the middle of a phase: such a visit stays as it is known."""
    edges = {minute(edge) for phase in phases for edge in (phase.starts_at, phase.ends_at)}
    nurses = [claim for claim in claims if claim.role == Claim.Role.NURSE]
    return any(not {claim.start_minute, claim.end_minute} <= edges for claim in nurses)


def _booked(
    visit: Appointment,
    claims: Sequence[Claim],
    phases: Sequence[AppointmentPhase],
    patient: int,
    anchors: Mapping[str, Anchor],
    affected: bool,
    now: int,
) -> Booked:
    protocol = protocol_of(visit)
    return Booked(
        id=visit.pk,
        step=protocol.step(visit.step),
        protocol=protocol,
        acuity=visit.patient.acuity,
        place=_place(visit, claims, phases),
        patient=patient,
        watched=_watched(visit, claims, now),
        anchors={step: anchor for step, anchor in anchors.items() if step != visit.step},
        therapist=visit.series.therapist_id if visit.series else None,
        affected=affected,
        begun=visit.status not in AHEAD or minute(visit.starts_at) < now,
        whose=visit.patient_id,
    )


def protocol_of(visit: Appointment) -> Protocol:
    """The protocol that a visit is booked on, as far as it reaches."""
    version = visit.protocol_version
    return catalogue.protocol(version.definition, version=version.version, reaching=[visit.step])


def _place(
    visit: Appointment, claims: Sequence[Claim], phases: Sequence[AppointmentPhase]
) -> PlannedVisit:
    """Where it was booked, without its nurses."""
    lanes: dict[tuple[int, str, int, int, int], list[int]] = defaultdict(list)
    for claim in claims:
        if claim.role not in (Claim.Role.NURSE, Claim.Role.PATIENT):
            key = (
                claim.resource_id,
                str(claim.role),
                claim.start_minute,
                claim.end_minute,
                claim.turnover_minutes,
            )
            lanes[key].append(claim.lane)
    return PlannedVisit(
        visit.step,
        minute(visit.starts_at),
        minute(visit.ends_at),
        tuple(
            PlannedPhase(phase.name, minute(phase.starts_at), minute(phase.ends_at))
            for phase in sorted(phases, key=lambda phase: phase.position)
        ),
        tuple(
            PlannedClaim(
                resource,
                "room" if role == Claim.Role.ROOM else "staff",
                role,
                tuple(sorted(of)),
                start,
                end,
                turnover,
            )
            for (resource, role, start, end, turnover), of in lanes.items()
        ),
    )


def _watched(visit: Appointment, claims: Sequence[Claim], now: int) -> tuple[CoverTask, ...]:
    """Its monitoring as it was held."""
    rows: list[Row] = [
        (c.resource_id, c.lane, c.start_minute, c.end_minute, c.role, c.skills, visit.pk, None)
        for c in claims
        if c.role == Claim.Role.NURSE or c.role in CLINICIANS
    ]
    return tuple(Cover(rows, now))


def _patients(diary: Diary, visits: Sequence[Appointment]) -> dict[int, int]:
    """When each patient is free but for their visit in question: one query."""
    ids = {visit.patient_id for visit in visits}
    rows = Claim.objects.filter(
        resource__in=ids,
        start_minute__gt=diary.start - LONGEST_CLAIM,
        start_minute__lt=diary.start + diary.length,
    ).exclude(appointment__in=[visit.pk for visit in visits])
    taken: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for patient, low, high in rows.values_list("resource", "start_minute", "end_minute"):
        taken[patient].append((low - diary.start, high - diary.start))
    whole = span(0, diary.length)
    return {id: whole & ~union(spans, diary.length) for id, spans in taken.items()}


def _anchors(visits: Sequence[Appointment]) -> dict[int, dict[str, Anchor]]:
    """By series, when its visits are, or were: one query."""
    found: dict[int, dict[str, Anchor]] = defaultdict(dict)
    for visit in visits:
        if visit.series:
            for step, day in visit.series.completed.items():
                found[visit.series.pk][step] = date.fromisoformat(day)
    rows = Appointment.objects.filter(series__in={visit.series_id for visit in visits})
    for series, step, start, end in rows.exclude(status__in=GONE).values_list(
        "series", "step", "starts_at", "ends_at"
    ):
        if series is not None:
            found[series][step] = (minute(start), minute(end))
    return found
