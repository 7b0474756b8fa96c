"""Booked courses -> rows, in bulk: the one writer of visits that may write into the past."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random

from clinic.models import Journal, Patient
from clinic.spans import minute, moment
from scheduling.demo.filling import Booked
from scheduling.demo.happened import give_up, steps_of
from scheduling.demo.slots import Placed
from scheduling.demo.statuses import status_of
from scheduling.models import (
    Appointment,
    AppointmentPhase,
    Claim,
    Series,
    Status,
    StatusChange,
)
from scheduling.models.series import GONE
from scheduling.services.entries import publish

BATCH = 500


def write_courses(
    booked: list[Booked], patients: list[Patient], *, first: date, now: datetime, rng: Random
) -> list[Appointment]:
    """Series, visits, their steps, phases, claims, calendar entries, a journal row a series."""
    series = Series.objects.bulk_create(
        _series(one, patient, first, rng) for one, patient in zip(booked, patients, strict=True)
    )
    rows = [
        (placed, _appointment(placed, one, course, patient, now, rng))
        for one, course, patient in zip(booked, series, patients, strict=True)
        for placed in one.visits
    ]
    for _, visit in rows:
        if visit.status == Status.CANCELLED:
            give_up(visit)
    visits = Appointment.objects.bulk_create((row for _, row in rows), batch_size=BATCH)
    places = [placed for placed, _ in rows]
    StatusChange.objects.bulk_create(
        (
            step
            for placed, visit in zip(places, visits, strict=True)
            for step in steps_of(placed, visit, now)
        ),
        batch_size=BATCH,
    )
    AppointmentPhase.objects.bulk_create(
        (
            phase
            for placed, visit in zip(places, visits, strict=True)
            for phase in _phases(placed, visit)
        ),
        batch_size=BATCH,
    )
    boards = [one.board for one in booked for _ in one.visits]
    Claim.objects.bulk_create(
        (
            claim
            for placed, visit, board in zip(places, visits, boards, strict=True)
            if visit.status not in GONE
            for claim in _claims(placed, visit, board.days[placed.day].midnight)
        ),
        batch_size=BATCH,
    )
    for at in range(0, len(visits), BATCH):
        publish([visit.pk for visit in visits[at : at + BATCH]], now=now)
    _finish(series, visits)
    Journal.objects.bulk_create(
        _told(one, course, visits) for one, course in zip(booked, series, strict=True)
    )
    return visits


def _series(one: Booked, patient: Patient, first: date, rng: Random) -> Series:
    opening = min([visit.day for visit in one.visits] + list(one.done.values()))
    booked_at = moment(
        one.board.days[0].midnight
        + 1440 * (min(opening, 0) - rng.randrange(3, 21))
        + rng.randrange(8 * 60, 17 * 60)
    )
    return Series(
        patient=patient,
        protocol_version_id=one.course.version,
        site=one.board.site,
        therapist_id=one.therapist if one.course.protocol.same_therapist else None,
        d0=first + timedelta(days=one.d0),
        completed={
            key: (first + timedelta(days=day)).isoformat() for key, day in sorted(one.done.items())
        },
        created_at=booked_at,
        updated_at=booked_at,
    )


def _appointment(
    placed: Placed, one: Booked, series: Series, patient: Patient, now: datetime, rng: Random
) -> Appointment:
    start = one.board.days[placed.day].midnight + placed.start
    is_origin = placed.step.key == one.course.protocol.origin
    status = status_of(placed, start, minute(now), is_origin=is_origin, rng=rng)
    reason = "Called in unwell" if status == Status.CANCELLED else ""
    return Appointment(
        uid=uuid.UUID(int=rng.getrandbits(128), version=4),
        series=series,
        patient=patient,
        site=one.board.site,
        protocol_version_id=one.course.version,
        step=placed.step.key,
        status=status,
        starts_at=moment(start),
        ends_at=moment(start + placed.step.minutes),
        cancel_reason=reason,
        created_at=series.created_at,
        updated_at=series.created_at,
    )


def _phases(placed: Placed, visit: Appointment) -> Iterator[AppointmentPhase]:
    at = minute(visit.starts_at)
    for position, phase in enumerate(placed.step.phases):
        yield AppointmentPhase(
            appointment=visit,
            position=position,
            name=phase.name,
            starts_at=moment(at),
            ends_at=moment(at + phase.minutes),
        )
        at += phase.minutes


def _claims(placed: Placed, visit: Appointment, midnight: int) -> Iterator[Claim]:
    for resource, lane, start, end, role, turnover in placed.claims:
        yield Claim(
            resource_id=resource,
            lane=lane,
            start_minute=midnight + start,
            end_minute=midnight + end,
            role=role,
            turnover_minutes=turnover,
            appointment=visit,
        )
    yield Claim(
        resource_id=visit.patient_id,
        lane=0,
        start_minute=minute(visit.starts_at),
        end_minute=minute(visit.ends_at),
        role=Claim.Role.PATIENT,
        appointment=visit,
    )


def _finish(series: list[Series], visits: list[Appointment]) -> None:
    """Courses of which no visit is ahead any more are completed."""
    over = {*GONE, Status.DISCHARGED}
    going = {visit.series_id for visit in visits if visit.status not in over}
    done = [one.pk for one in series if one.pk not in going]
    Series.objects.filter(pk__in=done).update(status=Series.State.COMPLETED)


def _told(one: Booked, series: Series, visits: list[Appointment]) -> Journal:
    return Journal(
        at=series.created_at,
        actor="load_demo",
        door="command",
        action="series.booked",
        subject=f"series:{series.pk}",
        site=one.board.site,
        after={
            "patient": series.patient_id,
            "protocol": one.course.protocol.key,
            "version": one.course.protocol.version,
            "visits": {
                placed.step.key: moment(
                    one.board.days[placed.day].midnight + placed.start
                ).isoformat()
                for placed in one.visits
            },
        },
    )
