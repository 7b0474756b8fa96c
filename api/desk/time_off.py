"""Requests for time off as who decides sees them, and who may decide on whose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from api.desk import words
from api.desk.shifts import days_off
from api.permissions import ACTIONS, may
from clinic.models import Absence, Grant, Site, Staff, TimeOff, User
from clinic.spans import minute
from scheduling.models import Appointment, Claim
from scheduling.models.series import GONE

PAGE = 40


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `in_the_way` counts booked visits that need the person then; `others` of a
    shared role are off at some time of it, `asked_too` wait for an answer about it; `why_not`
    says why the viewer may not decide."""

    row: TimeOff
    days: str
    asked: str
    roles: str
    in_the_way: int
    others: tuple[str, ...]
    asked_too: tuple[str, ...]
    decided_by: str
    why_not: str


def may_decide(user: User, person: Staff) -> bool:
    """Whoever may where that person works; on one's own request only when nobody else may."""
    sites = [site.pk for site in person.sites.all()]
    if not any(may(user, "decide_time_off", site) for site in sites):
        return False
    return person.user_id != user.pk or not _others_decide(person, sites)


def _others_decide(person: Staff, sites: Sequence[int]) -> bool:
    """Whether anybody else who signs in may decide where a person works."""
    roles = ACTIONS["decide_time_off"].roles
    of_role = Grant.objects.filter(Q(site=None) | Q(site__in=sites), role__in=roles)
    people = User.objects.filter(is_active=True).exclude(staff=person)
    return people.filter(Q(is_superuser=True) | Q(grants__in=of_role)).exists()


def waiting(user: User, site: Site, now: datetime) -> list[Request]:
    """Who asked and has no answer, the nearest first: nine queries or so, however many ask."""
    rows = _at(site).filter(state=TimeOff.State.ASKED, ends_at__gt=now)
    return _requests(user, site, list(rows[:PAGE]), now)


def answered(
    user: User, site: Site, now: datetime, number: str
) -> tuple[list[Request], Page[TimeOff]]:
    """What was decided, withdrawn or is over, the latest first, a page at a time."""
    over = ~Q(state=TimeOff.State.ASKED) | Q(ends_at__lte=now)
    rows = Paginator(_at(site).filter(over).order_by("-starts_at", "-pk"), PAGE).get_page(number)
    return _requests(user, site, list(rows), now, details=False), rows


def _at(site: Site) -> QuerySet[TimeOff]:
    rows = TimeOff.objects.filter(staff__sites=site, staff__active=True)
    return rows.select_related("staff").prefetch_related("staff__sites")


def _requests(
    user: User, site: Site, rows: list[TimeOff], now: datetime, *, details: bool = True
) -> list[Request]:
    today = now.astimezone(site.zone).date()
    names = _names(row.decided_by for row in rows)
    visits = _in_the_way(rows) if details else {}
    others = _others_off(rows, site) if details else {}
    own = next((row.staff for row in rows if row.staff.user_id == user.pk), None)
    decides = own is None or may_decide(user, own)
    return [
        Request(
            row=row,
            days=days_off(row, site),
            asked=words.distance((row.asked_at.astimezone(site.zone).date() - today).days),
            roles=", ".join(words.phase(role) for role in row.staff.roles),
            in_the_way=visits.get(row.pk, 0),
            others=others.get(row.pk, ()),
            asked_too=_asked_too(row, rows) if details else (),
            decided_by=names.get(row.decided_by, row.decided_by),
            why_not=""
            if decides or row.staff.user_id != user.pk
            else "Your own request: somebody else decides on it.",
        )
        for row in rows
    ]


def _in_the_way(rows: Sequence[TimeOff]) -> dict[int, int]:
    """Booked visits that claim the person while they would be off: one query for all."""
    if not rows:
        return {}
    gone = Appointment.objects.filter(status__in=GONE)
    claims = (
        Claim.objects.filter(
            resource__in={row.staff_id for row in rows},
            appointment__isnull=False,
            start_minute__lt=max(minute(row.ends_at) for row in rows),
            start_minute__gte=min(minute(row.starts_at) for row in rows) - 1440,
        )
        .exclude(appointment__in=gone)
        .values_list("resource_id", "start_minute", "end_minute", "appointment_id")
    )
    held: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for person, start, end, visit in claims:
        held[person].append((start, end, visit))
    return {
        row.pk: len(
            {
                visit
                for start, end, visit in held[row.staff_id]
                if start < minute(row.ends_at) and minute(row.starts_at) < end
            }
        )
        for row in rows
    }


def _others_off(rows: Sequence[TimeOff], site: Site) -> dict[int, tuple[str, ...]]:
    """Colleagues of a shared role who are off at some time of each request: two queries for all."""
    if not rows:
        return {}
    staff = {one.pk: one for one in Staff.objects.filter(sites=site, active=True)}
    away = list(
        Absence.objects.filter(
            resource__in=list(staff),
            starts_at__lt=max(row.ends_at for row in rows),
            ends_at__gt=min(row.starts_at for row in rows),
        )
    )
    found = {}
    for row in rows:
        names = [
            staff[off.resource_id].name
            for off in away
            if off.resource_id != row.staff_id
            and off.starts_at < row.ends_at
            and off.ends_at > row.starts_at
            and set(staff[off.resource_id].roles) & set(row.staff.roles)
        ]
        found[row.pk] = tuple(dict.fromkeys(names))
    return found


def _asked_too(row: TimeOff, rows: Sequence[TimeOff]) -> tuple[str, ...]:
    """Colleagues of a shared role who wait for an answer about some of the same time."""
    names = [
        other.staff.name
        for other in rows
        if other.staff_id != row.staff_id
        and other.starts_at < row.ends_at
        and other.ends_at > row.starts_at
        and set(other.staff.roles) & set(row.staff.roles)
    ]
    return tuple(dict.fromkeys(names))


def _names(emails: Iterable[str]) -> dict[str, str]:
    users = User.objects.filter(email__in={email for email in emails if email})
    return {user.email: user.get_full_name() or user.email for user in users}
