"""An unchanged poll against a trivial view, through the whole WSGI stack, in one run.

Also what a changed calendar costs: 500 events written by us and through icalendar's objects.
"""

from __future__ import annotations

import io
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

ROUNDS, REQUESTS = 9, 150


def measure() -> dict[str, Any]:
    """Requests a second of both, the share of the poll, and milliseconds for 500 events."""
    from django.core.wsgi import get_wsgi_application

    answer = get_wsgi_application()
    address, etag = _feed(answer)
    poll = _environ(address, HTTP_IF_NONE_MATCH=etag)
    trivial = _environ("/healthz")
    assert _ask(answer, poll)[0].startswith("304")
    rates: dict[str, list[float]] = {"poll": [], "trivial": []}
    for _ in range(ROUNDS):
        for name, environ in (("trivial", trivial), ("poll", poll)):
            began = time.perf_counter()
            for _ in range(REQUESTS):
                _ask(answer, environ)
            rates[name].append(REQUESTS / (time.perf_counter() - began))
    shares = [one / other for one, other in zip(rates["poll"], rates["trivial"], strict=True)]
    ours, objects = _rendering()
    return {
        "unchanged_polls_a_second": round(statistics.median(rates["poll"])),
        "trivial_views_a_second": round(statistics.median(rates["trivial"])),
        "share_of_trivial": round(statistics.median(shares), 3),
        "render_500_ms": round(ours * 1000, 1),
        "render_500_by_icalendar_ms": round(objects * 1000, 1),
        "times_faster": round(objects / ours, 1),
    }


def _feed(answer: Any) -> tuple[str, str]:
    """A nurse's feed over a few hundred visits, read once: its address and its ETag."""
    from django.utils import timezone

    from clinic.models import Staff
    from scheduling.services.feeds import create_feed
    from tests.cast import DESK
    from tests.feeds.visits import a_patient, a_person, a_site, a_visit

    site, now = a_site(), timezone.now()
    ines: Staff = a_person(site)
    pia = a_patient()
    for day in range(60):
        for hour in (9, 10, 11, 13, 14):
            span = (f"{hour:02}:00", f"{hour:02}:40")
            a_visit(site, pia, {ines: [span]}, day=now.date() + timedelta(days=day), now=now)
    _, secret = create_feed(resource=ines.pk, detail="busy", user=None, actor=DESK, now=now)
    address = f"/feeds/{secret}.ics"
    status, headers = _ask(answer, _environ(address))
    assert status.startswith("200")
    return address, headers["ETag"]


def _environ(path: str, **headers: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
    } | headers


def _ask(answer: Any, environ: dict[str, Any]) -> tuple[str, dict[str, str]]:
    told: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]]) -> None:
        told.update(status=status, headers=dict(headers))

    response = answer(dict(environ), start)
    b"".join(response)
    response.close()
    return told["status"], told["headers"]


def _rendering() -> tuple[float, float]:
    """Processor seconds for 500 events: written by us, and through icalendar's objects."""
    from icalendar import Calendar, Event

    from scheduling.feeds.render import Happening, render

    zone, base = ZoneInfo("America/New_York"), datetime(2026, 12, 1, 14, 30, tzinfo=UTC)
    happenings = [
        Happening(
            uid=uuid4(),
            starts_at=(base + timedelta(hours=number)).astimezone(zone),
            ends_at=(base + timedelta(hours=number, minutes=40)).astimezone(zone),
            summary="Pia Kern, Infusion 1",
            location="Room 4, Main Street",
            sequence=1,
            cancelled=False,
            changed_at=base,
        )
        for number in range(500)
    ]
    last = base + timedelta(days=60)

    def ours() -> None:
        render(name="Ines", happenings=happenings, zone=zone, first=base, last=last)

    def objects() -> None:
        calendar = Calendar()
        for one in happenings:
            event = Event()
            event.add("UID", str(one.uid))
            event.add("DTSTART", one.starts_at)
            event.add("DTEND", one.ends_at)
            event.add("DTSTAMP", one.changed_at)
            event.add("LAST-MODIFIED", one.changed_at)
            event.add("SUMMARY", one.summary)
            event.add("LOCATION", one.location)
            event.add("SEQUENCE", one.sequence)
            event.add("STATUS", "CONFIRMED")
            event.add("TRANSP", "OPAQUE")
            event.add("CLASS", "PRIVATE")
            calendar.add_component(event)
        calendar.to_ical()

    return _seconds(ours), _seconds(objects)


def _seconds(work: Any) -> float:
    took = []
    for _ in range(5):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return statistics.median(took)
