"""Work that nobody waits for; each task is one call of a service."""

from celery import shared_task
from django.utils import timezone

from billing.processing import processor
from billing.services import reconciling


@shared_task
def reconcile_payments() -> int:
    """Ask the card processor about what is pending; nothing where cards are not taken on line."""
    asked = processor()
    return reconciling.reconcile(processor=asked, now=timezone.now()) if asked else 0
