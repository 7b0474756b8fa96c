"""A week drawn by hand and by keys, and time off asked for, refused, and given."""

import re

import pytest
from playwright.sync_api import Page, expect

from clinic.models import Absence, Staff, WeeklyHours
from scheduling.models import ProtocolVersion
from scheduling.services.booking import book_series
from scheduling.services.time_off import ask_time_off
from tests.cast import DESK, NOW, at, days_after, kare_times, patient, token


@pytest.fixture
def series(clinic):
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    proposal = token(patient("Pia"), version, clinic, kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


def drag(page: Page, day: int, start: float, end: float, to_day: int | None = None) -> None:
    """From one hour to another on the tracks of days, in the picture from 07:00 to 19:00."""
    first = page.locator(f"[data-track='{day}']").bounding_box()
    last = page.locator(f"[data-track='{day if to_day is None else to_day}']").bounding_box()
    assert first
    assert last

    def x(hour: float) -> float:
        return first["x"] + first["width"] * (hour - 7) / 12

    page.mouse.move(x(start), first["y"] + first["height"] / 2)
    page.mouse.down()
    page.mouse.move((x(start) + x(end)) / 2, first["y"] + first["height"] / 2)
    page.mouse.move(x(end), last["y"] + last["height"] / 2)
    page.mouse.up()


def test_a_shift_is_drawn_stretched_moved_and_saved(enter, clinic, series, live_server):
    free = Staff.objects.exclude(pk=series.therapist_id).get(roles=["therapist"])
    page = enter("manager")
    page.goto(f"{live_server.url}/staff/{free.pk}/hours?site={clinic.pk}")
    expect(page.locator(".shift-bar")).to_have_count(5)
    drag(page, 5, 9, 12)
    drag(page, 5, 11.98, 13)
    drag(page, 5, 10, 11, to_day=6)
    sunday = page.locator("[data-shift]").last
    expect(sunday.get_by_label("Day")).to_have_value("6")
    expect(sunday.get_by_label("From", exact=True)).to_have_value("10:00")
    expect(sunday.get_by_label("To", exact=True)).to_have_value("14:00")
    expect(page.locator("#preview")).to_contain_text("54 h a week, 4 h more than the 50 h before")
    page.locator("[data-track='6'] .shift-bar").hover()
    page.locator("[data-track='6']").get_by_title("Break").click()
    expect(sunday.get_by_label("Break from")).to_have_value("11:45")
    expect(page.locator("#preview")).to_contain_text("53 h 30 min")
    page.get_by_role("button", name="Save the week").click()
    expect(page.locator("#toasts")).to_contain_text("hours are saved")
    row = WeeklyHours.objects.get(staff=free, weekday=6)
    assert (f"{row.starts:%H:%M}", f"{row.ends:%H:%M}") == ("10:00", "14:00")
    assert (f"{row.break_starts:%H:%M}", f"{row.break_ends:%H:%M}") == ("11:45", "12:15")


def test_a_week_is_written_by_keys_and_told_what_it_would_break(enter, clinic, series, live_server):
    page = enter("manager")
    page.goto(f"{live_server.url}/staff/{series.therapist_id}/hours?site={clinic.pk}")
    rows = page.locator("[data-shift]")
    rows.first.get_by_label("From", exact=True).fill("12:00")
    page.get_by_role("button", name="Copy Monday to weekdays").focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(5)
    expect(rows.last.get_by_label("From", exact=True)).to_have_value("12:00")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("This would not be saved")
    expect(preview.get_by_role("link").first).to_have_attribute("href", re.compile("/visits/"))
    page.get_by_role("button", name="Save the week").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("booked visits would no longer fit")
    expect(rows.last.get_by_label("From", exact=True)).to_have_value("12:00")
    assert not WeeklyHours.objects.exclude(effective_from=None).exists()


def tab_to(page: Page, name: str, most: int = 80) -> None:
    """Tab until the control of that name has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        text = page.evaluate("(e => (e.labels?.[0] ?? e).innerText.trim())(document.activeElement)")
        if text == name:
            return
    raise AssertionError(f"Tab does not lead to {name}")


def test_time_off_over_a_booked_visit_is_refused_and_given_once_it_is_cancelled(
    enter, clinic, series, live_server
):
    """By keyboard only."""
    visit = series.appointments.get(step="th1")
    day = visit.starts_at.date()
    ask_time_off(
        staff=series.therapist_id,
        starts_at=at(day, "00:00"),
        ends_at=at(days_after(day, 1), "00:00"),
        actor=DESK,
        now=NOW,
    )
    page = enter("charge_nurse")
    page.goto(f"{live_server.url}/sites/{clinic.pk}/time-off")
    expect(page.locator(".off-request")).to_contain_text("1 booked visit in the way")
    tab_to(page, "Approve")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Not approved: booked visits need them")
    expect(page.get_by_role("alert")).to_contain_text("Pia Sample")
    assert not Absence.objects.exists()
    tab_to(page, "Tue 15 Dec 09:00 Pia Sample")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{live_server.url}/visits/{visit.pk}")
    tab_to(page, "Cancel visit…")
    page.keyboard.press("Enter")
    expect(page.locator("#modal")).to_be_visible()
    expect(page.locator("#modal-body")).not_to_have_class(re.compile("htmx"))
    tab_to(page, "Cancel the visit")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("ancelled")
    page.goto(f"{live_server.url}/sites/{clinic.pk}/time-off")
    expect(page.locator(".off-request")).to_contain_text("No booked visit in the way")
    tab_to(page, "Approve")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("is off")
    assert Absence.objects.get().resource_id == series.therapist_id
