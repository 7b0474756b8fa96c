"""Render once a change, never once a poll."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from django.core.cache import cache

from scheduling.feeds.poll import Found, Window
from scheduling.feeds.read import happenings
from scheduling.feeds.render import PRODUCT, render
from scheduling.feeds.words import Sight, calendar_name

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Document:
    """A rendered calendar."""

    body: bytes
    changed_at: datetime


def etag(feed: Found, sight: Sight, window: Window) -> str:
    """A strong validator (RFC 9110, 8.8.3), from what was read with the feed: nothing is rendered.

    It stands for all that the document is made of: owner, detail, rights, alarm, day, every change.
    """
    parts = (
        PRODUCT,
        feed.secret_hash,
        sight,
        window.today.date(),
        feed.revision,
        calendar_name(feed, sight),
        feed.time_zone,
        feed.alarm_minutes,
    )
    return f'"{sha256(repr([str(part) for part in parts]).encode()).hexdigest()[:32]}"'


def document(feed: Found, sight: Sight, window: Window, *, tag: str) -> Document:
    """The calendar as it is now, from the cache if it was rendered under the same tag."""
    key = f"feed-{tag.strip(chr(34))}"
    found: Document | None = cache.get(key)
    if found is None:
        found = _document(feed, sight, window)
        cache.set(key, found, DAY.total_seconds())
    return found


def _document(feed: Found, sight: Sight, window: Window) -> Document:
    events = happenings(feed, sight, window)
    body = render(
        name=calendar_name(feed, sight),
        happenings=events,
        zone=ZoneInfo(feed.time_zone),
        first=window.first - DAY,
        last=window.last + DAY,
        alarm_minutes=feed.alarm_minutes,
    )
    # The window moves at midnight, which drops events without changing any.
    changes = (event.changed_at for event in events)
    changed_at = max([window.today, *changes])
    return Document(body, changed_at.astimezone(UTC))
