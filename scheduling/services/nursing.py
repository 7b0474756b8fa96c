"""Who monitors whom, written: for use inside a transaction that has opened the day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from clinic.journal import Actor, record
from clinic.spans import Span, moment, subtract
from scheduling.audit import violations
from scheduling.daybook.monitoring import Monitoring
from scheduling.models import Appointment, Claim, Status
from scheduling.planner.cover import Placement
from scheduling.services.entries import publish

Given = Sequence[Any]
"""A phase in the hands of a nurse as the journal keeps it: [visit, start, end, nurse or null]."""


def write_nurses(
    placed: Sequence[Placement], monitoring: Monitoring, *, actor: Actor, now: datetime
) -> None:
    """Rewrite the nurse claims of the visits concerned; all leave before any returns.

    A visit that stood as uncovered and lacks nothing any more is booked again.
    """
    by_visit: dict[int, list[Placement]] = defaultdict(list)
    for one in placed:
        by_visit[visit_of(one)].append(one)
    old: dict[int, list[Claim]] = defaultdict(list)
    rows = Claim.objects.filter(appointment__in=by_visit, role=Claim.Role.NURSE)
    for claim in rows.order_by("start_minute", "lane"):
        old[claim.appointment_id or 0].append(claim)
    rows.delete()
    Claim.objects.bulk_create(
        claim for visit, own in by_visit.items() for claim in _anew(visit, old[visit], own)
    )
    for visit in Appointment.objects.filter(pk__in=by_visit, status=Status.UNCOVERED):
        _stands_again(visit, monitoring, actor, now)
    publish(by_visit, now=now)


def visit_of(placed: Placement) -> int:
    """The appointment's id."""
    return int(placed.task.visit.partition(":")[2])


def kept(placed: Sequence[Placement], *, before: bool) -> list[Given]:
    """What the journal keeps of a change: who had each phase, or who has it now."""
    return [
        [
            visit_of(one),
            one.task.start,
            one.task.end,
            one.task.nurse if before else one.nurse,
        ]
        for one in sorted(placed, key=lambda one: (one.task.start, one.task.visit))
        if one.task.nurse != one.nurse
    ]


def _anew(visit: int, old: Sequence[Claim], placed: Sequence[Placement]) -> list[Claim]:
    """The nurse claims of a visit: what it held but for those phases, and those as placed."""
    gone = [(one.task.start, one.task.end) for one in placed]
    skills = " ".join(
        sorted(
            {skill for claim in old for skill in claim.skills.split()}
            | {skill for one in placed for skill in one.task.skills}
        )
    )
    spans: dict[tuple[int, int], list[Span]] = defaultdict(list)
    for claim in old:
        spans[claim.resource_id, claim.lane] += subtract(
            [(claim.start_minute, claim.end_minute)], gone
        )
    for one in placed:
        for lane in one.lanes:
            spans[one.nurse, lane].append((one.task.start, one.task.end))
    return [
        Claim(
            appointment_id=visit,
            resource_id=nurse,
            lane=lane,
            start_minute=start,
            end_minute=end,
            role=Claim.Role.NURSE,
            skills=skills,
        )
        for (nurse, lane), held in spans.items()
        for start, end in _joined(held)
    ]


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Consecutive phases on a lane are one claim."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and found[-1][1] == start:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found


def _stands_again(visit: Appointment, monitoring: Monitoring, actor: Actor, now: datetime) -> None:
    visit.status, visit.updated_at = Status.BOOKED, now
    visit.save(update_fields=["status", "updated_at"])
    low = moment(monitoring.diary.start)
    found = violations(sites=[monitoring.site], start=low, end=visit.ends_at, now=now)
    if any(one.appointment == visit.pk and one.severity == "violation" for one in found):
        visit.status = Status.UNCOVERED
        visit.save(update_fields=["status"])
        return
    record(
        actor=actor,
        now=now,
        action="visit.covered",
        subject=f"appointment:{visit.pk}",
        site=monitoring.site,
        before={"status": Status.UNCOVERED},
        after={"status": visit.status},
    )
