"""Every address of FHIR with its scope and without, at the own site and at another: the one table.

An address that is not in the table fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client as Browser

from api.fhir.urls import urlpatterns
from api.permissions import SCOPES
from clinic.models import Grant, Room, Site, User
from scheduling.models import Series
from scheduling.services.booking import book_series
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, token
from tests.fhir.callers import (
    JSON,
    Integrator,
    a_date,
    a_reference,
    a_text,
    integrator,
    matches,
)

pytestmark = pytest.mark.django_db

# scope | what a client of Here gets with it (403 without) | what one of There finds | address.
# "none": nothing of Here in the list; "no": 403, 404 or 422.
TABLE = """
patients:read      | 200 | none | GET  Patient
patients:read      | 200 | none | POST Patient/_search
patients:read      | 200 | no   | GET  Patient/<str:id>
patients:write     | 201 | no   | POST Patient
patients:write     | 200 | no   | PUT  Patient/<str:id>
staff:read         | 200 | none | GET  Practitioner
staff:read         | 200 | none | POST Practitioner/_search
staff:read         | 200 | no   | GET  Practitioner/<str:id>
staff:read         | 200 | none | GET  PractitionerRole
staff:read         | 200 | none | POST PractitionerRole/_search
staff:read         | 200 | no   | GET  PractitionerRole/<str:id>
sites:read         | 200 | none | GET  Location
sites:read         | 200 | none | POST Location/_search
sites:read         | 200 | no   | GET  Location/<str:id>
sites:read         | 200 | none | GET  HealthcareService
sites:read         | 200 | none | POST HealthcareService/_search
sites:read         | 200 | no   | GET  HealthcareService/<str:id>
appointments:read  | 200 | none | GET  Schedule
appointments:read  | 200 | none | POST Schedule/_search
appointments:read  | 200 | no   | GET  Schedule/<str:id>
appointments:read  | 200 | none | GET  Slot
appointments:read  | 200 | none | POST Slot/_search
appointments:read  | 200 | no   | GET  Slot/<str:id>
appointments:read  | 200 | none | GET  Appointment
appointments:read  | 200 | none | POST Appointment/_search
appointments:read  | 200 | no   | GET  Appointment/<str:id>
appointments:write | 200 | no   | PUT  Appointment/<str:id>
appointments:read  | 200 | none | GET  AppointmentResponse
appointments:read  | 200 | none | POST AppointmentResponse/_search
appointments:read  | 200 | no   | GET  AppointmentResponse/<str:id>
appointments:write | 201 | no   | POST AppointmentResponse
"""
OPERATIONS = ("Appointment/$find", "Appointment/$hold", "Appointment/$book")
LINES = [tuple(part.strip() for part in line.split("|")) for line in TABLE.strip().splitlines()]


class World:
    """Two sites, each with a patient in the middle of a series."""

    def __init__(self) -> None:
        version = protocol("aud-kare")
        protocol("maintenance")
        self.series: dict[str, Series] = {}
        self.sites: dict[str, Site] = {}
        for name in ("Here", "There"):
            where = self.sites[name] = house(name=name)
            who = patient(f"Pia {name}", home_site=where)
            proposal = token(who, version, where, kare_times())
            self.series[name] = book_series(token=proposal, actor=DESK, now=NOW)

    @property
    def here(self) -> Series:
        return self.series["Here"]

    def id(self, kind: str) -> str:
        """A resource of Here."""
        site, room = self.sites["Here"], Room.objects.filter(site=self.sites["Here"]).first()
        assert room is not None
        visit = self.here.appointments.get(step="th7")
        every = integrator("Every")
        return {
            "Patient": lambda: str(self.here.patient_id),
            "Practitioner": lambda: str(self.here.therapist_id),
            "PractitionerRole": lambda: f"{self.here.therapist_id}-{site.pk}",
            "Location": lambda: f"room-{room.pk}",
            "HealthcareService": lambda: f"{self.here.protocol_version.protocol_id}-{site.pk}",
            "Schedule": lambda: f"room-{room.pk}",
            "Slot": lambda: matches(every.get("Slot", schedule=f"room-{room.pk}"))[0]["id"],
            "Appointment": lambda: str(visit.pk),
            "AppointmentResponse": lambda: f"{visit.pk}-{visit.patient_id}",
        }[kind]()

    def body(self, method: str, kind: str, id: str) -> tuple[Any, dict[str, str]]:
        """What is sent, and under which version."""
        if method == "PUT":
            read = integrator("Every").get(f"{kind}/{id}")
            return read.json(), {"If_Match": read["ETag"]}
        visit = self.here.appointments.get(step="th7")
        return {
            "Patient": {
                "resourceType": "Patient",
                "name": [{"family": "New", "given": ["Nina"]}],
                "birthDate": "1990-01-01",
                "managingOrganization": integrator("Every")
                .get(f"Patient/{self.here.patient_id}")
                .json()["managingOrganization"],
            },
            "AppointmentResponse": {
                "resourceType": "AppointmentResponse",
                "appointment": {"reference": f"Appointment/{visit.pk}"},
                "actor": {"reference": f"Patient/{visit.patient_id}"},
                "participantStatus": "accepted",
            },
        }[kind], {}


@pytest.fixture
def world() -> World:
    return World()


def ask(world: World, machine: Integrator, address: str) -> HttpResponse:
    method, path = address.split()
    kind = path.partition("/")[0]
    id = world.id(kind) if "<str:id>" in path else ""
    path = path.replace("<str:id>", id)
    if path.endswith("/_search"):
        return machine.search(kind, _count=200)
    if method == "GET":
        return machine.get(path, **({} if id else {"_count": 200}))
    body, headers = world.body(method, kind, id)
    return machine.send(method.lower(), path, body, **headers)


def known() -> Iterator[str]:
    for pattern in urlpatterns:
        yield str(pattern.pattern).removeprefix("fhir/R4/")


def test_no_address_is_left_out_of_the_table():
    told = {address.split()[1] for *_, address in LINES}
    assert set(known()) == told | {*OPERATIONS, "metadata"}


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[3])
def test_with_and_without_the_scope_and_of_another_site(world, line):
    scope, status, there, address = line
    foreign = ask(world, integrator("Of There", sites=[world.sites["There"]]), address)
    blind = ask(world, integrator("Blind", scopes=set(SCOPES) - {scope}), address)
    here = ask(world, integrator("Of Here", scopes=[scope], sites=[world.sites["Here"]]), address)
    assert here.status_code == int(status)
    assert (blind.status_code, blind.json()["issue"][0]["code"]) == (403, "forbidden")
    if there == "no":
        assert foreign.status_code in (403, 404, 422)
    else:
        mine = {one["id"] for one in matches(here)}
        assert mine
        assert not mine & {one["id"] for one in matches(foreign)}


def find(world: World, machine: Integrator, what: str) -> HttpResponse:
    return machine.operate(
        "find",
        a_date("start", "2026-12-08"),
        a_date("end", "2027-01-08"),
        a_text("visit-type", what),
        a_reference("patient-reference", f"Patient/{world.here.patient_id}"),
        a_reference("location-reference", f"Location/site-{world.sites['Here'].pk}"),
    )


def test_one_visit_and_a_series_are_found_held_and_booked_each_with_its_own_scope(world):
    here = [world.sites["Here"]]
    visits = integrator("Visits", scopes=["appointments:write"], sites=here)
    series = integrator("Series", scopes=["series:write"], sites=here)
    neither = integrator("Neither", scopes=set(SCOPES) - {"appointments:write", "series:write"})
    for mine, other, what in (
        (visits, series, "maintenance/inf1"),
        (series, visits, "maintenance"),
    ):
        assert find(world, other, what).status_code == 403
        assert find(world, neither, what).status_code == 403
        id = matches(find(world, mine, what))[0]["id"]
        named = a_reference("appointment-reference", f"Appointment/{id}")
        assert mine.operate("hold", named).status_code == 200
        assert neither.operate("hold", named).status_code == 403
        assert mine.operate("book", named).status_code == 200
        assert neither.operate("book", named).status_code == 403


def test_a_client_whose_site_was_taken_away_cannot_book_what_it_found(world):
    here, there = world.sites["Here"], world.sites["There"]
    machine = integrator("Moved", sites=[here])
    id = matches(find(world, machine, "maintenance/inf1"))[0]["id"]
    integrator("Moved", sites=[there])
    named = a_reference("appointment-reference", f"Appointment/{id}")
    assert machine.operate("hold", named).status_code == 403
    assert machine.operate("book", named).status_code == 403


def test_a_token_is_needed_and_a_session_is_none(world):
    boss = User.objects.create(username="boss", email="boss@clinic.example")
    Grant.objects.create(user=boss, role="front_desk")
    signed_in = Browser()
    signed_in.force_login(boss)
    for browser in (Browser(), signed_in, Browser(headers={"Authorization": "Bearer nonsense"})):
        for path in known():
            if path == "metadata":
                continue
            at = f"/fhir/R4/{path.replace('<str:id>', '1')}"
            for answer in (browser.get(at), browser.post(at, "{}", content_type=JSON)):
                assert answer.status_code == 401, at
                assert answer["WWW-Authenticate"].startswith("Bearer")
                assert answer.json()["issue"][0]["code"] == "login"


def test_what_is_spoken_here_is_for_anybody_to_read():
    answer = Browser().get("/fhir/R4/metadata")
    shown = answer.json()
    assert (answer.status_code, shown["fhirVersion"]) == (200, "4.0.1")
    types = {one["type"]: one for one in shown["rest"][0]["resource"]}
    asked = [address.split() for *_, address in LINES if "_search" not in address]
    assert set(types) == {path for path in known() if "/" not in path} - {"metadata"}
    operations = [one["name"] for one in types["Appointment"]["operation"]]
    assert operations == ["find", "hold", "book"]
    for kind, told in types.items():
        codes = {one["code"] for one in told["interaction"]}
        table = {method for method, path in asked if path.split("/")[0] == kind}
        verbs = {"GET": {"read", "search-type"}, "PUT": {"update"}, "POST": {"create"}}
        assert codes == {code for method in table for code in verbs[method]}, kind
    assert "/o/token/" in json.dumps(shown["rest"][0]["security"])
