"""Every event arrives: signed, by one id, in order within its series, however long it takes."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine
from standardwebhooks import WebhookVerificationError

from api.webhooks import delivery, outbox
from api.webhooks.endpoints import (
    NotReplayable,
    change_endpoint,
    remove_endpoint,
    replay_dead,
    replay_one,
    rotate_secret,
)
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from clinic import journal
from clinic.models import Journal
from clinic.transactions import writing
from tests.cast import DESK, NOW
from tests.webhooks.receiver import endpoint

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


class Clock:
    """Now, until it is turned on."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now

    def on(self, **span):
        self.now += timedelta(**span)


@pytest.fixture
def clock():
    return Clock()


def happens(*subjects, now=NOW):
    """Facts of patients, who stand for what is in order: an event of each."""
    with writing():
        for subject in subjects:
            journal.record(
                actor=DESK, now=now, action="patient.corrected", subject=f"patient:{subject}"
            )


def sends(clock, **options):
    with time_machine.travel(clock.now, tick=False):
        return delivery.send_due(clock=clock, dice=lambda: 0.0, **options)


def until_settled(clock, hours=30):
    """The clock runs, and the worker looks when something is due, every half minute at most."""
    end = clock.now + timedelta(hours=hours)
    waiting = WebhookDelivery.objects.filter(state="waiting").order_by("due_at")
    while clock.now < end and (first := waiting.first()):
        clock.now = max(clock.now + timedelta(seconds=30), first.due_at)
        sends(clock)


def states():
    return [row.state for row in WebhookDelivery.objects.order_by("pk")]


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


def test_a_receiver_down_for_an_hour_gets_everything_in_order_and_each_once(receiver, clock):
    endpoint(receiver.url)
    receiver.status = 503
    for _ in range(4):
        happens(1, 2, 3, now=clock.now)
        sends(clock)
        clock.on(minutes=15)
    assert receiver.taken == []
    receiver.status = 200
    until_settled(clock)
    assert set(states()) == {"delivered"}
    assert len(receiver.ids) == len(set(receiver.ids)) == 12
    for number in "123":
        ids = [one for one, told in receiver.taken if told["data"]["patient"] == number]
        assert ids == sorted(ids, key=lambda one: int(one.removeprefix("evt_")))
        assert len(ids) == 4
    assert clock.now < NOW + timedelta(hours=1, minutes=3)


def test_one_event_that_is_refused_keeps_back_its_own_series_only(receiver, clock):
    endpoint(receiver.url)
    refuses = {"1"}
    receiver.answers = lambda told: 500 if told["data"]["patient"] in refuses else None
    happens(1, 2, 1, 2)
    sends(clock)
    assert [told["data"]["patient"] for _, told in receiver.taken] == ["2", "2"]
    assert states() == ["waiting", "delivered", "waiting", "delivered"]
    refuses.clear()
    clock.on(seconds=6)
    sends(clock)
    assert [told["data"]["patient"] for _, told in receiver.taken] == ["2", "2", "1", "1"]


def test_attempts_come_slower_and_slower_for_a_day_and_then_end(receiver, clock):
    endpoint(receiver.url)
    tried = []

    def answer(told):
        if told["data"]["patient"] == "1":
            tried.append(clock.now)
            return 500
        return 204

    receiver.answers = answer
    happens(1)
    sends(clock)
    while states()[0] == "waiting":
        clock.now = WebhookDelivery.objects.earliest("pk").due_at
        happens(2, now=clock.now)  # so that it is reached now and then
        sends(clock)
    gaps = [after - before for before, after in pairwise(tried)]
    assert gaps[:4] == list(delivery.BACK_OFF[:4])
    assert gaps[:9] == sorted(gaps[:9])
    assert tried[-1] == tried[0] + DAY
    assert states()[0] == "dead"
    assert WebhookEndpoint.objects.get().state == "active"


def test_the_dice_spread_what_is_tried_again(receiver, clock):
    endpoint(receiver.url)
    receiver.status = 500
    happens(1)
    delivery.send_due(clock=clock, dice=lambda: 1.0)
    assert WebhookDelivery.objects.get().due_at == NOW + timedelta(seconds=6.25)


def test_an_endpoint_that_fails_for_a_day_is_stopped_and_says_so(receiver, clock):
    one, _ = endpoint(receiver.url)
    receiver.status = 500
    happens(1)
    sends(clock)
    until_settled(clock)
    one.refresh_from_db()
    assert one.state == "failing"
    assert states() == ["dead"]
    told = Journal.objects.get(action="webhook.stopped")
    assert told.after == {"host": "127.0.0.1", "state": "failing"}
    happens(2, now=clock.now)
    asked = len(receiver.asked)
    sends(clock)
    assert len(receiver.asked) == asked
    assert states() == ["dead", "waiting"]


def test_what_happened_while_it_was_stopped_is_sent_once_it_is_turned_on(receiver, clock):
    one, _ = endpoint(receiver.url)
    change_endpoint(endpoint=one.pk, active=False, actor=DESK, now=NOW)
    happens(1, 1)
    assert sends(clock) == 0
    change_endpoint(endpoint=one.pk, active=True, actor=DESK, now=NOW)
    assert sends(clock) == 2
    assert receiver.ids == sorted(receiver.ids)


def test_an_endpoint_that_is_down_is_asked_by_one_event_at_a_time(receiver, clock):
    endpoint(receiver.url)
    receiver.status = 500
    happens(*range(50))
    sends(clock)
    assert len(receiver.asked) == delivery.FAILS_AS_A_WHOLE
    clock.on(seconds=5)
    sends(clock)
    assert len(receiver.asked) == delivery.FAILS_AS_A_WHOLE + 1
    receiver.status = 200
    clock.on(seconds=60)
    sends(clock)
    assert len(receiver.taken) == 50


def test_an_endpoint_that_fails_is_given_one_worker_and_not_all(receiver, clock):
    endpoint(receiver.url)
    happens(1, 2, 3)
    outbox.spread_all(now=NOW)
    first = delivery.take_next(now=NOW).delivery
    assert delivery.take_next(now=NOW)
    failed = delivery.Outcome(None, "", "No answer within 15 seconds.")
    delivery.note_outcome(
        delivery=first.pk, attempt=first.attempts, outcome=failed, dice=0.0, now=NOW
    )
    assert delivery.take_next(now=NOW) is None


def test_dead_events_are_sent_again_in_order_by_the_same_ids(receiver, clock):
    one, _ = endpoint(receiver.url)
    happens(1, 1, 2)
    outbox.spread_all(now=NOW)
    WebhookDelivery.objects.update(state="dead", attempts=9, reason="It answered 500.")
    before = list(WebhookDelivery.objects.order_by("pk").values_list("event", flat=True))
    assert replay_dead(endpoint=one.pk, actor=DESK, now=NOW) == 3
    assert sends(clock) == 3
    assert receiver.ids == before
    assert Journal.objects.get(action="webhook.replayed").after["events"] == 3


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


def test_410_stops_the_endpoint_and_what_waits_is_kept(receiver, clock):
    one, _ = endpoint(receiver.url)
    receiver.status = 410
    happens(1, 1, 2)
    sends(clock)
    one.refresh_from_db()
    assert one.state == "gone"
    assert states() == ["dead", "waiting", "waiting"]
    assert len(receiver.asked) == 1


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


def test_a_worker_that_dies_after_sending_sends_again_by_the_same_id(receiver, clock):
    endpoint(receiver.url)
    happens(1, 1)
    outbox.spread_all(now=NOW)
    taken = delivery.take_next(now=NOW)
    delivery.post(taken.url, taken.sealed, taken.delivery.event, taken.delivery.body, now=NOW)
    clock.on(seconds=59)
    assert sends(clock) == 0  # the second of the series waits for the first
    clock.on(seconds=1)
    assert sends(clock) == 2
    first, again, second = receiver.ids
    assert first == again != second


def test_whoever_comes_back_after_their_lease_settles_nothing_of_others(receiver, clock):
    endpoint(receiver.url)
    happens(1)
    outbox.spread_all(now=NOW)
    slow = delivery.take_next(now=NOW).delivery
    late = NOW + delivery.LEASE
    delivery.take_up_lost(now=late)
    quick = delivery.take_next(now=late).delivery
    failed = delivery.Outcome(500, "", "It answered 500.")
    settled = {"delivery": slow.pk, "dice": 0.0, "now": late}
    assert not delivery.note_outcome(attempt=slow.attempts, outcome=failed, **settled)
    assert states() == ["sending"]
    assert delivery.note_outcome(attempt=quick.attempts, outcome=delivery.Outcome(204), **settled)
    assert states() == ["delivered"]


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
