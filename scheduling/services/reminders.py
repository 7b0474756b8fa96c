"""Reminders: queued when their moment has come, in the site's own time, and never at night."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings

from clinic.models import Patient, Site
from clinic.transactions import durable
from scheduling.messaging.words import CHANNELS, FIRST_HOUR, daytime
from scheduling.models import Appointment, Message, ProtocolVersion, Status
from scheduling.selectors.gates import gates_of
from scheduling.services.composing import News, compose, queue, telephone

EXPECTED = (Status.BOOKED, Status.CONFIRMED, Status.UNCOVERED)
LONGEST_LEAD = timedelta(hours=336)
BROUGHT = frozenset({"consent", "escort", "form"})
"""Gates that a patient can meet from home."""
AT_LEAST = timedelta(hours=1)
"""A reminder that would come later than this before the visit is of no use."""


def queue_reminders(*, now: datetime) -> int:
    """Queue the reminders whose moment has come; how many messages.

    Of several moments gone by (the worker was down) only the last is used. A visit booked or moved
    after a moment is not reminded of for it: its patient was told then.
    """
    sites = Site.objects.in_bulk()
    leads = dict(ProtocolVersion.objects.values_list("pk", "definition__reminders"))
    ahead = Appointment.objects.filter(
        status__in=EXPECTED,
        starts_at__gt=now + AT_LEAST,
        starts_at__lte=now + LONGEST_LEAD + timedelta(days=1),
    ).order_by("starts_at", "pk")
    due = {}
    for visit in ahead:
        hours = leads[visit.protocol_version_id]
        lead = lead_due(
            visit, sites[visit.site_id], settings.REMINDER_HOURS if hours is None else hours, now
        )
        if lead is not None:
            due[_key(visit, lead)] = (visit.pk, lead)
    keys = [f"{key}:{channel}" for key in due for channel in CHANNELS]
    for key in Message.objects.filter(key__in=keys).values_list("key", flat=True):
        due.pop(key.rpartition(":")[0], None)
    return sum(remind(visit=visit, lead=lead, now=now) for visit, lead in due.values())


def lead_due(visit: Appointment, site: Site, leads: Sequence[int], now: datetime) -> int | None:
    """The lead, in hours, whose moment was the last to come; None when none has."""
    gone = [
        (at, lead)
        for lead in leads
        if visit.updated_at < (at := moment_of(visit.starts_at, site, lead)) <= now
    ]
    return max(gone)[1] if gone else None


def moment_of(starts_at: datetime, site: Site, lead: int) -> datetime:
    """When to remind: so many hours before on the clock of the wall, or the evening before that."""
    local = starts_at.astimezone(site.zone)
    return daytime((local - timedelta(hours=lead)).replace(fold=0)).astimezone(UTC)


@durable
def remind(*, visit: int, lead: int, now: datetime) -> int:
    """Queue one reminder of a visit as it stands, once; how many messages that makes."""
    row = Appointment.objects.select_related("site").get(pk=visit)
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).get(pk=row.patient_id)
    row.refresh_from_db(fields=["status", "starts_at", "ends_at", "sequence"])
    due_at, not_after = by_day(now, row.site), row.starts_at - AT_LEAST
    if row.status not in EXPECTED or due_at >= not_after:
        return 0
    news = News(
        kind="reminder",
        key=_key(row, lead),
        visits=[row],
        fields={"missing": telephone(row.site.phone) if _lacks(row, now) else ""},
        due_at=due_at,
        not_after=not_after,
    )
    return queue(compose(news, patient, row.site, now=now))


def _lacks(visit: Appointment, now: datetime) -> bool:
    """Whether the patient has still to bring something; what it is, is said on the telephone."""
    return any(one.open and one.gate.kind in BROUGHT for one in gates_of(visit, now=now))


def _key(visit: Appointment, lead: int) -> str:
    """With the sequence, so that a visit is reminded of anew once it has moved."""
    return f"reminder:{visit.pk}.{visit.sequence}:{lead}"


def by_day(now: datetime, site: Site) -> datetime:
    """Now, or the next morning where it is night at the site."""
    local = now.astimezone(site.zone)
    if daytime(local) == local:
        return now
    day = local.date() + timedelta(days=local.hour >= FIRST_HOUR)
    return datetime(day.year, day.month, day.day, FIRST_HOUR, tzinfo=site.zone)
