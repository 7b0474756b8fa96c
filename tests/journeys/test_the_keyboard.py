"""The command palette and the way back, by keyboard alone; and nothing jumps while it is used."""

import pytest
from playwright.sync_api import Page, expect

from scheduling.models import ProtocolVersion, Series
from scheduling.services.booking import book_series
from tests.cast import DESK, NOW, kare_times, patient, token

WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts.push(one.value);
}).observe({ type: "layout-shift", buffered: true });
"""
MOST_SHIFT = 0.02


@pytest.fixture
def series(clinic) -> Series:
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    proposal = token(patient("Pia"), version, clinic, kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


def shifted(page: Page) -> float:
    """How much the page has jumped since it was opened, without that which a key or click made."""
    return float(page.evaluate("window.shifts.reduce((sum, one) => sum + one, 0)"))


def test_the_palette_leads_to_a_day_and_a_cancelled_visit_is_taken_back(
    desk, live_server, clinic, series
):
    desk.goto(live_server.url)
    desk.keyboard.press("Control+k")
    box = desk.get_by_role("combobox", name="Jump to")
    expect(box).to_be_focused()
    expect(desk.get_by_role("option", name="New patient")).to_be_visible()
    desk.keyboard.type("17 dec")
    desk.keyboard.press("Enter")
    desk.wait_for_url(f"**/sites/{clinic.pk}/day/2026-12-17")

    desk.locator(".block", has_text="Pia").focus()
    desk.keyboard.press("Enter")
    cancel = desk.locator("#sheet").get_by_role("button", name="Cancel visit")
    cancel.focus()
    desk.keyboard.press("Enter")
    desk.get_by_role("button", name="Cancel the visit").focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Cancelled: Infusion 1 of 3")).to_be_visible()
    expect(desk.locator(".block")).to_have_count(0)
    desk.keyboard.press("u")
    expect(desk.get_by_text("booked again at its own place")).to_be_visible()
    expect(desk.locator(".block", has_text="Pia")).to_be_visible()


def test_escape_leaves_the_palette_and_a_patient_is_found_by_arrows(desk, live_server, series):
    per = patient("Per")
    desk.goto(live_server.url)
    desk.get_by_role("button", name="Jump to").click()
    desk.keyboard.press("Escape")
    expect(desk.locator("#palette")).to_be_hidden()
    desk.keyboard.press("Control+k")
    desk.keyboard.type("sample")
    expect(desk.get_by_role("option", name="Pia Sample")).to_be_visible()
    desk.keyboard.press("ArrowUp")
    desk.keyboard.press("ArrowDown")
    expect(desk.get_by_role("option", name="Per Sample")).to_have_attribute("aria-selected", "true")
    desk.keyboard.press("Enter")
    desk.wait_for_url(f"**/patients/{per.pk}")


def test_single_letters_are_left_alone_by_whoever_turns_them_off(desk, live_server, clinic):
    desk.goto(live_server.url)
    desk.keyboard.press("?")
    desk.get_by_label("Single letters are shortcuts").uncheck()
    desk.keyboard.press("Escape")
    desk.reload()
    desk.keyboard.press("?")
    expect(desk.get_by_role("heading", name="Shortcuts")).to_be_hidden()
    desk.keyboard.press("Control+k")
    expect(desk.get_by_role("combobox", name="Jump to")).to_be_focused()


def test_nothing_jumps_when_the_board_or_the_proposals_come_anew(
    desk, live_server, clinic, series, context
):
    context.add_init_script(WATCH)
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/day/2026-12-17")
    expect(desk.locator(".block")).to_be_visible()
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    proposal = token(patient("Per"), version, clinic, kare_times(clock="13:00"))
    book_series(token=proposal, actor=DESK, now=NOW)
    expect(desk.locator(".block")).to_have_count(2)
    assert shifted(desk) < MOST_SHIFT

    per = patient("Pol")
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/book?patient={per.pk}&protocol=aud-kare")
    expect(desk.locator(".proposal").first).to_be_visible()
    with desk.expect_response("**/book/proposals"):
        desk.get_by_label("Start from").fill("2026-12-21")
    expect(desk.locator(".proposal").first).to_contain_text("Dec")
    assert shifted(desk) < MOST_SHIFT


def test_every_place_of_the_rail_is_reached_by_the_keys_that_are_shown_for_it(
    enter, live_server, clinic
):
    page = enter("charge_nurse")
    page.goto(live_server.url)
    links = page.locator(".rail [data-keys]")
    keys = {one.get_attribute("data-keys"): one.get_attribute("href") for one in links.all()}
    assert len(keys) == links.count() > 8
    for pressed, address in keys.items():
        page.goto(live_server.url)
        for key in pressed.split():
            page.keyboard.press(key)
        page.wait_for_url(f"{live_server.url}{address}**")
