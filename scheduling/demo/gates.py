"""What was checked in the demo: all of it where a visit has begun, most of it for those to come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random

from scheduling import catalogue
from scheduling.models import Appointment, GateAnswer, ProtocolVersion, Status
from scheduling.models.series import AHEAD, GONE
from scheduling.planner import gates
from scheduling.selectors.gates import CHASED

SOON = timedelta(days=8)
THERE = 0.85
"""Share of what can be had before its day that is there already."""
BY = "demo"


def write_answers(visits: Sequence[Appointment], *, now: datetime, rng: Random) -> int:
    """Answers for visits that began, or begin within days; how many there are."""
    definitions = dict(ProtocolVersion.objects.values_list("pk", "definition"))
    rows: list[GateAnswer] = []
    settled: set[tuple[int, str]] = set()
    near = (v for v in visits if v.status not in GONE and v.starts_at < now + SOON)
    for visit in sorted(near, key=lambda visit: (visit.starts_at, visit.pk)):
        step = catalogue.step_of(definitions[visit.protocol_version_id], visit.step)
        for gate in _answered(gates.gates_of(step) if step else (), visit, rng):
            lasts = gate.kind in gates.LASTING
            if not (lasts and (visit.patient_id, gate.key) in settled):
                rows.append(_answer(visit, gate, now, rng))
            if lasts and gate.within_days is None:
                settled.add((visit.patient_id, gate.key))
    return len(GateAnswer.objects.bulk_create(rows, batch_size=500))


def _answered(asked: Iterable[gates.Gate], visit: Appointment, rng: Random) -> Iterable[gates.Gate]:
    ahead = visit.status in (*AHEAD, Status.ARRIVED)
    for gate in asked:
        early = gate.kind in CHASED and rng.random() < THERE
        over = gate.kind != gates.OBSERVED and (
            gate.moment == "prep" or visit.status == Status.DISCHARGED
        )
        if early if ahead else over:
            yield gate


def _answer(visit: Appointment, gate: gates.Gate, now: datetime, rng: Random) -> GateAnswer:
    at = min(visit.starts_at, now)
    on = at.date()
    detail: dict[str, object] = {}
    outcome = GateAnswer.Outcome.MET
    if gate.kind == "blood_pressure":
        detail = {"systolic": rng.randrange(108, 136), "diastolic": rng.randrange(64, 86)}
    elif gate.kind == "escort":
        detail = {"name": "Escort of the demo", "phone": f"+1 555 01{rng.randrange(100):02d}"}
    elif gate.kind == "pregnancy_test" and visit.patient_id % 2:
        outcome = GateAnswer.Outcome.NOT_APPLICABLE
    until = on + timedelta(days=365) if gate.kind == "consent" else None
    return GateAnswer(
        patient_id=visit.patient_id,
        appointment=visit,
        key=gate.key,
        outcome=outcome,
        on=on,
        until=until,
        detail=detail,
        by=BY,
        at=at,
    )
