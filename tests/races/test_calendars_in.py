"""Calendars come to say "busy" while others book what they say."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import pytest

from clinic.models import Staff
from scheduling.audit import violations
from scheduling.errors import SlotTaken
from scheduling.models import BusyTime, Claim, ExternalCalendar
from scheduling.services.booking import book_series
from scheduling.services.calendars import Reading, add_calendar, keep_reading, remove_calendar
from tests.cast import DESK, MONDAY, NOW, house, kare_times, patient, protocol, token
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)
BY = {"actor": DESK, "now": NOW}


def reading(*starts: datetime) -> Reading:
    """Busy for an hour from each of these on."""
    times = [(start, start + timedelta(hours=1)) for start in starts]
    return Reading(times, 0, NOW - timedelta(days=30), NOW + timedelta(days=400))


def calendar_of(name: str, *starts: datetime) -> ExternalCalendar:
    return add_calendar(
        staff=Staff.objects.get(given_name=name).pk,
        label="",
        address=f"https://cal.example/{name}",
        host="cal.example",
        reading=reading(*starts),
        **BY,
    )


@pytest.mark.parametrize("round", range(3))
def test_nothing_is_booked_into_busy_time_that_was_known(round):
    juniper, kare = house(), protocol("aud-kare")
    own = {name: calendar_of(name) for name in ("Ana", "Theo", "Priya")}
    clocks = ("09:00", "10:30", "13:00", "14:30")
    tokens = [
        token(patient(f"P{i}"), kare, juniper, kare_times(MONDAY, clock))
        for i, clock in enumerate(clocks * 2)
    ]
    readings = [
        partial(
            keep_reading,
            calendar=own[name].pk,
            reading=reading(*(kare_times(MONDAY, clock)[step] for step in ("th2", "inf2", "th5"))),
        )
        for name, clock in (
            ("Ana", "09:00"),
            ("Theo", "10:30"),
            ("Priya", "13:00"),
            ("Ana", "14:30"),
        )
    ]
    bookings = [partial(book_series, token=one) for one in tokens]
    mixed = [one for pair in zip(bookings, readings * 2, strict=True) for one in pair]

    met = all_at_once([partial(action, **BY) for action in mixed])

    assert {type(one.error) for one in met if one.error} <= {SlotTaken}
    found = violations(now=NOW)
    assert {one.severity for one in found} <= {"warning"}
    assert not Claim.objects.filter(appointment=None).exists()
    for row in BusyTime.objects.all():
        later = Claim.objects.filter(
            resource=row.staff_id,
            pk__gt=row.promised,
            start_minute__lt=int(row.ends_at.timestamp()) // 60,
            end_minute__gt=int(row.starts_at.timestamp()) // 60,
        )
        assert not later.exists()


def test_a_calendar_read_twice_at_once_is_kept_once_and_one_removed_stays_removed():
    house()
    first, second = (kare_times()[step] for step in ("th2", "th3"))
    kept, gone = calendar_of("Ana", first), calendar_of("Theo", first)
    actions = [
        *(partial(keep_reading, calendar=kept.pk, reading=reading(second)) for _ in range(4)),
        *(partial(keep_reading, calendar=gone.pk, reading=reading(second)) for _ in range(3)),
        partial(remove_calendar, calendar=gone.pk),
    ]
    met = all_at_once([partial(action, **BY) for action in actions])
    assert {type(one.error) for one in met if one.error} <= {ExternalCalendar.DoesNotExist}
    [row] = BusyTime.objects.all()
    assert (row.calendar_id, row.starts_at) == (kept.pk, second)
