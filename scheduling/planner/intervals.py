"""Half-open minutes as bits of one integer: bit i is the i-th minute of the horizon."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def to_minute(moment: datetime) -> int:
    """Whole UTC minutes since 1970 of an aware moment, rounded down."""
    return (moment - EPOCH) // MINUTE


def from_minute(minute: int) -> datetime:
    """The aware UTC moment of a count of minutes since 1970."""
    return EPOCH + minute * MINUTE


def span(start: int, end: int) -> int:
    """Bits start..end-1; empty when end <= start."""
    return ((1 << (end - start)) - 1) << start if end > start else 0


def union(intervals: Iterable[tuple[int, int]], length: int) -> int:
    """Bits covered by *disjoint* half-open intervals, clipped to 0..length.

    Each interval is 2**end - 2**start, so one subtraction of two sparse sums draws them all:
    the work grows with the number of intervals, not with intervals times length.
    """
    size = length // 8 + 2
    starts, ends = bytearray(size), bytearray(size)
    for start, end in intervals:
        low, high = max(start, 0), min(end, length)
        if low < high:
            starts[low >> 3] |= 1 << (low & 7)
            ends[high >> 3] |= 1 << (high & 7)
    return int.from_bytes(ends, "little") - int.from_bytes(starts, "little")


def erode(bits: int, minutes: int) -> int:
    """Bits i such that i..i+minutes-1 are all set: the starts of runs long enough."""
    done = 1
    while done < minutes and bits:
        step = min(done, minutes - done)
        bits &= bits >> step
        done += step
    return bits


def nth(bits: int, n: int) -> int:
    """Position of the set bit with n set bits below it. Raises IndexError when there is none."""
    low, high = 0, bits.bit_length()
    if not 0 <= n < bits.bit_count():
        raise IndexError(n)
    while high - low > 1:
        middle = (low + high) // 2
        below = (bits & (1 << middle) - 1).bit_count()
        low, high = (middle, high) if below <= n else (low, middle)
    return low


def members(bits: int) -> Iterator[int]:
    """Positions of the set bits, ascending."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
