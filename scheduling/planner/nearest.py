"""The times nearest to one asked for at which a single visit keeps every rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from scheduling.planner import rules
from scheduling.planner.day import Diary
from scheduling.planner.intervals import members, span
from scheduling.planner.placed import Anchor
from scheduling.planner.plans import PlannedVisit, Refusal, Request
from scheduling.planner.protocols import Protocol, Step
from scheduling.planner.single import ANYTHING, Wish, place
from scheduling.planner.starts import Starts

TRIED_A_DAY = 6
"""Starts judged in full on one day before it is given up: a day's blockers repeat themselves."""


@dataclass(frozen=True)
class Single:
    """One visit wanted: its step, what of the series stands, and what is wished for."""

    step: Step
    protocol: Protocol
    acuity: int
    anchors: Mapping[str, Anchor]
    therapist: int | None = None
    wish: Wish = ANYTHING


def nearest(
    wanted: Single,
    around: int,
    diary: Diary,
    *,
    first: date,
    last: date,
    limit: int = 3,
    apart: int = 0,
) -> list[PlannedVisit]:
    """Up to `limit` visits from `first` to `last`, in time order, nearest to a minute first found.

    On the day asked for one before and one after, `apart` minutes from it where that can be, then
    a day each, outwards: offers that are a choice and not the same quarter hour three times.
    """
    diary = wanted.wish.among(wanted.step, diary)
    near = max(diary.first, first)
    far = min(diary.last, last)
    if near > far:
        return []
    request = Request(wanted.protocol, wanted.acuity, not_before=near, not_after=far)
    feasible = Starts(request, diary).feasible(wanted.step, wanted.therapist).pooled
    found: list[PlannedVisit] = []
    for starts in _by_day(feasible, around - diary.start, diary, far, apart):
        if len(found) == limit:
            break
        visit = _first_legal(wanted, starts, diary)
        if visit:
            found.append(visit)
    return sorted(found, key=lambda visit: visit.start)


def judged(wanted: Single, visit: PlannedVisit, diary: Diary) -> list[Refusal]:
    """Every reason against a visit."""
    return rules.check(
        [visit],
        diary,
        wanted.protocol,
        acuity=wanted.acuity,
        anchors=wanted.anchors,
        therapist=wanted.therapist,
    )


def _by_day(
    feasible: int, around: int, diary: Diary, last: date, apart: int
) -> Iterator[Sequence[int]]:
    """Starts in groups of which one is wanted each, nearest first, nearest days first."""
    count = min((last - diary.first).days + 1, len(diary.midnights) - 1)
    own = diary.day_of(max(0, around))
    clock = around - diary.midnights[own]
    for index in sorted(range(count), key=lambda day: (abs(day - own), day < own)):
        low, high = diary.midnights[index], diary.midnights[index + 1]
        of_day = [low + bit for bit in members(feasible >> low & span(0, high - low))]
        if index == own:
            yield _nearest_first((bit for bit in of_day if bit > around), around, apart)
            yield _nearest_first((bit for bit in of_day if bit < around), around, apart)
        else:
            yield _nearest_first(of_day, low + clock)


def _nearest_first(bits: Iterable[int], to: int, apart: int = 0) -> list[int]:
    return sorted(bits, key=lambda bit: (abs(bit - to) < apart, abs(bit - to)))


def _first_legal(wanted: Single, starts: Sequence[int], diary: Diary) -> PlannedVisit | None:
    for bit in starts[:TRIED_A_DAY]:
        visit = place(wanted.step, diary.start + bit, diary, therapist=wanted.therapist)
        if not judged(wanted, visit, diary):
            return visit
    return None
