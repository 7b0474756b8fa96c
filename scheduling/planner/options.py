"""What is fixed before the days are searched, and what a search finds."""

from __future__ import annotations

from dataclasses import dataclass, field

from scheduling.planner.frame import Frame
from scheduling.planner.plans import PlannedVisit

Together = frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Variant:
    """What is fixed before the days are searched.

    `mains` and `others` narrow the weekdays (one bit a day of the diary) of infusions and of the
    other visits, `origin` the days of D0; `band` keeps infusions inside one time band.
    """

    therapist: int | None
    mains: int = -1
    others: int = -1
    origin: int = -1
    band: int | None = None


@dataclass(frozen=True, slots=True)
class Mode:
    """Which pairs of steps share a day, the frame then, and what the extra trips cost."""

    together: Together
    frame: Frame
    trips: int


@dataclass(frozen=True, slots=True)
class Option:
    """A series found: the variant, the band its cost counts, visits outside preferred weekdays."""

    variant: Variant
    together: Together
    band: int
    finish: int
    cost: int
    days: tuple[int, ...]
    starts: tuple[int, ...]
    outside: int = 0
    visits: tuple[PlannedVisit, ...] = field(default=(), compare=False)

    @property
    def rank(self) -> tuple[int, int, int]:
        """Lower is better."""
        return self.outside, self.finish, self.cost
