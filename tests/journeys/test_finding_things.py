"""Boards by keyboard, a week and a month, free times that lead to booking, the list of patients."""

import re

import pytest
from playwright.sync_api import expect

from clinic.models import Staff
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


def test_boards_are_switched_by_keyboard_alone(desk, live_server, clinic, series):
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/day/{INFUSION_DAY}")
    expect(desk.locator(".block")).to_have_count(1)
    desk.keyboard.press("3")
    desk.wait_for_url(re.compile("by=nurses"))
    expect(desk.locator(".block.bar").first).to_contain_text("Pia Sample")
    assert desk.locator(".block.bar").count() > 1
    desk.keyboard.press("v")
    nurse = desk.locator(".lane-group", has_text="Pia Sample").first
    expect(nurse.get_by_role("heading")).to_contain_text(re.compile("Ines|Noor"))
    expect(nurse.get_by_role("listitem").first).to_contain_text(
        re.compile("Infusion 1 of 3: .*lane")
    )
    desk.keyboard.press("2")
    desk.wait_for_url(re.compile("by=clinicians"))
    expect(desk.get_by_role("heading", name="Ana Example")).to_be_visible()
    desk.keyboard.press("W")
    desk.wait_for_url(re.compile("/week/"))
    expect(desk.get_by_role("heading", name="Ana Example")).to_be_visible()
    expect(desk.locator(".told", has_text="Fri 18 Dec").first).to_contain_text("On 08:00–18:00")
    desk.keyboard.press("v")
    desk.wait_for_url(re.compile("view=board"))
    expect(desk.locator(".spread-table .chip-bar").first).to_be_visible()
    desk.keyboard.press("M")
    desk.wait_for_url(re.compile("/month/"))
    desk.get_by_role("link", name=re.compile("Thu 17 Dec.*1 infusions")).press("Enter")
    desk.wait_for_url(re.compile(f"/day/{INFUSION_DAY}"))


def test_a_week_shows_visits_and_opens_one_and_the_next_week_follows(
    desk, live_server, clinic, series
):
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/week/{INFUSION_DAY}")
    bars = desk.locator(".chip-bar")
    expect(bars).to_have_count(3)
    track = desk.locator("tr", has_text="Room 1").locator(".track").first
    expect(track.locator(".free").first).to_be_visible()
    bars.first.press("Enter")
    expect(desk.locator("#sheet")).to_contain_text("Pia Sample")
    desk.keyboard.press("Escape")
    desk.keyboard.press("]")
    desk.wait_for_url(re.compile("/week/2026-12-21"))
    expect(desk.get_by_role("columnheader", name=re.compile("Mon 21 Dec"))).to_be_visible()
    desk.get_by_label("Only").select_option("Bay")
    desk.wait_for_url(re.compile(r"one=\d"))
    expect(desk.locator(".spread-table tbody tr")).to_have_count(1)


def test_a_booking_made_elsewhere_appears_in_the_week(desk, live_server, clinic):
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/week/{INFUSION_DAY}")
    expect(desk.locator(".spread-table")).to_be_visible()
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    book_series(token=token(patient("Per"), version, clinic, kare_times()), actor=DESK, now=NOW)
    desk.evaluate("document.querySelector('[data-poll]').dispatchEvent(new Event('poll'))")
    expect(desk.locator(".chip-bar").first).to_contain_text("Per Sample")


def test_a_sentence_finds_free_times_and_one_leads_to_booking(desk, live_server, clinic, series):
    ana = Staff.objects.get(given_name="Ana")
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/free")
    desk.get_by_label("Say it in a sentence").fill("2h therapy room with Ana after 14:00 thursday")
    desk.keyboard.press("Enter")
    desk.wait_for_url(re.compile(f"therapist={ana.pk}"))
    assert "sentence" not in desk.url
    expect(desk.get_by_label("Minutes")).to_have_value("120")
    expect(desk.get_by_label("Thu")).to_be_checked()
    first = desk.locator(".free-answer").first
    expect(first).to_contain_text(re.compile("Thu 10 Dec.*14:00–18:00.*Therapy A.*Ana", re.DOTALL))
    desk.get_by_label("Done by").fill("17:00")
    desk.get_by_label("Done by").press("Enter")
    expect(first).to_contain_text("14:00–17:00")
    first.get_by_role("link", name="Book a series").press("Enter")
    expect(desk.get_by_label("Start from")).to_have_value("2026-12-10")
    expect(desk.get_by_label("Not before")).to_have_value("14:00")


def test_a_patient_is_found_in_the_list_by_typing_and_no_address_tells(
    desk, live_server, clinic, series
):
    patient("Ned", home_site=clinic)
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/patients")
    expect(desk.locator(".patients-table tbody tr")).to_have_count(2)
    desk.get_by_label("Find in this list").press_sequentially("pia")
    expect(desk.locator(".patients-table tbody tr")).to_have_count(1)
    expect(desk.locator(".patients-table")).to_contain_text("Pia Sample")
    assert "pia" not in desk.url
    desk.get_by_label("No visit ahead").check()
    desk.wait_for_url(re.compile("nothing=1"))
    expect(desk.locator(".patients-table")).to_contain_text("Ned Sample")
