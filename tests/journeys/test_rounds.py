"""Monitoring rounds on a nurse's phone: four taps and the numbers, and nothing lost offline."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import Page, expect

from scheduling.models import Appointment, ProtocolVersion, VitalsEntry
from scheduling.services.booking import book_visit
from scheduling.services.progress import set_status
from tests.cast import DESK, MONDAY, NOW, all_met, at, patient
from tests.journeys.conftest import somebody
from tests.journeys.test_everybody_can_use_it import barriers

PHONE = {"width": 390, "height": 844}
START = at(MONDAY, "08:00")


@pytest.fixture
def olga(clinic) -> Appointment:
    """Infusing since 08:30."""
    maintenance = ProtocolVersion.objects.get(protocol__key="maintenance")
    visit = book_visit(
        patient=patient("Olga", home_site=clinic),
        site=clinic,
        version=maintenance,
        step="inf1",
        starts_at=START,
        actor=DESK,
        now=NOW,
    )
    all_met(visit, now=START)
    for to, minutes in (("arrived", 0), ("in_prep", 10), ("infusing", 30)):
        moment = START + timedelta(minutes=minutes)
        set_status(appointment=visit.pk, to=to, actor=DESK, now=moment)
    return visit


def take(nurse: Page, systolic: int, sedation: str = "Drowsy") -> None:
    """A whole round: three taps and the numbers; each field is left when it is complete."""
    nurse.get_by_role("button", name="Olga").tap()
    nurse.keyboard.type(f"{systolic}78" + "72" + "98")
    nurse.locator("#entry").get_by_text(sedation).tap()
    nurse.get_by_role("button", name="Save").tap()


@pytest.fixture
def phone(browser, live_server, clinic):
    """Nina's telephone; a context of its own, for it is cut off on purpose."""
    client = Client()
    client.force_login(somebody("nurse"))
    context = browser.new_context(viewport=PHONE, has_touch=True, reduced_motion="reduce")
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def test_a_round_is_three_taps_and_the_numbers(phone, live_server, clinic, olga):
    with time_machine.travel(START + timedelta(minutes=37), tick=True):
        phone.goto(f"{live_server.url}/sites/{clinic.pk}/rounds")
        expect(phone.locator(".round")).to_contain_text("Overdue")
        take(phone, 124)
        expect(phone.locator(".round")).to_contain_text("124/78 · 72/min · 98 % · Drowsy")
        expect(phone.locator(".round")).to_contain_text("Next")
    row = VitalsEntry.objects.get()
    assert (row.systolic, row.diastolic, row.heart_rate, row.spo2, row.sedation) == (
        124,
        78,
        72,
        98,
        1,
    )


def test_rounds_their_entry_and_their_chart_have_no_barrier(phone, live_server, clinic, olga):
    with time_machine.travel(START + timedelta(minutes=37), tick=True):
        phone.goto(f"{live_server.url}/sites/{clinic.pk}/rounds")
        take(phone, 191)
        expect(phone.locator(".round")).to_contain_text("Systolic 191")
        for scheme in ("light", "dark"):
            phone.emulate_media(color_scheme=scheme)
            assert barriers(phone) == []
            phone.get_by_role("button", name="Olga").tap()
            expect(phone.locator("#entry")).to_be_visible()
            assert barriers(phone) == []
            phone.keyboard.press("Escape")
        phone.goto(f"{live_server.url}/visits/{olga.pk}/rounds")
        expect(phone.get_by_text("191/78")).to_be_visible()
        assert barriers(phone) == []


def test_two_rounds_typed_without_a_connection_arrive_in_order(phone, live_server, clinic, olga):
    with time_machine.travel(START + timedelta(minutes=31), tick=True):
        phone.goto(f"{live_server.url}/sites/{clinic.pk}/rounds")
        phone.context.set_offline(True)
        take(phone, 121)
        expect(phone.locator("#waiting")).to_contain_text("1 entry waits to be sent. No conn")
        take(phone, 122)
        expect(phone.locator("#waiting")).to_contain_text("2 entries wait to be sent.")
        assert not VitalsEntry.objects.exists()
        phone.context.set_offline(False)
        expect(phone.locator("#waiting")).to_be_hidden()
        expect(phone.locator(".round")).to_contain_text("122/78")
    assert [row.systolic for row in VitalsEntry.objects.order_by("pk")] == [121, 122]


def test_what_waits_is_there_after_the_page_was_loaded_anew(phone, live_server, clinic, olga):
    with time_machine.travel(START + timedelta(minutes=31), tick=True):
        phone.goto(f"{live_server.url}/sites/{clinic.pk}/rounds")
        phone.route("**/vitals", lambda route: route.abort())
        take(phone, 121)
        expect(phone.locator("#waiting")).to_contain_text("1 entry waits")
        phone.reload()
        expect(phone.locator("#waiting")).to_contain_text("1 entry waits")
        phone.unroute("**/vitals")
        expect(phone.locator("#waiting")).to_be_hidden()
    assert VitalsEntry.objects.count() == 1


def test_an_impossible_value_is_said_and_can_be_looked_at(phone, live_server, clinic, olga):
    with time_machine.travel(START + timedelta(minutes=31), tick=True):
        phone.goto(f"{live_server.url}/sites/{clinic.pk}/rounds")
        take(phone, 72)
        expect(phone.locator("#waiting")).to_contain_text("It is below the first number.")
        phone.get_by_role("button", name="Look at it").tap()
        phone.get_by_label("Systolic").fill("124")
        phone.get_by_role("button", name="Save").tap()
        expect(phone.locator(".round")).to_contain_text("124/78")
        expect(phone.locator("#waiting")).to_be_hidden()


def test_a_correction_strikes_through_what_it_corrects(phone, live_server, clinic, olga):
    with time_machine.travel(START + timedelta(minutes=31), tick=True):
        phone.goto(f"{live_server.url}/sites/{clinic.pk}/rounds")
        take(phone, 214)
        expect(phone.locator(".round")).to_contain_text("Systolic 214")
        phone.get_by_role("link", name="All entries of Olga").tap()
        phone.get_by_role("button", name="Correct the entry").tap()
        phone.keyboard.type("124787298")
        phone.locator("#entry").get_by_text("Alert").tap()
        phone.get_by_role("button", name="Save").tap()
        expect(phone.locator("s")).to_contain_text("214/78")
        expect(phone.locator("table")).to_contain_text("124/78")
