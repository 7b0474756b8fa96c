"""What one step takes, in minutes from the start of its visit: rooms, clinicians, monitoring."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scheduling.planner.protocols import NURSE, Step, lanes_needed


@dataclass(frozen=True, slots=True)
class Stay:
    """One room held from the first to the last phase of a place, and through those between.

    It needs every capability that a phase of the place names, and the whole room when any of
    them is private.
    """

    place: str
    capabilities: frozenset[str]
    private: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One clinician in one role, busy in `spans`: runs of consecutive phases that need them."""

    role: str
    skills: frozenset[str]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """Monitoring of one phase: so many lanes of one nurse."""

    start: int
    end: int
    lanes: int
    skills: frozenset[str]


@dataclass(frozen=True, slots=True)
class Attendance:
    """Somebody with this credential is on site meanwhile; nobody is claimed for it."""

    credential: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything one step takes of the clinic."""

    minutes: int
    phases: tuple[tuple[str, int, int], ...]
    stays: tuple[Stay, ...]
    turns: tuple[Turn, ...]
    attendances: tuple[Attendance, ...]


_SHAPES: dict[int, tuple[Step, Shape]] = {}
_MOST = 2_000


def shape_of(step: Step) -> Shape:
    """The rooms, clinicians and presence of a step, phase by phase; remembered by identity."""
    known = _SHAPES.get(id(step))
    if known is None or known[0] is not step:
        if len(_SHAPES) > _MOST:
            _SHAPES.clear()
        known = _SHAPES[id(step)] = (step, _shape(step))
    return known[1]


def _shape(step: Step) -> Shape:
    stays: dict[str, Stay] = {}
    turns: dict[str, Turn] = {}
    present: dict[str, list[tuple[int, int]]] = {}
    phases = []
    at = 0
    for phase in step.phases:
        end = at + phase.minutes
        phases.append((phase.name, at, end))
        if room := phase.room:
            known = stays.get(room.place)
            stays[room.place] = Stay(
                room.place,
                (known.capabilities if known else frozenset()) | {room.capability},
                room.private or bool(known and known.private),
                known.start if known else at,
                end,
            )
        for need in phase.roles:
            if need.role != NURSE:
                turn = turns.get(need.role, Turn(need.role, frozenset(), ()))
                turns[need.role] = Turn(
                    need.role, turn.skills | need.skills, _joined((*turn.spans, (at, end)))
                )
        for credential in phase.presence:
            present.setdefault(credential, []).append((at, end))
        at = end
    attendances = (
        Attendance(credential, start, end)
        for credential in sorted(present)
        for start, end in _joined(present[credential])
    )
    return Shape(at, tuple(phases), tuple(stays.values()), tuple(turns.values()), (*attendances,))


def watches_of(step: Step, acuity: int, site_lanes: int) -> tuple[Watch, ...]:
    """The monitoring of a step for a patient of that acuity, one item a phase that needs it."""
    if not step.needs(NURSE):
        return ()
    found = []
    at = 0
    for phase in step.phases:
        for need in phase.roles:
            if need.role == NURSE:
                lanes = lanes_needed(need, phase, acuity, site_lanes)
                found.append(Watch(at, at + phase.minutes, lanes, need.skills))
        at += phase.minutes
    return tuple(found)


def _joined(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans in order with those that touch made one."""
    found: list[tuple[int, int]] = []
    for start, end in spans:
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        elif not found or found[-1] != (start, end):
            found.append((start, end))
    return tuple(found)
