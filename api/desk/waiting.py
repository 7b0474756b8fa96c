"""How the waitlist reads at the desk: who waits for what, and what is held for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from api.desk import words
from api.desk.people import shown_name
from clinic.models import Patient, Site, User
from clinic.spans import minute
from scheduling.models import Offer, WaitlistEntry
from scheduling.planner.queue import Waiting, in_turn, why_next

DAY_NAMES = {
    "mon": "Mon",
    "tue": "Tue",
    "wed": "Wed",
    "thu": "Thu",
    "fri": "Fri",
    "sat": "Sat",
    "sun": "Sun",
}


@dataclass(frozen=True, slots=True)
class Held:
    """An open offer: the place, until when it is held, and how many minutes that is."""

    pk: int
    starts: datetime
    ends: datetime
    until: datetime
    left: int


@dataclass(frozen=True, slots=True)
class Row:
    """One who waits."""

    entry: WaitlistEntry
    name: str
    patient: Patient
    what: str
    detail: str
    since: str
    when: str
    turn: str
    held: Held | None


def rows_of(entries: Iterable[WaitlistEntry], user: User, site: Site, now: datetime) -> list[Row]:
    """In the order of their turns; `entries` come with their offers, patient and visit."""
    known = {entry.pk: entry for entry in entries}
    queue = [
        Waiting(entry.pk, minute(entry.created_at), entry.urgent, entry.not_after)
        for entry in known.values()
    ]
    today = now.astimezone(site.zone).date()
    ordered = in_turn(queue, today)
    return [_row(known[one.id], why_next(one, today, ordered), user, site, now) for one in ordered]


def _row(entry: WaitlistEntry, turn: str, user: User, site: Site, now: datetime) -> Row:
    open_offer = next((one for one in entry.offers.all() if one.state == Offer.State.OPEN), None)
    return Row(
        entry=entry,
        name=shown_name(user, entry.patient, site),
        patient=entry.patient,
        what=_what(entry),
        detail=_detail(entry, site),
        since=_since(
            entry.created_at.astimezone(site.zone).date(), now.astimezone(site.zone).date()
        ),
        when=_when(entry),
        turn=turn,
        held=_held(open_offer, site, now) if open_offer else None,
    )


def _what(entry: WaitlistEntry) -> str:
    if not entry.step:
        return "A whole series"
    name = _step_name(entry)
    return f"{name}, earlier" if entry.appointment_id else name


def _step_name(entry: WaitlistEntry) -> str:
    steps = entry.protocol_version.definition["steps"]
    return next((step["name"] for step in steps if step["key"] == entry.step), entry.step)


def _detail(entry: WaitlistEntry, site: Site) -> str:
    if entry.appointment:
        here = entry.appointment.starts_at.astimezone(site.zone)
        return f"now {words.day(here)} {words.clock(here)}"
    return entry.protocol_version.name


def _since(day: date, today: date) -> str:
    days = (today - day).days
    return "today" if not days else f"{words.count(days, 'day')}"


def _when(entry: WaitlistEntry) -> str:
    """`until Tue 8 Dec, Mon Wed, 09:00 to 12:00`."""
    told = [f"until {words.day(entry.not_after)}"]
    if entry.weekdays:
        told.append(" ".join(DAY_NAMES[day] for day in entry.weekdays if day in DAY_NAMES))
    if entry.earliest and entry.latest:
        told.append(f"{entry.earliest:%H:%M} to {entry.latest:%H:%M}")
    elif entry.earliest:
        told.append(f"after {entry.earliest:%H:%M}")
    elif entry.latest:
        told.append(f"before {entry.latest:%H:%M}")
    return ", ".join(told)


def _held(offer: Offer, site: Site, now: datetime) -> Held:
    zone = site.zone
    return Held(
        offer.pk,
        offer.starts_at.astimezone(zone),
        offer.ends_at.astimezone(zone),
        offer.expires_at.astimezone(zone),
        max(0, round((offer.expires_at - now).total_seconds() / 60)),
    )
