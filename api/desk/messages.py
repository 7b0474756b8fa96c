"""How messages read at the desk: kinds, states, what to do about each, and samples of words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from api.desk import words
from api.desk.people import shown_name
from api.permissions import may, sites_for
from clinic.models import Patient, Site, User
from scheduling.messaging.words import EMAIL, KINDS, Told, fill, visit_fields, when
from scheduling.messaging.words import day as told_day
from scheduling.models import Message
from scheduling.selectors.messages import latest_for
from scheduling.services.composing import site_fields

ICONS = {
    "booked": "calendar-plus",
    "moved": "repeat",
    "cancelled": "calendar-x",
    "reminder": "bell",
    "offer": "hand-heart",
    "follow_up": "clipboard-list",
}
STANDS = {
    "needs": words.Sign("Need you", "phone", "bad"),
    "waiting": words.Sign("To leave", "hourglass"),
    "sent": words.Sign("Sent", "check", "good"),
    "settled": words.Sign("Nothing to do", "circle-dot"),
}
STATES = {
    Message.State.QUEUED: words.Sign("To leave", "hourglass"),
    Message.State.SENDING: words.Sign("Leaving", "refresh-cw", "live"),
    Message.State.SENT: words.Sign("Sent", "check", "good"),
    Message.State.FAILED: words.Sign("Failed", "circle-x", "bad"),
    Message.State.SUPPRESSED: words.Sign("Not sent", "ban", "warn"),
    Message.State.UNKNOWN: words.Sign("Unknown", "triangle-alert", "bad"),
    Message.State.WITHDRAWN: words.Sign("Taken back", "undo-2"),
}
TRIED = words.Sign("Trying again", "refresh-cw", "warn")
OWN_LINK = "(the patient’s own link)"
ON_PATIENT_PAGE = 6


@dataclass(frozen=True, slots=True)
class Row:
    """A message as it is shown. Times are the site's."""

    message: Message
    name: str
    kind: str
    icon: str
    by_mail: bool
    sign: words.Sign
    needs: bool
    phone: str
    to: str
    created: datetime
    sent: datetime | None
    due: datetime
    settled: datetime | None
    body: str
    invitations: int


def row_of(message: Message, user: User, site: Site) -> Row:
    """Names, addresses and numbers only for who may see names."""
    zone, named = site.zone, may(user, "see_names", site)
    patient = message.patient
    again = message.state == Message.State.QUEUED and message.attempts > 0
    return Row(
        message=message,
        name=shown_name(user, patient, site),
        kind=KINDS[message.kind].label if message.kind in KINDS else message.kind,
        icon=ICONS.get(message.kind, "info"),
        by_mail=message.channel == EMAIL,
        sign=TRIED if again else STATES[Message.State(message.state)],
        needs=needs_somebody(message),
        phone=patient.phone if named and not patient.no_call else "",
        to=message.to if named else "",
        created=message.created_at.astimezone(zone),
        sent=_at(message.sent_at, zone),
        due=message.due_at.astimezone(zone),
        settled=_at(message.settled_at, zone),
        body=message.body.replace("{link}", OWN_LINK),
        invitations=len(message.calendar.split("BEGIN:VEVENT")) - 1,
    )


def needs_somebody(message: Message) -> bool:
    states = (Message.State.FAILED, Message.State.UNKNOWN, Message.State.SUPPRESSED)
    return message.state in states and message.settled_at is None


def latest_of(user: User, patient: Patient) -> list[Row]:
    """The last messages to a patient, of sites where one may see them."""
    reach = sites_for(user, "see_messages")
    if not reach:
        return []
    rows = latest_for(patient, None if reach.everywhere else reach.sites, ON_PATIENT_PAGE)
    return [row_of(row, user, row.site) for row in rows]


def sample(kind: str, subject: str, body: str, site: Site, now: datetime) -> tuple[str, str]:
    """Subject and body as a patient would read them, of made-up visits."""
    local = now.astimezone(site.zone).replace(hour=9, minute=0, second=0, microsecond=0)
    first = local + timedelta(days=7)
    told = [
        Told(first, first - timedelta(days=1) if kind == "moved" else None),
        *([Told(first + timedelta(days=7))] if kind in ("booked", "cancelled") else []),
    ]
    values = {
        **site_fields(site),
        **visit_fields(told, site.country),
        "link": "https://…/the patient’s own link",
        "until": when(local + timedelta(hours=4), site.country),
        "due": told_day(local + timedelta(days=7)),
    }
    return fill(subject, values), fill(body, values)


def _at(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return moment.astimezone(zone) if moment else None
