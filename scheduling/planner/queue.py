"""Who is offered an opening: one fair order, each place told in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time

from scheduling.planner.day import Diary
from scheduling.planner.grid import day_spans, weekday_bits
from scheduling.planner.intervals import members
from scheduling.planner.nearest import Single, judged
from scheduling.planner.plans import PlannedVisit, Request
from scheduling.planner.single import place
from scheduling.planner.starts import Starts
from scheduling.planner.words import count

TRIED = 40
"""Starts judged in full for one who waits before it is given up for now."""
CLOSING = 3
"""Days to the end of a window from which on it counts as closing."""


@dataclass(frozen=True, slots=True)
class Wants:
    """What one who waits could take: site dates and clocks, inclusive; minutes are absolute.

    `until` bounds the start (an earlier time is wanted than the one there is); `never` are starts
    that were offered to them before.
    """

    first: date
    last: date
    soonest: int
    until: int | None = None
    weekdays: frozenset[int] = frozenset()
    earliest: time | None = None
    latest: time | None = None
    never: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody in the queue. `since` is the minute they joined; `closes` the end of the window."""

    id: int
    since: int
    urgent: bool
    closes: date | None
    gain: int = 0


def opening_for(single: Single, wants: Wants, diary: Diary) -> PlannedVisit | None:
    """The first place that one who waits could take, every rule kept; None when there is none."""
    first, last = max(wants.first, diary.first), min(wants.last, diary.last)
    if first > last:
        return None
    diary = single.wish.among(single.step, diary)
    request = Request(single.protocol, single.acuity, not_before=first, not_after=last)
    bits = Starts(request, diary).feasible(single.step, single.therapist).pooled
    days = weekday_bits(
        diary.first, len(diary.midnights) - 1, wants.weekdays or frozenset(range(7))
    )
    index, end = (first - diary.first).days, (last - diary.first).days
    days &= ((1 << end - index + 1) - 1) << index
    clocks = (_minute(wants.earliest), _minute(wants.latest))
    bits &= day_spans(
        diary, days, *clocks, single.step.minutes, max(0, wants.soonest - diary.start)
    )
    tried = 0
    for bit in members(bits):
        start = diary.start + bit
        if wants.until is not None and start + single.step.minutes > wants.until:
            return None
        if start in wants.never:
            continue
        found = place(single.step, start, diary, therapist=single.therapist)
        if not judged(single, found, diary):
            return found
        tried += 1
        if tried == TRIED:
            return None
    return None


def in_turn(queue: Iterable[Waiting], today: date) -> list[Waiting]:
    """Urgent ones first, then those whose window closes within days, then whoever waits longest."""
    return sorted(
        queue,
        key=lambda one: (not one.urgent, not _closing(one, today), one.since, one.id),
    )


def why_next(one: Waiting, today: date, queue: Sequence[Waiting]) -> str:
    """Why somebody has the turn: `urgent`, `window closes in 2 days`, `waiting longest`."""
    if one.urgent:
        return "urgent"
    if one.closes is not None and _closing(one, today):
        return f"window closes in {count((one.closes - today).days, 'day')}"
    longest = min(other.since for other in queue)
    return "waiting longest" if one.since == longest else "waiting next longest"


def _closing(one: Waiting, today: date) -> bool:
    return one.closes is not None and (one.closes - today).days <= CLOSING


def _minute(clock: time | None) -> int | None:
    return None if clock is None else clock.hour * 60 + clock.minute
