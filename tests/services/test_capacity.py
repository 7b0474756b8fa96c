"""The coming weeks' room for chairs, nurses and therapists, in a bounded number of queries."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import Closure, Room, Staff
from scheduling.selectors.capacity import capacity
from scheduling.services.booking import book_series
from tests.cast import (
    DESK,
    MONDAY,
    NOW,
    days_after,
    house,
    kare_times,
    off,
    patient,
    protocol,
    token,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return house()


def day(found, wanted):
    return next(one for one in found if one.day == wanted)


def test_an_empty_week_is_open_and_free(clinic):
    found = capacity(site=clinic, first=MONDAY, weeks=1, now=NOW)
    monday, sunday = found[0], found[6]
    assert (monday.chair_minutes, monday.chair_taken) == (4 * 600, 0)
    assert (monday.lanes_on, monday.lanes_needed) == (8, 0)
    assert (monday.therapist_minutes, monday.therapist_taken) == (2 * 600, 0)
    assert (sunday.is_open, sunday.chair_minutes) == (False, 0)


def test_a_booked_infusion_takes_a_chair_with_its_turnover_and_nurse_lanes(clinic):
    proposal = token(patient(), protocol("aud-kare"), clinic, kare_times())
    series = book_series(token=proposal, actor=DESK, now=NOW)
    visit = series.appointments.get(step="inf1")
    room = visit.claims.filter(role="room").get()
    found = capacity(site=clinic, first=MONDAY, weeks=4, now=NOW)
    infusion = day(found, visit.starts_at.date())
    assert infusion.chair_taken == room.end_minute - room.start_minute
    assert 0 < infusion.lanes_needed <= infusion.lanes_on
    therapy = day(found, series.appointments.get(step="th1").starts_at.date())
    assert therapy.therapist_taken > 0


def test_who_is_off_and_what_is_closed_has_no_room(clinic):
    off(Staff.objects.get(given_name="Ana"), MONDAY)
    off(Room.objects.get(name="Room 1"), MONDAY)
    tuesday = days_after(MONDAY, 1)
    Closure.objects.create(site=clinic, first=tuesday, last=tuesday, reason="Painters")
    found = capacity(site=clinic, first=MONDAY, weeks=1, now=NOW)
    assert found[0].therapist_minutes == 600
    assert found[0].chair_minutes == 3 * 600
    assert (found[1].closed, found[1].is_open, found[1].chair_minutes) == ("Painters", False, 0)


def test_a_clock_change_takes_or_gives_no_minute_of_a_day_that_is_open_through_it(clinic):
    clinic.opening_hours.all().delete()
    for weekday in range(7):
        clinic.opening_hours.create(weekday=weekday, opens="00:00", closes="00:00")
    spring = capacity(site=clinic, first=date(2027, 3, 8), weeks=1, now=NOW)
    autumn = capacity(site=clinic, first=date(2027, 11, 1), weeks=1, now=NOW)
    assert [one.chair_minutes // 240 for one in spring] == [24] * 6 + [23]
    assert [one.chair_minutes // 240 for one in autumn] == [24] * 6 + [25]


def test_the_queries_do_not_grow_with_the_weeks(clinic):
    def asked(weeks):
        capacity(site=clinic, first=MONDAY, weeks=weeks, now=NOW)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            capacity(site=clinic, first=MONDAY, weeks=weeks, now=NOW)
        return len(queries)

    assert asked(1) == asked(12) <= 5
