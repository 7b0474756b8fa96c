"""Minutes put where they belong in a week: by weekday and hour on the site's own clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from zoneinfo import ZoneInfo

from clinic.spans import moment
from scheduling.planner.pool import first_run

Hour = tuple[int, int]
"""Weekday (0 is Monday) and hour of the day."""
Weighted = Mapping[tuple[float, float], float]
"""Spans of UTC minutes, and how many chairs or lanes they stand for."""


def by_hour(spans: Weighted, zone: ZoneInfo) -> Counter[Hour]:
    """Minutes times weight in each hour of the week."""
    found: Counter[Hour] = Counter()
    for (start, end), weight in spans.items():
        while start < end:
            local = moment(int(start // 1)).astimezone(zone)
            until = min(end, start // 1 + 60 - local.minute)
            found[local.weekday(), local.hour] += (until - start) * weight  # type: ignore[assignment]
            start = until
    return found


def runs(bits: int, start: int) -> Iterator[tuple[int, int]]:
    """The spans of a bitmap whose first bit is the minute `start`."""
    while bits:
        low, high = first_run(bits)
        yield start + low, start + high
        bits = bits >> high << high


def counted(spans: Iterable[tuple[tuple[float, float], float]]) -> Weighted:
    """The same spans, each once, with their weights added up."""
    found: Counter[tuple[float, float]] = Counter()
    for span, weight in spans:
        found[span] += weight  # type: ignore[assignment]
    return found
