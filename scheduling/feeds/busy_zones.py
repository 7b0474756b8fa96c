"""Zones as calendar files name them: by IANA's name, by Microsoft's, or spelled out. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from functools import cache
from itertools import takewhile
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import rrule, rrulestr
from icalendar.prop import vDatetime, vUTCOffset
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from scheduling.feeds.busy_lines import CalendarRefused, Part
from scheduling.feeds.busy_series import Budget, counted

YEARS_BEFORE, YEARS_AFTER = 3, 2
MOST_ZONES = 200


class WrittenZone(tzinfo):
    """A zone as a file's VTIMEZONE spells it out, from some years before a window to its end.

    `changes` are (UTC moment without zone, offset before, offset after), in order.
    """

    def __init__(self, key: str, changes: list[tuple[datetime, timedelta, timedelta]]) -> None:
        self.key, self.first = key, changes[0][1]
        self.after = [after for _, _, after in changes]
        self.moments = [moment for moment, _, _ in changes]
        self.early = [moment + max(before, after) for moment, before, after in changes]
        self.late = [moment + min(before, after) for moment, before, after in changes]

    def utcoffset(self, when: datetime | None) -> timedelta | None:
        """In the hour that comes twice, and in the one that is skipped, as ZoneInfo has it."""
        if when is None:
            return None
        walls = self.late if when.fold else self.early
        return self._at(bisect_right(walls, when.replace(tzinfo=None)))

    def dst(self, when: datetime | None) -> timedelta | None:
        return None

    def tzname(self, when: datetime | None) -> str | None:
        return self.key

    def fromutc(self, when: datetime) -> datetime:
        moment = when.replace(tzinfo=None)
        count = bisect_right(self.moments, moment)
        local = moment + self._at(count)
        return local.replace(tzinfo=self, fold=int(count > 0 and local < self.early[count - 1]))

    def _at(self, count: int) -> timedelta:
        return self.after[count - 1] if count else self.first


@cache
def known_zone(name: str) -> ZoneInfo | None:
    """The zone of a name; `/vendor/Europe/Berlin` is Europe/Berlin."""
    cleaned = name.strip().strip("/")
    cleaned = WINDOWS_TO_OLSON.get(cleaned, cleaned)
    parts = cleaned.split("/")
    tails = ["/".join(parts[n:]) for n in range(len(parts) if name.startswith("/") else 1)]
    return next((ZoneInfo(tail) for tail in tails if tail in available_timezones()), None)


def written_zones(
    calendar: Part, *, first: datetime, last: datetime, budget: Budget
) -> Mapping[str, tzinfo]:
    """The zones that a calendar spells out and that have no known name; those it gets wrong not."""
    found: dict[str, tzinfo] = {}
    parts = list(calendar.inner("VTIMEZONE"))
    if len(parts) > MOST_ZONES:
        raise CalendarRefused(f"The calendar spells out more than {MOST_ZONES} time zones.")
    for part in parts:
        name = part.value("TZID")
        if not name or known_zone(name):
            continue
        try:
            changes = sorted(
                change
                for observance in part.inner("STANDARD", "DAYLIGHT")
                for change in _changes(observance, first, last, budget)
            )
        except (ValueError, TypeError, AttributeError, OverflowError):
            continue
        if changes:
            found[name] = WrittenZone(name, changes)
    return found


def _changes(
    part: Part, first: datetime, last: datetime, budget: Budget
) -> Iterator[tuple[datetime, timedelta, timedelta]]:
    before = vUTCOffset.from_ical(part.value("TZOFFSETFROM"))
    after = vUTCOffset.from_ical(part.value("TZOFFSETTO"))
    start = vDatetime.from_ical(part.value("DTSTART")).replace(tzinfo=None)
    onsets = {start}
    for line in part.all("RDATE"):
        onsets |= {vDatetime.from_ical(one).replace(tzinfo=None) for one in line.value.split(",")}
    if text := part.value("RRULE"):
        rule = counted(_recent(text, start, first.year - YEARS_BEFORE), budget)
        end = last.replace(tzinfo=None) + timedelta(days=366 * YEARS_AFTER)
        onsets |= set(takewhile(lambda onset: onset < end, rule))
    for onset in onsets:
        yield onset - before, before, after


def _recent(text: str, start: datetime, year: int) -> rrule:
    """A yearly rule from shortly before the window on: many are written as begun in 1601."""
    parts = dict(part.split("=", 1) for part in text.upper().split(";") if part)
    until = parts.pop("UNTIL", "")
    if parts.get("FREQ") == "YEARLY" and not parts.keys() & {"COUNT", "INTERVAL"}:
        year = min(year, int(until[:4]) - YEARS_BEFORE) if until else year
        while start.year < year:
            try:
                start = start.replace(year=year)
            except ValueError:
                year -= 1
    if until:
        parts["UNTIL"] = until[:8] + (until[8:15] or "T235959")
    plain = ";".join(f"{key}={value}" for key, value in parts.items())
    rule = rrulestr(plain, dtstart=start)
    if not isinstance(rule, rrule):
        raise ValueError("A zone's rule is one rule.")
    return rule
