"""Who is on, what is open: the facts of a clinic, read for a range of site dates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import lru_cache

import holidays
from django.db.models import Exists, OuterRef

from clinic.models import (
    Absence,
    AvailabilityException,
    Closure,
    Credential,
    OpeningHours,
    Outage,
    Site,
    Staff,
    WeeklyHours,
)
from clinic.spans import Span, at, intersect, merge, minute, minute_up, moment, shift, subtract


def days(first: date, last: date) -> Iterator[date]:
    """Every date from first to last, both inclusive."""
    return (first + timedelta(days=i) for i in range((last - first).days + 1))


def range_of(site: Site, first: date, last: date) -> Span:
    """Site midnight of `first` to site midnight after `last`."""
    return at(first, time(0), site.zone), at(last + timedelta(days=1), time(0), site.zone)


@lru_cache(maxsize=64)
def _public_holidays(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    return dict(holidays.country_holidays(country, subdiv=subdivision or None, years=year))


def public_holidays(site: Site, first: date, last: date) -> dict[date, str]:
    """The holidays of a site's country and region, whether or not it keeps them."""
    return {
        day: name
        for year in range(first.year, last.year + 1)
        for day, name in _public_holidays(site.country, site.subdivision, year).items()
        if first <= day <= last
    }


def closed_days(site: Site, first: date, last: date) -> dict[date, str]:
    """Dates on which the site is shut though its weekly hours say open, with the reason."""
    shut = public_holidays(site, first, last) if site.keeps_public_holidays else {}
    closures = Closure.objects.filter(site=site, first__lte=last, last__gte=first)
    for closure in sorted(closures, key=lambda c: c.opens_anyway):
        for day in days(max(first, closure.first), min(last, closure.last)):
            if closure.opens_anyway:
                shut.pop(day, None)
            else:
                shut[day] = closure.reason
    return shut


def open_spans(site: Site, first: date, last: date) -> list[Span]:
    """When the site is open, in UTC minutes; a range query each for hours, closures, outages."""
    shut = closed_days(site, first, last)
    weekly = defaultdict(list)
    for hours in OpeningHours.objects.filter(site=site):
        weekly[hours.weekday].append((hours.opens, hours.closes))
    opened = merge(
        shift(day, opens, closes, site.zone)
        for day in days(first - timedelta(days=1), last)
        if day not in shut
        for opens, closes in weekly[day.weekday()]
    )
    return subtract(opened, outages(site, *range_of(site, first, last)))


def outages(site: Site, start: int, end: int) -> list[Span]:
    """Spans in which a site is shut whatever its week says, in UTC minutes."""
    found = Outage.objects.filter(site=site, ends_at__gt=moment(start), starts_at__lt=moment(end))
    return [(minute(outage.starts_at), minute_up(outage.ends_at)) for outage in found]


def next_open_day(site: Site, day: date) -> date | None:
    """The first date from `day` on when the site opens, within a year."""
    last = day + timedelta(days=366)
    shut = closed_days(site, day, last)
    open_weekdays = set(OpeningHours.objects.filter(site=site).values_list("weekday", flat=True))
    return next(
        (d for d in days(day, last) if d.weekday() in open_weekdays and d not in shut), None
    )


@dataclass(frozen=True, slots=True)
class Duty:
    """When one member of staff works at a site, in UTC minutes.

    `spans` is everything; `by_role` only where every credential the role requires is valid on
    the day; `by_credential` where that credential is.
    """

    staff: Staff
    spans: list[Span]
    by_role: Mapping[str, list[Span]]
    by_credential: Mapping[str, list[Span]]


def duties(
    site: Site, first: date, last: date, *, people: Iterable[int] | None = None
) -> list[Duty]:
    """When every active member of staff of a site works there, or these: six queries in all."""
    start, end = range_of(site, first, last)
    everybody = Staff.objects.filter(sites=site, active=True)
    staff = list(
        (everybody if people is None else everybody.filter(pk__in=list(people)))
        .prefetch_related("credentials", "exceptions", "sites")
        .order_by("pk")
    )
    weekly: dict[int, list[WeeklyHours]] = defaultdict(list)
    for hours in WeeklyHours.objects.filter(site=site, staff__in=[s.pk for s in staff]):
        weekly[hours.staff_id].append(hours)
    away = absences([s.pk for s in staff], start, end)
    required: Mapping[str, list[str]] = site.organisation.required_credentials
    return [
        _duty(person, weekly[person.pk], away.get(person.pk, []), required, site, first, last)
        for person in staff
    ]


def expiring_credentials(*, today: date, days: int, site: Site | None = None) -> list[Credential]:
    """Credentials of active staff that expire within so many days, or have; soonest first.

    One that a later credential of the same kind takes over from is not told.
    """
    later = Credential.objects.filter(
        staff=OuterRef("staff"), kind=OuterRef("kind"), expires_on__gt=OuterRef("expires_on")
    )
    found = Credential.objects.filter(
        ~Exists(later), staff__active=True, expires_on__lte=today + timedelta(days=days)
    )
    if site is not None:
        found = found.filter(staff__sites=site)
    return list(found.select_related("staff").order_by("expires_on", "pk"))


def absences(resources: list[int], start: int, end: int) -> dict[int, list[Span]]:
    """Spans in which people are off or rooms out of service, by resource: one query."""
    away: dict[int, list[Span]] = defaultdict(list)
    for absence in Absence.objects.filter(
        resource__in=resources, ends_at__gt=moment(start), starts_at__lt=moment(end)
    ):
        away[absence.resource_id].append((minute(absence.starts_at), minute_up(absence.ends_at)))
    return away


def _duty(
    person: Staff,
    weekly: list[WeeklyHours],
    away: list[Span],
    required: Mapping[str, list[str]],
    site: Site,
    first: date,
    last: date,
) -> Duty:
    working: list[Span] = []
    holes = list(away)
    for day in days(first - timedelta(days=1), last):
        for hours in weekly:
            if hours.weekday == day.weekday() and _in_effect(hours, day):
                working.append(shift(day, hours.starts, hours.ends, site.zone))
                holes += _break(hours, day, site)
    extra: list[Span] = []
    for exception in person.exceptions.all():
        if exception.site_id == site.pk and first - timedelta(days=1) <= exception.date <= last:
            _apply(exception, site, extra, holes)
    # Extra hours are said for that very day, so they count even where the week's own hours do not.
    spans = merge([*subtract(working, holes), *subtract(extra, away)])
    by_credential = _valid(person.credentials.all(), spans, site)
    by_role = {}
    for role in person.roles:
        by_role[role] = spans
        for kind in required.get(role, []):
            by_role[role] = intersect(by_role[role], by_credential.get(kind, []))
    return Duty(person, spans, by_role, by_credential)


def _in_effect(hours: WeeklyHours, day: date) -> bool:
    since, until = hours.effective_from, hours.effective_to
    return (since is None or since <= day) and (until is None or day <= until)


def _break(hours: WeeklyHours, day: date, site: Site) -> list[Span]:
    if hours.break_starts is None or hours.break_ends is None:
        return []
    overnight = hours.ends <= hours.starts and hours.break_starts < hours.starts
    on = day + timedelta(days=1) if overnight else day
    return [shift(on, hours.break_starts, hours.break_ends, site.zone)]


def _apply(
    exception: AvailabilityException, site: Site, extra: list[Span], holes: list[Span]
) -> None:
    span = shift(exception.date, exception.starts, exception.ends, site.zone)
    (extra if exception.working else holes).append(span)


def _valid(
    credentials: Iterable[Credential], spans: list[Span], site: Site
) -> dict[str, list[Span]]:
    held: dict[str, list[Span]] = defaultdict(list)
    for credential in credentials:
        since = at(credential.valid_from, time(0), site.zone) if credential.valid_from else 0
        until = at(credential.expires_on + timedelta(days=1), time(0), site.zone)
        held[credential.kind].append((since, until))
    return {kind: intersect(spans, valid) for kind, valid in held.items()}
