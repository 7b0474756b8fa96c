"""Appointment: search and read. What it says is in mapping.py, how it changes in updating.py."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q

from api.fhir.kinds import (
    Asked,
    Narrow,
    Parameter,
    Rows,
    Shown,
    Stored,
    at,
    by_pk,
    of_type,
    refers,
    where,
)
from api.fhir.mapping import MANDATORY, STATUSES, show_appointments
from api.fhir.proposals import read_proposed
from api.fhir.systems import MRN, SERIES, URI, VISIT_TYPE, system
from api.fhir.values import number, reference, token, when
from api.permissions import visible_visits
from clinic.models import Resource, Site
from scheduling.models import Appointment, Claim
from scheduling.selectors import visits

if TYPE_CHECKING:
    from api.fhir.doors import FhirDoor

NOTHING = Q(pk__in=[])


def _takes(resource: int | None, kind: str) -> Q:
    claims = Claim.objects.filter(appointment=OuterRef("pk"), resource=resource or 0)
    return Q(Exists(claims.filter(resource__kind=kind)))


def _actor(kind: str, id: str) -> Q:
    """Visits in which somebody or something takes part; a site by all that is there."""
    if kind == "Patient":
        return Q(patient=number(id) or 0)
    if kind == "Practitioner":
        return _takes(number(id), Resource.Kind.STAFF)
    what, _, pk = id.partition("-")
    if what == "site":
        return Q(site=number(pk) or 0)
    return _takes(number(pk), Resource.Kind.ROOM) if what == "room" else NOTHING


def _of(*kinds: str) -> Narrow:
    """Visits of a participant; `:Type` says of what type where it could be several."""

    def narrow(door: FhirDoor, rows: Rows, asked: Asked) -> Rows:
        fits = NOTHING
        for value in asked.values:
            named = reference(value, [asked.modifier] if asked.modifier else kinds)
            if named:
                of = [named[0]] if named[0] else kinds
                for kind in of:
                    fits |= _actor(kind, named[1])
        return rows.filter(fits)

    return narrow


def _status(value: str) -> Q:
    code = token(value)[1]
    return Q(status__in=[own for own, theirs in STATUSES.items() if theirs == code])


def _identifier(value: str) -> Q:
    """A visit by its uid, or the visits of a series."""
    said, code = token(value)
    fits = NOTHING
    if said in (None, system(SERIES)):
        fits |= Q(series=number(code) or 0)
    if said in (None, URI):
        with suppress(ValueError):
            fits |= Q(uid=UUID(code.removeprefix("urn:uuid:")))
    return fits


def _type(value: str) -> Q:
    """A step of a protocol, or any of it."""
    said, code = token(value)
    if said not in (None, system(VISIT_TYPE)):
        return NOTHING
    key, _, step = code.partition("/")
    fits = Q(protocol_version__protocol__key=key) if key else ~NOTHING
    return fits & Q(step=step) if step else fits


def _patient_identifier(value: str) -> Q:
    said, code = token(value)
    return Q(patient__mrn=code) if code and said in (None, system(MRN)) else NOTHING


def _practitioner_identifier(value: str) -> Q:
    said, code = token(value)
    kind = (said or "").removeprefix(system("sid/"))
    if not code or (said is not None and kind == said):
        return NOTHING
    licence = {"resource__staff__credentials__number": code}
    if said is not None:
        licence["resource__staff__credentials__kind"] = kind
    return Q(Exists(Claim.objects.filter(appointment=OuterRef("pk"), **licence)))


def _date(door: FhirDoor, rows: Rows, asked: Asked) -> Rows:
    """When it begins; a date without an offset is that of the visit's own site."""
    spans = [when(value) for value in asked.values]
    fits = NOTHING
    for one in spans:
        if one.has_offset:
            fits |= one.q("starts_at")
    if any(not one.has_offset for one in spans):
        for name in Site.objects.order_by().values_list("time_zone", flat=True).distinct():
            there = NOTHING
            for one in spans:
                there |= NOTHING if one.has_offset else one.q("starts_at", ZoneInfo(name))
            fits |= Q(site__time_zone=name) & there
    return rows.filter(fits)


ANY = frozenset({"Patient", "Practitioner", "Location"})


class Appointments(Stored):
    type = "Appointment"
    reads = "see_day"
    says = (
        "Visits. PUT with If-Match cancels, moves, or says where it stands; booking is $find, "
        "$hold and $book. The visits of a series share an identifier of system sid/series."
    )
    parameters = {
        "_id": by_pk(),
        "_lastUpdated": Parameter(
            "date", "When it was last changed.", where(lambda v: when(v).q("updated_at"))
        ),
        "identifier": Parameter(
            "token", "Its own uid, or its series: sid/series|ID.", where(_identifier)
        ),
        "date": Parameter("date", "When it begins.", _date),
        "status": Parameter("token", "The status.", where(_status)),
        "patient": Parameter(
            "reference", "The patient.", refers("patient", "Patient"), frozenset({"Patient"})
        ),
        "practitioner": Parameter(
            "reference",
            "A practitioner who takes part.",
            _of("Practitioner"),
            frozenset({"Practitioner"}),
        ),
        "location": Parameter(
            "reference", "The site or a room.", _of("Location"), frozenset({"Location"})
        ),
        "actor": Parameter(
            "reference", "Anybody or anything that takes part.", _of(*sorted(ANY)), ANY
        ),
        "service-type": Parameter("token", "A protocol, or protocol/step.", where(_type)),
        "patient.identifier": Parameter("token", "The patient's MRN.", where(_patient_identifier)),
        "practitioner.identifier": Parameter(
            "token", "The number of a licence of a practitioner.", where(_practitioner_identifier)
        ),
    }
    includes = {
        "patient": of_type("Patient", at("participant", "actor")),
        "practitioner": of_type("Practitioner", at("participant", "actor")),
        "location": of_type("Location", at("participant", "actor")),
        "actor": at("participant", "actor"),
    }
    sorts = {"date": "starts_at", "_id": "pk", "_lastUpdated": "updated_at"}
    mandatory = MANDATORY

    def rows(self, door: FhirDoor) -> Rows:
        return visible_visits(door.client, visits()).order_by("pk")

    def show(self, door: FhirDoor, rows: Sequence[Any]) -> list[Shown]:
        return show_appointments(rows)

    def read(self, door: FhirDoor, id: str) -> Shown | None:
        """A visit, or one of a proposal that was given to this client a moment ago."""
        return super().read(door, id) or read_proposed(door.client.id, id, now=door.now)


def one_visit(door: FhirDoor, id: str) -> Appointment | None:
    """The visit of an id, of the sites where the action at hand is allowed."""
    rows = Appointment.objects.select_related("site", "patient", "protocol_version")
    return rows.filter(door.reach().q(), pk=number(id) or 0).first()
