"""Edits of sites, rooms, staff and hours: all or nothing, and never over a booked visit.

Each is one transaction under the exclusive lock of the sites concerned. Errors: DoesNotExist of
what is edited; django's ValidationError with messages by field; `WouldBreakVisits` with the visits
that would no longer fit; `ChangedMeanwhile` when there is a newer change than `seen` (see
`clinic.journal`). In none of them is anything saved.

Edits that take `plan_around` are saved all the same where it is True: a recovery is opened over the
visits that no longer fit (`around.recovery_of` finds it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import TypeVar, Unpack

from django.db.models import Max, Model, QuerySet

from clinic.journal import Actor
from clinic.models import (
    Absence,
    AvailabilityException,
    Closure,
    Credential,
    OpeningHours,
    Resource,
    Room,
    Site,
    Staff,
    Travel,
    WeeklyHours,
)
from clinic.services import absences, closures, hours, roster
from clinic.services.closures import Opening, SiteFacts
from clinic.services.facts import Pen
from clinic.services.hours import Shift
from clinic.services.roster import CredentialFacts, RoomFacts, StaffFacts
from clinic.transactions import durable
from scheduling.services.around import Around
from scheduling.services.keeping import sites_of, visits_fit
from scheduling.services.recovering import give_back_all, restore_lost

Row = TypeVar("Row", bound=Model)
WORDS = frozenset(
    {
        *("name", "neutral_name", "address", "phone", "position"),
        *("given_name", "family_name", "title", "email", "user"),
    }
)
"""Fields on which no visit rests."""


@durable
def save_site(
    *,
    site: int | None = None,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **facts: Unpack[SiteFacts],
) -> Site:
    """Add a site, or change what is given of one."""
    row = None if site is None else _own(Site.objects.all(), site)
    with visits_fit(_judged([row] if row else [], facts), now=now):
        return closures.write_site(row, facts, Pen("site", actor, now, seen))


@durable
def save_room(
    *,
    room: int | None = None,
    plan_around: bool = False,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **facts: Unpack[RoomFacts],
) -> Room:
    """Add a room, or change what is given of one; it is closed with `active=False`."""
    row = None if room is None else _own(Room.objects.select_related("site"), room)
    sites = [*([row.site] if row else []), *([facts["site"]] if "site" in facts else [])]
    around = Around(row.pk, row.name, f"{row.name} changed", actor, now) if row else None
    with visits_fit(_judged(sites, facts), now=now, otherwise=around if plan_around else None):
        return roster.write_room(row, facts, Pen("room", actor, now, seen))


@durable
def add_rooms(*, names: Sequence[str], facts: RoomFacts, actor: Actor, now: datetime) -> list[Room]:
    """Several rooms alike, last on the board of `facts["site"]`; all of them or none."""
    place = _own(Site.objects.all(), facts["site"].pk)
    pen = Pen("room", actor, now)
    last = Room.objects.filter(site=place).aggregate(last=Max("position"))["last"] or 0
    made = []
    for position, name in enumerate(names, start=last + 1):
        told = facts.copy()
        told.update({"name": name, "position": position})
        made.append(roster.write_room(None, told, pen))
    return made


@durable
def order_rooms(*, site: int, rooms: Sequence[int], actor: Actor, now: datetime) -> None:
    """The order in which the board shows a site's rooms; no visit rests on it."""
    place = _own(Site.objects.all(), site)
    pen = Pen("room", actor, now)
    for position, room in enumerate(rooms, start=1):
        row = _own(Room.objects.filter(site=place), room)
        roster.write_room(row, {"position": position}, pen)


@durable
def save_staff(
    *,
    staff: int | None = None,
    plan_around: bool = False,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **facts: Unpack[StaffFacts],
) -> Staff:
    """Add somebody, or change what is given of them; who leaves is `active=False`."""
    row = None if staff is None else _own(Staff.objects.all(), staff)
    sites = [*(row.sites.all() if row else []), *facts.get("sites", [])]
    around = _around(row, "their work changed", actor, now) if row and plan_around else None
    with visits_fit(_judged(sites, facts), now=now, otherwise=around):
        return roster.write_staff(row, facts, Pen("staff", actor, now, seen))


@durable
def add_credential(
    *, staff: int, actor: Actor, now: datetime, **facts: Unpack[CredentialFacts]
) -> Credential:
    """Somebody has a licence or certificate; `kind` and `expires_on` are needed."""
    row = _own(Staff.objects.all(), staff)
    return roster.write_credential(None, row, facts, Pen("credential", actor, now))


@durable
def renew_credential(
    *,
    credential: int,
    plan_around: bool = False,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **facts: Unpack[CredentialFacts],
) -> Credential:
    """A credential is renewed (`expires_on`), or something in it is corrected."""
    row = _own(Credential.objects.select_related("staff"), credential)
    around = _around(row.staff, "a credential changed", actor, now)
    with visits_fit(row.staff.sites.all(), now=now, otherwise=around if plan_around else None):
        return roster.write_credential(row, row.staff, facts, Pen("credential", actor, now, seen))


@durable
def remove_credential(
    *, credential: int, plan_around: bool = False, actor: Actor, now: datetime
) -> None:
    """A credential was withdrawn, or never was."""
    row = _own(Credential.objects.select_related("staff"), credential)
    around = _around(row.staff, "a credential less", actor, now)
    with visits_fit(row.staff.sites.all(), now=now, otherwise=around if plan_around else None):
        roster.delete_credential(row, Pen("credential", actor, now))


@durable
def set_weekly_hours(
    *,
    staff: int,
    site: int,
    shifts: Sequence[Shift],
    since: date,
    plan_around: bool = False,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
) -> list[WeeklyHours]:
    """Somebody's whole week at a site from a date on; none is a week off for good."""
    person, place = _own(Staff.objects.all(), staff), Site.objects.get(pk=site)
    around = _around(person, "other hours", actor, now)
    with visits_fit([place], now=now, otherwise=around if plan_around else None):
        return hours.write_weekly_hours(
            person, place, shifts, since, Pen("staff", actor, now, seen)
        )


@durable
def add_exception(
    *,
    staff: int,
    site: int,
    day: date,
    starts: time,
    ends: time,
    working: bool,
    note: str = "",
    plan_around: bool = False,
    actor: Actor,
    now: datetime,
) -> AvailabilityException:
    """One day on which somebody works more (`working`) or less than their week says."""
    person, place = _own(Staff.objects.all(), staff), Site.objects.get(pk=site)
    around = _around(person, "other hours", actor, now)
    with visits_fit([place], now=now, otherwise=around if plan_around else None):
        return hours.write_exception(
            person,
            place,
            day,
            starts=starts,
            ends=ends,
            working=working,
            note=note,
            pen=Pen("exception", actor, now),
        )


@durable
def remove_exception(*, exception: int, actor: Actor, now: datetime) -> None:
    """The day is as the week says again."""
    row = _own(AvailabilityException.objects.select_related("site"), exception)
    with visits_fit([row.site], now=now):
        hours.delete_exception(row, Pen("exception", actor, now))


@durable
def add_absence(
    *,
    resource: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str = "",
    plan_around: bool = False,
    actor: Actor,
    now: datetime,
) -> Absence:
    """Somebody is off, or a room out of service, for a time at which no visit needs them."""
    row = Resource.objects.exclude(kind=Resource.Kind.PATIENT).get(pk=resource)
    room = Room.objects.filter(pk=resource).first()
    name = room.name if room else Staff.objects.get(pk=resource).name
    cause = f"{name}: {reason}" if reason else name
    around = Around(resource, name, cause, actor, now)
    with visits_fit(
        sites_of(resource),
        now=now,
        start=starts_at,
        end=ends_at,
        otherwise=around if plan_around else None,
    ):
        around.absence = absences.write_absence(
            row,
            _site_of_room(row),
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
            pen=Pen("absence", actor, now),
        )
        return around.absence


@durable
def remove_absence(*, absence: int, actor: Actor, now: datetime) -> None:
    """They are back, or never were away; visits that still wait for them get them back."""
    row = _own(Absence.objects.select_related("resource"), absence)
    waiting = give_back_all(row)
    absences.delete_absence(row, _site_of_room(row.resource), Pen("absence", actor, now))
    for recovery in waiting:
        restore_lost(recovery, actor, now)


@durable
def add_closure(
    *,
    site: int,
    first: date,
    last: date,
    reason: str,
    opens_anyway: bool = False,
    plan_around: bool = False,
    actor: Actor,
    now: datetime,
) -> Closure:
    """A site is closed on these days, both inclusive, or open though they are holidays."""
    row = Site.objects.get(pk=site)
    around = Around(None, row.name, f"{row.name}: {reason}", actor, now)
    with visits_fit([row], now=now, otherwise=around if plan_around else None):
        return closures.write_closure(
            row,
            first=first,
            last=last,
            reason=reason,
            opens_anyway=opens_anyway,
            pen=Pen("closure", actor, now),
        )


@durable
def remove_closure(*, closure: int, actor: Actor, now: datetime) -> None:
    """The days are as any others again."""
    row = _own(Closure.objects.select_related("site"), closure)
    with visits_fit([row.site], now=now):
        closures.delete_closure(row, Pen("closure", actor, now))


@durable
def set_opening_hours(
    *,
    site: int,
    openings: Sequence[Opening],
    plan_around: bool = False,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
) -> list[OpeningHours]:
    """The whole week of a site."""
    row = _own(Site.objects.all(), site)
    around = Around(None, row.name, f"{row.name}: other hours", actor, now)
    with visits_fit([row], now=now, otherwise=around if plan_around else None):
        return closures.write_opening_hours(row, openings, Pen("site", actor, now, seen))


@durable
def set_travel(*, site: int, other: int, minutes: int, actor: Actor, now: datetime) -> Travel:
    """Minutes on the way between two sites, whichever way."""
    here, there = Site.objects.get(pk=site), Site.objects.get(pk=other)
    with visits_fit([here, there], now=now):
        return closures.write_travel(here, there, minutes, Pen("travel", actor, now))


def _around(person: Staff, what: str, actor: Actor, now: datetime) -> Around:
    return Around(person.pk, person.name, f"{person.name}: {what}", actor, now)


def _judged(sites: list[Site], facts: Mapping[str, object]) -> list[Site]:
    """The sites whose visits an edit must leave in order: none when it only changes words."""
    return [] if facts.keys() <= WORDS else sites


def _own(rows: QuerySet[Row], pk: int) -> Row:
    """The row as it is now, kept from other edits until this one ends; bookings may name it."""
    return rows.select_for_update(of=("self",), no_key=True).get(pk=pk)


def _site_of_room(resource: Resource) -> Site | None:
    room = Room.objects.filter(pk=resource.pk).select_related("site").first()
    return room.site if room else None
