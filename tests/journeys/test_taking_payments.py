"""A payment by keys, a part of it given back, the day closed; and a link that is paid."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from billing.models import DayClose, Payment
from billing.selectors import owed
from tests.cast import NOW, patient
from tests.money.fake_stripe import SECRET_KEY, WEBHOOK_SECRET, fake_stripe
from tests.money.test_paying import charge


@pytest.fixture
def pia(clinic):
    who = patient("Pia", home_site=clinic)
    charge(who, clinic, 45_000)
    return who


def test_a_payment_is_taken_by_keys_partly_refunded_and_the_day_closed(
    enter, live_server, clinic, pia
):
    desk = enter("front_desk")
    desk.goto(f"{live_server.url}/patients/{pia.pk}")
    desk.get_by_role("link", name="Money").click()
    expect(desk.locator(".balance")).to_contain_text("$450.00")
    desk.wait_for_load_state()
    desk.get_by_role("button", name="Take a payment…").focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_label("Amount, $")).to_have_value("450.00")
    expect(desk.get_by_role("radio", name="Cash")).to_be_focused()
    desk.keyboard.press("3")
    expect(desk.get_by_role("radio", name="Check")).to_be_checked()
    desk.keyboard.press("1")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Taken: $450.00 by cash.")).to_be_visible()
    expect(desk.locator(".balance")).to_contain_text("nothing is open")
    assert owed(pia) == 0

    manager = enter("manager")
    manager.goto(f"{live_server.url}/patients/{pia.pk}/money")
    manager.get_by_role("button", name="Refund of $450.00").click()
    manager.get_by_label("Amount, $").fill("50")
    manager.get_by_label("Why").fill("One hour less than planned")
    manager.get_by_role("button", name="Give it back").click()
    expect(manager.get_by_text("Given back: $50.00 by cash.")).to_be_visible()
    assert Payment.objects.get().refunded_cents == 5_000

    manager.goto(f"{live_server.url}/sites/{clinic.pk}/day-end")
    for method in ("Card terminal", "Checks"):
        manager.get_by_label(f"{method} counted").fill("0")
    manager.get_by_label("Cash counted").fill("399.50")
    row = manager.get_by_role("row", name="Cash counted")
    expect(row).to_contain_text("−$0.50")
    manager.get_by_role("button", name="Close the day").click()
    expect(manager.get_by_text("Say in a note why it differs.")).to_be_visible()
    manager.get_by_label("Note").fill("Fifty cents on the floor")
    manager.get_by_role("button", name="Close the day").click()
    expect(manager.get_by_role("heading", name="Closed")).to_be_visible()
    assert DayClose.objects.get(on=NOW.date()).difference_cents == -50


STRIPE_JS = """
window.Stripe = (key) => ({
  elements: ({ clientSecret }) => ({
    secret: clientSecret,
    create: () => ({
      on: (what, act) => setTimeout(act),
      mount: (at) => (document.querySelector(at).textContent = `Card form of ${key}`),
    }),
  }),
  confirmPayment: async ({ elements }) => {
    await fetch("https://api.stripe.com/confirm", { method: "POST", body: elements.secret });
    return {};
  },
});
"""
"""What Stripe's own script does, as far as this page knows it."""


def test_a_patient_pays_by_the_link_and_the_card_goes_to_stripe_only(
    desk, context, live_server, clinic, pia, settings
):
    with fake_stripe() as stripe_here:
        settings.STRIPE_SECRET_KEY = SECRET_KEY
        settings.STRIPE_PUBLISHABLE_KEY = "pk_test_invented"
        settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
        settings.STRIPE_API_BASE = stripe_here.base
        settings.PUBLIC_URL = live_server.url
        confirmed = []

        def script(route: Route) -> None:
            route.fulfill(content_type="text/javascript", body=STRIPE_JS)

        def confirm(route: Route) -> None:
            intent = (route.request.post_data or "").partition("_secret")[0]
            confirmed.append(stripe_here.confirm(intent))
            route.fulfill(
                body="{}",
                headers={"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"},
            )

        context.route("https://js.stripe.com/**", script)
        context.route("https://api.stripe.com/**", confirm)
        desk.goto(f"{live_server.url}/patients/{pia.pk}/money")
        desk.get_by_role("button", name="Payment link…").click()
        desk.get_by_role("button", name="Make the link").click()
        address = desk.get_by_label("Address to send").input_value()

        context.clear_cookies()
        phone = context.new_page()
        phone.set_viewport_size({"width": 390, "height": 844})
        phone.goto(address)
        phone.get_by_role("button", name="Pay by card").click()
        expect(phone.get_by_text("Card form of pk_test_invented")).to_be_visible()
        phone.get_by_role("button", name="Pay $450.00").click()
        expect(phone.get_by_role("heading", name="Paid")).to_be_visible()
        assert (len(confirmed), stripe_here.charged, owed(pia)) == (1, 45_000, 0)
