"""When the visits of a demo that have begun really arrived, began and ended, and who gave up when.

Everything is drawn from the visit's own number, so that what a seed makes stays what it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from scheduling.demo.slots import Placed
from scheduling.demo.statuses import DURING
from scheduling.models import Appointment, CancelKind, Status, StatusChange
from scheduling.models.series import AHEAD

PACE, SPREAD = 0.04, 0.13
"""Of the lognormal by which a visit takes longer than planned, or less long."""
LATE_SHARE = 0.4
NOTICE = timedelta(hours=24)


def steps_of(placed: Placed, visit: Appointment, now: datetime) -> Iterator[StatusChange]:
    """The steps that brought a visit to where it stands; none for one that is ahead or given up."""
    if visit.status in (*AHEAD, Status.CANCELLED):
        return
    if visit.status == Status.NO_SHOW:
        yield _step(visit, Status.NO_SHOW, min(now, visit.starts_at + timedelta(minutes=20)))
        return
    luck = _luck(visit)
    early = timedelta(minutes=luck.triangular(-14, 22, 7))
    pace = luck.lognormvariate(PACE, SPREAD)
    began = max(visit.starts_at, visit.starts_at - early + timedelta(minutes=2))
    began += timedelta(minutes=luck.lognormvariate(1.2, 0.8))
    yield _step(visit, Status.ARRIVED, min(now, visit.starts_at - early))
    minutes, told = 0.0, [str(Status.ARRIVED)]
    for phase in placed.step.phases:
        status = str(DURING.get(phase.name, Status.IN_SESSION))
        if visit.status == told[-1]:
            break
        if status not in told:
            yield _step(visit, Status(status), min(now, began + timedelta(minutes=minutes)))
            told.append(status)
        minutes += phase.minutes * pace
    if visit.status == Status.DISCHARGED:
        yield _step(visit, Status.DISCHARGED, min(now, began + timedelta(minutes=minutes)))


def give_up(visit: Appointment) -> None:
    """Say of a cancelled visit when it was cancelled, why, and whether that was late."""
    luck = _luck(visit)
    visit.late_cancel = luck.random() < LATE_SHARE
    notice = NOTICE * luck.random()
    if not visit.late_cancel:
        notice = NOTICE + (visit.starts_at - visit.created_at - NOTICE) * luck.random()
    visit.cancel_kind = CancelKind.PATIENT
    visit.updated_at = max(visit.created_at, visit.starts_at - notice)


def _step(visit: Appointment, to: Status, at: datetime) -> StatusChange:
    return StatusChange(appointment=visit, to=to, at=at.replace(second=0, microsecond=0), by="demo")


def _luck(visit: Appointment) -> Random:
    return Random(visit.uid.int)  # noqa: S311 - a demo is not secret
