"""The append-only journal: audit trail and outbox in one. Delivery is marked elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

from django.db import connection

from clinic.followups import announce
from clinic.models import Journal, Site


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and through which door: rest, desk, admin, task or command."""

    name: str
    door: str
    user: int | None = None


def record(
    *,
    actor: Actor,
    now: datetime,
    action: str,
    subject: str,
    site: Site | int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Journal:
    """Write one change, and let follow what follows from it once that is committed.

    RuntimeError outside the transaction that makes the change.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A journal row belongs to the transaction of the change it tells of.")
    entry = Journal.objects.create(
        at=now,
        actor=actor.name,
        door=actor.door,
        action=action,
        subject=subject,
        site_id=site.pk if isinstance(site, Site) else site,
        before=dict(before or {}),
        after=dict(after or {}),
    )
    announce(entry)
    return entry


def record_all(
    *,
    actor: Actor,
    now: datetime,
    action: str,
    site: Site,
    after: Mapping[str, Mapping[str, Any]],
) -> None:
    """`record` for many new things at once; `after` is told by subject."""
    if not connection.in_atomic_block:
        raise RuntimeError("A journal row belongs to the transaction of the change it tells of.")
    entries = [
        Journal(
            at=now,
            actor=actor.name,
            door=actor.door,
            action=action,
            subject=subject,
            site=site,
            after=dict(facts),
        )
        for subject, facts in after.items()
    ]
    announce(*Journal.objects.bulk_create(entries, batch_size=500))


class ChangedMeanwhile(Exception):
    """Somebody else changed what one is about to write, after one last looked at it.

    `entries` are the journal rows of their changes, oldest first: who, when, before, after.
    """

    def __init__(self, entries: Sequence[Journal]) -> None:
        super().__init__(f"{entries[-1].actor} changed this while you were typing.")
        self.entries = tuple(entries)


def newest(*subjects: str) -> int:
    """The newest change of any subject, to hand back as `seen` with an edit; 0 without one."""
    found = Journal.objects.filter(subject__in=subjects).order_by("-pk")
    return found.values_list("pk", flat=True).first() or 0


NEWEST = 20


def stamp(site: Site | int) -> int:
    """Differs after every change at a site, or of no site: two look-ups in an index, one query.

    It is made of the newest few rows and not of the newest alone: on PostgreSQL a row may be
    committed after one that has a higher id.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM (SELECT id FROM clinic_journal WHERE site_id = %s "
            "ORDER BY id DESC LIMIT %s) AS here UNION ALL SELECT id FROM (SELECT id FROM "
            "clinic_journal WHERE site_id IS NULL ORDER BY id DESC LIMIT %s) AS anywhere",
            [site if isinstance(site, int) else site.pk, NEWEST, NEWEST],
        )
        return crc32(repr(sorted(cursor.fetchall())).encode())


def unchanged_since(seen: int | None, *subjects: str) -> None:
    """ChangedMeanwhile when a subject has a newer change than `seen`; None does not ask.

    To be called once the row is locked, so that no other change can slip in between.
    """
    if seen is None:
        return
    if later := list(Journal.objects.filter(subject__in=subjects, pk__gt=seen).order_by("pk")):
        raise ChangedMeanwhile(later)


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that differ, as (before, after), in JSON-ready values."""
    keys = [key for key in after if before.get(key) != after[key]]
    return {k: _plain(before.get(k)) for k in keys}, {k: _plain(after[k]) for k in keys}


def _plain(value: Any) -> Any:
    return (
        value if isinstance(value, (str, int, float, bool, list, dict, type(None))) else str(value)
    )
