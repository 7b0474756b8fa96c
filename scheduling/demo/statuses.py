"""Where a demo visit stands at a given moment, believable for the time of day."""

from __future__ import annotations

from random import Random

from scheduling.demo.filling import CHAIR_KINDS
from scheduling.demo.slots import Placed
from scheduling.models import Status

EARLY_ARRIVAL = 8
NO_SHOW, CANCELLED = 0.03, 0.02
DURING = {
    "arrive": Status.ARRIVED,
    "prep": Status.IN_PREP,
    "recover": Status.RECOVERING,
    "discharge": Status.RECOVERING,
    "infuse": Status.INFUSING,
    "dosing": Status.INFUSING,
    "dose and observe": Status.INFUSING,
}


def status_of(placed: Placed, start: int, now: int, *, is_origin: bool, rng: Random) -> Status:
    """`start` and `now` are minutes since 1970; one draw of the generator a visit."""
    luck = rng.random()
    end = start + placed.step.minutes
    if end <= now:
        if is_origin or placed.step.kind not in (*CHAIR_KINDS, "therapy"):
            return Status.DISCHARGED
        if luck < NO_SHOW:
            return Status.NO_SHOW
        return Status.CANCELLED if luck < NO_SHOW + CANCELLED else Status.DISCHARGED
    if start <= now:
        return _during(placed, now - start)
    if start - now <= EARLY_ARRIVAL and luck < 0.6:
        return Status.ARRIVED
    days = (start - now) / 1440
    confirmed = 0.9 if days < 1 else 0.6 if days < 3 else 0.15 if days < 7 else 0.0
    return Status.CONFIRMED if luck < confirmed else Status.BOOKED


def steps_of(
    placed: Placed, start: int, now: int, status: Status, *, rng: Random
) -> list[tuple[Status, int]]:
    """When a visit of today came to stand where, up to where it stands: each a little off the plan.

    `start` and `now` are minutes since 1970. None of one that has not begun.
    """
    off, at, told = rng.randrange(-4, 7), start, list[tuple[Status, int]]()
    if status not in (Status.DISCHARGED, Status.ARRIVED, *DURING.values(), Status.IN_SESSION):
        return []
    told.append((Status.ARRIVED, min(start + min(off, 0) - rng.randrange(6), now)))
    for phase in placed.step.phases:
        stage = DURING.get(phase.name, Status.IN_SESSION)
        if stage not in [one for one, _ in told]:
            if told[-1][0] == status:
                return told
            told.append((stage, min(max(at + off, told[-1][1]), now)))
        at += phase.minutes
    if status == Status.DISCHARGED:
        told.append((status, min(max(at + off, told[-1][1]), now)))
    return told


def _during(placed: Placed, minute: int) -> Status:
    at = 0
    for phase in placed.step.phases:
        at += phase.minutes
        if minute < at:
            return DURING.get(phase.name, Status.IN_SESSION)
    return Status.RECOVERING
