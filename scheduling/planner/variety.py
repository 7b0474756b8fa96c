"""Plans that really differ: another therapist, weekday pattern, time band, or a later D0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduling.planner.plans import Plan, Score

if TYPE_CHECKING:
    from scheduling.planner.search import Option, Search


def plans(search: Search) -> tuple[Plan, ...]:
    from scheduling.planner.search import Variant

    variants = [Variant(t) for t in search.therapists]
    best = search.best(variants) or (search.fallback(variants) if search.request.weekdays else None)
    if best is None:
        return ()
    return (_plan(search, search.named(best)),)


def _plan(search: Search, option: Option) -> Plan:
    return Plan(
        option.visits, Score(search.on(option.finish), option.cost), (), option.variant.therapist
    )
