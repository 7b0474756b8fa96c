"""The board, its list and what they say on a closed day and on a phone."""

import re

import pytest
from playwright.sync_api import expect

from scheduling.models import ProtocolVersion
from scheduling.services.booking import book_series
from tests.cast import DESK, NOW, kare_times, patient, token

INFUSION_DAY = "2026-12-17"


@pytest.fixture
def series(clinic):
    """Pia's eleven visits; the first infusion is on Thursday 17 December at 09:00."""
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    proposal = token(patient("Pia"), version, clinic, kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


def test_the_board_shows_a_visit_with_its_phases_and_the_card_says_the_rest(
    desk, live_server, clinic, series
):
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/day/{INFUSION_DAY}")
    block = desk.locator(".block")
    expect(block).to_contain_text("Pia Sample")
    expect(block).to_contain_text("INF 1/3")
    expect(block.locator(".band")).to_have_count(5)
    block.hover()
    card = desk.locator("#hover-card")
    expect(card).to_contain_text("Infuse 40 min")
    expect(card).to_contain_text("Therapy 2, Fri 18 Dec")


def test_arrows_walk_the_blocks_and_enter_opens_one(desk, live_server, clinic, series):
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    times = kare_times(clock="13:00")
    book_series(token=token(patient("Per"), version, clinic, times), actor=DESK, now=NOW)
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/day/{INFUSION_DAY}")
    expect(desk.locator(".block")).to_have_count(2)
    desk.locator(".block", has_text="Pia").focus()
    desk.keyboard.press("ArrowDown")
    expect(desk.locator(".block", has_text="Per")).to_be_focused()
    desk.keyboard.press("Enter")
    sheet = desk.locator("#sheet")
    expect(sheet.get_by_role("heading", name="Infusion 1 of 3")).to_be_visible()
    expect(sheet).to_contain_text("Per Sample")
    desk.keyboard.press("Escape")
    expect(desk.locator(".block", has_text="Per")).to_be_focused()


def test_the_list_says_what_the_board_says(desk, live_server, clinic, series):
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/day/{INFUSION_DAY}")
    expect(desk.locator(".block")).to_be_visible()
    desk.keyboard.press("v")
    expect(desk.locator("#board")).to_be_hidden()
    row = desk.locator(".entry")
    expect(row).to_contain_text(re.compile("09:00.*Pia Sample.*Infusion 1 of 3.*Room", re.DOTALL))
    desk.get_by_text("Nurse cover").click()
    expect(desk.locator("#cover tbody tr").first).to_be_visible()


def test_a_booking_made_elsewhere_appears_by_itself(desk, live_server, clinic):
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/day/{INFUSION_DAY}")
    expect(desk.get_by_text("Nobody is booked on this day yet")).to_be_visible()
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    book_series(token=token(patient("Per"), version, clinic, kare_times()), actor=DESK, now=NOW)
    expect(desk.locator(".block")).to_contain_text("Per Sample")
    expect(desk.locator("#arrivals-title + p")).to_have_text("1 visit")


def test_a_closed_day_says_so_and_leads_on(desk, live_server, clinic):
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/day/2026-12-13")
    expect(desk.get_by_role("heading", name="No visits on Sun 13 Dec")).to_be_visible()
    expect(desk.get_by_text("The next open day is Mon 14 Dec")).to_be_visible()
    desk.get_by_role("link", name="Go to Mon 14 Dec").click()
    expect(desk.locator(".board .ec")).to_be_visible()


def test_a_free_place_leads_to_booking_from_there(desk, live_server, clinic):
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/day/{INFUSION_DAY}")
    expect(desk.locator(".board .ec-day").first).to_be_visible()
    desk.locator(".board .ec-day").nth(1).click(position={"x": 20, "y": 100})
    expect(desk.locator("#sheet").get_by_label("Room")).to_contain_text("Room 1")
    desk.get_by_role("link", name="A series from here").click()
    expect(desk.get_by_label("Start from")).to_have_value(INFUSION_DAY)
    expect(desk.get_by_label("Not before")).not_to_have_value("")


def test_a_phone_shows_the_arrivals_alone(desk, live_server, clinic, series):
    desk.set_viewport_size({"width": 390, "height": 844})
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/day/{INFUSION_DAY}")
    expect(desk.locator("#board")).to_be_hidden()
    expect(desk.locator(".entry")).to_contain_text("Pia Sample")
    assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth")
    desk.locator(".entry-link").click()
    expect(desk.locator("#sheet")).to_contain_text("Infusion 1 of 3")


def test_who_may_not_see_names_sees_initials(enter, live_server, clinic, series):
    page = enter("manager")
    page.goto(f"{live_server.url}/sites/{clinic.pk}/day/{INFUSION_DAY}")
    expect(page.locator(".block")).to_contain_text("P. S.")
    assert "Sample" not in page.content()
    assert "Infusion" not in page.locator("#arrivals").inner_text()
