"""Half-open spans of whole UTC minutes since 1970, as sorted lists of (start, end)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Span = tuple[int, int]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def minute(moment: datetime) -> int:
    """UTC minutes since 1970 of an aware moment, rounded down."""
    return (moment - _EPOCH) // _MINUTE


def minute_up(moment: datetime) -> int:
    """UTC minutes since 1970 of an aware moment, rounded up."""
    return -((_EPOCH - moment) // _MINUTE)


def moment(minutes: int) -> datetime:
    """The aware UTC moment of a count of minutes since 1970."""
    return _EPOCH + minutes * _MINUTE


def at(day: date, clock: time, zone: ZoneInfo) -> int:
    """The minute of a wall-clock time on a day in a zone."""
    return minute(datetime.combine(day, clock, tzinfo=zone))


def shift(day: date, starts: time, ends: time, zone: ZoneInfo) -> Span:
    """A span in wall-clock times; one that ends at or before it starts runs into the next day."""
    last = day if ends > starts else day + timedelta(days=1)
    return at(day, starts, zone), at(last, ends, zone)


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same minutes, sorted, touching spans joined, empty ones dropped."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def subtract(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """The minutes of `spans` that lie in no hole."""
    left: list[Span] = []
    gaps = merge(holes)
    for start, end in merge(spans):
        for low, high in gaps:
            if high <= start or low >= end:
                continue
            if start < low:
                left.append((start, low))
            start = max(start, high)
        if start < end:
            left.append((start, end))
    return left


def intersect(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """The minutes that lie in both."""
    a, b = merge(spans), merge(others)
    both: list[Span] = []
    i = j = 0
    while i < len(a) and j < len(b):
        low, high = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if low < high:
            both.append((low, high))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return both
