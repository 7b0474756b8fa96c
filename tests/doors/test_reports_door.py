"""Utilisation as machines ask for it; every answer is checked against the OpenAPI document."""

import pytest
import time_machine

from tests.cast import MONDAY
from tests.doors.callers import caller
from tests.reporting import NOON, WEDNESDAY, clinic

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def made():
    return clinic()


def asked(made, first=MONDAY, last=WEDNESDAY):
    machine = caller("Numbers", scopes=["reports:read"], sites=[made.site])
    dates = {"from": first.isoformat(), "to": last.isoformat()}
    return machine.get("reports/utilisation", site=made.site.pk, **dates)


def test_chairs_and_nurses_scheduled_and_actual(made):
    found = asked(made).json()
    assert (found["from"], found["to"]) == ("2026-12-07", "2026-12-09")
    assert found["chairs"] == {
        "open_minutes": 3600,
        "scheduled_minutes": 300,
        "scheduled_percent": 8.3,
        "open_minutes_before_today": 2400,
        "actual_minutes": 150,
        "actual_percent": 6.2,
    }
    assert found["nurses"]["scheduled_minutes"] == 360
    assert found["chairs_per_nurse"] == 1.0
    assert found["published"]["scheduled_percent"] == 80


def test_by_hour_of_the_week(made):
    hours = {(row["weekday"], row["hour"]): row for row in asked(made).json()["hours"]}
    assert hours[0, 9]["chairs"]["scheduled_minutes"] == 60
    assert hours[2, 13]["chairs"]["actual_percent"] is None
    assert sum(row["chairs"]["scheduled_minutes"] for row in hours.values()) == 300


def test_dates_in_the_wrong_order_or_too_far_apart_are_refused(made):
    assert asked(made, first=WEDNESDAY, last=MONDAY).status_code == 400
    assert asked(made, first=MONDAY.replace(year=2020)).status_code == 400
