"""Edit the facts of a clinic only where every visit already booked still fits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db.models import Q

from clinic.models import Site
from scheduling import daybook
from scheduling.audit import violations
from scheduling.errors import WouldBreakVisits
from scheduling.models import Appointment


@contextmanager
def visits_fit(
    sites: Iterable[Site],
    *,
    now: datetime,
    start: datetime | None = None,
    end: datetime | None = None,
    otherwise: Callable[[Sequence[tuple[int, str]]], object] | None = None,
) -> Iterator[None]:
    """Make an edit within this: `WouldBreakVisits` when it leaves something new wrong.

    Where the edit is wanted all the same, `otherwise` is told what it breaks, as that error lists
    it, and sees to those visits in the same transaction.

    Nobody books at these sites meanwhile. The audit judges before and after, in the transaction
    of the edit, from now (or `start`) on, up to `end`; what was wrong before is no obstacle.
    Without sites there is nothing to judge.
    """
    closed = sorted({site.pk: site for site in sites}.values(), key=lambda site: site.pk)
    if not closed:
        yield
        return
    for site in closed:
        daybook.close_site(site)
    since = max(now, start) if start else now
    before = wrong(closed, since, end, now)
    yield
    after = wrong(closed, since, end, now)
    if fresh := after - before:
        if otherwise is None:
            raise WouldBreakVisits(in_order(fresh))
        otherwise(in_order(fresh))


def sites_of(resource: int) -> list[Site]:
    """Where somebody works, or a room is."""
    return list(Site.objects.filter(Q(staff=resource) | Q(rooms=resource)).distinct())


def wrong(
    sites: list[Site], start: datetime, end: datetime | None, now: datetime
) -> set[tuple[int, str]]:
    """Visits of these sites that break a rule, and how, as this transaction sees them."""
    return {
        (found.appointment, found.message)
        for found in violations(sites=sites, start=start, end=end, now=now)
        if found.appointment is not None and found.severity == "violation"
    }


def in_order(breaks: set[tuple[int, str]]) -> list[tuple[int, str]]:
    """The same, by the time of the visit."""
    visits = Appointment.objects.filter(pk__in={visit for visit, _ in breaks})
    begins = dict(visits.values_list("pk", "starts_at"))
    return sorted(breaks, key=lambda one: (begins[one[0]], *one))
