"""A patient wants an earlier time; a place is held for them, and their link takes it."""

from __future__ import annotations

from playwright.sync_api import expect

from clinic.models import Patient
from scheduling.audit import violations
from scheduling.models import Offer
from scheduling.tokens import link_secret
from tests.cast import NOW
from tests.services.test_moving import booked, the


def test_an_earlier_place_is_held_and_taken_by_the_patients_link(desk, live_server, clinic):
    visit = the(booked("Pia"), "th6")
    desk.goto(f"{live_server.url}/visits/{visit.pk}")
    desk.get_by_role("button", name="Wants earlier…").click()
    desk.get_by_role("button", name="Put on the waitlist").click()
    expect(desk.locator("#modal")).to_be_hidden()

    desk.goto(f"{live_server.url}/sites/{clinic.pk}/waitlist")
    if not Offer.objects.exists():
        desk.get_by_role("button", name="Look for a place for Pia").click()
    expect(desk.get_by_role("heading", name="Ring now: a place is held")).to_be_visible()
    [offer] = Offer.objects.all()
    assert offer.starts_at < visit.starts_at

    desk.goto(f"{live_server.url}/offers/{link_secret('offer', offer.pk)}")
    expect(desk.get_by_role("heading", name=clinic.neutral_name or "Your clinic")).to_be_visible()
    shown = desk.locator("body").inner_text()
    pia = Patient.objects.get(given_name="Pia")
    assert pia.family_name not in shown
    assert "ketamine" not in shown.lower()
    desk.get_by_role("button", name="Yes, I take it").click()
    expect(desk.get_by_role("heading", name="It is yours")).to_be_visible()
    desk.reload()
    expect(desk.get_by_role("heading", name="It is yours")).to_be_visible()
    visit.refresh_from_db()
    assert visit.starts_at == offer.starts_at
    assert [one for one in violations(now=NOW) if one.severity == "violation"] == []
