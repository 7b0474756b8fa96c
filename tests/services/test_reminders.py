"""Reminders come at the protocol's lead times, by day, in the site's own time, once."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.models import Appointment, Message
from scheduling.services.booking import book_visit
from scheduling.services.cancelling import cancel_visit
from scheduling.services.messages import catch_up
from scheduling.services.reminders import by_day, moment_of, queue_reminders
from tests.cast import (
    DESK,
    MONDAY,
    NOW,
    all_met,
    at,
    house,
    patient,
    protocol,
    protocol_version,
    site,
)

pytestmark = pytest.mark.django_db

BY = {"actor": DESK, "now": NOW}
FRIDAY = MONDAY + timedelta(days=4)


@pytest.fixture
def version():
    return protocol()


@pytest.fixture
def visit(version):
    pia = patient("Pia", email="pia@example.com")
    return book_visit(
        patient=pia, site=house(), version=version, step="inf1", starts_at=at(FRIDAY, "14:00"), **BY
    )


def reminded(now):
    """How many reminders there are once the clock has struck `now`."""
    queue_reminders(now=now)
    return Message.objects.filter(kind="reminder").count()


def test_a_visit_is_reminded_of_72_and_24_hours_before_and_of_each_once(visit):
    tuesday, thursday = at(date(2026, 12, 8), "14:00"), at(date(2026, 12, 10), "14:00")
    assert reminded(tuesday - timedelta(minutes=1)) == 0
    assert [reminded(tuesday), reminded(tuesday), reminded(thursday - timedelta(hours=1))] == [
        1
    ] * 3
    assert [reminded(thursday), reminded(thursday + timedelta(minutes=5))] == [2, 2]
    assert "Fri 11 Dec 2026 at 2:00 PM EST" in Message.objects.filter(kind="reminder")[0].body


def test_after_a_day_without_a_worker_only_the_latest_is_sent(visit):
    assert reminded(at(date(2026, 12, 10), "18:00")) == 1
    assert Message.objects.get(kind="reminder").key == f"reminder:{visit.pk}.0:24:email"


@pytest.mark.parametrize("status", ["cancelled", "to_rebook", "discharged", "no_show"])
def test_nobody_is_reminded_of_what_will_not_take_place(visit, status):
    Appointment.objects.update(status=status)
    assert reminded(at(date(2026, 12, 10), "14:00")) == 0


def test_a_visit_cancelled_after_its_reminder_was_queued_takes_that_back(visit):
    now = at(date(2026, 12, 10), "14:00")
    reminded(now)
    cancel_visit(appointment=visit.pk, reason="patient", actor=DESK, now=now)
    catch_up(within=timedelta(hours=1), now=now)
    assert Message.objects.get(kind="reminder").state == "withdrawn"


def test_who_booked_after_the_moment_was_told_then(version):
    book_visit(
        patient=patient("Pia", email="pia@example.com"),
        site=house(),
        version=version,
        step="inf1",
        starts_at=at(MONDAY + timedelta(days=1), "09:00"),
        **BY,
    )
    assert reminded(NOW + timedelta(hours=1)) == 0
    assert reminded(NOW + timedelta(hours=2)) == 1


def test_a_visit_that_moved_is_reminded_of_anew(visit):
    reminded(at(date(2026, 12, 8), "14:00"))
    start = at(date(2026, 12, 17), "14:00")
    Appointment.objects.update(
        starts_at=start,
        ends_at=start + timedelta(hours=2),
        sequence=1,
        updated_at=at(FRIDAY, "09:00"),
    )
    assert reminded(at(date(2026, 12, 14), "14:00")) == 2


@pytest.mark.parametrize(("leads", "count"), [([], 0), ([48], 1)])
def test_a_protocol_may_have_lead_times_of_its_own(visit, leads, count):
    definition = deepcopy(visit.protocol_version.definition) | {"reminders": leads}
    version = protocol_version(definition, version=2)
    Appointment.objects.update(protocol_version=version)
    assert reminded(at(date(2026, 12, 9), "14:00")) == count


@pytest.mark.parametrize(
    ("visit_at", "lead", "expected"),
    [
        ("2026-12-11 09:00", 24, "2026-12-10 09:00"),
        ("2026-12-11 07:30", 24, "2026-12-09 19:00"),
        ("2026-12-11 09:00", 12, "2026-12-10 19:00"),
        ("2026-11-02 09:00", 24, "2026-11-01 09:00"),
        ("2026-03-09 09:00", 72, "2026-03-06 09:00"),
    ],
)
def test_the_moment_is_on_the_clock_of_the_wall_and_by_day(visit_at, lead, expected):
    zone = ZoneInfo("America/Los_Angeles")
    there = site("Westport", time_zone=zone.key)
    starts = datetime.fromisoformat(visit_at).replace(tzinfo=zone)
    moment = moment_of(starts.astimezone(UTC), there, lead)
    assert f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" == expected


@pytest.mark.parametrize(
    ("clock", "expected"), [("2:00", "08:00"), ("12:00", "12:00"), ("21:00", "08:00")]
)
def test_what_is_late_waits_for_the_morning(clock, expected):
    there = site("Juniper")
    found = by_day(at(FRIDAY, clock.zfill(5)), there).astimezone(there.zone)
    assert f"{found:%H:%M}" == expected
    assert found >= at(FRIDAY, clock.zfill(5))


def test_a_reminder_says_that_something_is_missing_and_never_what(visit):
    type(visit.site).objects.update(phone="+16175550100")
    now = at(date(2026, 12, 8), "14:00")
    reminded(now)
    body = Message.objects.get(kind="reminder").body
    assert "We still need something from you before then: please call (617) 555-0100." in body
    for telling in ("consent", "escort", "form"):
        assert telling not in body.lower()
    all_met(visit, now=now)
    reminded(at(date(2026, 12, 10), "14:00"))
    latest = Message.objects.filter(kind="reminder").order_by("pk").last()
    assert "still need" not in latest.body
