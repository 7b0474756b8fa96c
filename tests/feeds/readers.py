"""What independent programs read in a feed, in one shape: none of them is the one that wrote it."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import recurring_ical_events
import vobject
from django.conf import settings
from icalendar import Calendar

NODE = Path(sysconfig.get_path("scripts")) / "node"
SCRIPT = Path(__file__).with_name("read.mjs")
ALWAYS = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, order=True)
class Read:
    """One event as a reader sees it; times are UTC."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    sequence: int
    status: str


def by_vobject(document: bytes) -> list[Read]:
    """vobject, which also validates; it reads the zones from the document.

    It remembers zones by name from one document to the next, so it is made to forget them.
    """
    getattr(vobject.icalendar, "__tzidMap").clear()
    vobject.icalendar.registerTzid("UTC", UTC)
    calendar = vobject.readOne(document.decode())
    assert calendar.validate(raiseException=True)
    return sorted(
        Read(
            uid=event.uid.value,
            starts_at=event.dtstart.value.astimezone(UTC),
            ends_at=event.dtend.value.astimezone(UTC),
            summary=event.summary.value,
            location=event.location.value if hasattr(event, "location") else "",
            sequence=int(event.sequence.value),
            status=event.status.value,
        )
        for event in calendar.contents.get("vevent", [])
    )


def by_ical_js(documents: Sequence[bytes]) -> list[list[Read]]:
    """ical.js in strict mode, with no zones but those of each document."""
    done = subprocess.run(
        [str(NODE), str(SCRIPT)],
        input=b"\0".join(documents),
        capture_output=True,
        check=False,
        cwd=settings.BASE_DIR,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [
        sorted(
            Read(
                uid=event["uid"],
                starts_at=datetime.fromtimestamp(event["starts"], UTC),
                ends_at=datetime.fromtimestamp(event["ends"], UTC),
                summary=event["summary"],
                location=event["location"],
                sequence=event["sequence"],
                status=event["status"],
            )
            for event in events
        )
        for events in json.loads(done.stdout)
    ]


def by_recurring_ical_events(document: bytes) -> list[Read]:
    """The expansion that calendar programs build on, over everything in the document."""
    calendar = Calendar.from_ical(document)
    return sorted(
        Read(
            uid=str(event["UID"]),
            starts_at=event.start.astimezone(UTC),
            ends_at=event.end.astimezone(UTC),
            summary=str(event["SUMMARY"]),
            location=str(event.get("LOCATION", "")),
            sequence=int(event["SEQUENCE"]),
            status=str(event["STATUS"]),
        )
        for event in recurring_ical_events.of(calendar).between(*ALWAYS)
    )
