"""Setting a clinic up, a step a transaction: what comes of each is ordinary facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import connection

from clinic.journal import Actor
from clinic.models import Closure, OpeningHours, Organisation, Room, Site, Staff
from clinic.services import closures, hours, roster
from clinic.services.closures import Opening, SiteFacts
from clinic.services.facts import Pen, save
from clinic.services.hours import Shift
from clinic.services.roster import RoomFacts
from clinic.transactions import durable
from scheduling import catalogue
from scheduling.models import Protocol
from scheduling.services.catalogue import Imported, store
from scheduling.services.keeping import visits_fit

LIFE_SUPPORT = "acls"


class RowWrong(Exception):
    """What is wrong in one row of several; `row` counts from nought."""

    def __init__(self, row: int, error: ValidationError) -> None:
        super().__init__(f"row {row}")
        self.row, self.error = row, error


@dataclass(frozen=True, slots=True)
class Hire:
    """A colleague to be: the licences of their role run out on `expires_on`."""

    given_name: str
    family_name: str
    role: str
    expires_on: date | None
    life_support: bool = False
    email: str = ""
    skills: tuple[str, ...] = field(default=())


@durable
def found_site(*, organisation: str, actor: Actor, now: datetime, **facts: SiteFacts) -> Site:
    """Name the organisation and its first site, or correct both. ValidationError by field."""
    _one_founder_at_a_time()
    group = Organisation.objects.order_by("pk").first() or Organisation()
    try:
        save(group, {"name": organisation}, Pen("organisation", actor, now), site=None)
    except ValidationError as wrong:
        raise ValidationError({"organisation": wrong.messages}) from wrong
    row = Site.objects.filter(organisation=group).order_by("pk").first()
    told: SiteFacts = {"organisation": group, **facts}  # type: ignore[typeddict-item]
    with visits_fit([row] if row else [], now=now):
        return closures.write_site(row, told, Pen("site", actor, now))


@durable
def open_site(
    *,
    site: int,
    openings: Sequence[Opening],
    open_on: Iterable[date],
    holidays: Iterable[date],
    actor: Actor,
    now: datetime,
) -> None:
    """The week of a site, and on which of these holidays it opens all the same."""
    row = Site.objects.select_for_update(no_key=True).get(pk=site)
    pen, chosen = Pen("closure", actor, now), set(open_on)
    with visits_fit([row], now=now):
        closures.write_opening_hours(row, openings, Pen("site", actor, now))
        lifted = {c.first: c for c in Closure.objects.filter(site=row, opens_anyway=True)}
        for day in holidays:
            if day in chosen and day not in lifted:
                reason = f"Open on {day.isoformat()}"
                closures.write_closure(
                    row, first=day, last=day, reason=reason, opens_anyway=True, pen=pen
                )
            elif day not in chosen and day in lifted:
                closures.delete_closure(lifted[day], pen)


@durable
def keep_rooms(
    *, site: int, rooms: Sequence[tuple[int | None, RoomFacts]], actor: Actor, now: datetime
) -> None:
    """All rooms of a site in the board's order; those left out are not in use any more.

    RowWrong; WouldBreakVisits.
    """
    place = Site.objects.select_for_update(no_key=True).get(pk=site)
    pen = Pen("room", actor, now)
    known = {room.pk: room for room in Room.objects.filter(site=place)}
    with visits_fit([place], now=now):
        for left_out in known.keys() - {pk for pk, _ in rooms}:
            roster.write_room(known[left_out], {"active": False}, pen)
        for number, (pk, facts) in enumerate(rooms):
            told: RoomFacts = {**facts, "position": number + 1, "active": True}
            row = known.get(pk) if pk else None
            if row is None:
                told["site"] = place
            try:
                roster.write_room(row, told, pen)
            except ValidationError as wrong:
                raise RowWrong(number, wrong) from wrong


@durable
def hire(
    *, site: int, people: Sequence[Hire], since: date, actor: Actor, now: datetime
) -> list[Staff]:
    """Add colleagues who work the opening hours of a site, with the licences of their roles.

    RowWrong.
    """
    place = Site.objects.select_related("organisation").get(pk=site)
    required: dict[str, list[str]] = place.organisation.required_credentials
    week = [
        Shift(one.weekday, one.opens, one.closes) for one in OpeningHours.objects.filter(site=place)
    ]
    made = []
    for number, one in enumerate(people):
        try:
            made.append(_hire(place, one, required, week, since, actor, now))
        except ValidationError as wrong:
            raise RowWrong(number, wrong) from wrong
    return made


@durable
def choose_protocols(*, keys: Iterable[str], actor: Actor, now: datetime) -> list[Imported]:
    """Offer these of the starter catalogue and no others of it; a clinic's own stay as they are."""
    starters = catalogue.read(catalogue.starter_text())
    chosen = set(keys)
    taken = Protocol.objects.filter(key__in=[one.key for one in starters])
    known = {protocol.key: protocol for protocol in taken.select_for_update()}
    new = [one for one in starters if one.key in chosen and one.key not in known]
    stored = store(new, actor=actor, now=now)
    pen = Pen("protocol", actor, now)
    for key, protocol in known.items():
        if protocol.retired == (key in chosen):
            protocol.retired = key not in chosen
            protocol.save(update_fields=["retired"])
            what = "retired" if protocol.retired else "restored"
            before, after = {"retired": not protocol.retired}, {"retired": protocol.retired}
            pen.note(what, protocol, None, before, after)
    return stored


def _one_founder_at_a_time() -> None:
    """Two at once would found two clinics; SQLite has one writer anyhow."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('founding'))")


def _hire(
    place: Site,
    one: Hire,
    required: dict[str, list[str]],
    week: list[Shift],
    since: date,
    actor: Actor,
    now: datetime,
) -> Staff:
    person = roster.write_staff(
        None,
        {
            "given_name": one.given_name,
            "family_name": one.family_name,
            "roles": [one.role],
            "skills": one.skills,
            "email": one.email,
            "sites": [place],
        },
        Pen("staff", actor, now),
    )
    kinds = [*required.get(one.role, []), *([LIFE_SUPPORT] if one.life_support else [])]
    if kinds and one.expires_on is None:
        raise ValidationError({"expires_on": "Say until when the licence is valid."})
    for kind in dict.fromkeys(kinds):
        roster.write_credential(
            None,
            person,
            {"kind": kind, "expires_on": one.expires_on or since},
            Pen("credential", actor, now),
        )
    if week:
        hours.write_weekly_hours(person, place, week, since, Pen("staff", actor, now))
    return person
