"""Screens that keep themselves up to date: a step on one is on the other, and a cut line heals."""

import re

import pytest
import time_machine
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import WSGIRequestHandler
from django.test import Client
from django.test.testcases import LiveServerThread
from playwright.sync_api import expect

from scheduling.models import ProtocolVersion
from scheduling.services.booking import book_visit
from scheduling.services.progress import set_status
from tests.cast import DESK, MONDAY, NOW, all_met, at, patient
from tests.journeys.conftest import somebody
from tests.journeys.test_everybody_can_use_it import barriers

SOON_MS = 2000


@pytest.fixture
def pia(clinic):
    """Pia's infusion at 09:00; it is five past."""
    visit = book_visit(
        patient=patient("Pia", home_site=clinic),
        site=clinic,
        version=ProtocolVersion.objects.get(protocol__key="maintenance"),
        step="inf1",
        starts_at=at(MONDAY, "09:00"),
        actor=DESK,
        now=NOW,
    )
    with time_machine.travel(at(MONDAY, "09:05"), tick=True):
        yield visit


class OneAnswer(WSGIRequestHandler):
    """Closes after each answer, so that nobody goes on talking to a server that was stopped."""

    protocol_version = "HTTP/1.0"

    def log_message(self, *args):
        pass


class Restarted(LiveServerThread):
    """A server that may begin again at an address that was just in use."""

    def _create_server(self, connections_override=None):
        at = self.host, self.port
        return self.server_class(at, OneAnswer, connections_override=connections_override)

    @classmethod
    def at(cls, port: int = 0) -> "Restarted":
        server = cls("127.0.0.1", StaticFilesHandler, port=port)
        server.daemon = True
        server.start()
        server.is_ready.wait()
        assert server.error is None
        return server


@pytest.fixture
def elsewhere(new_context, live_server):
    """Somebody of a role at another computer, with a browser of their own."""

    def signed_in(role: str, address: str = live_server.url):
        client = Client()
        client.force_login(somebody(role))
        there = new_context()
        session = client.cookies["sessionid"].value
        there.add_cookies([{"name": "sessionid", "value": session, "url": address}])
        return there.new_page()

    return signed_in


def test_a_step_on_one_screen_is_on_every_other_within_two_seconds(
    desk, live_server, clinic, pia, elsewhere
):
    all_met(pia, now=at(MONDAY, "09:05"))
    nurse, wall, day = elsewhere("charge_nurse"), elsewhere("nurse"), elsewhere("prescriber")
    address = f"{live_server.url}/sites/{clinic.pk}/live"
    desk.goto(address)
    nurse.goto(f"{address}/nurses")
    wall.goto(f"{address}/rooms")
    day.goto(f"{live_server.url}/sites/{clinic.pk}/day/{MONDAY}?view=list")
    card = desk.locator(f"#live-{pia.pk}")
    expect(card).to_contain_text("5 min late")
    card.get_by_role("button", name="Arrived").click()
    expect(desk.locator(".of-here .live-card")).to_contain_text("Arrived", timeout=SOON_MS)
    expect(desk.locator("#toasts")).to_contain_text("Pia Sample, Infusion: arrived.")
    expect(day.locator(".entry")).to_contain_text("Arrived", timeout=SOON_MS)
    button = desk.locator(f"#live-{pia.pk}-go")
    button.focus()
    desk.keyboard.press("Enter")
    expect(wall.locator(".live-room.use")).to_contain_text("P. S.", timeout=SOON_MS)
    expect(nurse.locator(".live-watched")).to_contain_text("Pia Sample", timeout=SOON_MS)
    expect(button).to_contain_text("Start infusion")
    expect(button).to_be_focused()


def test_what_is_open_is_one_tap_from_where_it_is_recorded(desk, live_server, clinic, pia):
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/live")
    desk.get_by_role("link", name=re.compile("open, Pia Sample")).click()
    expect(desk.locator("#sheet #gates")).to_contain_text("Before preparation")


def test_a_step_is_taken_back_in_place(desk, live_server, clinic, pia):
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/live")
    desk.evaluate("window.sameAsBefore = true")
    desk.get_by_role("button", name="Arrived").click()
    expect(desk.locator(".of-here .live-card")).to_have_count(1)
    desk.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(desk.locator(".of-late .live-card")).to_have_count(1, timeout=SOON_MS)
    assert desk.evaluate("window.sameAsBefore")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_full_boards_have_no_barrier_and_fit_a_phone(desk, live_server, clinic, pia, scheme):
    all_met(pia, now=at(MONDAY, "08:40"))
    for to, clock in (("arrived", "08:40"), ("in_prep", "08:41"), ("infusing", "08:42")):
        set_status(appointment=pia.pk, to=to, actor=DESK, now=at(MONDAY, clock))
    desk.emulate_media(color_scheme=scheme)
    with time_machine.travel(at(MONDAY, "09:40"), tick=True):
        for tab, shown in (("", ".runs-over"), ("/nurses", ".live-watched"), ("/rooms", ".use")):
            desk.set_viewport_size({"width": 1366, "height": 768})
            desk.goto(f"{live_server.url}/sites/{clinic.pk}/live{tab}")
            expect(desk.locator(shown).first).to_be_visible()
            assert barriers(desk) == []
            desk.set_viewport_size({"width": 390, "height": 844})
            assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_line_that_was_cut_is_told_and_heals_without_a_reload(
    live_server, clinic, pia, elsewhere
):
    page = elsewhere("front_desk")
    page.goto(f"{live_server.url}/sites/{clinic.pk}/live")
    expect(page.locator(f"#live-{pia.pk}")).to_contain_text("min late")
    page.evaluate("window.sameAsBefore = true")
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text(re.compile(r"Connection lost, showing 09:0\d"))
    set_status(appointment=pia.pk, to="arrived", actor=DESK, now=at(MONDAY, "09:05"))
    page.context.set_offline(False)
    expect(page.locator(".of-here .live-card")).to_contain_text("Arrived")
    expect(page.locator(".connection-sign")).to_be_hidden()
    assert page.evaluate("window.sameAsBefore")


def test_two_screens_find_back_by_themselves_when_the_server_is_started_again(
    live_server, clinic, pia, elsewhere
):
    server = Restarted.at()
    address = f"http://127.0.0.1:{server.port}"
    dora, nora = elsewhere("front_desk", address), elsewhere("nurse", address)
    for page in (dora, nora):
        page.goto(f"{address}/sites/{clinic.pk}/live")
        expect(page.locator(f"#live-{pia.pk}")).to_contain_text("min late")
        page.evaluate("window.sameAsBefore = true")
    server.terminate()
    for page in (dora, nora):
        expect(page.locator("#connection")).to_contain_text("Connection lost, showing 09:0")
    server = Restarted.at(server.port)
    for page in (dora, nora):
        expect(page.locator(".connection-sign")).to_be_hidden()
    dora.get_by_role("button", name="Arrived").click()
    for page in (dora, nora):
        expect(page.locator(".of-here .live-card")).to_contain_text("Arrived", timeout=SOON_MS)
        assert page.evaluate("window.sameAsBefore")
        page.close()
    server.terminate()


def test_a_board_keeps_still_while_a_dialog_is_open_and_follows_when_it_is_closed(
    desk, live_server, clinic, pia, elsewhere
):
    other = elsewhere("nurse")
    for page in (desk, other):
        page.goto(f"{live_server.url}/sites/{clinic.pk}/live")
    desk.locator(".live-who", has_text="Pia").click()
    expect(desk.locator("#sheet")).to_contain_text("Pia Sample")
    set_status(appointment=pia.pk, to="arrived", actor=DESK, now=at(MONDAY, "09:05"))
    expect(other.locator(".of-here .live-card")).to_have_count(1, timeout=SOON_MS)
    expect(desk.locator(".of-late .live-card")).to_have_count(1)
    desk.keyboard.press("Escape")
    expect(desk.locator(".of-here .live-card")).to_have_count(1, timeout=SOON_MS)


def test_a_nurse_is_told_aloud_of_what_will_be_late_and_only_once(
    live_server, clinic, pia, elsewhere
):
    per = book_visit(
        patient=patient("Per", home_site=clinic),
        site=clinic,
        version=pia.protocol_version,
        step="inf1",
        starts_at=at(MONDAY, "11:30"),
        actor=DESK,
        now=NOW,
    )
    chair = pia.claims.get(role="room")
    per.claims.filter(role="room").update(resource=chair.resource_id, lane=chair.lane)
    all_met(pia, now=at(MONDAY, "09:00"))
    for to, clock in (("arrived", "09:00"), ("in_prep", "09:10"), ("infusing", "09:30")):
        set_status(appointment=pia.pk, to=to, actor=DESK, now=at(MONDAY, clock))
    page = elsewhere("charge_nurse")
    with time_machine.travel(at(MONDAY, "09:50"), tick=True):
        page.goto(f"{live_server.url}/sites/{clinic.pk}/live/nurses")
        expect(page.locator(".live-watched")).to_contain_text("Infuse")
        expect(page.locator("#live-said")).to_be_empty()
    with time_machine.travel(at(MONDAY, "10:30"), tick=True):
        expect(page.locator(".live-line .live-warning").first).to_contain_text("runs over 25 min")
        expect(page.locator("#live-said")).to_contain_text("Per Sample, will start about 11:45")
        page.evaluate("document.getElementById('live-said').textContent = ''")
    with time_machine.travel(at(MONDAY, "10:40"), tick=True):
        expect(page.locator(".live-line .live-warning").first).to_contain_text("about 11:5")
        expect(page.locator("#live-said")).to_be_empty()
