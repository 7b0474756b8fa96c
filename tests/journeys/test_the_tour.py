"""The tour of a demo: offered once, walked by the keyboard, and not offered again."""

import pytest
from playwright.sync_api import expect

from scheduling.models import ProtocolVersion
from scheduling.services.booking import book_series
from tests.cast import DESK, NOW, kare_times, patient, token
from tests.journeys.test_everybody_can_use_it import barriers

INFUSION_DAY = "2026-12-17"
STOPS = [
    "The day",
    "A visit",
    "The list, and keys",
    "Booking a series",
    "Proposals",
    "A patient’s course",
    "And everything else",
]


@pytest.fixture
def demo(clinic):
    """A demo of one patient with eleven visits."""
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    pia = patient("Pia", is_demo=True)
    return book_series(token=token(pia, version, clinic, kare_times()), actor=DESK, now=NOW)


def test_the_tour_is_walked_by_keys_and_offered_once(desk, live_server, clinic, demo):
    board = f"{live_server.url}/sites/{clinic.pk}/day/{INFUSION_DAY}"
    desk.goto(board)
    offer = desk.get_by_role("button", name="Take the two-minute tour")
    expect(desk.locator(".block").first).to_be_visible()
    offer.press("Enter")
    stop = desk.get_by_role("dialog")
    for title in STOPS:
        expect(stop.get_by_role("heading", name=title, exact=True)).to_be_visible()
        expect(desk.locator("[data-tour-next]")).to_be_focused()
        if title == "A visit":
            assert barriers(desk) == []
        desk.keyboard.press("Enter")
    expect(stop).to_be_hidden()
    expect(desk.locator("#main")).to_be_focused()
    desk.goto(board)
    expect(desk.locator(".block").first).to_be_visible()
    expect(offer).to_be_hidden()
    desk.get_by_label("account and settings").click()
    desk.get_by_role("button", name="Take the tour").press("Enter")
    expect(stop.get_by_role("heading", name="The day", exact=True)).to_be_visible()
    desk.keyboard.press("Escape")
    expect(stop).to_be_hidden()
    expect(desk.get_by_label("account and settings")).to_be_focused()
