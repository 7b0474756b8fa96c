"""What the tests of money share: a Stripe of their own, and how it tells us of things."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from billing.processing import Processor, processor
from tests.cast import NOW
from tests.money.fake_stripe import (
    SECRET_KEY,
    WEBHOOK_SECRET,
    Delivered,
    Facts,
    FakeStripe,
    fake_stripe,
    signed,
)


@pytest.fixture
def monday() -> Iterator[time_machine.Traveller]:
    """It is `NOW`, also for Stripe and its signatures."""
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def stripe_here(settings, monday) -> Iterator[FakeStripe]:
    """Cards are taken on line, by a Stripe of the test's own."""
    with fake_stripe() as state:
        settings.STRIPE_SECRET_KEY = SECRET_KEY
        settings.STRIPE_PUBLISHABLE_KEY = "pk_test_invented"
        settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
        settings.STRIPE_API_BASE = state.base
        yield state


@pytest.fixture
def cards(stripe_here) -> Processor:
    made = processor()
    assert made is not None
    return made


@pytest.fixture
def delivered(stripe_here) -> Delivered:
    browser = Client()

    def post(event: Facts) -> int:
        body, signature = signed(event)
        answer = browser.post(
            "/stripe/webhook",
            body,
            content_type="application/json",
            headers={"Stripe-Signature": signature},
        )
        return answer.status_code

    return post
