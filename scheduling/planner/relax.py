"""The smallest change to a request that lets a series fit, and what it would then be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from scheduling.planner.options import Variant
from scheduling.planner.plans import Relaxation
from scheduling.planner.variants import Search
from scheduling.planner.words import day_words

FURTHER = timedelta(days=60)
"""How much later D0 may become at most."""


def relaxations(search: Search) -> list[Relaxation]:
    """Single changes that give a series, the one that then finishes first first."""
    found = []
    for change, words in _changes(search):
        request = replace(search.request, **change)
        starts = search.starts.without(request=request)
        eased = Search(request, search.diary, starts)
        narrowed = bool(request.weekdays)
        variants = [Variant(therapist) for therapist in eased.therapists]
        option = eased.best(variants, narrowed=narrowed)
        if option is None and narrowed:
            option = eased.best(variants, narrowed=False)
        if option is None:
            continue
        if "not_after" in change:
            origin = eased.frame.origin or 0
            day = search.diary.first + timedelta(days=option.days[origin])
            change, words = {"not_after": day}, f"let the first day be {day_words(day)}"
        finish = search.diary.first + timedelta(days=option.finish)
        found.append(Relaxation(change, words, finish))
    return sorted(found, key=lambda relaxation: relaxation.finish)


def _changes(search: Search) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Changes to try, the least intrusive first."""
    request = search.request
    if request.latest is not None:
        yield {"latest": None}, f"let visits end after {request.latest:%H:%M}"
    if request.earliest is not None:
        yield {"earliest": None}, f"let visits start before {request.earliest:%H:%M}"
    if request.latest is not None and request.earliest is not None:
        yield {"earliest": None, "latest": None}, "let visits be at any hour"
    if request.staff:
        names = [p.name for p in search.diary.people if p.id in request.staff]
        yield {"staff": frozenset()}, f"let somebody other than {' or '.join(names)} take it"
    if search.frame.origin is not None:
        last = min(request.not_after + FURTHER, search.diary.last)
        if last > request.not_after:
            yield {"not_after": last}, "start later"
