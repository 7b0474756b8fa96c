"""What was checked before a visit began or ended: recorded, never changed; the last one counts.

Errors: Appointment.DoesNotExist; django's ValidationError by field; Refused for one that is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.core.exceptions import ValidationError

from clinic.journal import Actor, record
from clinic.transactions import durable
from scheduling.errors import Refused
from scheduling.models import Appointment, GateAnswer
from scheduling.planner import gates
from scheduling.planner.gates import Gate
from scheduling.planner.plans import Refusal
from scheduling.planner.progress import OVER
from scheduling.selectors.gates import gate_of, site_day

Outcome = GateAnswer.Outcome
PRESSURES = {"systolic": (50, 280), "diastolic": (20, 180)}
"""mmHg between which a number can be one."""


@durable
def record_gate(
    *,
    appointment: int,
    gate: str,
    outcome: str = "",
    on: date | None = None,
    until: date | None = None,
    systolic: int | None = None,
    diastolic: int | None = None,
    name: str = "",
    phone: str = "",
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> GateAnswer:
    """How a gate of a visit stands: `met`, `unmet` or `not_applicable`, today unless told.

    Of a blood pressure the numbers tell. An escort is met with a name and a telephone number.
    """
    visit, found = _open(appointment, gate)
    detail: dict[str, object] = {}
    if found.kind == "blood_pressure" and outcome != Outcome.NOT_APPLICABLE:
        detail = _pressure(systolic, diastolic)
        outcome = Outcome.MET if _below(found, detail) else Outcome.UNMET
    if found.kind == "escort" and outcome == Outcome.MET:
        detail = _escort(name, phone)
    if outcome not in (Outcome.MET, Outcome.UNMET, Outcome.NOT_APPLICABLE):
        raise ValidationError({"outcome": "Say whether it is so, not so, or does not apply."})
    today = now.astimezone(visit.site.zone).date()
    day = on or min(today, site_day(visit))
    if day > today:
        raise ValidationError({"on": "That day is still to come."})
    if until and until < day:
        raise ValidationError({"until": "It ends before it begins."})
    if found.kind == gates.OBSERVED:
        raise ValidationError({"gate": "The clock tells this one."})
    return _write(visit, found, outcome, day, until, detail, reason, actor, now)


@durable
def override_gate(
    *, appointment: int, gate: str, reason: str, actor: Actor, now: datetime
) -> GateAnswer:
    """Go on though a gate is open, for this visit, with the reason. For who may override rules."""
    visit, found = _open(appointment, gate)
    if not reason.strip():
        raise ValidationError({"reason": "Say why; whoever reads the journal will want to know."})
    return _write(visit, found, Outcome.OVERRIDDEN, site_day(visit), None, {}, reason, actor, now)


def _open(appointment: int, key: str) -> tuple[Appointment, Gate]:
    visit = Appointment.objects.select_related("site").get(pk=appointment)
    found = gate_of(visit, key)
    if found is None:
        raise ValidationError({"gate": "This visit has no such gate."})
    if visit.status in OVER:
        stands = visit.get_status_display().lower()
        message = f"This visit is {stands}; nothing is checked any more."
        raise Refused([Refusal("visit_is_open", visit.step, message, visit.step)])
    return visit, found


def _write(
    visit: Appointment,
    gate: Gate,
    outcome: str,
    on: date,
    until: date | None,
    detail: Mapping[str, object],
    reason: str,
    actor: Actor,
    now: datetime,
) -> GateAnswer:
    """The journal says which gate and how it came out, never what was measured or who was named."""
    row = GateAnswer(
        patient_id=visit.patient_id,
        appointment=visit,
        key=gate.key,
        outcome=outcome,
        on=on,
        until=until,
        detail=dict(detail),
        reason=reason.strip(),
        by=actor.name,
        at=now,
    )
    row.full_clean(exclude=["patient", "appointment"])
    row.save()
    overridden = outcome == Outcome.OVERRIDDEN
    after: dict[str, object] = {"gate": gate.key, "outcome": outcome}
    if overridden:
        after |= {"rules": ["gates_are_met"], "reason": row.reason}
    record(
        actor=actor,
        now=now,
        action="override" if overridden else "gate.recorded",
        subject=f"appointment:{visit.pk}",
        site=visit.site_id,
        after=after,
    )
    return row


def _pressure(systolic: int | None, diastolic: int | None) -> dict[str, object]:
    given = {"systolic": systolic, "diastolic": diastolic}
    wrong = {}
    for name, value in given.items():
        low, high = PRESSURES[name]
        if value is None or not low <= value <= high:
            wrong[name] = f"Give mmHg from {low} to {high}."
    if not wrong and (systolic or 0) <= (diastolic or 0):
        wrong["diastolic"] = "It is below the first number."
    if wrong:
        raise ValidationError(wrong)
    return dict(given)


def _below(gate: Gate, detail: Mapping[str, object]) -> bool:
    limits = {"systolic": gate.systolic_below, "diastolic": gate.diastolic_below}
    return all(limit is None or int(str(detail[name])) < limit for name, limit in limits.items())


def _escort(name: str, phone: str) -> dict[str, object]:
    wrong = {}
    if not name.strip():
        wrong["name"] = "Give the name of who takes them home."
    if sum(sign.isdigit() for sign in phone) < 5:
        wrong["phone"] = "Give a number at which they can be reached."
    if wrong:
        raise ValidationError(wrong)
    return {"name": name.strip()[:100], "phone": phone.strip()[:40]}
