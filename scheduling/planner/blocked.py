"""Why no series fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scheduling.planner.plans import Blocked

if TYPE_CHECKING:
    from scheduling.planner.variants import Search


def explain(search: Search) -> tuple[Blocked, ...]:
    return (Blocked("", "", "", "nothing fits"),)
