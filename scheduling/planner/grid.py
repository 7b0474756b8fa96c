"""The site's clock on bitmaps: which minutes may start a visit, and what the wall clock shows."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduling.planner.day import Diary
from scheduling.planner.intervals import from_minute, union

DAY = 1440


def grid(diary: Diary) -> int:
    """Bits at which the wall clock stands on a multiple of the site's grain."""
    return _grid(diary.zone, diary.first, diary.last, diary.grain)


def wall(diary: Diary, index: int) -> tuple[int, ...] | None:
    """Wall-clock minute of each bit of a day whose clock changes; None for an ordinary day."""
    low, high = diary.midnights[index], diary.midnights[index + 1]
    if high - low == DAY:
        return None
    return _wall(diary.zone, diary.start + low, high - low)


def wall_minute(diary: Diary, bit: int) -> int:
    """Wall-clock minute of the day at a bit."""
    index = diary.day_of(bit)
    clock = wall(diary, index)
    offset = bit - diary.midnights[index]
    return offset if clock is None else clock[offset]


def day_spans(
    diary: Diary, days: int, earliest: int | None, latest: int | None, minutes: int, now: int
) -> int:
    """Bits that start a visit of `minutes` inside the wall-clock hours of the days in `days`.

    `days` has one bit a day of the diary; `earliest` and `latest` are minutes of the day, the
    visit ends by `latest` of the day it starts on. Nothing before the bit `now`.
    """
    found = []
    for index in range(len(diary.midnights) - 1):
        if not days >> index & 1:
            continue
        low, high = diary.midnights[index], diary.midnights[index + 1]
        start = low if earliest is None else _at(diary, index, earliest)
        end = high if latest is None else _at(diary, index, latest) - minutes + 1
        found.append((max(start, now), end))
    return union(((start, end) for start, end in found if start < end), diary.length)


def _at(diary: Diary, index: int, minute: int) -> int:
    """Bit of a wall-clock minute on a day; a skipped time moves past the gap."""
    clock = wall(diary, index)
    if clock is None or minute >= DAY:
        return min(diary.midnights[index] + minute, diary.midnights[index + 1])
    return diary.midnights[index] + next(i for i, shown in enumerate(clock) if shown >= minute)


@lru_cache(maxsize=64)
def _grid(zone: ZoneInfo, first: date, last: date, grain: int) -> int:
    diary = Diary("", zone, first, last, grain, 0, 0, 0, (), (), 0, {})
    bits = 0
    ordinary = sum(1 << minute for minute in range(0, DAY, grain))
    for index in range((last - first).days + 1):
        clock = wall(diary, index)
        day = ordinary
        if clock is not None:
            day = sum(1 << i for i, shown in enumerate(clock) if shown % grain == 0)
        bits |= day << diary.midnights[index]
    return bits


@lru_cache(maxsize=256)
def _wall(zone: ZoneInfo, start: int, length: int) -> tuple[int, ...]:
    shown = (from_minute(start + i).astimezone(zone) for i in range(length))
    return tuple(there.hour * 60 + there.minute for there in shown)


def weekday_bits(first: date, count: int, weekdays: frozenset[int]) -> int:
    """One bit a day from `first`: the days that fall on one of the weekdays."""
    return sum(
        1 << index
        for index in range(count)
        if (first + timedelta(days=index)).weekday() in weekdays
    )
