"""One visit, a block of time and a note, each by the keyboard alone from the board."""

import re

from playwright.sync_api import Page, expect

from clinic.models import Absence
from scheduling.models import Appointment, ProtocolVersion
from scheduling.services.booking import book_series
from tests.cast import DESK, MONDAY, NOW, at, days_after, kare_times, patient, token

TUESDAY = days_after(MONDAY, 1)


def board(page: Page, live_server, clinic, day: str = "2026-12-08") -> None:
    page.goto(f"{live_server.url}/sites/{clinic.pk}/day/{day}")
    expect(page.locator(".board .ec-day").first).to_be_visible()


def tab_to(page: Page, label: str) -> None:
    """Tab on until the control with that name has the focus; what is being put in is in first."""
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate(
            """label => {
                const at = document.activeElement;
                const said = [at.ariaLabel, at.textContent, at.labels?.[0]?.textContent];
                return said.some((text) => text?.trim().startsWith(label));
            }""",
            label,
        ):
            return
    raise AssertionError(f"Tab never reached {label}")


def test_one_visit_is_booked_by_keyboard_at_the_nearest_time_that_fits(desk, live_server, clinic):
    patient("Pia")
    board(desk, live_server, clinic)
    desk.keyboard.press("p")
    cursor = desk.locator(".place-cursor")
    expect(cursor).to_be_focused()
    desk.keyboard.press("ArrowRight")
    desk.keyboard.press("End")
    expect(cursor).to_have_accessible_name(re.compile("Place on the board: Bay 2, 17:45"))
    desk.keyboard.press("Enter")
    expect(desk.locator("#choose")).to_be_focused()
    desk.keyboard.type("Pia")
    expect(desk.locator("#choose-list [aria-selected=true]")).to_contain_text("Pia Sample")
    desk.keyboard.press("Enter")
    expect(desk.locator("#visit-other")).to_be_focused()
    desk.keyboard.type("Infusion")
    expect(desk.get_by_text("It does not fit at 17:45")).to_be_visible()
    tab_to(desk, "15:30")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("It fits: Tue 8 Dec 15:30")).to_be_visible()
    expect(desk.get_by_role("button", name="Book the visit")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator(".block")).to_contain_text("Pia Sample")
    expect(desk.get_by_text("Booked: Infusion, Tue 8 Dec 15:30.")).to_be_visible()
    booked = Appointment.objects.get()
    assert booked.starts_at == at(TUESDAY, "15:30")
    desk.keyboard.press("u")
    expect(desk.locator(".block")).to_have_count(0)


def test_a_new_patient_is_added_without_leaving_the_sheet(desk, live_server, clinic):
    board(desk, live_server, clinic)
    desk.keyboard.press("o")
    desk.locator("#choose").press_sequentially("Nina Newcomer")
    desk.get_by_role("option", name="New patient").click()
    desk.get_by_label("Birth date", exact=True).fill("1984-03-02")
    desk.get_by_role("button", name="Add patient").click()
    expect(desk.locator("#sheet .chosen")).to_contain_text("Nina Newcomer")
    expect(desk.locator("#modal")).to_be_hidden()
    desk.get_by_label("Visit", exact=True).select_option(label="Therapy, 90 min")
    expect(desk.get_by_text("It fits:")).to_be_visible()
    expect(desk.get_by_label("With", exact=True)).to_contain_text("Ana Example")


def test_a_missing_visit_is_offered_first_and_says_whether_the_day_is_inside(
    desk, live_server, clinic
):
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    pia = patient("Pia")
    series = book_series(token=token(pia, version, clinic, kare_times()), actor=DESK, now=NOW)
    series.appointments.filter(step="inf2").update(status="cancelled")
    path = f"/sites/{clinic.pk}/visit?patient={pia.pk}&day=2026-12-09&at=09:00"
    desk.goto(f"{live_server.url}{path}")
    choice = desk.locator(".choice", has_text="Infusion 2")
    expect(choice).to_contain_text("Outside")
    desk.get_by_label("Day", exact=True).fill("2026-12-24")
    expect(choice.get_by_text("In its window")).to_be_visible()


def test_a_room_is_blocked_by_keyboard_shown_and_opened_again(desk, live_server, clinic):
    board(desk, live_server, clinic)
    desk.keyboard.press("p")
    desk.keyboard.press("Enter")
    expect(desk.locator("#single")).to_be_visible()
    tab_to(desk, "Block time")
    desk.keyboard.press("Enter")
    expect(desk.get_by_label("Room or person")).to_contain_text("Bay")
    tab_to(desk, "2 hours")
    desk.keyboard.press("Enter")
    tab_to(desk, "Reason")
    desk.keyboard.type("Deep clean")
    desk.keyboard.press("Enter")
    expect(desk.locator(".board .blocked").first).to_contain_text("Deep clean")
    made = Absence.objects.get()
    assert (made.ends_at - made.starts_at).total_seconds() == 7200
    desk.keyboard.press("p")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", name="Blocked time")).to_be_visible()
    tab_to(desk, "Open it again")
    desk.keyboard.press("Enter")
    expect(desk.locator(".board .blocked")).to_have_count(0)
    assert not Absence.objects.exists()


def test_a_note_is_written_in_the_sheet_and_marked_on_the_board(desk, live_server, clinic):
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    book_series(token=token(patient("Pia"), version, clinic, kare_times()), actor=DESK, now=NOW)
    board(desk, live_server, clinic, "2026-12-17")
    desk.locator(".block").focus()
    desk.keyboard.press("Enter")
    expect(desk.locator("#sheet .facts").first).to_be_visible()
    tab_to(desk, "Add a note")
    desk.keyboard.press("Enter")
    expect(desk.locator("#note textarea")).to_be_focused()
    desk.keyboard.type("Comes with her sister")
    tab_to(desk, "Save the note")
    desk.keyboard.press("Enter")
    expect(desk.locator("#sheet .note-text")).to_have_text("Comes with her sister")
    expect(desk.get_by_role("button", name="Edit the note")).to_be_focused()
    desk.keyboard.press("Escape")
    expect(desk.locator(".block [data-icon=note]")).to_be_attached()
    assert "sister" not in desk.locator("#arrivals").inner_text()
