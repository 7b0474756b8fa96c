"""What would break booked visits is refused with the list; saved on purpose, it leads to a plan."""

from __future__ import annotations

import pytest
import time_machine
from django.core.management import call_command

from clinic.models import Credential
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


def nurse_of(inf1) -> int:
    return inf1.claims.filter(role="monitoring_nurse").first().resource_id


EDITS = {
    "a room is taken out of use": lambda inf1: (
        f"/rooms/{inf1.claims.get(role='room').resource_id}/use",
        {},
    ),
    "a nurse leaves": lambda inf1: (f"/staff/{nurse_of(inf1)}/leave", {"leave": "1"}),
    "a nurse's licence is withdrawn": lambda inf1: (
        f"/credentials/{licence_of(nurse_of(inf1)).pk}/withdraw",
        {},
    ),
    "a nurse's licence ends sooner": lambda inf1: (
        f"/credentials/{licence_of(nurse_of(inf1)).pk}",
        {"kind": "Nursing licence", "expires_on": f"{NOW:%Y-%m-%d}"},
    ),
    "a nurse is away on one day": lambda inf1: (
        f"/staff/{nurse_of(inf1)}/days",
        {"day": f"{D0}", "working": "less", "starts": "07:00", "ends": "19:00"},
    ),
    "the site opens on Mondays only": lambda inf1: (
        f"/sites/{inf1.site_id}/opening",
        {"day": "0", "opens": "08:00", "closes": "12:00"},
    ),
}


def licence_of(nurse: int) -> Credential:
    return Credential.objects.get(staff=nurse, kind="nursing_licence")


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_that_breaks_visits_can_be_planned_around(edit):
    series = booked("Pia")
    inf1, browser = the(series, "inf1"), person("manager")
    address, asked = EDITS[edit](inf1)
    refused = browser.post(address, asked)
    assert refused.status_code in (409, 422)
    assert b"Save it all the same, and plan around" in refused.content
    assert not Recovery.objects.exists()
    saved = browser.post(address, asked | {"plan_around": "on"})
    recovery = Recovery.objects.get()
    assert saved["Location"] == f"/recoveries/{recovery.pk}"
    assert inf1.pk in recovery.affected
    assert browser.get(f"/recoveries/{recovery.pk}").status_code == 200
    call_command("audit_bookings")
