"""The patient's page: the series in time, one visit given up, then the rest."""

import pytest
from playwright.sync_api import expect

from scheduling.models import Appointment, Claim, ProtocolVersion, Series, Status
from scheduling.services.booking import book_series
from tests.cast import DESK, NOW, kare_times, patient, token


@pytest.fixture
def series(clinic) -> Series:
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    proposal = token(patient("Pia"), version, clinic, kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


@pytest.fixture
def page(desk, live_server, series):
    desk.goto(f"{live_server.url}/patients/{series.patient_id}")
    return desk


def test_the_series_is_a_line_in_time_with_what_comes_next(page, series):
    assert page.title() == "Patient · Chairtime"
    expect(page.locator(".timeline-chart .dot")).to_have_count(11)
    expect(page.locator(".timeline-chart .bar.follow")).to_have_count(2)
    expect(page.locator(".point.next")).to_contain_text("Screening, Tue 8 Dec 09:00")
    expect(page.locator(".visits-table tbody tr")).to_have_count(11)


def test_one_visit_is_cancelled_with_a_reason_and_booked_again(page, series):
    page.get_by_role("button", name="Cancel Infusion 2 of 3, Thu 24 Dec").click()
    page.get_by_text("Weather", exact=True).click()
    page.get_by_label("In words").fill("snow")
    page.get_by_role("button", name="Cancel the visit").click()
    expect(page.get_by_text("Cancelled: Infusion 2 of 3, Thu 24 Dec 09:00")).to_be_visible()
    gone = Appointment.objects.get(series=series, step="inf2")
    assert (gone.status, gone.cancel_reason) == (Status.CANCELLED, "weather: snow")
    assert not Claim.objects.filter(appointment=gone).exists()

    missing = page.locator(".point.missing")
    expect(missing).to_contain_text("Infusion 2: cancelled, its window closes Fri 25 Dec")
    expect(page.get_by_role("heading", name="Book Infusion 2")).to_be_visible()
    expect(page.locator(".offer")).to_have_count(3)
    page.get_by_text("Another time").click()
    page.get_by_label("Day", exact=True).fill("2026-12-30")
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_role("alert")).to_contain_text("Not booked")
    page.locator(".offer", has_text="Where it was").click()
    expect(page.get_by_text("Booked: Infusion 2, Thu 24 Dec 09:00.")).to_be_visible()


def test_the_rest_of_the_series_is_cancelled_after_a_look_at_it(page, series):
    page.get_by_role("button", name="Cancel the rest").click()
    expect(page.locator("#modal .going li")).to_have_count(11)
    page.get_by_role("button", name="Cancel 11 visits").click()
    expect(page.get_by_text("Cancelled: 11 visits")).to_be_visible()
    series.refresh_from_db()
    assert series.status == Series.State.CANCELLED
    assert not Claim.objects.exists()


def test_details_are_corrected_and_a_mistake_is_said_beside_its_field(page, series):
    page.get_by_role("button", name="Correct details").click()
    page.get_by_label("Birth date", exact=True).fill("2042-01-01")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#id_birth_date_error")).to_contain_text("cannot be in the future")
    page.get_by_label("Birth date", exact=True).fill("1981-01-05")
    page.get_by_label("Escort optional", exact=True).fill("Sam Sample")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.locator("main")).to_contain_text("5 Jan 1981")


def test_the_itinerary_goes_along_as_a_neutral_calendar_file(page, series):
    page.get_by_role("link", name="Itinerary").click()
    expect(page.locator(".paper-visits li")).to_have_count(11)
    with page.expect_download() as download:
        page.get_by_role("link", name="Calendar file").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert text.count("BEGIN:VEVENT") == 11
    for word in ("Pia", "Sample", "nfusion", "herapy", "creening", "AUD"):
        assert word not in text
