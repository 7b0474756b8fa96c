"""Everything that is answered is valid FHIR R4, by judges that are not ours.

The official schema judges every answer of every test here (callers.py); @medplum/core and npm fhir
judge what a demo clinic in full swing has of each type.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinic.models import Patient, Site
from scheduling.demo.loading import load
from scheduling.models import Appointment, Status
from scheduling.services.cancelling import cancel_visit
from tests.cast import DESK, MONDAY, NOW
from tests.fhir.callers import (
    Integrator,
    Resource,
    a_date,
    a_reference,
    a_text,
    integrator,
    matches,
    resources_in,
)
from tests.fhir.validators import objections

pytestmark = pytest.mark.django_db
KINDS = (
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Location",
    "HealthcareService",
    "Schedule",
    "Slot",
    "Appointment",
    "AppointmentResponse",
)
SOME = 40


@pytest.fixture
def demo() -> Integrator:
    """A clinic in its second week, with a visit of every status."""
    load(size="clinic", seed=1, load=0.6, start=MONDAY - timedelta(days=7), now=NOW)
    for visit, status in zip(Appointment.objects.order_by("pk"), Status, strict=False):
        Appointment.objects.filter(pk=visit.pk).update(status=status)
    last = Appointment.objects.order_by("pk").last()
    assert last is not None
    cancel_visit(appointment=last.pk, reason="Snow", kind="weather", actor=DESK, now=NOW)
    return integrator()


def everything(machine: Integrator) -> list[Resource]:
    """Some of each type, a Bundle of each search, proposals, refusals, and what can be done."""
    found: list[Resource] = [machine.get("metadata").json()]
    for kind in KINDS:
        answer = machine.get(kind, _count=SOME)
        assert matches(answer), kind
        found += [*resources_in(answer.json()), answer.json() | {"entry": []}]
    found += resources_in(machine.get("Appointment", _sort="-_id", _count=2).json())
    site, who = Site.objects.get(), Patient.objects.order_by("pk").last()
    assert who is not None
    for what in ("maintenance", "aud-kare", "maintenance/inf1"):
        bundle = machine.operate(
            "find",
            a_date("start", "2026-12-08"),
            a_date("end", "2027-01-15"),
            a_text("visit-type", what),
            a_reference("location-reference", f"Location/site-{site.pk}"),
            a_reference("patient-reference", f"Patient/{who.pk}"),
        ).json()
        assert resources_in(bundle, "match"), what
        found += resources_in(bundle)
    found.append(machine.get("Patient/999999").json())
    found.append(machine.operate("find").json())
    return [drop_empty(one) for one in found]


def drop_empty(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if value != []}


def test_what_a_clinic_in_full_swing_answers_is_valid_to_two_strangers(demo):
    found = everything(demo)
    assert {one["resourceType"] for one in found} == {
        *KINDS,
        "Bundle",
        "CapabilityStatement",
        "OperationOutcome",
    }
    statuses = {one["status"] for one in found if one["resourceType"] == "Appointment"}
    assert statuses >= {"booked", "pending", "arrived", "checked-in", "fulfilled", "noshow"}
    assert statuses >= {"cancelled", "waitlist", "proposed"}
    assert objections(found) == []


def test_a_wrong_resource_is_seen_by_both_strangers():
    wrong = {"resourceType": "Appointment", "id": "1", "status": "perhaps", "participant": []}
    said = objections([wrong])
    assert any("medplum" in one for one in said)
    assert any("by fhir" in one for one in said)
