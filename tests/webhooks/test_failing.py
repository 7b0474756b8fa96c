"""Receivers that are down, refuse or hang, and workers that die: it arrives, or is kept."""

from datetime import timedelta
from itertools import pairwise

import pytest

from api.webhooks import delivery, outbox
from api.webhooks.endpoints import (
    change_endpoint,
    replay_dead,
)
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from clinic.models import Journal
from tests.cast import DESK, NOW
from tests.webhooks.acts import happens, sends, states, until_settled
from tests.webhooks.receiver import endpoint

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


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


def test_410_stops_the_endpoint_and_what_waits_is_kept(receiver, clock):
    one, _ = endpoint(receiver.url)
    receiver.status = 410
    happens(1, 1, 2)
    sends(clock)
    one.refresh_from_db()
    assert one.state == "gone"
    assert states() == ["dead", "waiting", "waiting"]
    assert len(receiver.asked) == 1


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
