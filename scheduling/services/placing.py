"""From a draft to rows: visits rebuilt, judged under lock, and written with their claims."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from clinic.models import Patient, Site
from clinic.spans import moment
from scheduling.models import Appointment, AppointmentPhase, Claim, Hold, ProtocolVersion, Series
from scheduling.planner import cover, rules
from scheduling.planner.day import CoverTask, Diary
from scheduling.planner.placed import Anchor, placed_visits
from scheduling.planner.plans import PlannedClaim, PlannedPhase, PlannedVisit, Refusal
from scheduling.planner.protocols import Protocol
from scheduling.planner.shape import shape_of
from scheduling.services.entries import publish, publish_new
from scheduling.tokens import DraftVisit

NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Judged:
    """Visits that may be written: who monitors each, and whose monitoring changes for it."""

    visits: tuple[PlannedVisit, ...]
    monitoring: Mapping[str, tuple[cover.Placement, ...]]
    repacked: tuple[cover.Placement, ...]


def rebuild(draft: DraftVisit, protocol: Protocol, diary: Diary) -> PlannedVisit | Refusal:
    """The visit a draft stands for, without nurses; a refusal when a room or person is gone."""
    step = protocol.step(draft.step)
    shape = shape_of(step)
    rooms = {room.id: room for room in diary.rooms}
    people = {person.id: person for person in diary.people}
    claims = []
    for stay, (id, lanes) in zip(shape.stays, draft.rooms, strict=True):
        if id not in rooms:
            return Refusal("room_is_free", step.name, "The room is out of use.", step.key)
        turnover = rooms[id].turnover
        start, end = draft.start + stay.start, draft.start + stay.end + turnover
        claims.append(PlannedClaim(id, "room", "room", lanes, start, end, turnover))
    for turn, id in zip(shape.turns, draft.clinicians, strict=True):
        if id not in people:
            return Refusal(
                "clinician_is_on_duty", step.name, "The clinician no longer works here.", step.key
            )
        lanes = tuple(range(len(people[id].lanes)))
        claims += [
            PlannedClaim(id, "staff", turn.role, lanes, draft.start + start, draft.start + end)
            for start, end in turn.spans
        ]
    phases = tuple(
        PlannedPhase(name, draft.start + start, draft.start + end)
        for name, start, end in shape.phases
    )
    return PlannedVisit(step.key, draft.start, draft.start + shape.minutes, phases, tuple(claims))


def judge(
    visits: Sequence[PlannedVisit],
    diary: Diary,
    protocol: Protocol,
    *,
    acuity: int,
    anchors: Mapping[str, Anchor],
    therapist: int | None = None,
    lifted: frozenset[str] = NONE,
) -> Judged | list[Refusal]:
    """Every rule once more on what the locks now hold still; nurses named if all agree.

    `lifted` are rules that may be broken; where nurses are short in spite of it, nobody is named.
    """
    refusals = rules.check(
        visits, diary, protocol, acuity=acuity, anchors=anchors, therapist=therapist
    )
    if any(refusal.rule not in lifted for refusal in refusals):
        return refusals
    monitoring: dict[str, tuple[cover.Placement, ...]] = {}
    repacked: list[cover.Placement] = []
    by_day: dict[date, list[CoverTask]] = defaultdict(list)
    for placed in placed_visits(visits, protocol, diary, acuity):
        by_day[placed.day] += rules.monitoring(placed)
    for tasks in by_day.values():
        steps = {task.visit for task in tasks}
        own = [c for v in visits if v.step in steps for c in v.claims if c.kind == "staff"]
        shared = cover.assign(tasks, diary.people, diary.cover, diary, own)
        if isinstance(shared, cover.Shortage):
            if "nurse_cover_is_kept" in lifted:
                continue
            return [
                Refusal("nurse_cover_is_kept", "nurse cover", rules.shortage_words(shared, diary))
            ]
        for task in tasks:
            monitoring[task.visit] = tuple(p for p in shared.new if p.task.visit == task.visit)
        repacked += shared.changed
    return Judged(tuple(visits), monitoring, tuple(repacked))


def write_hold(judged: Judged, hold: Hold, patient: Patient, diary: Diary, now: datetime) -> None:
    """The claims of a held proposal."""
    moved = repack(judged.repacked, diary)
    Claim.objects.bulk_create(
        claim
        for visit in judged.visits
        for claim in _claims(visit, judged.monitoring.get(visit.step, ()), patient, hold=hold)
    )
    publish(moved, now=now)


def write_visits(
    judged: Judged,
    diary: Diary,
    *,
    patient: Patient,
    site: Site,
    version: ProtocolVersion,
    series: Series | None,
    now: datetime,
) -> list[Appointment]:
    """Appointments, phases, claims and what calendars are told: one statement each."""
    moved = repack(judged.repacked, diary)
    made = Appointment.objects.bulk_create(
        Appointment(
            series=series,
            patient=patient,
            site=site,
            protocol_version=version,
            step=visit.step,
            starts_at=moment(visit.start),
            ends_at=moment(visit.end),
            created_at=now,
            updated_at=now,
        )
        for visit in judged.visits
    )
    AppointmentPhase.objects.bulk_create(
        AppointmentPhase(
            appointment=appointment,
            position=position,
            name=phase.name,
            starts_at=moment(phase.start),
            ends_at=moment(phase.end),
        )
        for appointment, visit in zip(made, judged.visits, strict=True)
        for position, phase in enumerate(visit.phases)
    )
    claims = Claim.objects.bulk_create(
        claim
        for appointment, visit in zip(made, judged.visits, strict=True)
        for claim in _claims(
            visit, judged.monitoring.get(visit.step, ()), patient, appointment=appointment
        )
    )
    publish_new(made, claims, now=now)
    publish(moved, now=now)
    return made


def claim_anew(
    judged: Judged,
    visits: Mapping[str, Appointment],
    patient: Patient,
    diary: Diary,
    *,
    now: datetime,
) -> None:
    """The claims of visits that hold nothing, by step, and what calendars are told of them."""
    moved = repack(judged.repacked, diary)
    Claim.objects.bulk_create(
        claim
        for visit in judged.visits
        for claim in _claims(
            visit,
            judged.monitoring.get(visit.step, ()),
            patient,
            appointment=visits[visit.step],
        )
    )
    publish([*moved, *(visit.pk for visit in visits.values())], now=now)


def _claims(
    visit: PlannedVisit,
    monitoring: Sequence[cover.Placement],
    patient: Patient,
    *,
    appointment: Appointment | None = None,
    hold: Hold | None = None,
) -> Iterable[Claim]:
    skills = " ".join(sorted({skill for placed in monitoring for skill in placed.task.skills}))
    for claim in (*visit.claims, *cover.claims_of(monitoring)):
        for lane in claim.lanes:
            yield Claim(
                resource_id=claim.resource,
                lane=lane,
                start_minute=claim.start,
                end_minute=claim.end,
                role=claim.role,
                turnover_minutes=claim.turnover,
                skills=skills if claim.role == Claim.Role.NURSE else "",
                appointment=appointment,
                hold=hold,
            )
    yield Claim(
        resource_id=patient.pk,
        lane=0,
        start_minute=visit.start,
        end_minute=visit.end,
        role=Claim.Role.PATIENT,
        appointment=appointment,
        hold=hold,
    )


def repack(changed: Sequence[cover.Placement], diary: Diary) -> list[int]:
    """Rewrite the nurse claims of visits whose monitoring moves; all leave before any returns.

    The appointments concerned, whose people must be told.
    """
    if not changed:
        return []
    moved = {placed.task: placed for placed in changed}
    visits = {placed.task.visit for placed in changed}
    stays: dict[str, list[cover.Placement]] = defaultdict(list)
    for task in diary.cover:
        if task.visit in visits and task.nurse is not None:
            stays[task.visit].append(
                moved.get(task) or cover.Placement(task, task.nurse, task.held)
            )
    fresh: list[Claim] = []
    for visit, placements in stays.items():
        kind, id = visit.split(":")
        own = Claim.objects.filter(
            **{f"{kind}_id": int(id)},
            role=Claim.Role.NURSE,
            start_minute__gte=min(p.task.start for p in placements),
            end_minute__lte=max(p.task.end for p in placements),
        )
        own.delete()
        fresh += [
            Claim(
                **{f"{kind}_id": int(id)},
                resource_id=claim.resource,
                lane=lane,
                start_minute=claim.start,
                end_minute=claim.end,
                role=claim.role,
                skills=" ".join(sorted(placements[0].task.skills)),
            )
            for claim in cover.claims_of(placements)
            for lane in claim.lanes
        ]
    Claim.objects.bulk_create(fresh)
    return [claim.appointment_id for claim in fresh if claim.appointment_id]
