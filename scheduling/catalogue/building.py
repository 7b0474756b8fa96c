"""The definition kept in the database -> the protocol that the planner reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scheduling.catalogue.extending import extended
from scheduling.catalogue.shape import WEEKDAYS
from scheduling.planner.protocols import Gap, Phase, Protocol, RoleNeed, RoomNeed, Step, Unit


def protocol(
    definition: Mapping[str, Any], *, version: int, reaching: Iterable[str] = ()
) -> Protocol:
    """The planner's view of a definition that the reader has accepted.

    `reaching` are the steps of a series that may have been extended: those it has more are there.
    `extra["outside"]` names the steps done outside the series, such as the previous infusion.
    """
    definition = extended(definition, reaching)
    return Protocol(
        key=definition["key"],
        version=version,
        name=definition["name"],
        steps=tuple(_step(step) for step in definition["steps"]),
        origin=definition["origin"],
        same_therapist=definition["same_therapist"],
        same_room=definition["same_room"],
        extra={"outside": {step["key"]: step["name"] for step in definition["outside"]}},
    )


def _step(step: Mapping[str, Any]) -> Step:
    return Step(
        key=step["key"],
        name=step["name"],
        kind=step["kind"],
        phases=tuple(_phase(phase) for phase in step["phases"]),
        gaps=tuple(_gap(gap) for gap in step["gaps"]),
        weekdays=frozenset(WEEKDAYS.index(name) for name in step["weekdays"]),
        shares_day_with=step.get("shares_day_with", ""),
    )


def _gap(gap: Mapping[str, Any]) -> Gap:
    unit: Unit = "days" if "days" in gap else "hours"
    earliest, latest = gap[unit]
    return Gap(gap["anchor"], earliest, latest, unit, gap.get("ideal"))


def _phase(phase: Mapping[str, Any]) -> Phase:
    room = phase.get("room")
    return Phase(
        name=phase["name"],
        minutes=phase["minutes"],
        room=RoomNeed(room["capability"], room["private"], room["place"]) if room else None,
        roles=tuple(
            RoleNeed(need["role"], frozenset(need["skills"]), need.get("ratio"))
            for need in phase["roles"]
        ),
        acuity_weighted=phase["acuity_weighted"],
        presence=frozenset(phase["presence"]),
    )
