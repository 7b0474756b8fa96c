"""AppointmentResponse: how each participant of a visit stands. Derived, none is stored.

`{visit}-{resource}` is the answer of a patient, practitioner or room. Posting one is acting: a
patient accepts (the visit is confirmed) or declines (it is cancelled).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from api.fhir.appointments import Appointments
from api.fhir.kinds import Asked, Kind, Parameter, Shown, at
from api.fhir.mapping import STATUSES, participation
from api.fhir.places import room_id
from api.fhir.resources import checked
from api.fhir.systems import standard
from api.fhir.values import number, reference, token
from api.permissions import visible_visits
from clinic.models import Resource
from scheduling.models import Appointment, Claim
from scheduling.models.series import GONE

if TYPE_CHECKING:
    from api.fhir.doors import FhirDoor

Pair = tuple[int, int]
KINDS = {
    "Patient": Resource.Kind.PATIENT,
    "Practitioner": Resource.Kind.STAFF,
    "Location": Resource.Kind.ROOM,
}
ACTORS = tuple(KINDS)


@dataclass(frozen=True, slots=True)
class Part:
    """A patient, practitioner or room in a visit."""

    visit: Appointment
    resource: int
    role: str

    @property
    def id(self) -> str:
        return f"{self.visit.pk}-{self.resource}"

    @property
    def actor(self) -> str:
        if self.role == Claim.Role.PATIENT:
            return f"Patient/{self.resource}"
        if self.role == Claim.Role.ROOM:
            return f"Location/{room_id(self.resource)}"
        return f"Practitioner/{self.resource}"


class Pairs:
    """(visit, resource) of everything that takes part in visits, told by the database."""

    def __init__(self, door: FhirDoor) -> None:
        self.visits = visible_visits(door.client, Appointment.objects.all())
        self.only = Q()
        self.resources: set[int] | None = None

    def all(self) -> Any:
        """Those who hold a place, and the patients of visits that hold none any more."""
        visits = self.visits.filter(self.only).order_by()
        claims = Claim.objects.filter(appointment__in=visits.values("pk")).order_by()
        gone = visits.filter(status__in=GONE)
        if self.resources is not None:
            claims = claims.filter(resource__in=self.resources)
            gone = gone.filter(patient__in=self.resources)
        pairs = claims.values_list("appointment_id", "resource_id").union(
            gone.values_list("pk", "patient_id")
        )
        return pairs.order_by("appointment_id", "resource_id")

    def narrowed(self, resources: Iterable[int]) -> Pairs:
        found = set(resources)
        self.resources = found if self.resources is None else self.resources & found
        return self


def _of_visit(door: FhirDoor, rows: Pairs, asked: Asked) -> Pairs:
    named = [reference(value, ["Appointment"]) for value in asked.values]
    rows.only &= Q(pk__in=[number(one[1]) or 0 for one in named if one])
    return rows


def _of_actor(*kinds: str) -> Any:
    def narrow(door: FhirDoor, rows: Pairs, asked: Asked) -> Pairs:
        ids = set()
        for value in asked.values:
            named = reference(value, [asked.modifier] if asked.modifier else kinds)
            if named:
                of = [KINDS[kind] for kind in ([named[0]] if named[0] else kinds)]
                pk = number(named[1].removeprefix("room-")) or 0
                ids |= set(Resource.objects.filter(pk=pk, kind__in=of).values_list("pk", flat=True))
        return rows.narrowed(ids)

    return narrow


def _answered(door: FhirDoor, rows: Pairs, asked: Asked) -> Pairs:
    wanted = {token(value)[1] for value in asked.values}
    rows.only &= Q(status__in=[own for own in STATUSES if participation(own) in wanted])
    return rows


def _with_id(door: FhirDoor, rows: Pairs, asked: Asked) -> Pairs:
    """Ids that name two numbers each; several must be of what they name together."""
    pairs = [pair for value in asked.values if (pair := _pair(value))]
    rows.only &= Q(pk__in=[visit for visit, _ in pairs])
    return rows.narrowed(resource for _, resource in pairs)


class Responses(Kind):
    type = "AppointmentResponse"
    reads = "see_day"
    says = (
        "How participants stand, derived from the visit. POST one for the patient: accepted "
        "confirms the visit, declined cancels it."
    )
    parameters = {
        "_id": Parameter("token", "The logical id.", _with_id),
        "appointment": Parameter("reference", "The visit.", _of_visit, frozenset({"Appointment"})),
        "actor": Parameter("reference", "Who.", _of_actor(*ACTORS), frozenset(ACTORS)),
        "patient": Parameter(
            "reference", "The patient.", _of_actor("Patient"), frozenset({"Patient"})
        ),
        "practitioner": Parameter(
            "reference", "The practitioner.", _of_actor("Practitioner"), frozenset({"Practitioner"})
        ),
        "location": Parameter(
            "reference", "The room.", _of_actor("Location"), frozenset({"Location"})
        ),
        "part-status": Parameter("token", "accepted, declined or needs-action.", _answered),
    }
    includes = {"appointment": at("appointment"), "actor": at("actor")}
    mandatory = ("appointment", "participantStatus", "actor")

    def rows(self, door: FhirDoor) -> Any:
        return Pairs(door)

    def with_ids(self, door: FhirDoor, ids: Collection[str]) -> list[Pair]:
        pairs = {pair for id in ids if (pair := _pair(id))}
        rows = Pairs(door)
        rows.only = Q(pk__in=[visit for visit, _ in pairs])
        rows.narrowed(resource for _, resource in pairs)
        return [pair for pair in rows.all() if pair in pairs]

    def finish(self, rows: Any) -> Any:
        return rows.all()

    def show(self, door: FhirDoor, rows: Sequence[Any]) -> list[Shown]:
        return [show_response(part) for part in parts(door, rows)]


def parts(door: FhirDoor, pairs: Sequence[Pair]) -> list[Part]:
    """The participants that pairs name, in their order: 6 queries."""
    ids = {visit for visit, _ in pairs}
    visits = {row.pk: row for row in Appointments().rows(door).filter(pk__in=ids)}
    roles: dict[int, dict[int, str]] = defaultdict(dict)
    for visit in visits.values():
        for claim in visit.claims.all():
            roles[visit.pk].setdefault(claim.resource_id, str(claim.role))
        roles[visit.pk][visit.patient_id] = Claim.Role.PATIENT
    return [
        Part(visits[visit], resource, roles[visit][resource])
        for visit, resource in pairs
        if visit in visits and resource in roles[visit]
    ]


def show_response(part: Part) -> Shown:
    visit, zone = part.visit, part.visit.site.zone
    kind = "LOC" if part.role == Claim.Role.ROOM else "PART"
    kind = "SBJ" if part.role == Claim.Role.PATIENT else kind
    return checked(
        {
            "resourceType": "AppointmentResponse",
            "id": part.id,
            "meta": {"lastUpdated": visit.updated_at.isoformat()},
            "appointment": {"reference": f"Appointment/{visit.pk}"},
            "start": visit.starts_at.astimezone(zone).isoformat(timespec="seconds"),
            "end": visit.ends_at.astimezone(zone).isoformat(timespec="seconds"),
            "participantType": [{"coding": [standard("v3-ParticipationType", kind)]}],
            "actor": {"reference": part.actor},
            "participantStatus": participation(visit.status),
        }
    )


def _pair(id: str) -> Pair | None:
    visit, _, resource = id.partition("-")
    pair = number(visit), number(resource)
    return (pair[0], pair[1]) if pair[0] and pair[1] else None
