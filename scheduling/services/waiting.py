"""The waitlist: who joins, changes what they want, and leaves.

Each is one transaction. Errors: DoesNotExist; django's ValidationError by field.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.core.exceptions import ValidationError

from clinic.journal import Actor, record
from clinic.models import Patient, Site
from clinic.transactions import durable
from scheduling.models import Appointment, Offer, ProtocolVersion, Series, WaitlistEntry
from scheduling.models.series import AHEAD
from scheduling.services.offers import close_offer

STANDING = (WaitlistEntry.State.WAITING, WaitlistEntry.State.OFFERED)
USUAL = timedelta(days=60)


@durable
def join_waitlist(
    *,
    patient: Patient,
    site: Site,
    version: ProtocolVersion,
    series: Series | None = None,
    appointment: Appointment | None = None,
    step: str = "",
    not_before: date | None = None,
    not_after: date | None = None,
    weekdays: Sequence[str] = (),
    earliest: time | None = None,
    latest: time | None = None,
    notice_minutes: int = 120,
    urgent: bool = False,
    note: str = "",
    actor: Actor,
    now: datetime,
) -> WaitlistEntry:
    """Somebody waits: for an earlier time of `appointment`, for `step`, else for a whole series.

    A visit has one wait at a time: asked again, that one is answered.
    """
    today = now.astimezone(site.zone).date()
    if appointment is not None:
        waits = WaitlistEntry.objects.filter(appointment=appointment, state__in=STANDING)
        if known := waits.first():
            return known
        if appointment.status not in AHEAD or appointment.starts_at <= now:
            raise ValidationError({"appointment": "This visit has begun, or is not to be."})
        step, series = appointment.step, appointment.series
        not_after = not_after or appointment.starts_at.astimezone(site.zone).date()
    elif step and step not in [one["key"] for one in version.definition["steps"]]:
        raise ValidationError({"step": "The protocol has no such visit."})
    first = max(not_before or today, today)
    row = WaitlistEntry(
        patient=patient,
        site=site,
        protocol_version=version,
        series=series,
        appointment=appointment,
        step=step,
        not_before=first,
        not_after=not_after or first + USUAL,
        weekdays=list(weekdays),
        earliest=earliest,
        latest=latest,
        notice_minutes=notice_minutes,
        urgent=urgent,
        note=note.strip(),
        created_by=actor.name,
        created_at=now,
        updated_at=now,
    )
    if row.not_after < row.not_before:
        raise ValidationError({"not_after": "It ends before it begins."})
    if earliest and latest and latest <= earliest:
        raise ValidationError({"latest": "It ends before it begins."})
    row.full_clean()
    row.save()
    record(
        actor=actor,
        now=now,
        action="wait.joined",
        subject=f"wait:{row.pk}",
        site=site,
        after={"patient": patient.pk, "step": step, "until": row.not_after.isoformat()},
    )
    return row


@durable
def leave_waitlist(*, wait: int, actor: Actor, now: datetime) -> WaitlistEntry:
    """They wait no more; an open offer is given up with it, and its place is free."""
    row = WaitlistEntry.objects.select_for_update(of=("self",)).get(pk=wait)
    if row.state not in STANDING:
        return row
    for offer in Offer.objects.select_for_update(of=("self",)).filter(entry=row, state="open"):
        close_offer(offer, Offer.State.WITHDRAWN, actor=actor, now=now)
    settle_wait(row, WaitlistEntry.State.WITHDRAWN, actor=actor, now=now)
    return row


@durable
def lapse_waits(*, now: datetime) -> int:
    """Waits whose days are over, or whose visit has begun, come to an end; how many."""
    actor = Actor(name="Chairtime", door="task")
    rows = WaitlistEntry.objects.select_for_update(of=("self",)).filter(state="waiting")
    sites = Site.objects.in_bulk()
    visits = Appointment.objects.in_bulk([row.appointment_id for row in rows if row.appointment_id])
    over = []
    for row in rows:
        visit = visits.get(row.appointment_id or 0)
        begun = visit is not None and (visit.status not in AHEAD or visit.starts_at <= now)
        if begun or row.not_after < now.astimezone(sites[row.site_id].zone).date():
            settle_wait(row, WaitlistEntry.State.LAPSED, actor=actor, now=now)
            over.append(row)
    return len(over)


def settle_wait(
    row: WaitlistEntry, state: WaitlistEntry.State, *, actor: Actor, now: datetime
) -> None:
    """The end of a wait, within a transaction that has it locked."""
    before = row.state
    row.state, row.updated_at = state, now
    row.save(update_fields=["state", "updated_at", "booked"])
    record(
        actor=actor,
        now=now,
        action=f"wait.{state}",
        subject=f"wait:{row.pk}",
        site=row.site_id,
        before={"state": before},
        after={"state": state},
    )
