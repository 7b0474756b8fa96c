"""`POST absences`, and the recovery that comes of it, by a machine."""

from __future__ import annotations

import pytest
import time_machine

from scheduling.models import Appointment, Series
from scheduling.services.booking import book_series
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, token
from tests.doors.callers import Caller, caller

pytestmark = pytest.mark.django_db(transaction=True)
THURSDAY = {"starts_at": "2026-12-17T00:00:00-05:00", "ends_at": "2026-12-17T23:59:00-05:00"}


@pytest.fixture(autouse=True)
def monday_morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def series() -> Series:
    proposal = token(patient("Pia"), protocol("aud-kare"), house(), kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


@pytest.fixture
def machine() -> Caller:
    return caller("Roster")


def held(series: Series, role: str) -> str:
    return str(series.appointments.get(step="inf1").claims.filter(role=role)[0].resource_id)


def test_a_nurse_is_out_and_the_answer_says_who_steps_in(machine, series):
    answer = machine.post("absences", THURSDAY | {"staff": held(series, "monitoring_nurse")})
    assert answer.status_code == 201
    told = answer.json()
    inf1 = str(series.appointments.get(step="inf1").pk)
    assert told["affected"] == [inf1]
    recovery = told["recovery"]
    lists = [*recovery["reassigned"], *recovery["moves"], *recovery["stranded"]]
    assert [item["appointment"] for item in lists] == [inf1]
    assert machine.get(f"recoveries/{recovery['id']}").json() == recovery


def test_snow_is_accepted_once_and_again_with_the_same_answer(machine, series):
    told = machine.post("absences", THURSDAY | {"site": str(series.site_id), "reason": "snow"})
    recovery = told.json()["recovery"]
    assert recovery["status"] == "improving"
    accept = f"recoveries/{recovery['id']}/accept"
    assert machine.post(accept, {"version": 99}).status_code == 409
    first = machine.post(accept, {"version": recovery["version"]}).json()
    assert [visit["status"] for visit in first["results"]] == ["to_rebook"]
    assert machine.post(accept).json() == first
    assert machine.get(f"recoveries/{recovery['id']}").json()["status"] == "accepted"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "staff"),
        ({"staff": "1", "room": "2"}, "staff"),
        ({"staff": "999999"}, "staff"),
        ({"staff": "1", "ends_at": "2026-12-16T00:00:00-05:00"}, "ends_at"),
        ({"staff": "1", "starts_at": "2020-12-17", "ends_at": "2020-12-18"}, "starts_at"),
    ],
)
def test_what_makes_no_sense_names_its_field_and_changes_nothing(machine, series, body, field):
    answer = machine.post("absences", THURSDAY | body)
    assert answer.status_code in (400, 422)
    assert answer.json()["errors"][0]["field"] == field
    assert not Appointment.objects.exclude(status="booked").exists()
