"""Visits as Appointments: the one place that says what corresponds to what.

| here | FHIR | |
|---|---|---|
| booked, confirmed | booked | |
| uncovered | pending | somebody it needs is missing, a recovery decides |
| to_rebook | waitlist | holds nothing until it is placed anew |
| arrived | arrived | |
| in_prep, infusing, in_session, recovering | checked-in | under way |
| discharged | fulfilled | |
| no_show | noshow | |
| cancelled | cancelled | |
| a proposal | proposed | found by $find, holds nothing |
| a proposal that is held | pending | for 15 minutes |
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from api.fhir.kinds import Shown, versions
from api.fhir.people import ROLES
from api.fhir.places import room_id, site_id
from api.fhir.resources import checked
from api.fhir.systems import ROLE, SERIES, URI, VISIT_TYPE, coding, identifier, standard
from clinic.models import Room, Site, Staff
from clinic.spans import moment
from scheduling.models import Appointment, CancelKind, Claim, Status
from scheduling.models.series import GONE
from scheduling.planner.plans import PlannedVisit
from scheduling.selectors import step_name

STATUSES: Mapping[str, str] = {
    Status.BOOKED: "booked",
    Status.CONFIRMED: "booked",
    Status.UNCOVERED: "pending",
    Status.TO_REBOOK: "waitlist",
    Status.ARRIVED: "arrived",
    Status.IN_PREP: "checked-in",
    Status.INFUSING: "checked-in",
    Status.IN_SESSION: "checked-in",
    Status.RECOVERING: "checked-in",
    Status.DISCHARGED: "fulfilled",
    Status.NO_SHOW: "noshow",
    Status.CANCELLED: "cancelled",
}
FUNCTIONS = {
    Claim.Role.PRESCRIBER: standard("v3-ParticipationType", "ATND", "attender"),
    Claim.Role.THERAPIST: standard("v3-ParticipationType", "PPRF", "primary performer"),
    Claim.Role.NURSE: standard("v3-ParticipationType", "SPRF", "secondary performer"),
}
REASONS = {
    CancelKind.PATIENT: standard("appointment-cancellation-reason", "pat", "Patient"),
    CancelKind.CLINIC: standard("appointment-cancellation-reason", "prov", "Provider"),
    CancelKind.WEATHER: standard("appointment-cancellation-reason", "oth-weath", "Weather"),
}
MANDATORY = ("status", "participant")
Taken = tuple[int, str, int, int]
"""A resource, its role, and the UTC minutes from and until which a visit takes it."""


@dataclass(frozen=True)
class Names:
    """What rooms and people are called; only of those that are asked about."""

    rooms: Mapping[int, str] = field(default_factory=dict)
    staff: Mapping[int, str] = field(default_factory=dict)


def names_of(resources: Collection[int]) -> Names:
    """2 queries."""
    rooms = Room.objects.filter(pk__in=resources).values_list("pk", "name")
    staff = Staff.objects.filter(pk__in=resources)
    return Names(dict(rooms), {person.pk: person.name for person in staff})


def show_appointments(rows: Sequence[Appointment]) -> list[Shown]:
    """Visits as `selectors.visits` reads them: 3 queries, however many there are."""
    known = versions("appointment", [row.pk for row in rows])
    names = names_of({claim.resource_id for row in rows for claim in row.claims.all()})
    return [show_appointment(row, known[row.pk], names) for row in rows]


def show_appointment(visit: Appointment, version: str, names: Names) -> Shown:
    zone = visit.site.zone
    series = [identifier(SERIES, visit.series_id)] if visit.series_id else []
    shown = base(
        start=visit.starts_at.astimezone(zone),
        end=visit.ends_at.astimezone(zone),
        site=visit.site,
        patient=visit.patient_id,
        type_=visit_type(visit),
        taken=taken_by(visit),
        names=names,
        answer=participation(visit.status),
    )
    return checked(
        shown
        | {
            "id": str(visit.pk),
            "meta": {"versionId": version, "lastUpdated": visit.updated_at.isoformat()},
            "identifier": [{"system": URI, "value": f"urn:uuid:{visit.uid}"}, *series],
            "status": STATUSES[visit.status],
            "cancelationReason": _why(visit),
            "created": visit.created_at.astimezone(zone).isoformat(timespec="seconds"),
        }
    )


def show_planned(
    visit: PlannedVisit,
    *,
    site: Site,
    patient: int,
    type_: Sequence[Mapping[str, Any]],
    names: Names,
) -> Shown:
    """A visit of a proposal, without its id."""
    taken = together(
        (
            claim.resource,
            claim.role if claim.kind == "staff" else str(Claim.Role.ROOM),
            claim.start,
            claim.end - claim.turnover,
        )
        for claim in visit.claims
    )
    return base(
        start=moment(visit.start).astimezone(site.zone),
        end=moment(visit.end).astimezone(site.zone),
        site=site,
        patient=patient,
        type_=type_,
        taken=taken,
        names=names,
        answer="tentative",
    )


def base(
    *,
    start: datetime,
    end: datetime,
    site: Site,
    patient: int,
    type_: Sequence[Mapping[str, Any]],
    taken: Iterable[Taken],
    names: Names,
    answer: str,
) -> Shown:
    """What every Appointment has: when, what, and a participant for each thing it takes."""
    people = [_participant(one, names, site.zone, answer) for one in taken]
    whole = _period(start, end)
    return {
        "resourceType": "Appointment",
        "serviceType": [{"coding": [one], "text": one["display"]} for one in type_],
        "start": whole["start"],
        "end": whole["end"],
        "minutesDuration": (end - start) // timedelta(minutes=1),
        "participant": [
            {
                "type": [{"coding": [standard("v3-ParticipationType", "SBJ", "subject")]}],
                "actor": {"reference": f"Patient/{patient}"},
                "required": "required",
                "status": answer,
                "period": whole,
            },
            *people,
            {
                "type": [{"coding": [standard("v3-ParticipationType", "LOC", "location")]}],
                "actor": {"reference": f"Location/{site_id(site)}", "display": site.name},
                "required": "information-only",
                "status": answer,
            },
        ],
        "requestedPeriod": [whole],
    }


def _participant(taken: Taken, names: Names, zone: ZoneInfo, answer: str) -> Shown:
    resource, role, low, high = taken
    if role == Claim.Role.ROOM:
        actor = {
            "reference": f"Location/{room_id(resource)}",
            "display": names.rooms.get(resource, ""),
        }
        kinds = [standard("v3-ParticipationType", "LOC", "location")]
    else:
        actor = {
            "reference": f"Practitioner/{resource}",
            "display": names.staff.get(resource, ""),
        }
        kinds = [FUNCTIONS[Claim.Role(role)], coding(ROLE, role, ROLES.get(role, ""))]
    return {
        "type": [{"coding": kinds}],
        "actor": actor,
        "required": "required",
        "status": answer,
        "period": _period(moment(low).astimezone(zone), moment(high).astimezone(zone)),
    }


def taken_by(visit: Appointment) -> list[Taken]:
    """Each room and person that a visit takes, and when, without lanes and turnover."""
    return together(
        (
            claim.resource_id,
            str(claim.role),
            claim.start_minute,
            claim.end_minute - claim.turnover_minutes,
        )
        for claim in visit.claims.all()
        if claim.role != Claim.Role.PATIENT
    )


def together(claims: Iterable[Taken]) -> list[Taken]:
    """Claims by time, those of one nurse or room that overlap (on several lanes) as one."""
    found: list[Taken] = []
    for resource, role, start, end in sorted(claims, key=lambda one: (one[:2], one[2:])):
        if found and found[-1][:2] == (resource, role) and start < found[-1][3]:
            start, end = found[-1][2], max(end, found.pop()[3])
        found.append((resource, role, start, end))
    return sorted(found, key=lambda one: (one[2], one[0]))


def visit_type(visit: Appointment) -> list[dict[str, Any]]:
    """The step, then its protocol."""
    key = visit.protocol_version.protocol.key
    return [
        coding(VISIT_TYPE, f"{key}/{visit.step}", step_name(visit)),
        coding(VISIT_TYPE, key, visit.protocol_version.name),
    ]


def participation(status: str) -> str:
    """How every participant stands: what is booked is accepted, there is nobody else to ask."""
    if status in GONE:
        return "declined"
    return "needs-action" if status == Status.UNCOVERED else "accepted"


def _why(visit: Appointment) -> Shown:
    if visit.status != Status.CANCELLED:
        return {}
    codes = [REASONS[CancelKind(visit.cancel_kind)]] if visit.cancel_kind in REASONS else []
    return {"coding": codes, "text": visit.cancel_reason}


def _period(low: datetime, high: datetime) -> dict[str, str]:
    return {
        "start": low.isoformat(timespec="seconds"),
        "end": high.isoformat(timespec="seconds"),
    }
