"""Complete plans for a series, best first: the exact optimum, then others that really differ."""

from __future__ import annotations

from datetime import timedelta

from scheduling.planner.blocked import explain
from scheduling.planner.day import Diary
from scheduling.planner.frame import frame_of
from scheduling.planner.options import Option
from scheduling.planner.plans import Plan, Request, Result, Score
from scheduling.planner.reasons import reasons
from scheduling.planner.variants import Search
from scheduling.planner.variety import different

SOON = 21
"""Days beyond the shortest series that are searched first."""


def propose(request: Request, diary: Diary) -> Result:
    """Up to `request.limit` plans, best first, or why there is none.

    Every plan keeps every rule as the diary stands, with nurses named provisionally.
    """
    search, found = _searched(request, diary)
    options = [search.named(option) for option in found]
    if not options:
        return Result((), explain(search))
    told = reasons(search, options)
    skipped = (request.not_before - diary.first).days
    return Result(
        tuple(
            Plan(
                option.visits,
                Score(option.finish - skipped, option.cost),
                words,
                option.variant.therapist,
            )
            for option, words in zip(options, told, strict=True)
        )
    )


def _searched(request: Request, diary: Diary) -> tuple[Search, list[Option]]:
    """Enough different options, from the first weeks when they give them.

    A plan only has visits up to its finish day: what is best among the days up to some last day
    is best of all when it finishes by then.
    """
    span = frame_of(request.protocol, frozenset(request.completed)).span
    soon = request.not_before + timedelta(days=span + SOON)
    if soon < diary.last:
        search = Search(request, diary.until(soon))
        found = different(search)
        if len(found) >= request.limit and not found[0].outside:
            return search, found
    search = Search(request, diary)
    return search, different(search)
