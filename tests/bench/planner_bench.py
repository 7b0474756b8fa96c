"""The planner on a full-size clinic: how long it takes, and that CP-SAT finds nothing better.

CP-SAT gets the same feasible starts, the planner's own plan as a hint and two workers; only its
solving is timed. Run alone: `python -m tests.bench.planner_bench`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from statistics import median, quantiles
from typing import Any

from scheduling.planner.day import Diary
from scheduling.planner.options import Option, Variant
from scheduling.planner.plans import Request
from scheduling.planner.search import propose
from scheduling.planner.variants import Search
from scheduling.planner.windows import reach
from tests.bench.planner_clinic import diary
from tests.bench.planner_solver import optimum
from tests.planner.cast import depression, esketamine, kap, kare, ptsd, wants

LOADS = (0.0, 0.6, 0.85)
CLINICS = 8
COMPARED = 4
WITHIN = 60


def measure(compared: int = COMPARED) -> dict[str, Any]:
    """Milliseconds a proposal, the ratio to CP-SAT, and the gap to its optimum (always 0)."""
    found: dict[str, Any] = {}
    full: list[float] = []
    for load in LOADS:
        took = [seconds for _, _, seconds in _proposals(kare, load)]
        found[f"aud_kare_at_{load:.0%}_ms"] = _spread(took)
    full += took
    for protocol in (depression, ptsd, esketamine, kap):
        took = [seconds for _, _, seconds in _proposals(protocol, 0.85)]
        found[f"{protocol.__name__}_at_85%_ms"] = _spread(took)
        full += took
    found["p95_of_all_at_85%_ms"] = round(1000 * quantiles(full, n=20, method="inclusive")[-1], 1)
    blocked = [_timed(*_impossible(seed)) for seed in range(CLINICS)]
    found["blocked_because_ms"] = _spread(blocked)
    return found | _against_solver(compared)


def _clinic(load: float, seed: int, days: int) -> Diary:
    made = diary(load, seed, days)
    assert made.midnights
    return made


def _proposals(protocol: Callable[[], Any], load: float) -> Iterator[tuple[Request, Diary, float]]:
    for seed in range(CLINICS):
        request = wants(protocol(), within=WITHIN)
        days = WITHIN + reach(request.protocol) + 2
        there = _clinic(load, seed, days)
        yield request, there, _timed(request, there)


def _impossible(seed: int) -> tuple[Request, Diary]:
    """A clinic too full for the hours asked for."""
    request = wants(kare(), within=WITHIN, latest="09:30")
    return request, _clinic(0.85, seed, WITHIN + reach(request.protocol) + 2)


def _timed(request: Request, there: Diary) -> float:
    """Seconds of one proposal, the median of five."""
    took = []
    for _ in range(5):
        began = time.perf_counter()
        propose(request, there)
        took.append(time.perf_counter() - began)
    return median(took)


def _spread(seconds: list[float]) -> str:
    """`median (p95)` in milliseconds."""
    p95 = quantiles(seconds, n=20, method="inclusive")[-1]
    return f"{1000 * median(seconds):.1f} (p95 {1000 * p95:.1f})"


def _best(search: Search) -> tuple[Option | None, float]:
    began = time.perf_counter()
    best = search.best([Variant(therapist) for therapist in search.therapists])
    return best, time.perf_counter() - began


def _against_solver(compared: int) -> dict[str, Any]:
    """The best plan alone against CP-SAT on the same starts."""
    ratios, seconds = [], []
    proven = gaps = 0
    for seed in range(compared):
        request = wants(kare(), within=WITHIN)
        days = WITHIN + reach(request.protocol) + 2
        there = _clinic((0.6, 0.85)[seed % 2], 100 + seed, days)
        best, own = _best(Search(request, there))
        if best is None:
            continue
        score, sure, took = optimum(Search(request, there), best)
        ratios.append(took / own)
        seconds.append(took)
        proven += sure
        gaps += (best.finish, best.cost) != score
    return {
        "compared_with_cp_sat": len(ratios),
        "proven_the_optimum_by_it": proven,
        "gaps_to_its_optimum": gaps,
        "cp_sat_s": f"{median(seconds):.2f}",
        "times_faster": f"{median(ratios):.0f}",
    }


def main() -> None:
    """The figures as a table and, on the last line, as JSON."""
    found = measure()
    for key, value in found.items():
        print(f"{key.replace('_', ' '):<36}{value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
