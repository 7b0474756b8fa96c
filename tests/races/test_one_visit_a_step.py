"""Two at the desk book the same missing visit of a series, on different days."""

import pytest
from django.db import connection

from scheduling.errors import Refused
from scheduling.models import Appointment
from scheduling.services.booking import book_series, book_visit
from scheduling.services.cancelling import cancel_visit
from tests.cast import (
    DESK,
    MONDAY,
    NOW,
    at,
    days_after,
    house,
    kare_times,
    patient,
    protocol,
    token,
)
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)

DAYS = [days_after(MONDAY, 45 + n) for n in range(4)]


@pytest.fixture
def series():
    """Pia's series without its seventh therapy."""
    where, version = house(), protocol()
    made = book_series(token=token(patient(), version, where, kare_times()), actor=DESK, now=NOW)
    last = made.appointments.get(step="th7")
    cancel_visit(appointment=last.pk, reason="moves away", actor=DESK, now=NOW)
    return made


def attempts(series):
    def attempt(day):
        return book_visit(
            patient=series.patient,
            site=series.site,
            version=series.protocol_version,
            step="th7",
            starts_at=at(day, "10:00"),
            actor=DESK,
            now=NOW,
        )

    return [lambda day=day: attempt(day) for day in DAYS]


def test_one_of_them_books_it_and_the_others_are_told(series):
    outcomes = all_at_once(attempts(series))
    refused = [one.error for one in outcomes if one.error]
    assert all(isinstance(error, Refused) for error in refused)
    assert Appointment.objects.filter(series=series, step="th7", status="booked").count() == 1


def test_without_the_constraint_the_step_is_booked_more_than_once(series):
    """The twin: the race is real. SQLite has one writer at a time, so there it cannot be run."""
    constraint = Appointment._meta.constraints[-1]
    assert constraint.name == "one_live_visit_a_step"
    with connection.schema_editor() as editor:
        editor.remove_constraint(Appointment, constraint)
    try:
        all_at_once(attempts(series))
        live = Appointment.objects.filter(series=series, step="th7", status="booked")
        assert live.count() > 1 or connection.vendor == "sqlite"
    finally:
        keep = Appointment.objects.filter(series=series, step="th7", status="booked").first()
        others = Appointment.objects.filter(series=series, step="th7").exclude(pk=keep.pk)
        others.update(status="cancelled")
        with connection.schema_editor() as editor:
            editor.add_constraint(Appointment, constraint)
