"""Somebody else's calendar -> when its owner is busy, and nothing else of it. Pure.

Busy is what is neither cancelled nor marked free. What is tentative counts: it holds the time until
it is declined. So do "out of office" and "working elsewhere", which are not at the clinic. Times
without a zone, and whole days, are in the zone of the person. A file that cannot be read, or that
would keep a reader busy, raises the one error `CalendarRefused`; an entry in it that cannot be read
is counted and blocks nothing (or only its first time, when just its rule is broken).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Event
from icalendar.prop import vDDDLists, vDDDTypes, vDuration, vPeriod, vRecur

from scheduling.feeds.busy_lines import CalendarRefused, Line, Part, calendars
from scheduling.feeds.busy_series import MARGIN, Budget, Entry, series_of
from scheduling.feeds.busy_zones import known_zone, written_zones

__all__ = ["Busy", "CalendarRefused", "busy_times"]

Moments = tuple[datetime, datetime]
SINGLE = ("DTSTART", "DTEND", "RECURRENCE-ID")
LISTS = ("RDATE", "EXDATE")
MOST_RULE = 2000


@dataclass(frozen=True, slots=True)
class Busy:
    """Half-open stretches in UTC, sorted, none touching another, and entries not understood."""

    times: tuple[Moments, ...]
    unread: int = 0


@dataclass(frozen=True, slots=True)
class _Clock:
    """How one calendar of a file tells the time. `own` is its X-WR-TIMEZONE, if it has one."""

    zones: Mapping[str, tzinfo]
    own: tzinfo | None

    def read(self, text: str, line: Line) -> Any:
        """A date, moment, duration or period; a moment without any zone stays without."""
        value = vDDDTypes.from_ical(text.strip().upper())
        zone = self._zone(line)
        if isinstance(value, tuple):
            begin, end = (self._placed(one, zone) for one in value)
            return begin, end
        return self._placed(value, zone)

    def _zone(self, line: Line) -> tzinfo | None:
        name = line.params.get("TZID", "")
        return (known_zone(name) or self.zones.get(name)) if name else None

    def _placed(self, value: Any, zone: tzinfo | None) -> Any:
        if not isinstance(value, datetime):
            return value
        if value.tzinfo is None:
            return value.replace(tzinfo=zone or self.own)
        return value.astimezone(self.own) if self.own else value


def busy_times(
    document: bytes,
    *,
    zone: ZoneInfo,
    first: datetime,
    last: datetime,
    without: Collection[str] = (),
    budget: Budget | None = None,
) -> Busy:
    """What a calendar file says of [first, last), in `zone` where it names none.

    Events whose UID is in `without` are left out.
    """
    budget = budget or Budget()
    found: list[tuple[object, object]] = []
    unread = 0
    for calendar in calendars(document):
        own = known_zone(calendar.value("X-WR-TIMEZONE"))
        clock = _Clock(written_zones(calendar, first=first, last=last, budget=budget), own)
        cancelled = calendar.value("METHOD").upper() == "CANCEL"
        groups, wrong = _entries(calendar, clock, cancelled, without)
        unread += wrong
        for entries in groups:
            if not any(entry.busy for entry in entries):
                continue
            try:
                stretches = list(series_of(entries, budget, first - MARGIN, last + MARGIN))
            except CalendarRefused:
                raise
            except Exception:  # what the readers raise on bad input has no end
                unread += 1
                continue
            found += [(one.start, one.end) for one in stretches if one.busy]
        for part in calendar.inner("VFREEBUSY"):
            periods, wrong = _periods(part, clock)
            unread += wrong
            found += [] if cancelled else periods
    times = [(_moment(start, zone), _moment(end, zone)) for start, end in found]
    return Busy(tuple(_merged(times, first, last)), unread)


def _entries(
    calendar: Part, clock: _Clock, cancelled: bool, without: Collection[str]
) -> tuple[list[list[Entry]], int]:
    """Events by UID, an event without one for itself; and how many are not understood."""
    groups: dict[str, list[Entry]] = {}
    unread = 0
    for number, part in enumerate(calendar.inner("VEVENT")):
        if part.value("UID") in without:
            continue
        event = Event()
        wrong = part.unread
        for line in part.lines:
            try:
                _set(event, line, clock)
            except Exception:  # as above
                wrong += 1
        unread += bool(wrong) or "DTSTART" not in event
        if "DTSTART" in event:
            uid = part.value("UID") or f"without UID {number}"
            event["UID"] = uid
            busy = not cancelled and not _is_free(part)
            groups.setdefault(uid, []).append(Entry(event, busy=busy))
    return list(groups.values()), unread


def _set(event: Event, line: Line, clock: _Clock) -> None:
    """Give a property to an event. Any Exception."""
    name, value = line.name, line.value
    if name in SINGLE:
        if name not in event:
            read = clock.read(value, line)
            if not isinstance(read, date):
                raise ValueError("It is no date and no time.")
            event[name] = vDDDTypes(read)
            if line.params.get("RANGE", "").upper() == "THISANDFUTURE":
                event[name].params["RANGE"] = "THISANDFUTURE"
    elif name in LISTS:
        dates = [vDDDTypes(clock.read(text, line)) for text in value.split(",") if text.strip()]
        event.add(name, vDDDLists(dates))
    elif name == "DURATION":
        event[name] = vDuration(vDuration.from_ical(value.upper()))
    elif name == "RRULE":
        if len(value) > MOST_RULE:
            raise ValueError("That is no rule.")
        event.add(name, vRecur.from_ical(value.strip(";")))
    elif name == "SEQUENCE":
        event[name] = int(value)


def _is_free(event: Part) -> bool:
    return (
        event.value("STATUS").upper() == "CANCELLED"
        or event.value("TRANSP").upper() == "TRANSPARENT"
        or event.value("X-MICROSOFT-CDO-BUSYSTATUS").upper() == "FREE"
    )


def _periods(part: Part, clock: _Clock) -> tuple[list[tuple[object, object]], int]:
    """What a free/busy answer says; every type of busy counts (RFC 5545, 3.2.9)."""
    found: list[tuple[object, object]] = []
    unread = part.unread
    for line in part.all("FREEBUSY"):
        if line.params.get("FBTYPE", "").upper() == "FREE":
            continue
        for text in line.value.split(","):
            try:
                start, end = vPeriod.from_ical(text.strip().upper())
                found.append((start, end if isinstance(end, datetime) else start + end))
            except Exception:  # as above
                unread += 1
    return found, unread


def _moment(value: object, zone: ZoneInfo) -> datetime:
    """A date is its midnight; what has no zone is read by the person's clock."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    assert isinstance(value, date)
    return datetime.combine(value, time(0), tzinfo=zone).astimezone(UTC)


def _merged(times: Iterable[Moments], first: datetime, last: datetime) -> list[Moments]:
    """The same moments inside [first, last), sorted, touching ones joined, empty ones dropped."""
    merged: list[Moments] = []
    low, high = first.astimezone(UTC), last.astimezone(UTC)
    for start, end in sorted((max(start, low), min(end, high)) for start, end in times):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
