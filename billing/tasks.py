"""Work that nobody waits for; each task is one call of a service a visit."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from billing.selectors.charges import proposed_visits
from billing.services import charging


@shared_task
def capture_visit(appointment: int) -> int:
    """Propose the charges of a visit as it stands."""
    return len(charging.capture_visit(appointment=appointment, now=timezone.now()))


@shared_task
def capture_waiting(minutes: int) -> int:
    """Visits that are over and were never captured, and those whose standing changed lately."""
    now = timezone.now()
    changed = charging.changed_visits(within=timedelta(minutes=minutes), now=now)
    visits = sorted({*charging.waiting_visits(now=now), *changed})
    for visit in visits:
        charging.capture_visit(appointment=visit, now=now)
    return len(visits)


@shared_task
def propose_anew(site: int | None = None, series: int | None = None) -> int:
    """Prices or diagnoses changed: what nobody has looked at is proposed anew."""
    visits = proposed_visits(site=site, series=series)
    for visit in visits:
        charging.capture_visit(appointment=visit, now=timezone.now())
    return len(visits)
