"""Find a feed by its secret, and read what it tells in the window around today."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum

from clinic.models import Resource
from scheduling.feeds.render import Happening
from scheduling.feeds.words import Sight, Visit, location, summary
from scheduling.models import CalendarFeed, FeedEntry, ProtocolVersion
from scheduling.services.feeds import hashed

BACK, AHEAD = timedelta(days=30), timedelta(days=400)
CANCELLED_KEPT = timedelta(days=90)


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


def feed_for(secret: str, *, window: Window) -> CalendarFeed | None:
    """The feed of an address that is not revoked, with `revision`, in one query.

    The revision rises with every change in the window: it counts the entries and their changes.
    A count cannot miss a transaction that began earlier and committed later, as a newest time can.
    """

    def changes(**of: OuterRef | str) -> Subquery:
        rows = FeedEntry.objects.filter(window.q(), **of).order_by().values(*list(of)[:1])
        return Subquery(rows.annotate(total=Sum(F("sequence") + 1)).values("total"))

    return (
        CalendarFeed.objects.filter(secret_hash=hashed(secret), revoked_at=None)
        .select_related("site", "resource__staff__user", "resource__room__site", "created_by")
        .annotate(
            of_resource=changes(resource=OuterRef("resource")),
            of_site=changes(site=OuterRef("site"), kind=Resource.Kind.ROOM),
        )
        .first()
    )


def revision(feed: CalendarFeed) -> int:
    """The count that `feed_for` read along with the feed."""
    return (feed.of_resource if feed.resource_id else feed.of_site) or 0  # type: ignore[attr-defined]


def entries(feed: CalendarFeed, window: Window) -> QuerySet[FeedEntry]:
    """What the feed tells of: a resource's entries, or those of all rooms of a site."""
    rows = FeedEntry.objects.filter(window.q())
    if feed.resource_id:
        return rows.filter(resource=feed.resource_id)
    return rows.filter(site=feed.site_id, kind=Resource.Kind.ROOM)


def happenings(feed: CalendarFeed, sight: Sight, window: Window) -> list[Happening]:
    """The feed's events in time order; cancelled ones for 90 days. At most three queries."""
    told = Q(cancelled=False) | Q(changed_at__gt=window.today - CANCELLED_KEPT)
    rows = list(
        entries(feed, window)
        .filter(told)
        .order_by("starts_at", "pk")
        .select_related("site", "appointment__patient")
    )
    visits = _visits(rows if sight.wanted != CalendarFeed.Detail.BUSY else [])
    nothing = Visit("", "", "", (), "")
    found = []
    for row in rows:
        detail, visit = sight.at(row.site_id), visits.get(row.pk, nothing)
        found.append(
            Happening(
                uid=entry_uid(row.appointment.uid, row.resource_id, row.position),
                starts_at=row.starts_at.astimezone(row.site.zone),
                ends_at=row.ends_at.astimezone(row.site.zone),
                summary=summary(visit, detail),
                location=location(visit, detail),
                sequence=row.sequence,
                cancelled=row.cancelled,
                changed_at=row.changed_at,
            )
        )
    return found


def home_zone(feed: CalendarFeed) -> ZoneInfo:
    """The zone of a site or room; a staff member has those of their visits, UTC without any."""
    if feed.site:
        return feed.site.zone
    room = getattr(feed.resource, "room", None)
    return room.site.zone if room else ZoneInfo("UTC")


def entry_uid(appointment: UUID, resource: int, position: int) -> UUID:
    """The same for good for one stretch of one resource in one visit (RFC 7986, 5.3)."""
    return uuid5(appointment, f"{resource}.{position}")


def _visits(rows: list[FeedEntry]) -> dict[int, Visit]:
    steps = {
        (version, step["key"]): step["name"]
        for version, definition in ProtocolVersion.objects.filter(
            pk__in={row.appointment.protocol_version_id for row in rows}
        ).values_list("pk", "definition")
        for step in definition["steps"]
    }
    rooms: dict[int, list[tuple[datetime, datetime, str]]] = defaultdict(list)
    for visit, starts_at, ends_at, name in FeedEntry.objects.filter(
        appointment__in={row.appointment_id for row in rows},
        kind=Resource.Kind.ROOM,
        cancelled=False,
    ).values_list("appointment_id", "starts_at", "ends_at", "resource__room__name"):
        rooms[visit].append((starts_at, ends_at, name))
    return {
        row.pk: Visit(
            given_name=row.appointment.patient.given_name,
            family_name=row.appointment.patient.family_name,
            step=steps.get(
                (row.appointment.protocol_version_id, row.appointment.step), row.appointment.step
            ),
            rooms=tuple(
                name
                for starts_at, ends_at, name in sorted(rooms[row.appointment_id])
                if starts_at < row.ends_at and ends_at > row.starts_at
            ),
            site=row.site.neutral_name,
        )
        for row in rows
    }
