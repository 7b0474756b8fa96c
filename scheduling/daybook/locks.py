"""Locks by resource and day, always taken sorted and in one statement.

On SQLite the transaction itself is the lock: BEGIN IMMEDIATE lets one writer in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import connection

from clinic.models import Patient, Site
from scheduling.daybook.diary import read
from scheduling.daybook.facts import facts
from scheduling.models import Appointment, Claim, Hold
from scheduling.planner.day import Diary

_POOL, _SITE = 1 << 60, 1 << 61
_DAY_BITS = 20


def open_days(
    *,
    site: Site,
    spans: Iterable[tuple[int, int]],
    first: date,
    last: date,
    resources: Iterable[int],
    now: datetime,
    patient: Patient | None = None,
    days: Iterable[date] = (),
    without_appointments: Sequence[int] = (),
) -> Diary:
    """Lock resources and the nurse pool on every UTC day that `spans` touch, then read.

    `spans` are absolute minutes. Holds that have expired are swept away first, so that what
    the diary shows as free is free for the database too. RuntimeError outside a transaction.
    """
    _must_write()
    utc_days = {day for start, end in spans for day in range(start // 1440, (end - 1) // 1440 + 1)}
    owners = set(resources) | ({patient.pk} if patient else set())
    shared = {person.id for person in facts(site, first, last).people if person.shared}
    keys = {owner << _DAY_BITS | day for owner in owners | shared for day in utc_days}
    keys |= {_POOL | site.pk << _DAY_BITS | day for day in utc_days}
    _lock([site.pk], sorted(keys))
    if patient:
        patient.refresh_from_db(fields=["acuity"])  # it may have risen while this waited
    sweep(now=now)
    return read(
        site=site,
        first=first,
        last=last,
        now=now,
        patient=patient,
        days=days,
        without_appointments=without_appointments,
    )


def lock_visits(visits: Sequence[Appointment]) -> None:
    """Lock what visits claim, on the days they claim it: for freeing or changing them."""
    _must_write()
    by_site: dict[int, set[int]] = defaultdict(set)
    claims = Claim.objects.filter(appointment__in=visits).values_list(
        "resource_id", "start_minute", "end_minute", "appointment__site"
    )
    for resource, start, end, site in claims:
        for day in range(start // 1440, (end - 1) // 1440 + 1):
            by_site[site] |= {resource << _DAY_BITS | day, _POOL | site << _DAY_BITS | day}
    _lock(by_site, sorted(set().union(*by_site.values())))


def close_site(site: Site) -> None:
    """Wait for every booking under way at a site and keep new ones out: for edits of facts."""
    _must_write()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SITE | site.pk])


def sweep(*, now: datetime) -> int:
    """Delete holds past their time, skipping any that another transaction has in hand."""
    expired = Hold.objects.filter(expires_at__lte=now)
    if connection.vendor == "postgresql":
        expired = expired.select_for_update(skip_locked=True)
    ids = list(expired.values_list("pk", flat=True))
    if ids:
        Claim.objects.filter(hold__in=ids).delete()
        Hold.objects.filter(pk__in=ids).delete()
    return len(ids)


def _lock(sites: Iterable[int], keys: list[int]) -> None:
    if connection.vendor != "postgresql":
        return
    shared = sorted(_SITE | site for site in sites)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock_shared(k) FROM unnest(%s::bigint[]) AS k", [shared]
        )
        cursor.execute("SELECT pg_advisory_xact_lock(k) FROM unnest(%s::bigint[]) AS k", [keys])


def _must_write() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("Days are opened inside the transaction that will write to them.")
