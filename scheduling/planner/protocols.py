"""A treatment protocol as the planner sees it: steps, phases, windows, gaps, continuity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Unit = Literal["days", "hours"]
PRESCRIBER, THERAPIST, NURSE = "prescriber", "therapist", "monitoring_nurse"


@dataclass(frozen=True, slots=True)
class RoleNeed:
    """One person in one phase; `ratio` is patients per person, for nurses only (1:n -> n)."""

    role: str
    skills: frozenset[str] = frozenset()
    ratio: int | None = None


@dataclass(frozen=True, slots=True)
class RoomNeed:
    """A room with a capability: one chair of it, or the whole room when private.

    Phases that name the same `place` stay in one room; the default keeps a visit in one room.
    """

    capability: str
    private: bool = False
    place: str = "room"


@dataclass(frozen=True, slots=True)
class Phase:
    """One band of a visit, in whole minutes.

    `presence` names credentials of which somebody on site must hold a valid one meanwhile
    (for example "acls"); nobody is claimed for it.
    """

    name: str
    minutes: int
    room: RoomNeed | None = None
    roles: tuple[RoleNeed, ...] = ()
    acuity_weighted: bool = True
    presence: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Gap:
    """How far a step lies from an anchor: earliest..latest inclusive, negative is before.

    `days` counts local dates between the two visits; `hours` counts elapsed time from the end
    of the anchor's visit to the start of this one. `ideal` is the distance that costs nothing.
    """

    anchor: str
    earliest: int
    latest: int
    unit: Unit = "days"
    ideal: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One visit of a series. `kind` is infusion, dosing, therapy, screening, consult or review."""

    key: str
    name: str
    kind: str
    phases: tuple[Phase, ...]
    gaps: tuple[Gap, ...] = ()
    weekdays: frozenset[int] = frozenset()
    shares_day_with: str = ""

    @property
    def minutes(self) -> int:
        return sum(phase.minutes for phase in self.phases)

    def needs(self, role: str) -> bool:
        return any(need.role == role for phase in self.phases for need in phase.roles)


@dataclass(frozen=True, slots=True)
class Protocol:
    """Steps in clinical order. `origin` is the step on day D0; gaps name steps by key.

    `same_therapist` keeps one therapist throughout; `same_room` is a wish, not a rule.
    """

    key: str
    version: int
    name: str
    steps: tuple[Step, ...]
    origin: str
    same_therapist: bool = True
    same_room: bool = True
    extra: Mapping[str, object] = field(default_factory=dict, compare=False)

    def step(self, key: str) -> Step:
        """The step of that key; KeyError when the protocol has none."""
        for step in self.steps:
            if step.key == key:
                return step
        raise KeyError(key)


def lanes_needed(need: RoleNeed, phase: Phase, acuity: int, site_lanes: int) -> int:
    """Nurse lanes one patient takes in a phase: L/n, times 1, 2 or all by acuity, capped at L.

    Acuity 1-3 counts once, 4-5 twice, 6 takes the nurse alone.
    """
    base = max(1, -(-site_lanes // (need.ratio or 1)))
    if not phase.acuity_weighted or acuity <= 3:
        return min(base, site_lanes)
    return site_lanes if acuity >= 6 else min(2 * base, site_lanes)
