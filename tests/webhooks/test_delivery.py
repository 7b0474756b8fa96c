"""Every event arrives: signed, by one id, in order within its series, however long it takes."""

import json

import pytest
import time_machine
from standardwebhooks import WebhookVerificationError

from api.webhooks import delivery, outbox
from api.webhooks.endpoints import (
    NotReplayable,
    remove_endpoint,
    replay_one,
    rotate_secret,
)
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from clinic.models import Journal
from tests.cast import DESK, NOW
from tests.webhooks.acts import happens, sends, states
from tests.webhooks.receiver import endpoint

pytestmark = pytest.mark.django_db


def test_an_event_arrives_signed_as_the_standard_says(receiver, clock, monday_morning):
    _, secret = endpoint(receiver.url)
    happens(7)
    assert sends(clock) == 1
    entry = Journal.objects.get(action="patient.corrected")
    told = receiver.verified(secret)
    assert told == {
        "type": "patient.corrected",
        "timestamp": "2026-12-07T12:00:00+00:00",
        "data": {"patient": "7", "site": None},
    }
    headers, _ = receiver.asked[0]
    assert headers["webhook-id"] == f"evt_{entry.pk}"
    assert headers["Content-Type"] == "application/json"
    [row] = WebhookDelivery.objects.all()
    assert (row.state, row.status, row.attempts) == ("delivered", 204, 1)
    assert row.delivered_at == NOW


def test_another_secret_does_not_verify_it(receiver, clock, monday_morning):
    endpoint(receiver.url)
    _, other = endpoint(receiver.url, types=["offer.made"])
    happens(7)
    sends(clock)
    with pytest.raises(WebhookVerificationError):
        receiver.verified(other)


def test_one_event_can_be_sent_again_unless_it_is_on_its_way(receiver, clock):
    endpoint(receiver.url)
    happens(1)
    outbox.spread_all(now=NOW)
    [row] = WebhookDelivery.objects.all()
    with pytest.raises(NotReplayable):
        replay_one(delivery=row.pk, actor=DESK, now=NOW)
    sends(clock)
    replay_one(delivery=row.pk, actor=DESK, now=NOW)
    sends(clock)
    assert receiver.ids == [row.event, row.event]


def test_a_redirect_is_not_followed(receiver, clock):
    endpoint(receiver.url)
    receiver.status, receiver.headers = 302, {"Location": receiver.url + "/elsewhere"}
    happens(1)
    sends(clock)
    [row] = WebhookDelivery.objects.all()
    assert (row.state, row.status) == ("waiting", 302)
    assert row.reason == "It answered 302: redirects are not followed."
    assert len(receiver.asked) == 1


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_success(receiver, clock, status):
    endpoint(receiver.url)
    receiver.status = status
    happens(1)
    assert sends(clock) == 1


def test_the_start_of_the_answer_is_kept_however_long_it_is(receiver, clock):
    endpoint(receiver.url)
    receiver.status, receiver.body = 200, b"no\x00thing " + b"x" * 200_000
    happens(1)
    assert sends(clock) == 1
    [row] = WebhookDelivery.objects.all()
    assert row.answer.startswith("no\ufffdthing xxx")
    assert len(row.answer) == 512


def test_an_answer_that_cannot_be_read_is_an_answer(receiver, clock):
    endpoint(receiver.url)
    receiver.status, receiver.body = 200, b"?"
    receiver.headers = {"Content-Encoding": "br"}
    happens(1)
    assert sends(clock) == 1


def test_after_a_rotation_both_secrets_sign_for_a_day(receiver, clock):
    one, old = endpoint(receiver.url)
    _, new = rotate_secret(endpoint=one.pk, actor=DESK, now=NOW)
    assert new != old
    clock.on(hours=23)
    happens(1, now=clock.now)
    sends(clock)
    with time_machine.travel(clock.now):
        assert receiver.verified(old) == receiver.verified(new)
    assert len(receiver.asked[-1][0]["webhook-signature"].split(" ")) == 2
    clock.on(hours=1)
    happens(1, now=clock.now)
    sends(clock)
    with time_machine.travel(clock.now):
        receiver.verified(new)
        with pytest.raises(WebhookVerificationError):
            receiver.verified(old)


def test_secrets_are_sealed_and_a_lost_key_is_told_in_words(receiver, clock, settings):
    one, secret = endpoint(receiver.url)
    assert secret.startswith("whsec_")
    assert secret.encode() not in bytes(one.secret)
    settings.SECRET_KEY = "another"
    happens(1)
    sends(clock)
    assert WebhookDelivery.objects.get().reason == (
        "Its secret cannot be read any more. Make a new one."
    )
    rotate_secret(endpoint=one.pk, actor=DESK, now=NOW)
    assert receiver.asked == []


def test_an_address_that_came_to_lead_inside_is_not_asked(receiver, clock, settings):
    endpoint(receiver.url)
    settings.PRIVATE_ADDRESSES = []
    happens(1)
    sends(clock)
    assert receiver.asked == []
    assert "inside a private network" in WebhookDelivery.objects.get().reason


def test_a_removed_endpoint_is_sent_nothing(receiver, clock):
    one, _ = endpoint(receiver.url)
    happens(1)
    outbox.spread_all(now=NOW)
    remove_endpoint(endpoint=one.pk, actor=DESK, now=NOW)
    happens(2)
    assert sends(clock) == 0
    assert len(states()) == 1


def test_what_is_a_month_old_is_forgotten(receiver, clock):
    one, _ = endpoint(receiver.url)
    happens(1)
    sends(clock)
    clock.on(days=29)
    assert delivery.forget_old(now=clock.now) == 0
    clock.on(days=1)
    remove_endpoint(endpoint=one.pk, actor=DESK, now=NOW)
    assert delivery.forget_old(now=clock.now) == 1
    assert not WebhookEndpoint.objects.exists()


def test_a_test_is_sent_at_once_and_its_answer_shown(receiver, clock, monday_morning):
    one, secret = endpoint(receiver.url)
    receiver.status, receiver.body = 200, b"thanks"
    said = delivery.send_test(endpoint=one, clock=clock)
    assert (said.arrived, said.status, said.answer) == (True, 200, "thanks")
    assert receiver.verified(secret)["type"] == "webhook.test"
    assert not WebhookDelivery.objects.exists()


def test_no_log_line_says_what_was_sent_or_where_exactly(receiver, clock, caplog):
    endpoint(receiver.url + "?key=quiet-lantern")
    receiver.status = 500
    happens(1)
    sends(clock)
    assert "It answered 500" in caplog.text
    assert "quiet-lantern" not in caplog.text + json.dumps(
        list(Journal.objects.values("action", "subject", "before", "after"))
    )
