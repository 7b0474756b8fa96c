"""Secret calendar addresses: give out, replace, take back, and note who reads."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from django.db.models import Q

from clinic import journal
from clinic.journal import Actor
from clinic.models import Journal, Resource, Room, User
from clinic.transactions import durable, writing
from scheduling.models import CalendarFeed, FeedEntry
from scheduling.services.entries import retell

SECRET_BYTES = 24
NOTED_EVERY = timedelta(minutes=10)


def hashed(secret: str) -> str:
    """What is stored of a secret address."""
    return sha256(secret.encode()).hexdigest()


@durable
def create_feed(
    *,
    resource: int | None = None,
    site: int | None = None,
    series: int | None = None,
    detail: str,
    label: str = "",
    alarm_minutes: int | None = None,
    user: User | None,
    actor: Actor,
    now: datetime,
) -> tuple[CalendarFeed, str]:
    """Give out an address for the calendar of a room, a member of staff, a site or a series.

    Answers the feed and its secret (192 bits), which is not kept and cannot be shown again.
    `user` is who sees the address: what it reveals is capped by what that person may see.
    django's ValidationError for a detail that does not exist, a patient, or not just one owner.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    feed = CalendarFeed(
        secret_hash=hashed(secret),
        resource=_owner(resource),
        site_id=site,
        series_id=series,
        detail=detail,
        label=label,
        alarm_minutes=alarm_minutes,
        created_by=user,
        created_at=now,
    )
    feed.full_clean()
    feed.save()
    _tell("feed.created", feed, actor, now)
    return feed, secret


@durable
def rotate_feed(
    *, feed: int, user: User | None, actor: Actor, now: datetime
) -> tuple[CalendarFeed, str]:
    """Give a feed a new address; the old one is unknown from this moment.

    `user` is who sees the new one. CalendarFeed.DoesNotExist when there is none or it is revoked.
    """
    found = _open(feed)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    found.secret_hash = hashed(secret)
    found.created_by = user
    found.last_fetched_at, found.last_fetched_by = None, ""
    found.save()
    _tell("feed.rotated", found, actor, now)
    return found, secret


@durable
def revoke_feed(*, feed: int, actor: Actor, now: datetime) -> CalendarFeed:
    """Take an address back for good. CalendarFeed.DoesNotExist as for `rotate_feed`."""
    found = _open(feed)
    found.revoked_at = now
    found.save(update_fields=["revoked_at"])
    _tell("feed.revoked", found, actor, now)
    return found


@durable
def note_fetch(*, secret_hash: str, reader: str, now: datetime) -> None:
    """Keep when and by which program an address was read; asked for every `NOTED_EVERY` only."""
    CalendarFeed.objects.filter(secret_hash=secret_hash).update(
        last_fetched_at=now, last_fetched_by=reader[:200]
    )


def retell_patient(entry: Journal) -> None:
    """A patient has another name: calendars that show it fetch it anew."""
    if entry.after.keys() & {"given_name", "family_name"}:
        _retell(Q(appointment__patient=_id(entry)), entry)


def retell_room(entry: Journal) -> None:
    """A room has another name: so do the visits in it, in everybody's calendar."""
    if "name" in entry.after:
        visits = FeedEntry.objects.filter(resource=_id(entry)).values("appointment")
        _retell(Q(appointment__in=visits), entry)


def retell_site(entry: Journal) -> None:
    """A site has another neutral name or time zone: so do its visits."""
    if entry.after.keys() & {"neutral_name", "time_zone"}:
        _retell(Q(site=_id(entry)), entry)


def _retell(entries: Q, entry: Journal) -> None:
    with writing():
        retell(entries, now=entry.at)


def _id(entry: Journal) -> int:
    return int(entry.subject.partition(":")[2])


def _owner(resource: int | None) -> Resource | None:
    """A room or a member of staff; a patient has no calendar to give out."""
    owners = Resource.objects.exclude(kind=Resource.Kind.PATIENT)
    return owners.filter(pk=resource).first() if resource else None


def _open(feed: int) -> CalendarFeed:
    return CalendarFeed.objects.select_for_update().get(pk=feed, revoked_at=None)


def _tell(action: str, feed: CalendarFeed, actor: Actor, now: datetime) -> None:
    room = Room.objects.filter(pk=feed.resource_id).first() if feed.resource_id else None
    owner = f"resource:{feed.resource_id}" if feed.resource_id else f"site:{feed.site_id}"
    if feed.series_id:
        owner = f"series:{feed.series_id}"
    journal.record(
        actor=actor,
        now=now,
        action=action,
        subject=f"feed:{feed.pk}",
        site=feed.series.site_id if feed.series else room.site_id if room else feed.site_id,
        after={"of": owner, "detail": feed.detail},
    )
