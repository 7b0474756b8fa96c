"""On which days the steps of a protocol may lie once some of them are set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from scheduling.planner.protocols import Gap, Protocol, Step

FAR = 10_000
CHAIR_KINDS = ("infusion", "dosing")


@dataclass(frozen=True)
class Course:
    """A protocol with its gaps drawn together: day numbers, of which only differences matter."""

    protocol: Protocol
    version: int

    @cached_property
    def latest(self) -> Mapping[tuple[str, str], int]:
        """(a, b) -> the most days that b can lie after a; Floyd and Warshall over all gaps."""
        outside = [gap.anchor for step in self.protocol.steps for gap in step.gaps]
        keys = list(dict.fromkeys([*(step.key for step in self.protocol.steps), *outside]))
        far = {(a, b): 0 if a == b else FAR for a, b in product(keys, keys)}
        for step in self.protocol.steps:
            for gap in step.gaps:
                low, high = _days(gap)
                far[gap.anchor, step.key] = min(far[gap.anchor, step.key], high)
                far[step.key, gap.anchor] = min(far[step.key, gap.anchor], -low)
        for via, a, b in product(keys, keys, keys):
            far[a, b] = min(far[a, b], far[a, via] + far[via, b])
        return far

    @cached_property
    def order(self) -> list[Step]:
        """The origin first, then the others in clinical order."""
        steps = self.protocol.steps
        return sorted(steps, key=lambda step: step.key != self.protocol.origin)

    @cached_property
    def usual(self) -> Mapping[str, int]:
        """Days from the origin if nothing is in the way."""
        days: dict[str, int] = {}
        for step in self.order:
            low, high = self.window(step.key, days) if days else (0, 0)
            wish = next(
                (days[g.anchor] + g.ideal for g in step.gaps if g.ideal and g.anchor in days), None
            )
            middle = max(low, high - 3) if high < 0 else low
            days[step.key] = min(max(middle if wish is None else wish, low), high)
        return days

    @cached_property
    def chair_steps(self) -> list[str]:
        return [step.key for step in self.protocol.steps if step.kind in CHAIR_KINDS]

    def window(self, key: str, placed: Mapping[str, int]) -> tuple[int, int]:
        """First and last day for a step, given the days of others; first > last when none."""
        return (
            max((day - self.latest[key, other] for other, day in placed.items()), default=-FAR),
            min((day + self.latest[other, key] for other, day in placed.items()), default=FAR),
        )


def _days(gap: Gap) -> tuple[int, int]:
    if gap.unit == "days":
        return gap.earliest, gap.latest
    return -(-gap.earliest // 24), gap.latest // 24
