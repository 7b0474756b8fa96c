"""When demo patients really came and went, and the vitals of the rounds that were taken."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

from clinic.spans import minute, moment
from scheduling import catalogue
from scheduling.demo.statuses import DURING
from scheduling.models import (
    Appointment,
    AppointmentPhase,
    ProtocolVersion,
    Status,
    StatusChange,
    VitalsEntry,
)
from scheduling.planner.rounds import rounds

BY = "demo"
ORDER = (Status.ARRIVED, Status.IN_PREP, Status.INFUSING, Status.IN_SESSION, Status.RECOVERING)
OVERRUN = (0.0, 0.25)
"""Mean and spread of how much longer a phase takes than planned, as shares of it."""
TAKEN = 0.94
"""Share of rounds that were taken."""


def write_times(visits: Sequence[Appointment], *, now: datetime, rng: Random) -> None:
    """A timed step for every status that a visit has passed, and vitals beside them."""
    phases: dict[int, list[AppointmentPhase]] = defaultdict(list)
    begun = [v for v in visits if v.status in (*ORDER, Status.DISCHARGED, Status.NO_SHOW)]
    for phase in AppointmentPhase.objects.filter(appointment__in=[v.pk for v in begun]):
        phases[phase.appointment_id].append(phase)
    definitions = dict(ProtocolVersion.objects.values_list("pk", "definition"))
    steps: list[StatusChange] = []
    vitals: list[VitalsEntry] = []
    for visit in begun:
        mine = list(_steps(visit, phases[visit.pk], minute(now), rng))
        steps += mine
        asked = definitions[visit.protocol_version_id].get("vitals")
        infused = next((one for one in mine if one.to == Status.INFUSING), None)
        own = catalogue.step_of(definitions[visit.protocol_version_id], visit.step)
        if asked and infused and own:
            last = minute(mine[-1].at) if mine[-1].to == Status.DISCHARGED else minute(now)
            vitals += _vitals(visit, asked["minutes"], minute(infused.at), last, rng)
    StatusChange.objects.bulk_create(steps, batch_size=500)
    VitalsEntry.objects.bulk_create(vitals, batch_size=500)


def _steps(
    visit: Appointment, phases: Sequence[AppointmentPhase], now: int, rng: Random
) -> Iterator[StatusChange]:
    start = minute(visit.starts_at)
    if visit.status == Status.NO_SHOW:
        yield _step(visit, Status.NO_SHOW, min(now, start + rng.randrange(20, 40)))
        return
    passed: list[tuple[Status, int]] = []
    at = start + rng.randrange(-10, 8)
    passed.append((Status.ARRIVED, at))
    at = max(at, start)
    for phase in phases:
        to = DURING.get(phase.name, Status.IN_SESSION)
        if to != passed[-1][0] and to != Status.ARRIVED:
            passed.append((to, at))
        whole = minute(phase.ends_at) - minute(phase.starts_at)
        at += max(1, round(whole * (1 + rng.gauss(*OVERRUN))))
    passed.append((Status.DISCHARGED, at))
    reached = [to for to, _ in passed].index(Status(visit.status))
    until = now
    told = passed[: reached + 1]
    # What was reached cannot lie ahead: the steps are drawn together towards now.
    for back, (to, when) in enumerate(reversed(told)):
        until = min(until - (1 if back else 0), when)
        told[len(told) - 1 - back] = (to, until)
    for to, when in told:
        yield _step(visit, to, when)


def _step(visit: Appointment, to: Status, at: int) -> StatusChange:
    return StatusChange(appointment=visit, to=to, at=moment(at), by=BY)


def _vitals(
    visit: Appointment, minutes: Sequence[int], start: int, until: int, rng: Random
) -> Iterator[VitalsEntry]:
    systolic, rate = rng.randrange(108, 136), rng.randrange(58, 84)
    for one in rounds(minutes, start, [], until):
        at = one.at + rng.randrange(0, 5)
        if at >= until or rng.random() > TAKEN:
            continue
        rise = 22 if 10 <= one.after <= 45 else 6 if one.after else 0
        yield VitalsEntry(
            appointment=visit,
            key=uuid.UUID(int=rng.getrandbits(128), version=4),
            taken_at=moment(at),
            recorded_at=moment(at) + timedelta(seconds=20),
            by=BY,
            systolic=systolic + rise + rng.randrange(-6, 7),
            diastolic=round(0.62 * systolic) + rise // 2 + rng.randrange(-4, 5),
            heart_rate=rate + rise // 2 + rng.randrange(-5, 6),
            spo2=rng.randrange(95, 100),
            sedation=2 if rise == 22 else 1 if rise else 0,
        )
