"""What happens at the clinic, and a worker that sends it, at whatever time it is."""

from datetime import timedelta

import time_machine

from api.webhooks import delivery
from api.webhooks.models import WebhookDelivery
from clinic import journal
from clinic.transactions import writing
from tests.cast import DESK, NOW


class Clock:
    """Now, until it is turned on."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now

    def on(self, **span):
        self.now += timedelta(**span)


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
