"""What is asked of the planner and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time

from scheduling.planner.protocols import Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """A series wanted. Dates are site dates, weekdays 0=Monday, times are site wall clock.

    `not_before` bounds every visit, `not_after` bounds D0. `staff` narrows the clinicians of
    whichever roles those people have. `completed` maps step keys already done to their dates
    ("previous_infusion" anchors maintenance).
    """

    protocol: Protocol
    acuity: int
    not_before: date
    not_after: date
    weekdays: frozenset[int] = frozenset()
    earliest: time | None = None
    latest: time | None = None
    staff: frozenset[int] = frozenset()
    completed: Mapping[str, date] = field(default_factory=dict)
    limit: int = 3


@dataclass(frozen=True, slots=True)
class PlannedClaim:
    """Lanes of one resource for absolute UTC minutes start..end; a room's end has its turnover."""

    resource: int
    kind: str
    role: str
    lanes: tuple[int, ...]
    start: int
    end: int
    turnover: int = 0


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    """A phase at its absolute UTC minutes."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """One step placed, with everything it claims but the patient."""

    step: str
    start: int
    end: int
    phases: tuple[PlannedPhase, ...]
    claims: tuple[PlannedClaim, ...]


@dataclass(frozen=True, slots=True, order=True)
class Score:
    """Lower is better: day the series ends (days from `not_before`), then its cost."""

    finish: int
    cost: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A complete series, visits in time order, with reasons in words for the person booking."""

    visits: tuple[PlannedVisit, ...]
    score: Score
    reasons: tuple[str, ...]
    therapist: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which rule, about what, and what would work; `step` names the visit, `day` the site date."""

    rule: str
    subject: str
    message: str
    step: str = ""
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The smallest change that lets a series fit, and what it would then be.

    `change` holds fields of Request to replace, e.g. {"latest": None} or {"not_after": date}.
    """

    change: Mapping[str, object]
    words: str
    finish: date


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why nothing fits: the step, the rule, the resource, and the way out."""

    step: str
    rule: str
    resource: str
    message: str
    relax: Relaxation | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Up to `limit` genuinely different plans, best first; `blocked` only when there are none."""

    plans: tuple[Plan, ...]
    blocked: tuple[Blocked, ...] = ()
