"""What must be so before visits begin and end, and how it stands: three queries for any number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from clinic.models import Site
from scheduling import catalogue
from scheduling.models import Appointment, GateAnswer, ProtocolVersion, StatusChange
from scheduling.models.series import AHEAD
from scheduling.planner import gates
from scheduling.planner.gates import Answer, Gate, Stands

AHEAD_DAYS = 14
"""How far ahead what is missing is looked for."""
CHASED = frozenset({"consent", "escort", "estimate", "form", "pregnancy_test"})
"""Kinds that can be had days before; the others are of the day itself."""


def gates_of(visit: Appointment, *, now: datetime) -> list[Stands]:
    """The gates of one visit as they stand."""
    return standings([visit], now=now)[visit.pk]


def standings(visits: Sequence[Appointment], *, now: datetime) -> dict[int, list[Stands]]:
    """The same of many, by visit."""
    steps = _steps(visits)
    answers = _answers(visits)
    timed = _timed(visits)
    sites = Site.objects.in_bulk({visit.site_id for visit in visits})
    found = {}
    for visit in visits:
        step = steps[visit.pk]
        since, minutes = gates.minutes_observed(step) if step else ("", 0)
        asked = gates.gates_of(step) if step else ()
        found[visit.pk] = gates.stands(
            asked,
            answers[visit.pk],
            day=visit.starts_at.astimezone(sites[visit.site_id].zone).date(),
            now=now,
            observed_from=timed.get((visit.pk, since)),
            observe=timedelta(minutes=minutes),
        )
    return found


def gate_of(visit: Appointment, key: str) -> Gate | None:
    """A gate of a visit by its key."""
    step = _steps([visit])[visit.pk]
    return next((gate for gate in gates.gates_of(step) if gate.key == key), None) if step else None


def missing_ahead(site: Site, *, now: datetime) -> list[tuple[Appointment, list[Stands]]]:
    """Visits of the next days that lack what can be had before: the next one first."""
    today = now.astimezone(site.zone).date()
    until = datetime.combine(today + timedelta(days=AHEAD_DAYS + 1), time(), site.zone)
    rows = Appointment.objects.filter(
        site=site, status__in=AHEAD, starts_at__gte=now, starts_at__lt=until
    )
    visits = list(rows.select_related("patient", "site", "protocol_version__protocol"))
    found = standings(visits, now=now)
    lacking = [(visit, _to_chase(found[visit.pk])) for visit in visits]
    return [(visit, missing) for visit, missing in lacking if missing]


def _to_chase(standing: Sequence[Stands]) -> list[Stands]:
    """What is open and can be had before its day."""
    return [one for one in standing if one.open and had_before(one.gate)]


def had_before(gate: Gate) -> bool:
    """Whether it can be had before the day of the visit."""
    return gate.kind in CHASED and gate.within_days != 0


def _steps(visits: Sequence[Appointment]) -> dict[int, Mapping[str, Any] | None]:
    versions = {visit.protocol_version_id for visit in visits}
    definitions = dict(
        ProtocolVersion.objects.filter(pk__in=versions).values_list("pk", "definition")
    )
    return {
        visit.pk: catalogue.step_of(definitions[visit.protocol_version_id], visit.step)
        for visit in visits
    }


def _answers(visits: Sequence[Appointment]) -> dict[int, list[Answer]]:
    """Of each visit: its own, and those of its patient that last."""
    rows = GateAnswer.objects.filter(patient__in={visit.patient_id for visit in visits})
    of_patient: dict[int, list[GateAnswer]] = defaultdict(list)
    for row in rows.order_by("pk"):
        of_patient[row.patient_id].append(row)
    return {
        visit.pk: [
            _answer(row)
            for row in of_patient[visit.patient_id]
            if row.appointment_id == visit.pk or _lasts(row)
        ]
        for visit in visits
    }


def _lasts(row: GateAnswer) -> bool:
    kind = row.key.partition(":")[0]
    return kind in gates.LASTING and row.outcome != GateAnswer.Outcome.OVERRIDDEN


def _answer(row: GateAnswer) -> Answer:
    return Answer(
        row.key,
        row.outcome,  # type: ignore[arg-type]
        row.on,
        row.until,
        said_of(row.detail, row.reason),
        row.by,
        row.at,
    )


def said_of(detail: Mapping[str, Any], reason: str) -> str:
    """`128/82`, `Ann Moss, 555 0142`, or the reason."""
    told = []
    if "systolic" in detail:
        told.append(f"{detail['systolic']}/{detail['diastolic']}")
    told += [detail[name] for name in ("name", "phone") if detail.get(name)]
    if reason:
        told.append(reason)
    return ", ".join(told)


def _timed(visits: Sequence[Appointment]) -> dict[tuple[int, str], datetime]:
    """When each came to stand where."""
    rows = StatusChange.objects.filter(appointment__in=visits, taken_back=False)
    columns = ("appointment", "to", "at")
    return {(visit, to): at for visit, to, at in rows.order_by("pk").values_list(*columns)}


def site_day(visit: Appointment) -> date:
    """The date of a visit where it is."""
    return visit.starts_at.astimezone(visit.site.zone).date()
