"""Estimates kept in step with visits, packages and prices. Nothing is lost when a worker dies:
`refresh_recent` finds every series and visit that changed and does what a task would have done.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from billing.models import Estimate, Prepaid
from billing.services.estimating import refresh_estimate
from clinic.models import Journal
from scheduling.models import Appointment, Series

State = Estimate.State


def refresh_for(entry: Journal, *, now: datetime) -> int:
    """What follows from an act on visits or series: its estimates; how many versions were made."""
    rows = Journal.objects.filter(at=entry.at, actor=entry.actor, door=entry.door)
    return _refresh({row.subject for row in rows}, now=now)


def refresh_recent(*, within: timedelta, now: datetime) -> int:
    """The same for all that was booked or changed within that time."""
    changed = Appointment.objects.filter(updated_at__gte=now - within)
    series = Series.objects.filter(
        Q(updated_at__gte=now - within) | Q(pk__in=changed.values("series"))
    )
    alone = changed.filter(series=None)
    subjects = {f"series:{pk}" for pk in series.values_list("pk", flat=True)}
    subjects |= {f"appointment:{pk}" for pk in alone.values_list("pk", flat=True)}
    return _refresh(subjects, now=now)


def _refresh(subjects: Iterable[str], *, now: datetime) -> int:
    told: dict[str, set[int]] = {"series": set(), "appointment": set(), "prepaid": set()}
    for subject in subjects:
        kind, _, number = subject.partition(":")
        if kind in told:
            told[kind].add(int(number))
    visits = Appointment.objects.filter(pk__in=told["appointment"])
    alone = set(visits.filter(series=None).values_list("pk", flat=True))
    courses = told["series"]
    courses.update(visits.exclude(series=None).values_list("series", flat=True))
    sold = Prepaid.objects.filter(pk__in=told["prepaid"]).exclude(series=None)
    courses.update(sold.values_list("series", flat=True))
    made = [refresh_estimate(series=one, now=now) for one in sorted(courses)]
    made += [refresh_estimate(visit=one, now=now) for one in sorted(alone)]
    return sum(one is not None for one in made)


def refresh_site(*, site: int, now: datetime) -> int:
    """Prices of a site changed: what is expected of visits that are to come; versions made."""
    standing = Estimate.objects.filter(site=site, state__in=(State.DUE, State.ISSUED))
    ahead = Appointment.objects.filter(site=site, starts_at__gt=now)
    rows = standing.filter(Q(series__in=ahead.values("series")) | Q(appointment__in=ahead))
    pairs = rows.order_by("pk").values_list("series", "appointment")
    made = [refresh_estimate(series=series, visit=visit, now=now) for series, visit in pairs]
    return sum(one is not None for one in made)
