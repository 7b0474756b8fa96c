"""Work that nobody waits for; each task is one call of a service."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from scheduling.services import booking, follow_ups


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
