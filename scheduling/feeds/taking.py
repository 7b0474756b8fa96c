"""Take calendars in: ask an address or open a file, read when its owner is busy, keep that.

The network is asked and the file is read before anything is locked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings

from clinic.journal import Actor
from clinic.models import Staff
from clinic.outward import Answer, Limits, Unreachable, send
from scheduling.feeds.busy import CalendarRefused, busy_times
from scheduling.feeds.busy_lines import LARGEST
from scheduling.feeds.poll import Window
from scheduling.feeds.read import entry_uid
from scheduling.models import ExternalCalendar, FeedEntry
from scheduling.services.calendars import (
    Reading,
    add_calendar,
    address_of,
    keep_problem,
    keep_reading,
    keep_unchanged,
)

LIMITS = Limits(seconds=15.0, bytes=LARGEST, redirects=3)
CLOCK = Actor(name="the clock", door="task")
WHY = {
    401: "The address asks for a password. Use the secret or private address of the calendar.",
    403: "The address does not let us in. Use the secret or private address of the calendar.",
    404: "There is nothing at this address. Copy it again from your calendar.",
    410: "There is nothing at this address any more. Copy it again from your calendar.",
    429: "The address was asked too often; it is asked again later.",
}


def add_address(
    *, staff: int, address: str, label: str, actor: Actor, now: datetime
) -> ExternalCalendar:
    """Take in the calendar of an address, read at once.

    CalendarRefused with a sentence for whoever typed it; ValidationError as `add_calendar`.
    """
    url = cleaned(address)
    answer = _ask(url, {})
    reading = _read(staff, answer.body, now, answer.headers)
    return add_calendar(
        staff=staff,
        label=label,
        address=url,
        host=urlsplit(url).hostname or "",
        reading=reading,
        actor=actor,
        now=now,
    )


def add_file(
    *, staff: int, document: bytes, label: str, actor: Actor, now: datetime
) -> ExternalCalendar:
    """Take in a file, of which nothing but the busy times is kept. Errors as `add_address`."""
    reading = _read(staff, document, now, {})
    return add_calendar(
        staff=staff, label=label, address="", host="", reading=reading, actor=actor, now=now
    )


def read_again(
    *, calendar: int, actor: Actor = CLOCK, clock: Callable[[], datetime]
) -> ExternalCalendar | None:
    """Ask a calendar's address anew; None when it was removed meanwhile, or is a file.

    When nothing comes of it, that is kept as its problem, and so is what it said before.
    """
    row = ExternalCalendar.objects.filter(pk=calendar).exclude(sealed_address="").first()
    if row is None:
        return None
    now = clock()
    try:
        url = address_of(row)
        if not url:
            raise CalendarRefused(
                "Its address can no longer be opened. Remove it, and add it anew."
            )
        answer = _ask(url, _conditions(row, now))
        if answer.status == 304:
            return keep_unchanged(calendar=row.pk, now=clock())
        reading = _read(row.staff_id, answer.body, now, answer.headers)
        return keep_reading(calendar=row.pk, reading=reading, actor=actor, now=clock())
    except CalendarRefused as refused:
        return _problem(row, str(refused), clock())
    except ExternalCalendar.DoesNotExist:
        return None


def cleaned(address: str) -> str:
    """The https address of what was typed: webcal is another word for it. CalendarRefused."""
    url = address.strip()
    scheme, colon, rest = url.partition(":")
    if colon and scheme.lower() in ("webcal", "webcals"):
        url = f"https:{rest}"
    _must_be_sealed(url)
    return url


def _must_be_sealed(url: str) -> None:
    """Over https only: on the way, an address is a key that anybody may read."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    inside = f"{parts.hostname}:{port or 80}" in settings.PRIVATE_ADDRESSES
    if parts.scheme != "https" and not (parts.scheme == "http" and inside):
        raise CalendarRefused("Give an address that begins with https:// or webcal://.")


def _ask(url: str, headers: Mapping[str, str]) -> Answer:
    try:
        answer = send("GET", url, headers={"Accept": "text/calendar", **headers}, limits=LIMITS)
    except Unreachable as error:
        raise CalendarRefused(str(error)) from None
    _must_be_sealed(answer.url)
    if answer.status not in (200, 304) or (answer.status == 304 and not headers):
        why = f"The address answers {answer.status} and gives no calendar."
        raise CalendarRefused(WHY.get(answer.status, why))
    return answer


def _conditions(row: ExternalCalendar, now: datetime) -> dict[str, str]:
    """Ask only for what changed, except on a new day, when the window has moved."""
    if row.covers_to != Window.around(now).last:
        return {}
    conditions = {"If-None-Match": row.etag, "If-Modified-Since": row.last_modified}
    return {name: value for name, value in conditions.items() if value}


def _read(staff: int, document: bytes, now: datetime, headers: Mapping[str, str]) -> Reading:
    window = Window.around(now)
    found = busy_times(
        document,
        zone=_zone(staff),
        first=window.first,
        last=window.last,
        without=_own_visits(staff, window),
    )
    return Reading(
        times=found.times,
        unread=found.unread,
        first=window.first,
        last=window.last,
        etag=headers.get("etag", ""),
        last_modified=headers.get("last-modified", ""),
    )


def _zone(staff: int) -> ZoneInfo:
    """Where they work; of several sites, the first."""
    place = Staff.objects.get(pk=staff).sites.order_by("pk").first()
    return place.zone if place else ZoneInfo("UTC")


def _own_visits(staff: int, window: Window) -> frozenset[str]:
    """What our own feed tells of them, which their calendar may hand back."""
    rows = FeedEntry.objects.filter(window.q(), resource=staff).select_related("appointment")
    return frozenset(
        str(entry_uid(row.appointment.uid, row.resource_id, row.position)) for row in rows
    )


def _problem(row: ExternalCalendar, why: str, now: datetime) -> ExternalCalendar | None:
    try:
        return keep_problem(calendar=row.pk, problem=why, now=now)
    except ExternalCalendar.DoesNotExist:
        return None
