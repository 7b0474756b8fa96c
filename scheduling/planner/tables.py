"""Feasible starts of one kind of visit, day by day, the cheapest of a day first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from scheduling.planner.day import Diary
from scheduling.planner.grid import DAY, wall
from scheduling.planner.intervals import members
from scheduling.planner.preferences import (
    BANDS,
    HALF_HOUR,
    band_cost,
    hour_weight,
    repack_cost,
)
from scheduling.planner.starts import Feasible

NEVER = 1 << 60
BAND_BITS = tuple((1 << end) - (1 << start) for start, end in BANDS)


class Choice(NamedTuple):
    """A start (bit) and its cost; `certain` unless a repack of nurses still needs to be proven."""

    cost: int
    start: int
    certain: bool


class Days(Protocol):
    """What the search over days asks of a table."""

    days: int

    def best(self, day: int, band: int | None) -> Choice | None:
        """The cheapest start of a day."""

    def floor(self, day: int, band: int | None) -> int:
        """A lower bound on the cost of any start of a day."""

    def within(self, day: int, band: int | None, low: int, high: int) -> Choice | None:
        """The cheapest start of a day among the bits low..high."""

    def every(self, day: int, band: int | None, low: int, high: int) -> Iterator[Choice]:
        """All starts of a day among the bits low..high."""


@dataclass(frozen=True, slots=True)
class Taste:
    """What decides the cost of a start: the wanted wall-clock minute, and if bands matter."""

    wanted: int
    main: bool


class Table:
    """Starts of one kind of visit by day. A band is an index into BANDS, None when it is free.

    A start that only a repack of nurses would allow costs more, and is uncertain until proven.
    """

    def __init__(self, diary: Diary, feasible: Feasible, taste: Taste) -> None:
        self.diary, self.taste = diary, taste
        self.pooled = by_day(diary, feasible.pooled)
        same = feasible.direct == feasible.pooled
        self.direct = list(self.pooled) if same else by_day(diary, feasible.direct)
        self.days = sum(1 << day for day, starts in enumerate(self.pooled) if starts)
        self.proven: set[int] = set()
        self._best: dict[tuple[int, int | None], Choice | None] = {}
        self._ordered: dict[int, list[Choice]] = {}

    def best(self, day: int, band: int | None) -> Choice | None:
        key = (day, band if self.taste.main else None)
        if key not in self._best:
            self._best[key] = self._cheapest(day, key[1], -1)
        return self._best[key]

    def floor(self, day: int, band: int | None) -> int:
        choice = self.best(day, band)
        return NEVER if choice is None else choice.cost

    def ordered(self, day: int) -> list[Choice]:
        """All starts of a day without a band's cost, the cheapest first."""
        if day not in self._ordered:
            self._ordered[day] = sorted(self.every(day, None, 0, self.diary.length))
        return self._ordered[day]

    def within(self, day: int, band: int | None, low: int, high: int) -> Choice | None:
        midnight = self.diary.midnights[day]
        mask = _between(low - midnight, high - midnight)
        return self._cheapest(day, band if self.taste.main else None, mask)

    def every(self, day: int, band: int | None, low: int, high: int) -> Iterator[Choice]:
        midnight = self.diary.midnights[day]
        mask = _between(low - midnight, high - midnight)
        kept = band if self.taste.main else None
        for offset in members(self.pooled[day] & mask):
            cost = self._cost(day, offset, kept)
            if self.direct[day] >> offset & 1:
                yield Choice(cost, midnight + offset, True)
            else:
                yield self._repacked(cost, midnight + offset)

    def confirm(self, start: int) -> None:
        """A repack for this start has been proven."""
        self.proven.add(start)
        self._forget(self.diary.day_of(start))

    def strike(self, start: int) -> None:
        """No repack allows this start."""
        day = self.diary.day_of(start)
        self.pooled[day] &= ~(1 << start - self.diary.midnights[day])
        if not self.pooled[day]:
            self.days &= ~(1 << day)
        self._forget(day)

    def narrow(self, possible: int) -> None:
        """Keep of the uncertain starts only those among the bits of `possible`."""
        kept = by_day(self.diary, possible)
        self.pooled = [
            direct | (pooled & bits)
            for direct, pooled, bits in zip(self.direct, self.pooled, kept, strict=True)
        ]
        self.days = sum(1 << day for day, starts in enumerate(self.pooled) if starts)
        self._best.clear()
        self._ordered.clear()

    def _forget(self, day: int) -> None:
        for band in (None, *range(len(BANDS))):
            self._best.pop((day, band), None)
        self._ordered.pop(day, None)

    def _repacked(self, cost: int, start: int) -> Choice:
        return Choice(cost + repack_cost(), start, start in self.proven)

    def only(self, band: int) -> Table:
        """The same starts, but those outside a time band."""
        masks = [self._band_bits(day, band) for day in range(len(self.pooled))]
        narrowed = Table.__new__(Table)
        narrowed.diary, narrowed.taste = self.diary, self.taste
        narrowed._best, narrowed._ordered = {}, {}
        narrowed.proven = self.proven
        narrowed.pooled = [a & b for a, b in zip(self.pooled, masks, strict=True)]
        narrowed.direct = [a & b for a, b in zip(self.direct, masks, strict=True)]
        narrowed.days = sum(1 << day for day, starts in enumerate(narrowed.pooled) if starts)
        return narrowed

    def _band_bits(self, day: int, band: int) -> int:
        clock = wall(self.diary, day)
        if clock is None:
            return BAND_BITS[band]
        low, high = BANDS[band]
        return sum(1 << i for i, minute in enumerate(clock) if low <= minute < high)

    def _cheapest(self, day: int, band: int | None, mask: int) -> Choice | None:
        direct, pooled = self.direct[day] & mask, self.pooled[day] & mask
        midnight = self.diary.midnights[day]
        sure = self._nearest(day, band, direct)
        if sure is not None and (sure[0] <= repack_cost() or direct == pooled):
            return Choice(sure[0], midnight + sure[1], True)
        other = self._nearest(day, band, pooled & ~direct)
        if other is None or (sure is not None and sure[0] <= other[0] + repack_cost()):
            return None if sure is None else Choice(sure[0], midnight + sure[1], True)
        return self._repacked(other[0], midnight + other[1])

    def _nearest(self, day: int, band: int | None, starts: int) -> tuple[int, int] | None:
        """Cost and offset of the cheapest among the starts of a day."""
        if not starts:
            return None
        if wall(self.diary, day) is not None:
            return min((self._cost(day, offset, band), offset) for offset in members(starts))
        if band is None:
            return self._closest(starts)
        inside = self._closest(starts & BAND_BITS[band])
        if inside and inside[0] <= band_cost():
            return inside
        outside = self._closest(starts & ~BAND_BITS[band])
        if outside is None:
            return inside
        outside = (outside[0] + band_cost(), outside[1])
        return outside if inside is None else min(inside, outside, key=lambda found: found[0])

    def _closest(self, starts: int) -> tuple[int, int] | None:
        """Cost and offset of the start closest to the wanted minute on an ordinary day."""
        wanted, weight = self.taste.wanted, hour_weight(self.taste.main)
        found: tuple[int, int] | None = None
        if later := starts >> wanted:
            distance = (later & -later).bit_length() - 1
            found = (weight * (distance // HALF_HOUR), wanted + distance)
        if earlier := starts & (1 << wanted) - 1:
            offset = earlier.bit_length() - 1
            cost = weight * ((wanted - offset) // HALF_HOUR)
            if found is None or cost < found[0]:
                found = (cost, offset)
        return found

    def _cost(self, day: int, offset: int, band: int | None) -> int:
        clock = wall(self.diary, day)
        minute = offset if clock is None else clock[offset]
        cost = hour_weight(self.taste.main) * (abs(minute - self.taste.wanted) // HALF_HOUR)
        outside = band is not None and not BANDS[band][0] <= minute < BANDS[band][1]
        return cost + (band_cost() if outside else 0)


def _between(low: int, high: int) -> int:
    """Bits low..high of one day."""
    first, last = max(low, 0), min(high, 2 * DAY)
    return (1 << (last + 1)) - (1 << first) if last >= first else 0


def by_day(diary: Diary, bits: int) -> list[int]:
    """The bitmap cut at local midnights."""
    whole = bits.to_bytes(diary.length // 8 + 1, "little")
    found = []
    for low, high in zip(diary.midnights, diary.midnights[1:], strict=False):
        part = int.from_bytes(whole[low >> 3 : (high + 7) >> 3], "little")
        found.append(part >> (low & 7) & (1 << high - low) - 1)
    return found
