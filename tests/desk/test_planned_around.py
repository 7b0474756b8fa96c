"""What would break booked visits is refused with the list; saved on purpose, it leads to a plan."""

from __future__ import annotations

import pytest
import time_machine

from scheduling.models import Recovery
from tests.cast import NOW
from tests.desk.browsers import person
from tests.services.test_moving import D0, booked, the

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def monday_morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.parametrize("role", ["charge_nurse", "manager"])
def test_blocking_a_room_over_visits_is_first_refused_and_then_planned_around(role):
    series = booked("Pia")
    inf1 = the(series, "inf1")
    room = inf1.claims.get(role="room").resource_id
    asked = {"of": room, "day": f"{D0}", "at": "08:00", "until_day": f"{D0}", "until": "18:00"}
    browser, address = person(role), f"/sites/{series.site_id}/block"
    refused = browser.post(address, asked, HTTP_HX_REQUEST="true")
    assert refused.status_code == 409
    assert b"plan around this visit" in refused.content
    assert not Recovery.objects.exists()
    saved = browser.post(address, asked | {"plan_around": "on"}, HTTP_HX_REQUEST="true")
    recovery = Recovery.objects.get()
    assert saved["HX-Redirect"] == f"/recoveries/{recovery.pk}"
    assert inf1.pk in recovery.affected
    assert b"Mended at once" in browser.get(f"/recoveries/{recovery.pk}").content
