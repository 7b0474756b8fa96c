"""From when a visit came to stand where, and what was corrected since, to its phases as they were.

Pure: no Django. What is missing stays missing, so that the coding rules can ask for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.coding import Phase
from billing.coding.minutes import between

NEXT = {
    "arrived": ("in_prep", "in_session"),
    "in_prep": ("infusing",),
    "infusing": ("recovering",),
    "recovering": ("discharged",),
    "in_session": ("discharged",),
}
"""Where a visit stands -> the steps of which one ends it."""
STANDS = {
    "arrive": "arrived",
    "prep": "in_prep",
    "infuse": "infusing",
    "dosing": "infusing",
    "dose and observe": "infusing",
    "recover": "recovering",
    "discharge": "recovering",
}
"""The name of a planned phase -> where a visit stands in it; any other is a session."""
BESIDE = {"arrived": "arrive", "in_prep": "prep", "recovering": "recover"}
"""What a phase is called where none of that name was planned."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A phase as it was planned: whole minutes, and who was to be with the patient."""

    name: str
    minutes: int
    roles: frozenset[str] = frozenset()


Times = Mapping[str, Sequence[datetime | None]]
"""Corrected times by the name of the phase: start and stop."""


def actual(
    came: Mapping[str, datetime], planned: Sequence[Planned], corrected: Times | None = None
) -> tuple[Phase, ...]:
    """The phases of a visit as they really were, in order.

    `came` maps where the visit stood to when it came to stand there. Phases that share a standing
    are one, named as the first of them (recovery is named before discharge).
    """
    found = []
    for stands, ends in NEXT.items():
        own = [one for one in planned if _stands_of(one.name, planned) == stands]
        name = own[0].name if own else BESIDE.get(stands, stands)
        roles = frozenset[str]().union(*(one.roles for one in own))
        start = came.get(stands)
        stop = next((came[end] for end in ends if end in came), None)
        if corrected and name in corrected:
            start, stop = corrected[name]
        if start is not None:
            found.append(Phase(name, start, stop, roles))
    return tuple(found)


def doubts(phases: Iterable[Phase], planned: Sequence[Planned]) -> list[tuple[str, bool]]:
    """What is odd about the times: (sentence, whether it stops the charges)."""
    minutes: dict[str, int] = {}
    for one in planned:
        stands = _stands_of(one.name, planned)
        minutes[stands] = minutes.get(stands, 0) + one.minutes
    said = []
    for phase in phases:
        stands = _stands_of(phase.name, planned)
        if stands not in ("infusing", "in_session") or phase.stop is None:
            continue
        took, wanted = between(phase.start, phase.stop), minutes.get(stands, 0)
        if 0 <= took < wanted // 2:
            said.append(
                (
                    f"Only {took} min of “{phase.name}” are recorded, and {wanted} were planned. "
                    "Ask the nurse whether the times are right.",
                    True,
                )
            )
        elif wanted and took > 2 * wanted:
            said.append(
                (
                    f"{took} min of “{phase.name}” are recorded, and {wanted} were planned. "
                    "Was the next step entered late?",
                    False,
                )
            )
    return said


def _stands_of(name: str, planned: Sequence[Planned]) -> str:
    """Where a visit stands in a phase; what is before or after an infusion counts with neither."""
    if name in STANDS:
        return STANDS[name]
    infused = any(STANDS.get(one.name) == "infusing" for one in planned)
    return "" if infused else "in_session"
