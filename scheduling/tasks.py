"""Work that nobody waits for; each task is one call of a service."""

from celery import shared_task
from django.utils import timezone

from scheduling.services import booking


@shared_task
def expire_holds() -> int:
    """Free what expired holds claim."""
    return booking.expire_holds(now=timezone.now())
