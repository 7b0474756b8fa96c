"""Complete plans for a series, best first: the exact optimum, then others that really differ."""

from __future__ import annotations

from scheduling.planner.blocked import explain
from scheduling.planner.day import Diary
from scheduling.planner.plans import Plan, Request, Result, Score
from scheduling.planner.reasons import reasons
from scheduling.planner.variants import Search
from scheduling.planner.variety import different


def propose(request: Request, diary: Diary) -> Result:
    """Up to `request.limit` plans, best first, or why there is none.

    Every plan keeps every rule as the diary stands, with nurses named provisionally.
    """
    search = Search(request, diary)
    options = [search.named(option) for option in different(search)]
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
