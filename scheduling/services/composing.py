"""Messages made ready to be queued: by which channels, in whose words, with which invitations.

It is no service of its own: it works inside a transaction that holds the patient's row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import phonenumbers
from django.conf import settings
from django.db.models import F, Q

from clinic.models import Patient, Site
from scheduling.messaging import itip
from scheduling.messaging.words import (
    CHANNELS,
    EMAIL,
    KINDS,
    TEXT,
    Told,
    Wording,
    fill,
    visit_fields,
)
from scheduling.models import Appointment, Message, MessageTemplate
from scheduling.models.series import GONE

CANNOT = {
    (EMAIL, True): "Opted out of e-mail; call.",
    (EMAIL, False): "No e-mail address; call.",
    (TEXT, True): "Opted out of text messages; call.",
    (TEXT, False): "No mobile number; call.",
}


@dataclass(frozen=True, slots=True)
class News:
    """What is to be said: `key` is the event without the channel; `was` are times before a move."""

    kind: str
    key: str
    visits: Sequence[Appointment] = ()
    was: Mapping[int, datetime] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    link: str = ""
    due_at: datetime | None = None
    not_after: datetime | None = None


def compose(news: News, patient: Patient, site: Site, *, now: datetime) -> list[Message]:
    """The rows to queue: one a channel that reaches, else one that says why there is none.

    Nothing where the site has switched the kind off.
    """
    kind = KINDS[news.kind]
    words = wordings(news.kind, site)
    reached = [channel for channel in words if address(patient, channel)]
    if not kind.both:
        reached = reached[:1]
    if reached:
        return [_row(news, channel, words[channel], patient, site, now) for channel in reached]
    if not words:
        return []
    channel = next(iter(words))
    row = _row(news, channel, words[channel], patient, site, now)
    row.state, row.reason = Message.State.SUPPRESSED, cannot(patient, channel)
    return [row]


def queue(rows: Sequence[Message]) -> int:
    """Write the rows whose event has none yet; how many."""
    known = set(
        Message.objects.filter(key__in=[row.key for row in rows]).values_list("key", flat=True)
    )
    fresh = [row for row in rows if row.key not in known]
    Message.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


def address(patient: Patient, channel: str) -> str:
    """Where a channel reaches a patient; empty where it may not or cannot."""
    if channel == EMAIL:
        return "" if patient.no_email else patient.email
    return patient.phone if not patient.no_text and patient.phone.startswith("+") else ""


def cannot(patient: Patient, channel: str) -> str:
    """Why a channel does not reach a patient, and what to do instead."""
    opted_out = patient.no_email if channel == EMAIL else patient.no_text
    return CANNOT[channel, opted_out]


def wordings(kind: str, site: Site) -> dict[str, Wording]:
    """The words of each channel that is switched on, e-mail first: the site's, all's or ours."""
    rows = MessageTemplate.objects.filter(Q(site=site) | Q(site=None), kind=kind)
    own = {row.channel: row for row in rows.order_by(F("site").asc(nulls_first=True))}
    found = {}
    for channel in CHANNELS:
        row = own.get(channel)
        if row is None:
            found[channel] = KINDS[kind].wording(channel)
        elif row.active:
            found[channel] = Wording(row.subject, row.body)
    return found


def site_fields(site: Site) -> dict[str, str]:
    """{place}, {address}, {phone}: never the site's own name, which may tell what it is for."""
    return {
        "place": site.neutral_name or site.address or "the clinic",
        "address": site.address,
        "phone": telephone(site.phone),
    }


def telephone(number: str) -> str:
    """As it is dialled at home: (617) 555-0100."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)


def fact(visit: Appointment) -> dict[str, Any]:
    """What a message keeps of a visit that it tells of."""
    return {
        "id": visit.pk,
        "starts": visit.starts_at.isoformat(),
        "ends": visit.ends_at.isoformat(),
        "live": visit.status not in GONE,
        "sequence": visit.sequence,
    }


def _row(
    news: News, channel: str, words: Wording, patient: Patient, site: Site, now: datetime
) -> Message:
    told = [_told(visit, news, site) for visit in news.visits]
    values = {**site_fields(site), **visit_fields(told, site.country), **news.fields}
    if news.link:
        values["link"] = "{link}"
    if values["place"] == values["address"]:
        values["address"] = ""
    to = address(patient, channel)
    return Message(
        key=f"{news.key}:{channel}",
        kind=news.kind,
        channel=channel,
        patient=patient,
        site=site,
        appointment=news.visits[0] if len(news.visits) == 1 else None,
        to=to,
        subject=fill(words.subject, values),
        body=fill(words.body, values),
        calendar=_calendar(news, patient, site, now) if channel == EMAIL and to else "",
        visits=[fact(visit) for visit in news.visits],
        link=news.link,
        due_at=news.due_at or now,
        not_after=news.not_after,
        created_at=now,
    )


def _told(visit: Appointment, news: News, site: Site) -> Told:
    was = news.was.get(visit.pk)
    return Told(visit.starts_at.astimezone(site.zone), was and was.astimezone(site.zone))


METHODS: dict[str, itip.Method] = {"booked": "REQUEST", "moved": "REQUEST", "cancelled": "CANCEL"}


def _calendar(news: News, patient: Patient, site: Site, now: datetime) -> str:
    """The invitations that belong to it: none for a reminder or an offer."""
    method = METHODS.get(news.kind)
    if method is None:
        return ""
    meeting = itip.Meeting(
        organizer=settings.DEFAULT_FROM_EMAIL,
        attendee=patient.email,
        place=site.neutral_name,
        address=site.address,
        phone=telephone(site.phone),
        zone=site.zone,
    )
    visits = [
        itip.Invited(f"patient-{visit.uid}", visit.sequence, visit.starts_at, visit.ends_at)
        for visit in sorted(news.visits, key=lambda visit: visit.starts_at)
    ]
    return itip.stream(method, visits, meeting, stamp=now)
