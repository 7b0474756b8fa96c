"""Somebody adds a calendar of their own; what it meets is shown to them and to who manages."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from clinic.models import Grant, Staff, User
from scheduling.models import ExternalCalendar, ProtocolVersion
from scheduling.services.booking import book_series
from tests.cast import DESK, NEW_YORK, NOW, kare_times, patient, token
from tests.feeds.corpus import calendar, event
from tests.feeds.outside import elsewhere
from tests.journeys.test_everybody_can_use_it import barriers

THERAPY = kare_times()["th2"]


@pytest.fixture
def outside(settings):
    with elsewhere() as server:
        settings.PRIVATE_ADDRESSES = [server.origin.removeprefix("http://")]
        yield server


@pytest.fixture
def week(enter, clinic, live_server):
    """Ana's page in the week of a therapy visit that is booked."""
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    Staff.objects.filter(given_name="Theo").update(active=False)
    proposal = token(patient("Pia"), version, clinic, kare_times())
    book_series(token=proposal, actor=DESK, now=NOW)
    page = enter("therapist")
    page.goto(f"{live_server.url}/me/week?from=2026-12-14")
    return page


def busy(start, uid="one"):
    local = start.astimezone(NEW_YORK)
    return event(f"DTSTART:{local:%Y%m%dT%H%M%S}", "DURATION:PT1H", uid=uid, summary="Dentist")


def add(page, *, address="", label=""):
    page.get_by_text("Add a calendar").click()
    page.get_by_label("Address of the calendar").fill(address)
    page.get_by_label("What you call it").fill(label)
    page.get_by_role("button", name="Add it").click()


def test_a_calendar_is_added_and_what_it_meets_is_shown(week, outside, clinic, live_server):
    free = THERAPY + timedelta(hours=6)
    add(week, address=outside.serve(calendar(busy(THERAPY), busy(free, "two"))), label="Family")
    section = week.locator("#calendars")
    expect(section.get_by_role("status")).to_have_text(
        "Family: 2 busy times in the next 400 days. Nobody books you then."
    )
    expect(section.locator(".feed-list li")).to_contain_text("last read just now")
    expect(section.locator(".conflicts li")).to_contain_text("You are busy 09:00–10:00.")
    week.reload()
    expect(week.locator(".elsewhere")).to_have_count(2)
    assert "Dentist" not in week.content()
    assert "secret-key" not in week.content()
    assert barriers(week) == []
    week.goto(f"{live_server.url}/sites/{clinic.pk}/day/{THERAPY:%Y-%m-%d}?view=list")
    assert "busy in their own calendar" in week.content()
    Grant.objects.create(user=User.objects.get(), role="manager", site=clinic)
    week.goto(f"{live_server.url}/sites/{clinic.pk}/time-off")
    expect(week.locator(".conflicts li")).to_contain_text("Ana Example is busy 09:00–10:00.")
    week.goto(f"{live_server.url}/sites/{clinic.pk}/hours?from=2026-12-14")
    expect(week.get_by_text("busy 09:00–10:00, 15:00–16:00")).to_be_visible()
    assert barriers(week) == []


def test_a_wrong_address_says_so_where_it_was_typed(week, outside):
    add(week, address=outside.serve(b"<html>Please sign in</html>", path="/page"))
    error = week.locator("#calendars .error")
    expect(error).to_contain_text("This is a web page and no calendar.")
    expect(week.get_by_label("Address of the calendar")).to_be_focused()
    assert not ExternalCalendar.objects.exists()
    assert barriers(week) == []


def test_a_file_is_uploaded_and_a_broken_address_says_what_still_counts(week, outside, tmp_path):
    week.on("dialog", lambda dialog: dialog.accept())
    file = tmp_path / "mine.ics"
    file.write_bytes(calendar(busy(THERAPY)))
    week.get_by_text("Add a calendar").click()
    week.get_by_text("Or a file, once").click()
    week.get_by_label("File", exact=True).set_input_files(file)
    week.get_by_role("button", name="Add it").click()
    rows = week.locator("#calendars .feed-list li")
    expect(rows).to_contain_text("read from a file just now")
    add(week, address=outside.serve(calendar(busy(THERAPY))), label="Family")
    expect(rows).to_have_count(2)
    outside.status = 404
    week.get_by_role("button", name="Read now Family").click()
    expect(rows.nth(1)).to_contain_text("Since then: There is nothing at this address.")
    for name in ("A file", "Family"):
        week.get_by_role("button", name=f"Remove {name}").click()
        expect(week.get_by_role("button", name=f"Remove {name}")).to_have_count(0)
    expect(week.locator("#calendars .conflicts")).to_have_count(0)
