"""What the figures are held against: each target of the design, and how far a run is from it."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of a part and its bound; `at_most` false asks for at least that much."""

    number: int
    said: str
    part: str
    figure: str
    bound: float
    at_most: bool = True

    def judged(self, found: Mapping[str, Any]) -> tuple[float | None, str]:
        """The figure, and `reached` or by how much it falls short."""
        value = _number(found.get(self.part, {}).get(self.figure))
        if value is None:
            return None, "not run"
        if value <= self.bound if self.at_most else value >= self.bound:
            return value, "reached"
        if not self.bound:
            return value, f"short by {value:g}"
        return value, f"short: {value / self.bound:.2f} x the bound"


TARGETS = (
    Target(1, "gap to CP-SAT's optimum", "planner", "gaps_to_its_optimum", 0),
    Target(1, "times faster than CP-SAT", "planner", "times_faster", 100, False),
    Target(1, "search at 85 %, p95 ms", "planner", "p95_of_all_at_85%_ms", 20),
    Target(1, "POST proposals, p95 ms", "growth", "rest_p95_ms", 100),
    Target(1, "POST proposals, queries", "growth", "rest_most_queries", 12),
    Target(2, "proposal at a million claims", "growth", "largest_ratio", 1.3),
    Target(3, "share of the raw limit", "booking", "share_of_raw", 0.10, False),
    Target(3, "the aim for that share", "booking", "share_of_raw", 0.25, False),
    Target(3, "32 clients on 50 places, p95 ms", "crowd", "p95_ms", 500),
    Target(3, "SQLite, 8 processes, longest ms", "queue", "longest_ms", 500),
    Target(4, "first plan of a sick call, ms", "repair", "slowest_first_plan_ms", 200),
    Target(4, "plan after 12 s, of the pooled bound", "repair", "of_the_bound", 1.25),
    Target(4, "never worse than by the clock", "repair", "never_worse_than_by_the_clock", 1, False),
    Target(
        6, "20 screens polling, of a core", "live", "with_every_board_drawn_once_a_minute", 0.15
    ),
    Target(6, "a change on 20 screens, s", "live", "slowest_screen_to_see_a_change_s", 2),
    Target(7, "a day's free times, times faster", "peers", "times_faster", 20, False),
    Target(7, "one place asked for by 50: given", "peers", "our_place_taken", 1),
)


def verdicts(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each target, as the table and the JSON have it."""
    rows = []
    for target in TARGETS:
        value, verdict = target.judged(found)
        bound = f"{'<=' if target.at_most else '>='} {target.bound:g}"
        rows.append(
            {
                "target": target.number,
                "what": target.said,
                "bound": bound,
                "measured": value,
                "verdict": verdict,
            }
        )
    return rows


def machine() -> dict[str, str]:
    """What it ran on."""
    cpu = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        cpu = next(
            (one.split(":")[1].strip() for one in lines if one.startswith("model name")), cpu
        )
    return {
        "processor": f"{cpu}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": f"{os.getloadavg()[0]:.1f}",
    }


def _number(value: Any) -> float | None:
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, str):
        head = value.split()[0].rstrip("x")
        try:
            return float(head)
        except ValueError:
            return None
    return None
