"""A staff member's own page: the week, and the address to subscribe to."""

import pytest
from django.test import Client
from playwright.sync_api import expect

from scheduling.models import ProtocolVersion, Series
from scheduling.services.booking import book_series
from tests.cast import DESK, NOW, kare_times, patient, token
from tests.journeys.test_everybody_can_use_it import barriers


@pytest.fixture
def week(enter, clinic, live_server):
    """Ana's page in the week of the first infusion."""
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    proposal = token(patient("Pia"), version, clinic, kare_times())
    book_series(token=proposal, actor=DESK, now=NOW)
    page = enter("therapist")
    page.goto(f"{live_server.url}/me/week?from=2026-12-14")
    return page


def test_the_week_shows_what_one_takes_part_in(week):
    expect(week.locator(".week-day")).to_have_count(5)
    expect(week.locator(".week-block")).to_have_count(2)
    expect(week.locator(".week-block").first).to_contain_text("Pia Sample")


def test_an_address_is_shown_once_and_feeds_a_calendar(week, live_server):
    week.get_by_label("Where it is for").fill("My phone")
    week.get_by_label("Names, rooms and steps").check()
    week.get_by_role("button", name="Make an address").click()
    address = week.get_by_label("Calendar address").input_value()
    assert address.startswith(f"{live_server.url}/feeds/")
    webcal = week.get_by_role("link", name="Open in my calendar").get_attribute("href")
    assert webcal == address.replace("http://", "webcal://")
    answer = Client().get(address.removeprefix(live_server.url))
    assert answer.status_code == 200
    assert answer.content.count(b"BEGIN:VEVENT") == 7
    week.reload()
    expect(week.locator(".feed-list li")).to_contain_text("My phone")
    assert address not in week.content()


def test_a_telephone_can_be_pointed_at_a_new_address(week):
    week.get_by_label("Remind me").select_option("30 minutes before")
    week.get_by_role("button", name="Make an address").click()
    week.get_by_text("On a phone").click()
    expect(week.locator(".qr svg path").first).to_be_visible()
    expect(week.locator(".feed-list li")).to_contain_text("reminds")
    assert barriers(week) == []


def test_a_series_is_followed_by_whoever_may_see_it(week, live_server):
    series = Series.objects.get()
    week.goto(f"{live_server.url}/series/{series.pk}")
    week.get_by_label("Where it is for").fill("Desk screen")
    week.get_by_role("button", name="Make an address").click()
    address = week.get_by_label("Calendar address").input_value()
    answer = Client().get(address.removeprefix(live_server.url))
    assert answer.content.count(b"BEGIN:VEVENT") == 11
    assert b"Sample" not in answer.content
    assert barriers(week) == []
    week.on("dialog", lambda dialog: dialog.accept())
    week.get_by_role("button", name="Revoke Desk screen").click()
    expect(week.locator(".feed-list li")).to_have_count(0)
    assert Client().get(address.removeprefix(live_server.url)).status_code == 404


def test_a_new_address_ends_the_old_one_and_a_revoked_one_is_gone(week, live_server):
    week.on("dialog", lambda dialog: dialog.accept())
    week.get_by_role("button", name="Make an address").click()
    old = week.get_by_label("Calendar address").input_value()
    week.get_by_role("button", name="New address").click()
    expect(week.get_by_label("Calendar address")).not_to_have_value(old)
    new = week.get_by_label("Calendar address").input_value()
    assert Client().get(old.removeprefix(live_server.url)).status_code == 404
    assert Client().get(new.removeprefix(live_server.url)).status_code == 200
    week.get_by_role("button", name="Revoke Calendar").click()
    expect(week.locator(".feed-list li")).to_have_count(0)
    assert Client().get(new.removeprefix(live_server.url)).status_code == 404
