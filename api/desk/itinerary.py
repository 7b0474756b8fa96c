"""A patient's own calendar file: times and the place, never what is done there (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from icalendar import Calendar, Event

from clinic.models import Site
from scheduling.models import Appointment


def calendar_of(site: Site, visits: Iterable[Appointment]) -> bytes:
    """One VEVENT a visit, with the UID that a later file would replace it by."""
    calendar = Calendar()
    calendar.add("prodid", "-//Chairtime//Itinerary//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    place = site.neutral_name or "Appointment"
    for visit in visits:
        event = Event()
        event.add("uid", f"patient-{visit.uid}")
        event.add("dtstamp", visit.updated_at.astimezone(UTC))
        event.add("sequence", visit.sequence)
        event.add("dtstart", visit.starts_at.astimezone(site.zone))
        event.add("dtend", visit.ends_at.astimezone(site.zone))
        event.add("summary", f"Appointment, {place}" if site.neutral_name else place)
        if site.address:
            event.add("location", site.address)
        if site.phone:
            event.add("description", f"To change it, call {site.phone}.")
        calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())
