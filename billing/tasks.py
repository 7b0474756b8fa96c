"""Work that nobody waits for; each task is one call of a service, for each visit at most."""

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from billing.processing import processor
from billing.selectors.charges import proposed_visits
from billing.services import charging, keeping_estimates, reconciling
from clinic.models import Journal

log = logging.getLogger("chairtime.billing")


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
    return _capture_each(visits)


@shared_task
def propose_anew(site: int | None = None, series: int | None = None) -> int:
    """Prices or diagnoses changed: what nobody has looked at is proposed anew."""
    visits = proposed_visits(site=site, series=series)
    return _capture_each(visits)


def _capture_each(visits: list[int]) -> int:
    """How many were captured; one that fails is logged and keeps nobody else waiting."""
    captured = 0
    for visit in visits:
        try:
            charging.capture_visit(appointment=visit, now=timezone.now())
        except Exception:
            log.exception("The charges of visit %s could not be proposed.", visit)
        else:
            captured += 1
    return captured


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


@shared_task
def reconcile_payments() -> int:
    """Ask the card processor about what is pending; nothing where cards are not taken on line."""
    asked = processor()
    return reconciling.reconcile(processor=asked, now=timezone.now()) if asked else 0
