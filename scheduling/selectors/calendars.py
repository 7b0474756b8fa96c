"""When people are busy in calendars of their own, and which booked visits that meets."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from clinic.models import Site, Staff
from clinic.spans import Span, intersect, minute, moment
from scheduling.daybook.facts import busy_spans
from scheduling.models import BusyTime, Claim, ExternalCalendar, Status
from scheduling.models.claims import LONGEST_CLAIM
from scheduling.models.series import GONE

__all__ = ["Conflict", "busy_spans", "calendars_of", "conflicts_at", "conflicts_of"]

OVER = (*GONE, Status.DISCHARGED)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A booked visit that needs somebody while they are busy, from `starts_at` to `ends_at`."""

    visit: int
    person: Staff
    role: str
    starts_at: datetime
    ends_at: datetime


def calendars_of(staff: int, *, now: datetime) -> list[tuple[ExternalCalendar, int]]:
    """Somebody's calendars from outside, each with how many busy times are to come."""
    to_come = Count("busy_times", filter=Q(busy_times__ends_at__gt=now))
    rows = ExternalCalendar.objects.filter(staff=staff).annotate(to_come=to_come).order_by("pk")
    return [(row, row.to_come) for row in rows]


def conflicts_at(site: Site, *, now: datetime) -> list[Conflict]:
    """Those of everybody who works at a site, in its visits: three queries."""
    people = Staff.objects.filter(sites=site, external_calendars__isnull=False).distinct()
    return conflicts_of(people, now=now, sites=[site.pk])


def conflicts_of(
    people: Iterable[Staff], *, now: datetime, sites: Collection[int] | None = None
) -> list[Conflict]:
    """Visits to come that these people are claimed for while they are busy, in time order."""
    known = {person.pk: person for person in people}
    furthest = (
        BusyTime.objects.filter(staff__in=known, ends_at__gt=now).order_by("-ends_at").first()
    )
    if furthest is None:
        return []
    low, high = minute(now), minute(furthest.ends_at)
    busy = busy_spans(list(known), low, high)
    claims = Claim.objects.filter(
        resource__in=busy,
        appointment__isnull=False,
        start_minute__gt=low - LONGEST_CLAIM,
        start_minute__lt=high,
        end_minute__gt=low,
    ).exclude(appointment__status__in=OVER)
    if sites is not None:
        claims = claims.filter(appointment__site__in=sites)
    held: dict[tuple[int, int, str], list[Span]] = {}
    for person, visit, role, start, end in claims.values_list(
        "resource", "appointment", "role", "start_minute", "end_minute"
    ):
        held.setdefault((person, visit or 0, role), []).append((start, end))
    found = [
        Conflict(visit, known[person], role, moment(both[0][0]), moment(both[-1][1]))
        for (person, visit, role), spans in held.items()
        if (both := intersect(spans, busy[person]))
    ]
    return sorted(found, key=lambda one: (one.starts_at, one.visit, one.person.pk))
