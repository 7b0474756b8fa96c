"""Read what a feed tells in the window around today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db.models import Q, QuerySet

from clinic.models import Resource
from scheduling import catalogue
from scheduling.feeds.poll import Found, Window
from scheduling.feeds.render import Happening
from scheduling.feeds.words import Detail, Sight, Visit, colour, location, summary
from scheduling.models import FeedEntry, ProtocolVersion

CANCELLED_KEPT = timedelta(days=90)
NOBODY = 0


def entries(feed: Found, window: Window) -> QuerySet[FeedEntry]:
    """What the feed tells of: a resource's entries, or those of all rooms of a site or series."""
    rows = FeedEntry.objects.filter(window.q())
    if feed.resource:
        return rows.filter(resource=feed.resource)
    if feed.series:
        return rows.filter(appointment__series=feed.series, kind=Resource.Kind.ROOM)
    return rows.filter(site=feed.site, kind=Resource.Kind.ROOM)


def happenings(feed: Found, sight: Sight, window: Window) -> list[Happening]:
    """The feed's events in time order; cancelled ones for 90 days. At most four queries."""
    told = Q(cancelled=False) | Q(changed_at__gt=window.today - CANCELLED_KEPT)
    found_rows = entries(feed, window).select_related("site", "appointment__patient")
    rows = list(found_rows.filter(told).order_by("starts_at", "pk"))
    if feed.series:
        rows = _whole_visits(rows, found_rows)
    visits = _visits(rows if sight.wanted != Detail.BUSY else [])
    nothing = Visit("", "", "", "", (), "")
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
                colour=colour(visit, detail),
                sequence=row.sequence,
                cancelled=row.cancelled,
                changed_at=row.changed_at,
            )
        )
    return found


def _whole_visits(told: list[FeedEntry], known: Iterable[FeedEntry]) -> list[FeedEntry]:
    """One entry a visit, as long as the visit and of no resource, instead of one a room.

    Its sequence counts every change of its rooms, also of those that are no longer told.
    """
    of_visit: dict[int, list[FeedEntry]] = defaultdict(list)
    for row in known:
        of_visit[row.appointment_id].append(row)
    whole = {row.appointment_id: row for row in told}
    for visit, row in whole.items():
        rooms = of_visit[visit]
        row.starts_at, row.ends_at = row.appointment.starts_at, row.appointment.ends_at
        row.resource_id, row.position = NOBODY, 0
        row.sequence = row.appointment.sequence + sum(one.sequence for one in rooms)
        row.cancelled = all(one.cancelled for one in rooms)
        row.changed_at = max(one.changed_at for one in rooms)
    return sorted(whole.values(), key=lambda row: (row.starts_at, row.pk))


def entry_uid(appointment: UUID, resource: int, position: int) -> UUID:
    """The same for good for one stretch of one resource in one visit (RFC 7986, 5.3)."""
    return uuid5(appointment, f"{resource}.{position}")


def _visits(rows: list[FeedEntry]) -> dict[int, Visit]:
    reached: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        reached[row.appointment.protocol_version_id].add(row.appointment.step)
    known = {
        (version, step["key"]): (step["name"], step.get("kind", ""))
        for version, definition in ProtocolVersion.objects.filter(
            pk__in={row.appointment.protocol_version_id for row in rows}
        ).values_list("pk", "definition")
        for step in catalogue.extended(definition, reached[version])["steps"]
    }
    steps = {
        row.pk: known.get(
            (row.appointment.protocol_version_id, row.appointment.step), (row.appointment.step, "")
        )
        for row in rows
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
            step=steps[row.pk][0],
            kind=steps[row.pk][1],
            rooms=tuple(
                name
                for starts_at, ends_at, name in sorted(rooms[row.appointment_id])
                if starts_at < row.ends_at and ends_at > row.starts_at
            ),
            site=row.site.neutral_name,
        )
        for row in rows
    }
