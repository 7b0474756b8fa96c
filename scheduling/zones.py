"""VTIMEZONE (RFC 5545, 3.6.5) of a zone, bounded to a window, exact to the second.

Written here because icalendar 7.3 gives the onset of summer time in the new offset where the
standard wants the old one, which puts the first hour after the spring change an hour off.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@lru_cache(maxsize=64)
def vtimezone(zone: ZoneInfo, first: datetime, last: datetime) -> Timezone:
    """The zone's offsets from `first` to `last`, one observance for each change."""
    component = Timezone()
    component.add("TZID", zone.key)
    began = first.astimezone(zone)
    component.add_component(_observance(began, began.utcoffset(), began.replace(tzinfo=None)))
    for change in changes(zone, first, last):
        after = change.astimezone(zone)
        old = (change - SECOND).astimezone(zone).utcoffset()
        assert old is not None
        component.add_component(_observance(after, old, (change + old).replace(tzinfo=None)))
    return component


def changes(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """The UTC moments in (first, last] from which another offset or name holds."""

    def face(moment: datetime) -> tuple[timedelta | None, str | None]:
        local = moment.astimezone(zone)
        return local.utcoffset(), local.tzname()

    day = first.astimezone(UTC)
    while day < last:
        low, high = day, min(day + DAY, last)
        if face(low) != face(high):
            while high - low > SECOND:
                middle = low + (high - low) // SECOND // 2 * SECOND
                low, high = (middle, high) if face(middle) == face(low) else (low, middle)
            yield high
        day += DAY


def _observance(
    after: datetime, old: timedelta | None, onset: datetime
) -> TimezoneStandard | TimezoneDaylight:
    """`onset` is the wall clock of the old offset, as the standard wants it."""
    kind = TimezoneDaylight if after.dst() else TimezoneStandard
    observance = kind()
    observance.DTSTART = onset
    observance.TZOFFSETFROM = old
    observance.TZOFFSETTO = after.utcoffset()
    observance.add("TZNAME", str(after.tzname()))
    return observance
