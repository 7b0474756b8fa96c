"""What the desk says when a visit goes a step on: the words of the buttons."""

from __future__ import annotations

from dataclasses import dataclass

from scheduling.models import Status


@dataclass(frozen=True, slots=True)
class Step:
    """A button: the status it leads to, and what it says."""

    value: str
    does: str
    icon: str = "check"


STEPS = {
    one.value: one
    for one in (
        Step(Status.CONFIRMED, "Confirmed", "calendar-check"),
        Step(Status.ARRIVED, "Arrived", "door-open"),
        Step(Status.IN_PREP, "Start prep", "clipboard-list"),
        Step(Status.INFUSING, "Start infusion", "droplets"),
        Step(Status.IN_SESSION, "Start session", "users"),
        Step(Status.RECOVERING, "To recovery", "heart-pulse"),
        Step(Status.DISCHARGED, "Discharge", "log-out"),
        Step(Status.NO_SHOW, "Did not come", "circle-x"),
    )
}
