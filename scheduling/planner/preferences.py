"""What a plan costs beyond its finish day: one function per weight.

The score is shared with the oracle of the tests; decision 0003 tells it in full. Nurse load is
no part of it: it only breaks ties when nurses are named.
"""

from __future__ import annotations

from scheduling.planner.plans import Request
from scheduling.planner.protocols import Gap, Protocol

MAIN_KINDS = frozenset({"infusion", "dosing"})
BANDS = ((0, 12 * 60), (12 * 60, 15 * 60), (15 * 60, 24 * 60))
BAND_NAMES = ("morning", "midday", "afternoon")

PREFERRED_START = 9 * 60
HALF_HOUR = 30


def main_steps(protocol: Protocol) -> frozenset[str]:
    """Keys of the infusions and dosings; of every step when a protocol has neither."""
    main = frozenset(step.key for step in protocol.steps if step.kind in MAIN_KINDS)
    return main or frozenset(step.key for step in protocol.steps)


def wanted_start(request: Request) -> int:
    """Wall-clock minute at which a visit costs nothing: the patient's earliest, else 09:00."""
    if request.earliest is None:
        return PREFERRED_START
    return request.earliest.hour * 60 + request.earliest.minute


def hour_weight(main: bool) -> int:
    """Cost of each full half hour away from the wanted start; infusions need the morning more."""
    return 2 if main else 1


def hour_cost(minute: int, wanted: int, main: bool) -> int:
    """Cost of a visit that starts at that wall-clock minute."""
    return hour_weight(main) * (abs(minute - wanted) // HALF_HOUR)


def band_of(minute: int) -> int:
    """Index into BANDS of a wall-clock minute."""
    return next(i for i, (_, end) in enumerate(BANDS) if minute < end)


def band_cost() -> int:
    """Cost of each infusion outside the one time band of the series."""
    return 4


def ideal_days(gap: Gap) -> int | None:
    """Local dates between the two visits that cost nothing; None when any distance does."""
    if gap.ideal is None or gap.unit == "days":
        return gap.ideal
    return round(gap.ideal / 24)


def gap_cost(days_off: int) -> int:
    """Cost of a gap that lies so many local dates away from its ideal."""
    return 8 * abs(days_off)


def repack_cost() -> int:
    """Cost of a visit that needs patients of others to change nurses, as things stand now."""
    return 16


def trip_cost() -> int:
    """Cost of coming on two days for visits that could share one."""
    return 20


def outside_cost(main: bool) -> int:
    """Weight of a visit outside the preferred weekdays: no number of therapies outweighs one
    infusion. Only counted once no series fits inside them, and then before the finish day."""
    return 100 if main else 1
