"""Keep what calendars are told in step with the claims.

Every service that writes or frees claims of a visit calls `publish` before it commits. It is no
service of its own: it works inside the caller's transaction, under the caller's locks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Q

from clinic.models import Resource
from clinic.spans import Span, merge, moment
from scheduling.models import Appointment, Claim, FeedEntry

Stretches = dict[tuple[int, int], list[Span]]
"""(appointment, resource) -> the minutes claimed, without turnover, touching ones joined."""


def publish(appointments: Iterable[int], *, now: datetime) -> None:
    """Tell the calendars of these visits' rooms and people what is claimed now.

    New stretches appear, moved ones get a higher sequence, and those gone are told as cancelled:
    a cancelled visit's, and those of somebody replaced. Unchanged ones are left alone.
    """
    ids = sorted(set(appointments))
    if not ids:
        return
    claimed, kinds = _claimed(ids)
    sites = dict(Appointment.objects.filter(pk__in=ids).values_list("pk", "site_id"))
    known: dict[tuple[int, int], list[FeedEntry]] = defaultdict(list)
    for entry in FeedEntry.objects.filter(appointment__in=ids).select_for_update().order_by("pk"):
        known[entry.appointment_id, entry.resource_id].append(entry)

    fresh, changed = [], []
    for key in sorted(claimed.keys() | known.keys()):
        appointment, resource = key
        stretches = claimed.get(key, [])
        entries = sorted(known.get(key, []), key=lambda entry: entry.position)
        for entry in entries:
            stretch = stretches[entry.position] if entry.position < len(stretches) else None
            if _update(entry, stretch, now):
                changed.append(entry)
        fresh += [
            _entry(key, sites[appointment], kinds[resource], position, stretches[position], now)
            for position in range(len(entries), len(stretches))
        ]
    FeedEntry.objects.bulk_create(fresh)
    FeedEntry.objects.bulk_update(
        changed, ["starts_at", "ends_at", "sequence", "cancelled", "changed_at"]
    )


def publish_new(visits: Iterable[Appointment], claims: Iterable[Claim], *, now: datetime) -> None:
    """`publish` for visits just written, from their claims in hand: one statement, no read."""
    sites = {visit.pk: visit.site_id for visit in visits}
    claimed, kinds = _grouped(
        (c.appointment_id, c.resource_id, c.role, c.start_minute, c.end_minute, c.turnover_minutes)
        for c in claims
    )
    FeedEntry.objects.bulk_create(
        _entry(key, sites[key[0]], kinds[key[1]], position, stretch, now)
        for key, stretches in sorted(claimed.items())
        for position, stretch in enumerate(stretches)
    )


def _entry(
    key: tuple[int, int], site: int, kind: str, position: int, stretch: Span, now: datetime
) -> FeedEntry:
    return FeedEntry(
        appointment_id=key[0],
        resource_id=key[1],
        site_id=site,
        kind=kind,
        position=position,
        starts_at=moment(stretch[0]),
        ends_at=moment(stretch[1]),
        changed_at=now,
    )


def retell(entries: Q, *, now: datetime) -> None:
    """Let calendars fetch these entries anew: what they say in words has changed."""
    rows = FeedEntry.objects.filter(entries).select_for_update(of=("self",)).order_by("pk")
    found = [row.pk for row in rows.only("pk")]
    FeedEntry.objects.filter(pk__in=found).update(sequence=F("sequence") + 1, changed_at=now)


def _claimed(appointments: list[int]) -> tuple[Stretches, dict[int, str]]:
    return _grouped(
        Claim.objects.filter(appointment__in=appointments).values_list(
            "appointment_id",
            "resource_id",
            "role",
            "start_minute",
            "end_minute",
            "turnover_minutes",
        )
    )


def _grouped(
    claims: Iterable[tuple[int | None, int, str, int, int, int]],
) -> tuple[Stretches, dict[int, str]]:
    spans: Stretches = defaultdict(list)
    kinds: dict[int, str] = {}
    for appointment, resource, role, start, end, turnover in claims:
        if appointment is None or role == Claim.Role.PATIENT:
            continue
        spans[appointment, resource].append((start, end - turnover))
        kinds[resource] = Resource.Kind.ROOM if role == Claim.Role.ROOM else Resource.Kind.STAFF
    return {key: merge(found) for key, found in spans.items()}, kinds


def _update(entry: FeedEntry, stretch: Span | None, now: datetime) -> bool:
    """Bring one entry in line with what is claimed; whether it had to change."""
    told = None if entry.cancelled else (entry.starts_at, entry.ends_at)
    true = stretch and (moment(stretch[0]), moment(stretch[1]))
    if told == true:
        return False
    if true:
        entry.starts_at, entry.ends_at = true
    entry.cancelled = true is None
    entry.sequence += 1
    entry.changed_at = now
    return True
