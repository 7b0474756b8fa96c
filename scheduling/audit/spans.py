"""Half-open minutes as sorted lists of (start, end): the audit's own arithmetic."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same minutes in order, touching spans joined, empty ones dropped."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def without(span: Span, others: Iterable[Span]) -> list[Span]:
    """What is left of one span when the others are taken out."""
    left: list[Span] = []
    start, end = span
    for low, high in merge(others):
        if high <= start:
            continue
        if low >= end:
            break
        if low > start:
            left.append((start, low))
        start = max(start, high)
    if start < end:
        left.append((start, end))
    return left


def clip(spans: Iterable[Span], low: int, high: int) -> list[Span]:
    """The minutes that lie in low..high."""
    return [(max(s, low), min(e, high)) for s, e in spans if max(s, low) < min(e, high)]
