"""Invitations (RFC 5546): one iCalendar object a visit, to be sent beside the words of a message.

An object of method REQUEST or CANCEL is about one UID only (3.2.2, 3.2.5), so that a series is
several objects, one after another as RFC 5545 (3.4) allows in a stream. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress

from scheduling.zones import vtimezone

PRODUCT = "-//Chairtime//Messages 1//EN"
BEGIN = "BEGIN:VCALENDAR"
DAY = timedelta(days=1)
Method = Literal["REQUEST", "CANCEL"]


@dataclass(frozen=True, slots=True)
class Invited:
    """One visit: times are aware. `uid` and a rising `sequence` let a calendar replace it."""

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Meeting:
    """What is the same of all visits of a message: whose calendar, whose clinic, in what words."""

    organizer: str
    attendee: str
    place: str
    address: str
    phone: str
    zone: ZoneInfo


def stream(method: Method, visits: Iterable[Invited], meeting: Meeting, *, stamp: datetime) -> str:
    """One VCALENDAR a visit, one after another."""
    return "".join(_object(method, visit, meeting, stamp) for visit in visits)


def objects(text: str) -> list[tuple[str, str]]:
    """A stream taken apart: (method, document) each."""
    documents = [BEGIN + part for part in text.split(BEGIN)[1:]]
    return [("CANCEL" if "\nMETHOD:CANCEL" in one else "REQUEST", one) for one in documents]


def _object(method: Method, visit: Invited, meeting: Meeting, stamp: datetime) -> str:
    calendar = Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", method)
    calendar.add_component(vtimezone(meeting.zone, visit.starts_at - DAY, visit.ends_at + DAY))
    event = Event()
    event.add("UID", visit.uid)
    event.add("SEQUENCE", visit.sequence)
    event.add("DTSTAMP", stamp.astimezone(UTC))
    event.add("DTSTART", _told(visit.starts_at, meeting.zone))
    event.add("DTEND", _told(visit.ends_at, meeting.zone))
    event.add("SUMMARY", _summary(meeting.place))
    if meeting.address:
        event.add("LOCATION", _one_line(meeting.address))
    if meeting.phone:
        event.add("DESCRIPTION", f"To change it, call {_one_line(meeting.phone)}.")
    event.add("STATUS", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT" if method == "CANCEL" else "OPAQUE")
    event.add("CLASS", "PRIVATE")
    event.add("ORGANIZER", vCalAddress(f"mailto:{meeting.organizer}"))
    attendee = vCalAddress(f"mailto:{meeting.attendee}")
    if method == "REQUEST":
        attendee.params["PARTSTAT"] = "NEEDS-ACTION"
        attendee.params["RSVP"] = "FALSE"
    event.add("ATTENDEE", attendee)
    calendar.add_component(event)
    return calendar.to_ical().decode()


def _summary(place: str) -> str:
    return f"Appointment, {_one_line(place)}" if place else "Appointment"


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _told(at: datetime, zone: ZoneInfo) -> datetime:
    """In local time, except in the hour that comes twice, of which readers know one only."""
    local = at.astimezone(zone)
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        return at.astimezone(UTC)
    return local
