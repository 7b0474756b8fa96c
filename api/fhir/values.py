"""What search parameters say, read from text. ValueError with a sentence when it makes no sense.

The forms are those of FHIR R4, "3.1.1 Search".
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from django.db.models import Q

from api.reading import YEARS, an_id

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)"
    r"(?:[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d\d:\d\d)?)?)?)?"
)
REFERENCE = re.compile(r"(?:(https?://[^\s?#]+/)?([A-Z][A-Za-z]{1,40})/)?([A-Za-z0-9.-]{1,64})")
APPROXIMATELY = timedelta(days=1)


def split(text: str) -> list[str]:
    r"""The alternatives of a value: at commas that no \ stands before; empty ones say nothing."""
    return [part for part in re.split(r"(?<!\\),", text) if part.strip()]


def plain(text: str) -> str:
    r"""Text with \, \| \$ and \\ taken for the sign itself."""
    return re.sub(r"\\([,|$\\])", r"\1", text)


def token(text: str) -> tuple[str | None, str]:
    """(system, code): system None where any will do, "" where there must be none."""
    parts = re.split(r"(?<!\\)\|", text, maxsplit=1)
    if len(parts) == 1:
        return None, plain(parts[0]).strip()
    return plain(parts[0]).strip(), plain(parts[1]).strip()


def reference(text: str, kinds: Collection[str]) -> tuple[str, str] | None:
    """(type, id) of a reference to one of these types; None when it is to something else.

    A bare id is of the only type there can be.
    """
    found = REFERENCE.fullmatch(plain(text).strip())
    if found is None:
        raise ValueError("It must be a reference such as Patient/12.")
    kind = found[2] or (next(iter(kinds)) if len(kinds) == 1 else "")
    return (kind, found[3]) if not kind or kind in kinds else None


def number(text: str) -> int | None:
    """The row of an id, None when no row can have it."""
    try:
        return an_id(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class When:
    """A date or time as it was given, with its prefix: every moment of [low, high).

    Where no offset was given the bounds are a site's wall clock.
    """

    prefix: str
    low: datetime
    high: datetime

    def bounds(self, zone: tzinfo) -> tuple[datetime, datetime]:
        if self.low.tzinfo:
            return self.low, self.high
        return self.low.replace(tzinfo=zone), self.high.replace(tzinfo=zone)

    @property
    def has_offset(self) -> bool:
        return self.low.tzinfo is not None

    def q(self, field: str, zone: tzinfo = UTC) -> Q:
        """A filter on an instant."""
        low, high = self.bounds(zone)
        if self.prefix == "ap":
            low, high = low - APPROXIMATELY, high + APPROXIMATELY
        within = Q(**{f"{field}__gte": low, f"{field}__lt": high})
        return {
            "ne": ~within,
            "gt": Q(**{f"{field}__gte": high}),
            "sa": Q(**{f"{field}__gte": high}),
            "lt": Q(**{f"{field}__lt": low}),
            "eb": Q(**{f"{field}__lt": low}),
            "ge": Q(**{f"{field}__gte": low}),
            "le": Q(**{f"{field}__lt": high}),
        }.get(self.prefix, within)

    def day_q(self, field: str) -> Q:
        """A filter on a date."""
        low, last = self.low.date(), (self.high - timedelta(microseconds=1)).date()
        within = Q(**{f"{field}__gte": low, f"{field}__lte": last})
        return {
            "ne": ~within,
            "gt": Q(**{f"{field}__gt": last}),
            "sa": Q(**{f"{field}__gt": last}),
            "lt": Q(**{f"{field}__lt": low}),
            "eb": Q(**{f"{field}__lt": low}),
            "ge": Q(**{f"{field}__gte": low}),
            "le": Q(**{f"{field}__lte": last}),
        }.get(self.prefix, within)


def when(text: str) -> When:
    """[prefix]YYYY[-MM[-DD[Thh:mm[:ss[.f]][offset]]]]; a + that came as a space is understood."""
    text = plain(text).strip()
    prefix = text[:2] if text[:2] in PREFIXES else "eq"
    said = text[2:] if text[:2] in PREFIXES else text
    found = DATE.fullmatch(said.replace(" ", "+"))
    if found is None:
        raise ValueError("It must be a date or time such as ge2026-12-08 or 2026-12-08T09:00:00Z.")
    year, month, day, hour, minutes, seconds, fraction, offset = found.groups()
    if int(year) not in YEARS:
        raise ValueError(f"Years run from {YEARS[0]} to {YEARS[-1]}.")
    try:
        first = date(int(year), int(month or 1), int(day or 1))
        clock = time(int(hour or 0), int(minutes or 0), min(int(seconds or 0), 59))
        low = datetime.combine(first, clock)
        if offset:
            low = datetime.fromisoformat(f"{low.isoformat()}{offset.upper()}")
    except ValueError:
        raise ValueError("There is no such date or time.") from None
    if fraction:
        low += timedelta(microseconds=int(fraction[:6].ljust(6, "0")))
    return When(prefix, low, _after(low, month, day, hour, seconds, fraction))


def _after(
    low: datetime,
    month: str | None,
    day: str | None,
    hour: str | None,
    seconds: str | None,
    fraction: str | None,
) -> datetime:
    """The first moment after the stretch that was named as exactly as it was."""
    if month is None:
        return low.replace(year=low.year + 1)
    if day is None:
        return (low + timedelta(days=32)).replace(day=1)
    if hour is None:
        return low + timedelta(days=1)
    if seconds is None:
        return low + timedelta(minutes=1)
    return low + (timedelta(microseconds=1) if fraction else timedelta(seconds=1))
