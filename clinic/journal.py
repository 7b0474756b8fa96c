"""The append-only journal: audit trail and outbox in one. Delivery is marked elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
