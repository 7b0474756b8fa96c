"""Work that nobody waits for; each task is one call of a service."""

import random
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from clinic.models import Journal
from scheduling.feeds.taking import read_again
from scheduling.models import WaitlistEntry
from scheduling.services import (
    bettering,
    booking,
    calendars,
    delivery,
    follow_ups,
    messages,
    offering,
    reminders,
    waiting,
)


@shared_task
def expire_holds() -> int:
    """Free what expired holds claim."""
    return booking.expire_holds(now=timezone.now())


@shared_task
def refresh_follow_ups(minutes: int) -> int:
    """Bring up to date what is due around series changed in the last minutes."""
    return follow_ups.refresh_changed(within=timedelta(minutes=minutes), now=timezone.now())


@shared_task
def announce_follow_ups() -> int:
    """Tell patients of what opens today."""
    return follow_ups.announce_follow_ups(now=timezone.now())


@shared_task
def fill_openings(site: int) -> int:
    """Offer whoever waits at a site what is free for them."""
    return len(offering.fill_openings(site=site, now=timezone.now()))


@shared_task
def improve_recovery(recovery: int) -> int:
    """Better the plan of a recovery while people look at it."""
    return bettering.improve_recovery(recovery=recovery, clock=timezone.now)


@shared_task
def finish_recoveries() -> int:
    """Take up the plans whose worker is gone."""
    rows = bettering.waiting_recoveries(now=timezone.now())
    for recovery in rows:
        bettering.improve_recovery(recovery=recovery, clock=timezone.now)
    return len(rows)


@shared_task
def run_waitlist() -> int:
    """Pass on offers that ran out, end waits that are over, and ask at every site with a queue."""
    now = timezone.now()
    offering.expire_offers(now=now)
    waiting.lapse_waits(now=now)
    queues = WaitlistEntry.objects.filter(state=WaitlistEntry.State.WAITING)
    sites = list(queues.order_by().values_list("site", flat=True).distinct())
    return sum(len(offering.fill_openings(site=site, now=timezone.now())) for site in sites)


@shared_task
def tell_patients(entry: int) -> int:
    """Queue what patients are to be told of an act, and let leave what is due at once."""
    queued = messages.queue_for(Journal.objects.get(pk=entry), now=timezone.now())
    return queued and delivery.send_due(clock=timezone.now, dice=random.random)


@shared_task
def catch_up_messages(minutes: int) -> int:
    """Queue what was to be told in the last minutes and was not."""
    return messages.catch_up(within=timedelta(minutes=minutes), now=timezone.now())


@shared_task
def queue_reminders() -> int:
    """Queue the reminders whose moment has come."""
    return reminders.queue_reminders(now=timezone.now())


@shared_task
def send_messages() -> int:
    """Let leave what is due."""
    return delivery.send_due(clock=timezone.now, dice=random.random)


@shared_task
def read_calendars() -> int:
    """Send off the reading of every outside calendar whose time has come."""
    due = calendars.take_due(now=timezone.now())
    for calendar in due:
        read_calendar.delay(calendar)
    return len(due)


@shared_task
def read_calendar(calendar: int) -> None:
    """Read one outside calendar again."""
    read_again(calendar=calendar, clock=timezone.now)
