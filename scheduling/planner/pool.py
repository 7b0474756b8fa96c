"""Free nurse lanes counted minute by minute on bitmaps, and the day's curve of cover."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time, timedelta

from scheduling.planner.day import Diary
from scheduling.planner.intervals import span
from scheduling.planner.protocols import NURSE

Levels = tuple[int, ...]


def levels(lanes: Iterable[int]) -> Levels:
    """`levels[k]`: bits in which more than k of the lanes are set."""
    found: list[int] = []
    for bits in lanes:
        found.append(0)
        for k in range(len(found) - 1, 0, -1):
            found[k] |= found[k - 1] & bits
        found[0] |= bits
    return tuple(found)


def taken(free: Levels, lanes: int, where: int) -> Levels:
    """Free levels after so many lanes are taken in the bits of `where`."""
    found = [bits & ~where for bits in free]
    for k in range(len(free) - lanes):
        found[k] |= free[k + lanes] & where
    return tuple(found)


def given_back(free: Levels, lanes: int, where: int) -> Levels:
    """Free levels after so many lanes are given back in the bits of `where`."""
    return tuple(
        bits | (free[k - lanes] & where if k >= lanes else where) for k, bits in enumerate(free)
    )


class Counter:
    """A number a minute, bit-sliced: `planes[i]` holds bit i of each minute's number."""

    def __init__(self, bitmaps: Iterable[int] = ()) -> None:
        self.planes: list[int] = []
        for bits in bitmaps:
            self.add(bits)

    def add(self, bits: int) -> None:
        """Count one more in those bits."""
        for i, plane in enumerate(self.planes):
            if not bits:
                return
            self.planes[i], bits = plane ^ bits, plane & bits
        if bits:
            self.planes.append(bits)

    def at_least(self, number: int, everywhere: int) -> int:
        """Bits of `everywhere` in which the count is `number` or more."""
        if number <= 0:
            return everywhere
        if number >> len(self.planes):
            return 0
        more, equal = 0, everywhere
        for i in range(len(self.planes) - 1, -1, -1):
            if number >> i & 1:
                equal &= self.planes[i]
            else:
                more |= equal & self.planes[i]
                equal &= ~self.planes[i]
        return more | equal

    def value(self, bit: int) -> int:
        """The count at one minute."""
        return sum((plane >> bit & 1) << i for i, plane in enumerate(self.planes))


def pool(diary: Diary) -> Counter:
    """Free lanes of all monitoring nurses on duty, together, minute by minute."""
    return Counter(
        lane & duty
        for person in diary.people
        if (duty := person.duty.get(NURSE, 0))
        for lane in person.lanes
    )


@dataclass(frozen=True, slots=True)
class Cover:
    """From this minute (absolute): nurse lanes on duty, needed by patients, and free."""

    minute: int
    on: int
    needed: int
    free: int


def curve(diary: Diary, day: date) -> tuple[Cover, ...]:
    """The cover of one site date as a step function, from midnight to midnight."""
    low, high = diary.bit(day, time(0)), diary.bit(day + timedelta(days=1), time(0))
    within = span(0, high - low)
    edges = {0}
    supply: list[tuple[int, int]] = []
    free: list[int] = []
    for person in diary.people:
        if duty := person.duty.get(NURSE, 0) >> low & within:
            supply.append((duty, len(person.lanes)))
            free += [lane >> low & duty for lane in person.lanes]
    for bits in (*(duty for duty, _ in supply), *free):
        edges |= _edges(bits)
    tasks = []
    for task in diary.cover:
        start, end = task.start - diary.start - low, task.end - diary.start - low
        if start < high - low and end > 0:
            tasks.append((max(start, 0), end, diary.taken(task)))
            edges |= {max(start, 0), end}
    steps: list[Cover] = []
    for edge in sorted(edge for edge in edges if edge < high - low):
        on = sum(lanes for duty, lanes in supply if duty >> edge & 1)
        needed = sum(lanes for start, end, lanes in tasks if start <= edge < end)
        spare = sum(bits >> edge & 1 for bits in free)
        step = Cover(diary.start + low + edge, on, needed, spare)
        if not steps or (on, needed, spare) != (steps[-1].on, steps[-1].needed, steps[-1].free):
            steps.append(step)
    return tuple(steps)


def _edges(bits: int) -> set[int]:
    """Positions at which a bitmap changes."""
    found = set()
    change = bits ^ (bits << 1)
    while change:
        low = change & -change
        found.add(low.bit_length() - 1)
        change ^= low
    return found


def covers(bits: int, where: int) -> bool:
    """True when every bit of `where` is set."""
    return bits & where == where


def first_run(bits: int) -> tuple[int, int]:
    """Start and end of the first run of set bits; (0, 0) when none is set."""
    if not bits:
        return (0, 0)
    start = (bits & -bits).bit_length() - 1
    tail = bits >> start
    return start, start + ((tail + 1) & ~tail).bit_length() - 1
