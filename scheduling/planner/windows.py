"""When each step may be: bounds in days from D0, and windows once other steps have dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from scheduling.planner.protocols import Gap, Protocol, Step

UNBOUNDED = 3650


def bounds(protocol: Protocol) -> dict[str, tuple[int, int]]:
    """Earliest and latest day of every step, counted from D0, that all gaps together allow.

    Shortest paths over the gaps as difference constraints; a gap in hours counts as the days it
    can touch. Steps that nothing ties down get +-3650.
    """
    latest = {step.key: UNBOUNDED for step in protocol.steps}
    earliest = {step.key: -UNBOUNDED for step in protocol.steps}
    latest[protocol.origin] = earliest[protocol.origin] = 0
    ties = [
        (step.key, gap.anchor, *_days(gap))
        for step in protocol.steps
        for gap in step.gaps
        if gap.anchor in latest
    ]
    for _ in protocol.steps:
        for key, anchor, low, high in ties:
            latest[key] = min(latest[key], latest[anchor] + high)
            earliest[key] = max(earliest[key], earliest[anchor] + low)
            latest[anchor] = min(latest[anchor], latest[key] - low)
            earliest[anchor] = max(earliest[anchor], earliest[key] - high)
    return {key: (earliest[key], latest[key]) for key in latest}


def reach(protocol: Protocol) -> int:
    """Days after D0 on which the last step may still be."""
    return max(0, *(last for _, last in bounds(protocol).values() if last < UNBOUNDED))


def window(
    step: Step, protocol: Protocol, d0: date, dated: Mapping[str, date]
) -> tuple[date, date]:
    """First and last site date of a step, from the dates of its anchors where they are known."""
    known = [(dated[gap.anchor], *_days(gap)) for gap in step.gaps if gap.anchor in dated]
    if known:
        first = max(anchor + timedelta(days=low) for anchor, low, _ in known)
        last = min(anchor + timedelta(days=high) for anchor, _, high in known)
    else:
        low, high = bounds(protocol)[step.key]
        first, last = d0 + timedelta(days=low), d0 + timedelta(days=high)
    return first, max(first, last)


def _days(gap: Gap) -> tuple[int, int]:
    if gap.unit == "days":
        return gap.earliest, gap.latest
    return gap.earliest // 24, -(-gap.latest // 24) + 1
