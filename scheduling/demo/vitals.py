"""The vitals of a demo's infusions: most rounds are taken, a few minutes after their time."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

from clinic.spans import minute, moment
from scheduling.models import Appointment, ProtocolVersion, Status, StatusChange, VitalsEntry
from scheduling.planner.rounds import rounds

BY = "demo"
TAKEN = 0.94
"""Share of rounds that were taken."""


def write_vitals(*, now: datetime, rng: Random) -> int:
    """Entries for every infusion that has begun; how many there are."""
    definitions = dict(ProtocolVersion.objects.values_list("pk", "definition"))
    steps = StatusChange.objects.select_related("appointment").order_by("appointment", "pk")
    over = {row.appointment_id: row.at for row in steps if row.to == Status.DISCHARGED}
    rows: list[VitalsEntry] = []
    for step in steps:
        asked = definitions[step.appointment.protocol_version_id].get("vitals")
        if asked and step.to == Status.INFUSING:
            until = minute(over.get(step.appointment_id, now))
            rows += _vitals(step.appointment, asked["minutes"], minute(step.at), until, rng)
    return len(VitalsEntry.objects.bulk_create(rows, batch_size=500))


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
