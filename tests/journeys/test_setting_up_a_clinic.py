"""From an empty database to the first booked series, in a browser."""

from io import StringIO

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from clinic.models import Room, Site, Staff
from scheduling.models import Series
from tests.journeys.test_everybody_can_use_it import barriers


@pytest.fixture
def founder(live_server, context) -> Page:
    """Fay, at the address that setup_clinic has printed."""
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto(live_server.url)
    expect(page.get_by_text("Nobody can sign in yet.")).to_be_visible()
    printed = StringIO()
    call_command(
        "setup_clinic", email="fay@clinic.example", address=live_server.url, stdout=printed
    )
    page.goto(printed.getvalue().split()[-1])
    return page


def go_on(page: Page, heading: str) -> None:
    assert barriers(page) == []
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()


def test_a_clinic_is_set_up_and_its_first_series_booked(founder, live_server):
    page = founder
    page.get_by_label("Given name").fill("Fay")
    page.get_by_label("Family name").fill("Founder")
    page.get_by_label("Password").fill("seven quiet lanterns")
    page.get_by_role("button", name="Set the password and go in").click()

    page.get_by_label("Name of the clinic").fill("Juniper Clinics")
    page.get_by_label("Name of the site").fill("Juniper House")
    page.get_by_label("Time zone").select_option("America/New_York")
    go_on(page, "Opening hours")
    page.get_by_label("Open on Fri 25 Dec 2026").check()
    go_on(page, "Treatments")
    page.get_by_text("AUD, three weekly infusions").click()
    go_on(page, "Rooms")
    go_on(page, "Staff")

    # Fay is called away, and goes on where she was.
    page.goto(live_server.url)
    expect(page.get_by_role("heading", name="Staff", level=1)).to_be_visible()
    names = ["Priya", "Ana", "Theo", "Ines", "Noor"]
    for field, name in zip(page.get_by_label("Given name").all(), names, strict=True):
        field.fill(name)
    for field in page.get_by_label("Family name").all():
        field.fill("Example")
    go_on(page, "Ready for the first booking")
    assert barriers(page) == []

    page.get_by_role("link", name="Go to the board").click()
    page.get_by_role("link", name="Book the first series").click()
    page.get_by_placeholder("Name, birth date, phone or MRN").press_sequentially("Pia Sample")
    page.get_by_role("option", name="New patient").click()
    page.get_by_label("Birth date", exact=True).fill("1984-02-29")
    page.get_by_role("button", name="Add patient").click()
    page.get_by_role("button", name="Book A").click()
    expect(page.get_by_text("Booked: 11 visits, every one inside its window.")).to_be_visible()

    assert Series.objects.get().appointments.count() == 11
    site = Site.objects.get()
    assert (site.name, site.organisation.name) == ("Juniper House", "Juniper Clinics")
    assert site.closures.get().opens_anyway
    assert Room.objects.filter(site=site).count() == 6
    assert sorted(Staff.objects.values_list("given_name", flat=True)) == sorted(names)
