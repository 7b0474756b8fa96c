"""Several workers, workers struck dead, rows committed late: nothing is lost, all in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import defaultdict

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from api.webhooks import delivery, outbox
from api.webhooks.models import OutboxEntry, WebhookDelivery
from clinic import journal
from clinic.models import Journal
from clinic.transactions import writing
from tests.cast import DESK
from tests.races.crowd import all_at_once
from tests.races.test_messages_once import database_url
from tests.webhooks.receiver import endpoint

pytestmark = pytest.mark.django_db(transaction=True)

SERIES, EVENTS, WORKERS = 5, 8, 4


def happens(*subjects):
    for subject in subjects:
        with writing():
            tell(subject)


def tell(subject):
    return journal.record(
        actor=DESK, now=timezone.now(), action="patient.corrected", subject=f"patient:{subject}"
    )


def work():
    return delivery.send_due(clock=timezone.now, dice=lambda: 0.0)


def numbers(receiver):
    """The journal ids that arrived, by patient, in the order of arrival."""
    found = defaultdict(list)
    for event, told in receiver.taken:
        found[told["data"]["patient"]].append(int(event.removeprefix("evt_")))
    return found


def test_workers_at_once_send_each_event_once_and_each_series_in_order(receiver):
    endpoint(receiver.url, now=timezone.now())
    happens(*range(SERIES), *(list(range(SERIES)) * (EVENTS - 1)))
    pause = threading.Event()
    receiver.before_answer = lambda: pause.wait(0.005) and None
    met = all_at_once([work] * WORKERS)
    while WebhookDelivery.objects.filter(state="waiting").exists():
        work()
    assert [one.error for one in met if one.error] == []
    arrived = numbers(receiver)
    assert len(arrived) == SERIES
    for ids in arrived.values():
        assert ids == sorted(set(ids))
        assert len(ids) == EVENTS


def test_workers_that_spread_while_things_happen_lose_and_double_nothing(receiver):
    endpoint(receiver.url, now=timezone.now())

    def busy():
        happens(*([threading.get_ident()] * 10))

    def spread():
        for _ in range(20):
            outbox.spread_all(now=timezone.now())

    met = all_at_once([busy, spread, busy, spread, busy])
    assert [one.error for one in met if one.error] == []
    work()
    assert OutboxEntry.objects.count() == 0
    assert sorted(receiver.ids) == sorted(f"evt_{pk}" for pk in pks())
    assert all(ids == sorted(ids) for ids in numbers(receiver).values())


def test_a_row_committed_after_one_with_a_higher_id_is_told_all_the_same(receiver):
    """PostgreSQL lets both write; on SQLite the second waits, so that nothing is ever late."""
    together = connection.vendor == "postgresql"
    endpoint(receiver.url, now=timezone.now())
    written, spread = threading.Event(), threading.Event()

    def slow():
        with writing():
            row = tell(1)
            written.set()
            assert spread.wait(10 if together else 0.3) == together
            return row.pk

    def quick():
        assert written.wait(10)
        with writing():
            row = tell(2)
        work()
        spread.set()
        return row.pk

    late, early = all_at_once([slow, quick])
    assert late.result < early.result
    work()
    # Whoever remembers how far it has read had read past the late one here.
    in_order = [early, late] if together else [late, early]
    assert receiver.ids == [f"evt_{one.result}" for one in in_order]


def test_a_worker_killed_over_an_event_leaves_it_to_the_next_by_the_same_id(receiver):
    """A real process, struck dead by the receiver before it can mark what it sent."""
    endpoint(receiver.url, now=timezone.now())
    happens(1, 1, 2)
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        cwd=django_settings.BASE_DIR,
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SECRET_KEY": django_settings.SECRET_KEY,
            "PRIVATE_ADDRESSES": ",".join(django_settings.PRIVATE_ADDRESSES),
        },
    )
    receiver.before_answer = lambda: os.kill(worker.pid, signal.SIGKILL)
    assert worker.wait(30) == -signal.SIGKILL
    receiver.before_answer = None
    [lost] = WebhookDelivery.objects.filter(state="sending")
    assert receiver.ids == [lost.event]
    work()
    assert [told["data"]["patient"] for _, told in receiver.taken] == ["1", "2"]

    WebhookDelivery.objects.filter(pk=lost.pk).update(leased_until=timezone.now())
    work()
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"delivered"}
    assert receiver.ids.count(lost.event) == 2
    first, again, last = (one for one, told in receiver.taken if told["data"]["patient"] == "1")
    assert first == again == lost.event
    assert last != lost.event


WORKER = """
import django
django.setup()
from api.tasks import send_webhooks
send_webhooks()
"""


def test_what_is_written_is_told_even_when_the_queue_of_tasks_is_away(receiver, monkeypatch):
    endpoint(receiver.url, now=timezone.now())

    def away(**_):
        raise ConnectionError

    monkeypatch.setattr("config.followups.send_webhooks.apply_async", away)
    happens(1)
    assert receiver.ids == []
    work()
    assert len(receiver.ids) == 1


def test_one_act_of_many_rows_nudges_the_worker_once(receiver, monkeypatch):
    asked = []
    monkeypatch.setattr("config.followups.send_webhooks.apply_async", lambda **it: asked.append(it))
    with writing():
        tell(1)
        tell(2)
    assert asked == []
    endpoint(receiver.url, now=timezone.now())
    with writing():
        tell(1)
        tell(2)
    assert asked == [{"expires": 60}]


def pks():
    return Journal.objects.filter(action="patient.corrected").values_list("pk", flat=True)
