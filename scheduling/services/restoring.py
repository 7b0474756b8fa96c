"""Cancelled visits back at their own place: judged anew under lock, as a booking is.

It is no service of its own: it works inside the transaction of `undoing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from clinic.journal import Actor, record
from clinic.models import Journal
from clinic.spans import minute
from scheduling import catalogue, daybook
from scheduling.errors import Refused, SlotTaken
from scheduling.models import Appointment, Claim, Status
from scheduling.models.series import GONE
from scheduling.planner.day import Diary
from scheduling.planner.plans import PlannedVisit, Refusal
from scheduling.planner.protocols import Protocol
from scheduling.planner.shape import shape_of
from scheduling.selectors.single import anchors_of
from scheduling.services.booking import LONGEST_TURNOVER, TAKEN
from scheduling.services.placing import Judged, claim_anew, judge, rebuild
from scheduling.tokens import DraftVisit


def restore(cancelled: Sequence[Journal], *, actor: Actor, now: datetime) -> list[Appointment]:
    """Book the visits of these cancellations, all of one patient at one site, at their own place.

    Rooms and clinicians are those they had; nurses may be others. SlotTaken when a place is taken,
    Refused when a rule is against it meanwhile or a step was booked anew.
    """
    rows = {int(entry.subject.partition(":")[2]): entry for entry in cancelled}
    visits = list(
        Appointment.objects.filter(pk__in=rows)
        .select_related("site__organisation", "patient", "series", "protocol_version")
        .order_by("starts_at", "pk")
    )
    placed = [visit for visit in visits if rows[visit.pk].before.get("held")]
    if placed:
        _claim(placed, rows, now)
    for visit in visits:
        visit.refresh_from_db(fields=["status", "sequence"])
        if visit.status != Status.CANCELLED:
            raise _anew(visit)
        _mark(visit, rows[visit.pk], actor, now)
    return visits


def _claim(visits: list[Appointment], rows: Mapping[int, Journal], now: datetime) -> None:
    """Take the rooms, the people and the nurses' attention of visits that hold nothing."""
    one = visits[0]
    version = one.protocol_version
    steps = Appointment.objects.filter(series=one.series_id).exclude(series=None)
    reaching = [one.step, *steps.values_list("step", flat=True)]
    protocol = catalogue.protocol(version.definition, version=version.version, reaching=reaching)
    drafts = [
        draft_of(visit, rows[visit.pk].before["held"], protocol, minute(visit.starts_at))
        for visit in visits
    ]
    days = {at.astimezone(one.site.zone).date() for v in visits for at in (v.starts_at, v.ends_at)}
    diary = daybook.open_days(
        site=one.site,
        spans=[(minute(v.starts_at), minute(v.ends_at) + LONGEST_TURNOVER) for v in visits],
        first=min(days),
        last=max(days),
        resources=[
            *(room for draft in drafts for room, _ in draft.rooms),
            *(person for draft in drafts for person in draft.clinicians),
        ],
        now=now,
        patient=one.patient,
        days=days,
    )
    # A visit that began in the minutes since is not put into the past: it was there before.
    diary = replace(diary, now=min(diary.now, *(draft.start for draft in drafts)))
    _must_be_missing(visits)
    judged = _judged(visits, drafts, protocol, diary)
    claim_anew(judged, {v.step: v for v in visits}, one.patient, diary, now=now)


def _must_be_missing(visits: list[Appointment]) -> None:
    """Under the locks: no step of the series was booked anew."""
    for visit in visits:
        twins = Appointment.objects.filter(series=visit.series_id, step=visit.step)
        if visit.series_id and twins.exclude(status__in=GONE).exists():
            raise _anew(visit)


def _anew(visit: Appointment) -> Refused:
    message = "This visit has been booked anew meanwhile."
    return Refused([Refusal("step_is_missing", visit.step, message, visit.step)])


def _judged(
    visits: list[Appointment], drafts: list[DraftVisit], protocol: Protocol, diary: Diary
) -> Judged:
    rebuilt = [rebuild(draft, protocol, diary) for draft in drafts]
    gone = [one for one in rebuilt if isinstance(one, Refusal)]
    series = visits[0].series
    judged = gone or judge(
        [one for one in rebuilt if isinstance(one, PlannedVisit)],
        diary,
        protocol,
        acuity=visits[0].patient.acuity,
        anchors=anchors_of(series) if series else {},
        therapist=series.therapist_id if series else None,
    )
    if not isinstance(judged, Judged):
        raise (SlotTaken if all(one.rule in TAKEN for one in judged) else Refused)(judged)
    return judged


def draft_of(
    visit: Appointment, held: list[list[Any]], protocol: Protocol, start: int
) -> DraftVisit:
    """What the journal kept of a visit that began then, in the order of its stays and turns."""
    shape = shape_of(protocol.step(visit.step))
    people = {role: resource for role, resource, _, _ in held}
    rooms = {at: (room, tuple(lanes)) for role, room, at, lanes in held if role == Claim.Role.ROOM}
    return DraftVisit(
        step=visit.step,
        start=start,
        rooms=tuple(rooms[start + stay.start] for stay in shape.stays),
        clinicians=tuple(people[turn.role] for turn in shape.turns),
    )


def _mark(visit: Appointment, entry: Journal, actor: Actor, now: datetime) -> None:
    was = entry.before["status"]
    # One that had lost its nurse has found one, or would have been refused.
    visit.status = Status.BOOKED if was == Status.UNCOVERED else Status(was)
    visit.cancel_kind, visit.cancel_reason, visit.late_cancel = "", "", False
    visit.sequence += 1
    visit.updated_at = now
    visit.save(
        update_fields=[
            "status",
            "cancel_kind",
            "cancel_reason",
            "late_cancel",
            "sequence",
            "updated_at",
        ]
    )
    record(
        actor=actor,
        now=now,
        action="visit.restored",
        subject=entry.subject,
        site=visit.site_id,
        before=entry.after,
        after={"status": visit.status},
    )
