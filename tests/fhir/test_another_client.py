"""fhirclient (SMART Health IT's, not ours) reads a clinic and books in it over HTTP."""

from __future__ import annotations

import pytest
from django.utils import timezone
from fhirclient import client
from fhirclient.models.appointment import Appointment
from fhirclient.models.bundle import Bundle
from fhirclient.models.capabilitystatement import CapabilityStatement
from fhirclient.models.fhirreference import FHIRReference
from fhirclient.models.location import Location
from fhirclient.models.operationoutcome import OperationOutcome
from fhirclient.models.parameters import Parameters, ParametersParameter
from fhirclient.models.patient import Patient
from fhirclient.models.practitioner import Practitioner
from fhirclient.models.slot import Slot

from api.tokens import issue_token
from scheduling.models import Appointment as Visit
from tests.cast import house, patient, protocol

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(live_server):
    """The client's connection: it has read the CapabilityStatement and holds a token."""
    token = issue_token(name="Portal", scopes=None, sites=None, now=timezone.now()).token
    smart = client.FHIRClient(
        settings={"app_id": "portal", "api_base": f"{live_server.url}/fhir/R4"}
    )
    smart.server.session.headers["Authorization"] = f"Bearer {token}"
    return smart.server


def operate(server, name: str, **parameters) -> Bundle:
    body = Parameters()
    body.parameter = []
    for parameter, value in parameters.items():
        one = ParametersParameter({"name": parameter.replace("_", "-")})
        if isinstance(value, FHIRReference):
            one.valueReference = value
        else:
            one.valueString = value
        body.parameter.append(one)
    return Bundle(server.post_json(f"Appointment/${name}", body.as_json()).json())


def found_by(server, kind, **parameters: str) -> list:
    """Everything that a search finds, page after page."""
    return list(kind.where(parameters).perform_resources_iter(server))


def to(resource: str) -> FHIRReference:
    return FHIRReference({"reference": resource})


def test_another_client_reads_finds_holds_books_and_cancels(server):
    clinic = house()
    protocol("maintenance")
    pia = patient("Pia", home_site=clinic)

    assert CapabilityStatement.read_from("metadata", server).fhirVersion == "4.0.1"
    assert [
        one.name[0].family for one in Patient.where({"name": "Pia"}).perform_resources(server)
    ] == ["Sample"]
    assert len(found_by(server, Practitioner, name="ana")) == 1
    rooms = found_by(server, Location, partof=f"Location/site-{clinic.pk}")
    assert {room.name for room in rooms} == {"Room 1", "Room 2", "Bay", "Therapy A", "Therapy B"}
    assert all(slot.status == "free" for slot in found_by(server, Slot))

    found = operate(
        server,
        "find",
        start=str(timezone.now().date()),
        end="2099-01-01",
        visit_type="maintenance/inf1",
        patient_reference=to(f"Patient/{pia.pk}"),
    )
    proposed = [e.resource for e in found.entry if isinstance(e.resource, Appointment)]
    assert proposed
    named = to(f"Appointment/{proposed[0].id}")
    held = operate(server, "hold", appointment_reference=named)
    assert held.entry[0].resource.status == "pending"
    assert isinstance(held.entry[-1].resource, OperationOutcome)
    booked = operate(server, "book", appointment_reference=named).entry[0].resource
    assert booked.status == "booked"
    assert booked.start.isostring == proposed[0].start.isostring

    mine = found_by(server, Appointment, patient=f"Patient/{pia.pk}")
    assert [one.id for one in mine] == [booked.id]
    mine[0].status = "cancelled"
    server.session.headers["If-Match"] = f'W/"{mine[0].meta.versionId}"'
    mine[0].update(server)
    assert Appointment.read(booked.id, server).status == "cancelled"
    assert Visit.objects.get().status == "cancelled"


def test_another_client_turns_the_pages(server):
    house()
    names = [place.name for place in found_by(server, Location, _count="2")]
    assert len(names) == len(set(names)) == 6
