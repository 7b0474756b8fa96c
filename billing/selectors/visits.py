"""A visit as it was done, read from the book for the coding rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from billing.coding import Charges, Done, propose, starters
from billing.models import Capture, Coverage, Diagnoses
from billing.phases import Planned, actual, doubts
from billing.selectors.payers import rules_for
from clinic.spans import minute
from scheduling import catalogue
from scheduling.models import Appointment, Claim, Status, StatusChange

ROLES = frozenset({Claim.Role.PRESCRIBER, Claim.Role.THERAPIST, Claim.Role.NURSE})
ANSWERS = frozenset(
    {
        "place", "established", "em", "em_minutes", "intake", "psychotherapy_minutes", "scales",
        "route", "esketamine_mg", "drug_units", "own_drug",
    }
)  # fmt: skip
"""What people can say of a visit: fields of `Done`."""


@dataclass(frozen=True, slots=True)
class Read:
    """A visit read for coding, and what is odd about it: (sentence, whether it stops charges)."""

    done: Done
    kind: str
    step_name: str
    doubts: tuple[tuple[str, bool], ...]


def read_visit(
    visit: Appointment, *, capture: Capture | None = None, payer: str = "self_pay"
) -> Read:
    """What was done in a visit: times, people, diagnoses and what people said of it. 5 queries."""
    step = catalogue.step_of(visit.protocol_version.definition, visit.step) or {}
    kind = str(step.get("kind", "review"))
    planned = planned_phases(visit)
    phases = actual(_came(visit), planned, corrected_times(capture))
    diagnoses, usual = diagnoses_of(visit)
    odd = doubts(phases, planned)
    if usual:
        odd.append(
            ("The diagnosis is the one usual for the protocol: the clinician confirms it.", False)
        )
    said = {name: value for name, value in _answers(capture).items() if name in ANSWERS}
    said.setdefault("established", _was_here_before(visit))
    done = Done(
        kind=kind,
        on=on_of(visit),
        phases=phases,
        diagnoses=tuple(diagnoses),
        payer=payer,
        **said,
    )
    return Read(done, kind, str(step.get("name", visit.step)), tuple(odd))


def proposed(read: Read, coverage: Coverage | None) -> Charges:
    """What the coding rules propose for a visit as it was read, for whoever pays."""
    rules, key = rules_for(coverage.payer if coverage else None, starters())
    done = read.done
    assert done.payer == key, "a visit is read for the payer it is proposed for"
    return propose(done, rules)


def payer_key(coverage: Coverage | None) -> str:
    """How the payer is called while a visit is coded."""
    return rules_for(coverage.payer if coverage else None, starters())[1]


def on_of(visit: Appointment) -> date:
    """The site's date of a visit."""
    return visit.starts_at.astimezone(visit.site.zone).date()


def planned_phases(visit: Appointment) -> list[Planned]:
    """The phases as planned, each with the roles that claims put into it."""
    claims = [
        (claim.start_minute, claim.end_minute, str(claim.role))
        for claim in visit.claims.filter(role__in=ROLES)
    ]
    found = []
    for phase in visit.phases.all():
        start, end = minute(phase.starts_at), minute(phase.ends_at)
        roles = frozenset(role for low, high, role in claims if low < end and high > start)
        found.append(Planned(phase.name, end - start, roles))
    return found


def corrected_times(capture: Capture | None) -> dict[str, tuple[datetime | None, datetime | None]]:
    """The phases whose times somebody corrected."""

    def read(text: str | None) -> datetime | None:
        return datetime.fromisoformat(text) if text else None

    times: Mapping[str, list[str | None]] = capture.times if capture else {}
    return {name: (read(start), read(stop)) for name, (start, stop) in times.items()}


def diagnoses_of(visit: Appointment) -> tuple[list[str], bool]:
    """ICD-10-CM codes of a visit, the main one first; and whether they are only the usual ones.

    What was said of the series, else what is usual for its protocol.
    """
    rows = list(Diagnoses.objects.filter(series=visit.series_id).exclude(series=None)) or list(
        Diagnoses.objects.filter(protocol=visit.protocol_version.protocol_id)
    )
    if not rows:
        return [], False
    return list(rows[0].codes), rows[0].series_id is None


def _came(visit: Appointment) -> dict[str, datetime]:
    counting = StatusChange.objects.filter(appointment=visit, taken_back=False)
    return dict(counting.order_by("pk").values_list("to", "at"))


def _answers(capture: Capture | None) -> dict[str, Any]:
    return dict(capture.answers) if capture else {}


def _was_here_before(visit: Appointment) -> bool:
    """Whether the patient was seen within three years before: established, as visit codes say."""
    since = visit.starts_at.replace(year=visit.starts_at.year - 3, day=1)
    earlier = Appointment.objects.filter(
        patient=visit.patient_id,
        status=Status.DISCHARGED,
        starts_at__lt=visit.starts_at,
        starts_at__gte=since,
    )
    return earlier.exists() or bool(visit.series and visit.series.completed)
