"""One visit booked from an Appointment resource that says what, for whom, where and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.errors import unknown, wrong
from api.fhir.asking import patient_named, visit_type_of
from api.fhir.kinds import Shown
from api.fhir.values import number, reference, when
from api.permissions import patients_of, require, sites_for
from clinic.models import Patient, Room, Site, Staff
from scheduling.planner.single import Wish
from scheduling.services.booking import book_visit

if TYPE_CHECKING:
    from api.fhir.doors import FhirDoor

ACTION = "book_visit"


def book_directly(door: FhirDoor, resource: Shown) -> int:
    """The visit's id. 422 for what is unknown, or where a rule is against it; 409 when taken.

    Needed are serviceType (protocol/step), start, and as participants the patient and a Location;
    a Practitioner is a wish.
    """
    codes = [
        f"{one.get('system', '')}|{one.get('code', '')}"
        for concept in resource.get("serviceType", [])
        for one in concept.get("coding", [])
    ]
    version, step = visit_type_of([code for code in codes if "/" in code.rpartition("|")[2]])
    actors = [one.get("actor", {}) for one in resource.get("participant", [])]
    site, room = _where(actors)
    require(door.client, ACTION, site)
    mine = patients_of(sites_for(door.client, ACTION), Patient.objects.all())
    patients = [one for one in actors if _is(one, "Patient")]
    if len(patients) != 1:
        raise wrong("Appointment.participant", "One participant must be the Patient.")
    visit = book_visit(
        patient=patient_named(patients[0], mine, "Appointment.participant"),
        site=site,
        version=version,
        step=step,
        starts_at=_start(resource),
        wish=Wish(room, _clinician(actors)),
        actor=door.actor,
        now=door.now,
    )
    return visit.pk


def _start(resource: Shown) -> Any:
    try:
        said = when(resource.get("start", ""))
    except ValueError as error:
        raise wrong("Appointment.start", str(error)) from None
    if not said.has_offset:
        raise wrong("Appointment.start", "It must have an offset.")
    return said.low


def _is(actor: Shown, kind: str) -> bool:
    return _named(actor, kind) is not None or actor.get("type") == kind


def _named(actor: Shown, kind: str) -> str | None:
    try:
        found = reference(str(actor.get("reference", "")), [kind])
    except ValueError:
        return None
    return found[1] if found and found[0] == kind else None


def _where(actors: list[Shown]) -> tuple[Site, int | None]:
    """The site, and the room where one is named."""
    sites = Site.objects.select_related("organisation")
    for what in ("room", "site"):
        for actor in actors:
            kind, _, pk = (_named(actor, "Location") or "").partition("-")
            if kind != what:
                continue
            if what == "room" and (room := Room.objects.filter(pk=number(pk) or 0).first()):
                return sites.get(pk=room.site_id), room.pk
            if what == "site" and (site := sites.filter(pk=number(pk) or 0).first()):
                return site, None
    raise unknown("Appointment.participant", "One participant must be a Location that is here.")


def _clinician(actors: list[Shown]) -> int | None:
    for actor in actors:
        if (pk := _named(actor, "Practitioner")) is not None:
            row = Staff.objects.filter(pk=number(pk) or 0).first()
            if row is None:
                raise unknown("Appointment.participant", "There is no such practitioner here.")
            return row.pk
    return None
