"""What a patient takes home. The calendar file (RFC 5545) holds times and the place, never what is
done there; nor does the paper, unless somebody asks for it to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

from icalendar import Calendar, Event

from api.desk import words
from api.desk.board import Entry
from api.desk.itinerary_pdf import Itinerary, Line
from clinic.models import Site
from scheduling.models import Appointment, Series


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
    gates = _gates(definition)
    checked = [words.phase(kind).lower() for kind in ON_ARRIVAL if kind in gates]
    arriving = [f"Checked when you arrive: {', '.join(checked)}."] if checked else []
    return at_home(definition) + arriving


def at_home(definition: Mapping[str, Any]) -> list[str]:
    """What is to be done or left before leaving home: nothing that tells of the treatment."""
    gates = _gates(definition)
    return [
        line.format(hours=gates[kind].get("hours", "some"))
        for kind, line in HOME.items()
        if kind in gates
    ]


def _gates(definition: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    steps = [step for step in definition["steps"] if words.hue(step["kind"]) == "infusion"]
    return {gate["kind"]: gate for step in steps for gate in step.get("gates", [])}


def on_paper(series: Series, name: str, entries: Sequence[Entry], *, told: bool) -> Itinerary:
    """The visits as they are printed: by number alone, unless the treatment may be told."""
    definition = series.protocol_version.definition
    before = before_coming(definition) if told else at_home(definition)
    lines = []
    for number, entry in enumerate(entries, start=1):
        people = [person.name for person in entry.people if person.role != "nurse"]
        mark = " •" if before and entry.hue == "infusion" else ""
        visit = f"Visit {number} of {len(entries)}"
        where = ", ".join(filter(None, [entry.rooms, *people])) if told else ""
        called = (entry.step if told else visit) + mark
        lines.append(Line(entry.starts, entry.ends, called, where))
    return Itinerary(
        name=name,
        site=series.site,
        title=series.protocol_version.name if told else "Your visits",
        lines=lines,
        before=before,
        before_title="Before each visit marked •",
    )
