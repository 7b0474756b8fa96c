"""Work that nobody waits for; each task is one call of a service."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from billing.services import keeping_estimates
from clinic.models import Journal


@shared_task
def refresh_estimates(entry: int) -> int:
    """What follows from an act on visits: the estimates of all that it changed."""
    return keeping_estimates.refresh_for(Journal.objects.get(pk=entry), now=timezone.now())


@shared_task
def refresh_recent_estimates(minutes: int) -> int:
    """The estimates of what was booked or changed in the last minutes and got none."""
    return keeping_estimates.refresh_recent(within=timedelta(minutes=minutes), now=timezone.now())


@shared_task
def refresh_estimates_of_site(site: int) -> int:
    """The estimates of a site whose prices changed."""
    return keeping_estimates.refresh_site(site=site, now=timezone.now())
