"""What a patient takes home. The calendar file holds times and the place, never what is
done there (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any

from icalendar import Calendar, Event

from api.desk import words
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
            event.add("description", f"To change it, call {words.telephone(site.phone)}.")
        calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


HOME = {
    "fasting": "Nothing to eat for {hours} hours before.",
    "alcohol_free": "No alcohol for {hours} hours before.",
    "escort": "Come with somebody who takes you home. Do not drive until the next day.",
}
ON_ARRIVAL = ("blood_pressure", "breath_test", "urine_screen", "pregnancy_test")


def before_coming(definition: Mapping[str, Any]) -> list[str]:
    """What a patient must know before an infusion, once each, from the protocol's gates."""
    steps = [step for step in definition["steps"] if words.hue(step["kind"]) == "infusion"]
    gates = {gate["kind"]: gate for step in steps for gate in step.get("gates", [])}
    said = [
        line.format(hours=gates[kind].get("hours", "some"))
        for kind, line in HOME.items()
        if kind in gates
    ]
    checked = [words.phase(kind).lower() for kind in ON_ARRIVAL if kind in gates]
    if checked:
        said.append(f"Checked when you arrive: {', '.join(checked)}.")
    return said
