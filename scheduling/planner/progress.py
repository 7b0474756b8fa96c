"""Where a visit can go from where it stands: one small state machine for every door."""

from __future__ import annotations

from collections.abc import Mapping

INFUSED = frozenset({"infusion", "dosing"})
_COMING = ("booked", "confirmed", "uncovered")

_WITH_INFUSION: Mapping[str, tuple[str, ...]] = {
    "booked": ("arrived", "confirmed", "no_show"),
    "confirmed": ("arrived", "no_show"),
    "uncovered": ("arrived", "confirmed", "no_show"),
    "arrived": ("in_prep",),
    "in_prep": ("infusing",),
    "infusing": ("recovering",),
    "recovering": ("discharged",),
}
_IN_SESSION: Mapping[str, tuple[str, ...]] = {
    **{status: _WITH_INFUSION[status] for status in _COMING},
    "arrived": ("in_session",),
    "in_session": ("discharged",),
}
UNDER_WAY = ("arrived", "in_prep", "infusing", "in_session", "recovering")
OVER = ("discharged", "no_show", "cancelled", "to_rebook")


def next_of(status: str, kind: str) -> tuple[str, ...]:
    """Where a visit of a step's kind can go from a status, the usual way first."""
    table = _WITH_INFUSION if kind in INFUSED else _IN_SESSION
    return table.get(status, ())
