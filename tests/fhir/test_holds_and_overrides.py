"""Scenario 8 through FHIR: an expired hold, a foreign hold, a broken rule."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from clinic.models import Journal, Patient, Room, Site
from scheduling.models import Appointment, Claim, Hold
from scheduling.services.booking import expire_holds
from tests.cast import house, patient, protocol
from tests.fhir.callers import (
    Integrator,
    Resource,
    a_date,
    a_reference,
    a_text,
    integrator,
    matches,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> Site:
    """Juniper House with one room for infusions: what one patient holds no other can have."""
    protocol("maintenance")
    made = house()
    Room.objects.filter(name__in=["Room 2", "Bay"]).update(active=False)
    return made


def found(records: Integrator, who: Patient, what: str = "maintenance/inf1") -> Resource:
    answer = records.operate(
        "find",
        a_date("start", "2026-12-08"),
        a_date("end", "2026-12-09"),
        a_text("visit-type", what),
        a_reference("patient-reference", f"Patient/{who.pk}"),
    )
    return matches(answer)[0]


def act(records: Integrator, name: str, proposal: Resource) -> int:
    named = a_reference("appointment-reference", f"Appointment/{proposal['id']}")
    return records.operate(name, named).status_code


@pytest.mark.parametrize("what", ["maintenance/inf1", "maintenance"])
def test_scenario_8_a_foreign_hold_is_in_the_way_until_it_expires(clinic, monday_morning, what):
    desk, records = integrator("Desk"), integrator("Records")
    mine, theirs = found(records, patient("Pia"), what), found(desk, patient("Per"), what)
    assert mine["start"] == theirs["start"]
    assert act(desk, "hold", theirs) == 200
    assert act(records, "hold", mine) == 409
    assert act(records, "book", mine) == 409
    assert not Appointment.objects.exists()
    monday_morning.shift(timedelta(minutes=16))
    assert act(records, "book", mine) == 200
    assert act(desk, "book", theirs) == 409


def test_scenario_8_what_one_client_found_no_other_can_hold_book_or_read(clinic):
    one, two = integrator("One"), integrator("Two")
    proposal = found(one, patient("Pia"))
    assert act(one, "hold", proposal) == 200
    assert act(two, "hold", proposal) == 422
    assert act(two, "book", proposal) == 422
    assert two.get(f"Appointment/{proposal['id']}").status_code == 404
    assert Hold.objects.count() == 1
    assert not Appointment.objects.exists()


def test_scenario_8_an_expired_hold_frees_the_place_and_an_old_proposal_is_refused(
    clinic, monday_morning
):
    records = integrator()
    proposal = found(records, patient("Pia"))
    assert act(records, "hold", proposal) == 200
    assert records.get(f"Appointment/{proposal['id']}").json()["status"] == "pending"
    monday_morning.shift(timedelta(minutes=16))
    assert records.get(f"Appointment/{proposal['id']}").json()["status"] == "proposed"
    expire_holds(now=timezone.now())
    assert not Claim.objects.exists()
    monday_morning.shift(timedelta(minutes=15))
    answer = records.operate(
        "book", a_reference("appointment-reference", f"Appointment/{proposal['id']}")
    )
    assert answer.status_code == 422
    codes = answer.json()["issue"][0]["details"]["coding"]
    assert codes == [
        {"system": f"{settings.PUBLIC_URL}/fhir/CodeSystem/rule", "code": "proposal_expired"}
    ]
    assert records.get(f"Appointment/{proposal['id']}").status_code == 404
    assert not Appointment.objects.exists()


def test_a_hold_moves_to_another_of_what_was_found_together(clinic):
    records, pia = integrator(), patient("Pia")
    answer = records.operate(
        "find",
        a_date("start", "2026-12-08"),
        a_date("end", "2026-12-11"),
        a_text("visit-type", "maintenance/inf1"),
        a_reference("patient-reference", f"Patient/{pia.pk}"),
    )
    first, second, *_ = matches(answer)
    assert act(records, "hold", first) == 200
    assert act(records, "hold", second) == 200
    assert Hold.objects.count() == 1
    statuses = [records.get(f"Appointment/{one['id']}").json()["status"] for one in (first, second)]
    assert statuses == ["proposed", "pending"]


def test_scenario_8_no_program_breaks_a_rule(clinic):
    """There is no parameter for it; one that is made up changes nothing."""
    records, pia = integrator(), patient("Pia")
    night = {
        "resourceType": "Appointment",
        "status": "pending",
        "serviceType": [{"coding": [{"code": "maintenance/inf1"}]}],
        "start": "2026-12-08T03:00:00-05:00",
        "end": "2026-12-08T05:20:00-05:00",
        "participant": [
            {"actor": {"reference": f"Patient/{pia.pk}"}, "status": "accepted"},
            {"actor": {"reference": f"Location/site-{clinic.pk}"}, "status": "accepted"},
        ],
    }
    sent = {"name": "appointment-resource", "resource": night}
    answer = records.operate("book", sent, a_text("override", "please"))
    assert answer.status_code == 422
    assert not Appointment.objects.exists()
    assert not Journal.objects.filter(action="override").exists()
