"""Cancel a visit, or what is left of a series: everything held is freed in that transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from clinic.journal import Actor, record, unchanged_since
from clinic.transactions import durable
from scheduling import daybook
from scheduling.errors import Refused
from scheduling.models import Appointment, CancelKind, Claim, Series, Status
from scheduling.models.series import AHEAD
from scheduling.planner.plans import Refusal
from scheduling.services.entries import publish


@durable
def cancel_visit(
    *,
    appointment: int,
    reason: str,
    kind: str = "",
    late: bool | None = None,
    seen: int | None = None,
    actor: Actor,
    now: datetime,
) -> Appointment:
    """Cancel one visit and free what it holds; one cancelled already is left as it is.

    `kind` is a CancelKind, empty where nobody says. It is late when the patient gives less notice
    than the site asks for, unless `late` says otherwise.
    Raises Appointment.DoesNotExist, ChangedMeanwhile (`seen`), or Refused when it has begun or is
    over.
    """
    visit = Appointment.objects.select_related("site", "series").get(pk=appointment)
    daybook.lock_visits([visit])
    visit.refresh_from_db()
    unchanged_since(seen, f"appointment:{visit.pk}")
    if visit.status == Status.CANCELLED:
        return visit
    if visit.status not in AHEAD:
        message = f"This visit is {visit.get_status_display().lower()} and cannot be cancelled."
        raise Refused([Refusal("visit_is_ahead", visit.step, message, visit.step)])
    give_up([visit], reason=reason, kind=kind, late=late, actor=actor, now=now)
    return visit


@durable
def cancel_series(
    *, series: int, reason: str, kind: str = "", actor: Actor, now: datetime
) -> Series:
    """Cancel every visit of a series that has not begun; those begun or over stay as they are.

    Raises Series.DoesNotExist. One cancelled already is left as it is.
    """
    course = Series.objects.select_related("site").get(pk=series)
    visits = list(course.appointments.select_related("site").filter(status__in=AHEAD))
    daybook.lock_visits(visits)
    course.refresh_from_db()
    if course.status == Series.State.CANCELLED:
        return course
    ids = [visit.pk for visit in visits]
    ahead = Appointment.objects.select_related("site").filter(pk__in=ids, status__in=AHEAD)
    give_up(list(ahead), reason=reason, kind=kind, actor=actor, now=now)
    before = course.status
    course.status, course.cancel_reason, course.updated_at = Series.State.CANCELLED, reason, now
    course.save(update_fields=["status", "cancel_reason", "updated_at"])
    record(
        actor=actor,
        now=now,
        action="series.cancelled",
        subject=f"series:{course.pk}",
        site=course.site,
        before={"status": before},
        after={"status": course.status, "reason": reason, "visits": ids},
    )
    return course


def is_late(visit: Appointment, kind: str, now: datetime) -> bool:
    """Whether a patient who cancels now gives less notice than the site asks for."""
    notice = timedelta(hours=visit.site.late_cancel_hours)
    return kind == CancelKind.PATIENT and visit.starts_at - now < notice


def give_up(
    visits: Sequence[Appointment],
    *,
    reason: str,
    kind: str = "",
    late: bool | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Cancel visits that are locked, and free what they hold; the journal keeps what that was."""
    held = held_by(visits)
    Claim.objects.filter(appointment__in=visits).delete()
    for visit in visits:
        tardy = is_late(visit, kind, now) if late is None else late
        record(
            actor=actor,
            now=now,
            action="visit.cancelled",
            subject=f"appointment:{visit.pk}",
            site=visit.site,
            before={"status": visit.status, "held": held[visit.pk]},
            after={"status": Status.CANCELLED, "reason": reason, "kind": kind, "late": tardy},
        )
        visit.status, visit.cancel_reason, visit.late_cancel = Status.CANCELLED, reason, tardy
        visit.cancel_kind = kind
        visit.sequence += 1
        visit.updated_at = now
    Appointment.objects.bulk_update(
        visits,
        ["status", "cancel_kind", "cancel_reason", "late_cancel", "sequence", "updated_at"],
    )
    publish([visit.pk for visit in visits], now=now)


def held_by(visits: Sequence[Appointment]) -> dict[int, list[list[object]]]:
    """The rooms and clinicians of each visit: [role, resource, first minute, lanes]."""
    found: dict[int, dict[tuple[str, int, int], list[int]]] = {visit.pk: {} for visit in visits}
    rows = Claim.objects.filter(appointment__in=visits).exclude(
        role__in=(Claim.Role.PATIENT, Claim.Role.NURSE)
    )
    for claim in rows.order_by("start_minute", "resource_id", "lane"):
        assert claim.appointment_id is not None
        key = (str(claim.role), claim.resource_id, claim.start_minute)
        found[claim.appointment_id].setdefault(key, []).append(claim.lane)
    return {visit: [[*key, lanes] for key, lanes in own.items()] for visit, own in found.items()}
