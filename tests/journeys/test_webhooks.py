"""The manager has the records system told: a secret once, a test, and what died sent again."""

from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from api.webhooks import delivery
from api.webhooks.models import WebhookDelivery
from scheduling.models import ProtocolVersion
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_visit
from tests.cast import DESK, kare_times, patient, token
from tests.journeys.test_everybody_can_use_it import barriers
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    with receiving(settings) as open_door:
        yield open_door


def looked_at(page: Page) -> list[str]:
    """What is in somebody's way, at the desk and on a phone, light and dark."""
    found = barriers(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    found += barriers(page)
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1366, "height": 768})
    return found + ([f"{wide} px wide"] if wide > 390 else [])


def test_a_webhook_is_added_tested_and_what_died_is_sent_again(
    enter, clinic, live_server, receiver
):
    page: Page = enter("manager")
    page.goto(f"{live_server.url}/setup/webhooks")
    page.get_by_role("link", name="Add a webhook").first.click()
    page.get_by_label("Address").fill("https://127.0.0.1/hook")
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".error")).to_contain_text("inside a private network")
    page.get_by_label("Address").fill(receiver.url)
    page.get_by_label("What it is for").fill("Records system")
    page.get_by_role("button", name="Add").click()
    secret = page.get_by_label("Secret of the webhook").input_value()
    assert secret.startswith("whsec_")
    assert looked_at(page) == []
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("heading", name="Records system")).to_be_visible()
    assert secret not in page.content()

    receiver.status, receiver.body = 200, b"thank you"
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("status").filter(has_text="The test arrived")).to_contain_text(
        "thank you"
    )
    assert receiver.verified(secret)["type"] == "webhook.test"

    receiver.status, receiver.body = 500, b"the cupboard is locked"
    pia = patient("Pia")
    proposal = token(pia, protocol_of(), clinic, kare_times())
    series = book_series(token=proposal, actor=DESK, now=timezone.now())
    visit = series.appointments.get(step="th7")
    cancel_visit(appointment=visit.pk, reason="away", actor=DESK, now=timezone.now())
    send()
    WebhookDelivery.objects.update(state="dead")
    page.goto(page.url.removesuffix("/test"))
    expect(page.locator(".webhook-log")).to_contain_text("the cupboard is locked")
    page.locator(".webhook-log summary").filter(has_text="series.booked").click()
    expect(page.locator(".webhook-log pre").last).to_contain_text(f'"series": "{series.pk}"')
    assert looked_at(page) == []
    page.get_by_role("button", name="Send all 2 again").click()
    expect(page.get_by_text("2 events will be sent again, in order.")).to_be_visible()

    receiver.status = 204
    send()
    assert receiver.types[-2:] == ["series.booked", "appointment.cancelled"]
    page.reload()
    expect(page.get_by_role("link", name="2 Delivered")).to_be_visible()
    page.get_by_role("button", name="Send again").first.click()
    expect(page.get_by_text("It will be sent again.")).to_be_visible()

    page.get_by_role("button", name="Make a new secret").click()
    assert page.get_by_label("Secret of the webhook").input_value() != secret
    page.get_by_role("link", name="Done").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused: what happens waits here")).to_be_visible()
    page.goto(f"{live_server.url}/setup/webhooks")
    expect(page.get_by_role("row", name="Records system")).to_contain_text("Paused")
    assert looked_at(page) == []
    assert "Pia" not in page.content()


def protocol_of():
    return ProtocolVersion.objects.get(protocol__key="aud-kare")


def send():
    delivery.send_due(clock=timezone.now, dice=lambda: 0.0)
