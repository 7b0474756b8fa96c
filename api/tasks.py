"""What the doors do by the clock."""

import random

from celery import shared_task
from django.utils import timezone
from oauth2_provider.models import clear_expired

from api.models import FoundProposal
from api.once import forget_kept_answers
from api.webhooks import delivery


@shared_task
def forget_old_answers() -> None:
    forget_kept_answers(now=timezone.now())


@shared_task
def clear_expired_tokens() -> None:
    clear_expired()


@shared_task
def send_webhooks() -> int:
    """Spread what happened over the endpoints, and send what is due."""
    return delivery.send_due(clock=timezone.now, dice=random.random)


@shared_task
def forget_old_webhooks() -> int:
    """Forget what was sent, or was not, a month ago."""
    return delivery.forget_old(now=timezone.now())


@shared_task
def forget_old_proposals() -> None:
    FoundProposal.objects.filter(expires_at__lte=timezone.now()).delete()
