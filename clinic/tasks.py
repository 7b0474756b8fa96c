"""Work that nobody waits for; each task is one call of a service."""

from celery import shared_task
from django.utils import timezone

from clinic.services import importing


@shared_task
def forget_old_imports() -> int:
    """Forget the files that nobody imported."""
    return importing.forget_old_imports(now=timezone.now())
