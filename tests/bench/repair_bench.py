"""A sick call on a full day: the plan at once and after a while, a desk by the clock, a bound.

The bound is that of the pooled integer programme, solved here to its end: what is alike is counted
and not named, so no plan can be cheaper.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Any

from scheduling.planner.repair import quick
from scheduling.planner.repair_pooled import pooled
from scheduling.planner.repair_quick import cost, drafts
from scheduling.planner.repair_search import improve
from scheduling.planner.repair_space import Space
from tests.bench.repair_day import problem

DAYS = (0, 1, 2, 3)
SECONDS = 12.0


def measure() -> dict[str, Any]:
    """Milliseconds of the first plan; points of each plan and the bound; visits stranded."""
    rows = [_day(seed) for seed in DAYS]
    return {
        "visits": "/".join(str(row["visits"]) for row in rows),
        "affected": "/".join(str(row["affected"]) for row in rows),
        "first_plan_ms": round(median(row["first_ms"] for row in rows), 1),
        "slowest_first_plan_ms": round(max(row["first_ms"] for row in rows), 1),
        "points_by_the_clock": "/".join(str(row["clock"]) for row in rows),
        "points_at_once": "/".join(str(row["quick"]) for row in rows),
        "points_improved": "/".join(str(row["better"]) for row in rows),
        "pooled_bound": "/".join(f"{row['bound']:.0f}" for row in rows),
        "stranded_at_once": "/".join(str(row["quick_stranded"]) for row in rows),
        "stranded_improved": "/".join(str(row["stranded"]) for row in rows),
        "of_the_bound": round(max(row["better"] / max(row["bound"], 1) for row in rows), 2),
        "never_worse_than_by_the_clock": all(
            row["better"] <= row["quick"] <= row["clock"] for row in rows
        ),
    }


def _day(seed: int) -> dict[str, Any]:
    asked = problem(seed)
    began = time.perf_counter()
    first = quick(asked)
    took = time.perf_counter() - began
    space = Space(asked)
    by_the_clock = next(iter(drafts(space)))
    better = improve(asked, seconds=SECONDS)
    return {
        "visits": len(asked.visits),
        "affected": len(asked.affected),
        "first_ms": 1000 * took,
        "clock": cost(space, by_the_clock),
        "quick": first.measures.cost,
        "quick_stranded": first.measures.stranded,
        "better": better.measures.cost,
        "stranded": better.measures.stranded,
        "bound": pooled(space, next(iter(drafts(space))), time.monotonic() + 60),
    }
