"""Find a feed by its secret: all that a poll must know, in one query written by hand.

An unchanged poll is the most frequent request there is. The ORM takes longer to put this query
together than the database to answer it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Q

from scheduling.services.feeds import NOTED_EVERY, hashed

BACK, AHEAD = timedelta(days=30), timedelta(days=400)

# The sum rises with every change in the window: it counts the entries and their changes. Each
# branch is read from one index alone. A sum cannot miss a transaction that began earlier and
# committed later, as a newest time can.
_REVISION = """
    (SELECT sum(e.sequence + 1) FROM scheduling_feedentry e
     WHERE e.{owner} AND e.ends_at > %s AND e.starts_at < %s)
"""
_OF_SERIES = (
    "appointment_id IN (SELECT a.id FROM scheduling_appointment a "
    "WHERE a.series_id = f.series_id) AND e.kind = 'room'"
)
_SQL = """
    SELECT f.id, f.secret_hash, f.resource_id, f.detail, f.series_id, f.alarm_minutes,
        person.resource_id, person.given_name, person.family_name, person.active,
        room.name, place.id, place.neutral_name, place.time_zone,
        reader.id, reader.is_active, reader.is_superuser,
        (SELECT {join}(g.role || ' ' || coalesce(CAST(g.site_id AS text), '*'), ',')
         FROM clinic_grant g WHERE g.user_id = reader.id),
        f.last_fetched_at IS NULL OR f.last_fetched_at <= %s,
        CASE WHEN f.series_id IS NOT NULL THEN {of_series}
            WHEN f.site_id IS NULL THEN {of_resource} ELSE {of_site} END
    FROM scheduling_calendarfeed f
    LEFT JOIN clinic_staff person ON person.resource_id = f.resource_id
    LEFT JOIN clinic_room room ON room.resource_id = f.resource_id
    LEFT JOIN scheduling_series course ON course.id = f.series_id
    LEFT JOIN clinic_site place ON place.id = coalesce(f.site_id, room.site_id, course.site_id)
    LEFT JOIN clinic_user reader ON reader.id = f.created_by_id
    WHERE f.secret_hash = %s AND f.revoked_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Window:
    """The UTC days that a feed tells of; it moves at midnight UTC."""

    today: datetime

    @classmethod
    def around(cls, now: datetime) -> Window:
        return cls(now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0))

    @property
    def first(self) -> datetime:
        return self.today - BACK

    @property
    def last(self) -> datetime:
        return self.today + AHEAD

    def q(self) -> Q:
        return Q(ends_at__gt=self.first, starts_at__lt=self.last)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who was last shown the address, with their grants as (role, site id or None: every site)."""

    is_active: bool
    is_superuser: bool
    grants: tuple[tuple[str, int | None], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A feed in use. Of a member of staff (`person` is their name), a room, a site or a series.

    `site` is that of a site's, room's or series' feed; `to_note`: its reading was last noted a
    while ago.
    """

    id: int
    secret_hash: str
    resource: int | None
    detail: str
    series: int | None
    alarm_minutes: int | None
    person: str
    has_left: bool
    room: str
    site: int | None
    neutral_name: str
    time_zone: str
    reader: Reader | None
    to_note: bool
    revision: int


def feed_for(secret: str, *, window: Window, now: datetime) -> Found | None:
    """The feed of an address, unless it is unknown, replaced or taken back: one query."""
    stored = connection.ops.adapt_datetimefield_value
    bounds = [stored(window.first), stored(window.last)]
    values = [stored(now - NOTED_EVERY), *bounds * 3, hashed(secret)]
    with connection.cursor() as cursor:
        cursor.execute(_sql(connection.vendor), values)
        row = cursor.fetchone()
    return _found(row) if row else None


@cache
def _sql(vendor: str) -> str:
    return _SQL.format(
        join="string_agg" if vendor == "postgresql" else "group_concat",
        of_resource=_REVISION.format(owner="resource_id = f.resource_id"),
        of_series=_REVISION.format(owner=_OF_SERIES),
        of_site=_REVISION.format(owner="site_id = f.site_id AND e.kind = 'room'"),
    )


def _found(row: Sequence[Any]) -> Found:
    id, secret_hash, resource, detail, series, alarm_minutes = row[:6]
    person, given_name, family_name, active = row[6:10]
    room, site, neutral_name, time_zone = row[10:14]
    reader, is_active, is_superuser, grants, to_note, revision = row[14:]
    return Found(
        id=id,
        secret_hash=secret_hash,
        resource=resource,
        detail=detail,
        series=series,
        alarm_minutes=alarm_minutes,
        person=f"{given_name} {family_name}" if person else "",
        has_left=bool(person) and not active,
        room=room or "",
        site=site,
        neutral_name=neutral_name or "",
        time_zone=time_zone or "UTC",
        reader=Reader(bool(is_active), bool(is_superuser), _grants(grants)) if reader else None,
        to_note=bool(to_note),
        revision=revision or 0,
    )


def _grants(joined: str | None) -> tuple[tuple[str, int | None], ...]:
    pairs = (pair.split() for pair in (joined or "").split(",") if pair)
    return tuple((role, None if site == "*" else int(site)) for role, site in pairs)
