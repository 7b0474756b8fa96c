"""What a step of a protocol definition asks of the clinic, in minutes from the visit's start.

Read from the definition as it is kept with the series, without the planner's classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scheduling.audit.spans import Span, merge

NURSE = "monitoring_nurse"


@dataclass(frozen=True, slots=True)
class Stay:
    """One room from the first to the last phase of a place."""

    capabilities: frozenset[str]
    private: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One clinician in a role, needed in these spans."""

    role: str
    skills: frozenset[str]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """One nurse for so many patients at once, in one phase."""

    phase: str
    ratio: int
    weighted: bool
    skills: frozenset[str]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Needs:
    phases: tuple[tuple[str, int, int], ...]
    stays: tuple[Stay, ...]
    turns: tuple[Turn, ...]
    watches: tuple[Watch, ...]
    presence: tuple[tuple[str, int, int], ...]


def needs_of(step: Mapping[str, Any]) -> Needs:
    """The needs of one step of a definition."""
    phases, watches, presence = [], [], []
    places: dict[str, list[tuple[Mapping[str, Any], int, int]]] = {}
    turns: dict[str, tuple[set[str], list[Span]]] = {}
    at = 0
    for phase in step["phases"]:
        start, at = at, at + phase["minutes"]
        phases.append((phase["name"], start, at))
        if room := phase.get("room"):
            places.setdefault(room.get("place", "room"), []).append((room, start, at))
        for need in phase.get("roles", ()):
            skills = frozenset(need.get("skills", ()))
            if need["role"] == NURSE:
                weighted = phase.get("acuity_weighted", True)
                watches.append(Watch(phase["name"], need["ratio"], weighted, skills, start, at))
            else:
                asked, spans = turns.setdefault(need["role"], (set(), []))
                asked |= skills
                spans.append((start, at))
        presence += [(credential, start, at) for credential in phase.get("presence", ())]
    return Needs(
        tuple(phases),
        tuple(
            Stay(
                frozenset(room["capability"] for room, _, _ in stay),
                any(room.get("private", False) for room, _, _ in stay),
                stay[0][1],
                stay[-1][2],
            )
            for stay in places.values()
        ),
        tuple(
            Turn(role, frozenset(skills), tuple(merge(spans)))
            for role, (skills, spans) in turns.items()
        ),
        tuple(watches),
        tuple(presence),
    )


def lanes_of(watch: Watch, acuity: int, lanes: int, max_patients: int | None) -> int:
    """Lanes one patient takes of a nurse with so many: a share by ratio, twice it at acuity 4
    and 5, all of them at 6; and at least a share of those whom this nurse may have at once."""
    share = max(1, -(-lanes // watch.ratio))
    if watch.weighted and acuity >= 6:
        share = lanes
    elif watch.weighted and acuity >= 4:
        share *= 2
    if max_patients:
        share = max(share, -(-lanes // max_patients))
    return min(share, lanes)
