"""Events as an iCalendar document (RFC 5545, with NAME and REFRESH-INTERVAL of RFC 7986). Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component, Event, vDatetime, vDuration, vText

from scheduling.feeds.zones import vtimezone

PRODUCT = "-//Chairtime//Feeds 1//EN"
REFRESH = timedelta(minutes=15)
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Happening:
    """One event: times are aware and in the zone they are to be read in."""

    uid: UUID
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    sequence: int
    cancelled: bool
    changed_at: datetime


def render(
    *, name: str, happenings: Sequence[Happening], zone: ZoneInfo, first: datetime, last: datetime
) -> bytes:
    """The document. `zone` is told even when nothing happens; the zones cover first to last.

    There is no METHOD: with PUBLISH each event would need an ORGANIZER (RFC 5546, 3.2.1).
    """
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", PRODUCT)
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("NAME", vText(clean(name)))
    calendar.add("X-WR-CALNAME", vText(clean(name)))
    calendar.add("REFRESH-INTERVAL", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", vDuration(REFRESH))
    zones = {zone.key: zone} | {
        happening.starts_at.tzinfo.key: happening.starts_at.tzinfo
        for happening in happenings
        if isinstance(happening.starts_at.tzinfo, ZoneInfo)
    }
    for key in sorted(zones):
        calendar.add_component(vtimezone(zones[key], first, last))
    for happening in happenings:
        calendar.add_component(_event(happening))
    return calendar.to_ical()


def clean(text: str) -> str:
    """One line of printable text: readers differ on what they make of control characters."""
    printable = (
        " " if unicodedata.category(char) in UNPRINTABLE or char == BYTE_ORDER_MARK else char
        for char in text
    )
    return " ".join("".join(printable).split())


def _event(happening: Happening) -> Event:
    event = Event()
    event.add("UID", str(happening.uid))
    _add_time(event, "DTSTART", happening.starts_at)
    _add_time(event, "DTEND", happening.ends_at)
    event.add("SUMMARY", vText(clean(happening.summary)))
    if happening.location:
        event.add("LOCATION", vText(clean(happening.location)))
    event.add("SEQUENCE", happening.sequence)
    event.add("STATUS", "CANCELLED" if happening.cancelled else "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT" if happening.cancelled else "OPAQUE")
    event.add("CLASS", "PRIVATE")
    event.add("DTSTAMP", happening.changed_at.astimezone(UTC))
    event.add("LAST-MODIFIED", happening.changed_at.astimezone(UTC))
    return event


def _add_time(event: Component, name: str, moment: datetime) -> None:
    """In local time, except in the hour that comes twice: readers differ on which one is meant."""
    if moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset():
        moment = moment.astimezone(UTC)
    event.add(name, vDatetime(moment))
