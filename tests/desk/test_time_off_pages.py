"""Time off on the pages: who asks, who decides, and what each of them is told."""

from datetime import date

import pytest
import time_machine

from api.desk.hours_forms import TimeOffForm
from api.desk.shifts import days_off
from api.desk.time_off import may_decide
from clinic.models import (
    Absence,
    Staff,
    TimeOff,
    User,
)
from scheduling.services.booking import book_series
from scheduling.services.time_off import ask_time_off
from tests.cast import (
    DESK,
    MONDAY,
    NEW_YORK,
    NOW,
    at,
    days_after,
    house,
    kare_times,
    patient,
    protocol,
    site,
    staff,
    token,
)
from tests.desk.browsers import person

pytestmark = pytest.mark.django_db
BY = {"actor": DESK, "now": NOW}
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    return house()


@pytest.fixture
def series(clinic):
    proposal = token(patient(), protocol("aud-kare"), clinic, kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


@pytest.fixture
def theo(clinic):
    return Staff.objects.get(given_name="Theo")


def test_somebody_asks_sees_the_answer_and_withdraws(theo, clinic):
    mine = person("therapist", own=theo)
    ask = {"first": "2026-12-08", "last": "2026-12-09", "reason": "Wedding"}
    page = mine.post("/me/time-off", ask, **HTMX).content.decode()
    assert "Tue 8 Dec to Wed 9 Dec" in page
    row = TimeOff.objects.get()
    assert row.ends_at == at(days_after(MONDAY, 3), "00:00")
    again = mine.post("/me/time-off", ask, **HTMX)
    assert again.status_code == 422
    assert "withdraw it first" in again.content.decode()
    person("manager").post(f"/time-off/{row.pk}/decline", {"answer": "Everybody is off then"})
    assert "Everybody is off then" in mine.get("/me/week").content.decode()
    late = mine.post(f"/me/time-off/{row.pk}/withdraw", **HTMX)
    assert late.status_code == 409


def test_the_decider_sees_who_else_is_off_and_how_many_visits_are_in_the_way(series, clinic):
    who = series.therapist
    other = Staff.objects.exclude(pk=who.pk).get(roles=["therapist"])
    day = series.appointments.get(step="th1").starts_at.date()
    span = {"starts_at": at(day, "00:00"), "ends_at": at(days_after(day, 1), "00:00")}
    row = ask_time_off(staff=who.pk, **span, **BY)
    Absence.objects.create(resource_id=other.pk, **span)
    third = staff("Tess", clinic, roles=["therapist"])
    ask_time_off(staff=third.pk, **span, **BY)
    charge = person("charge_nurse")
    page = charge.get(f"/sites/{clinic.pk}/time-off").content.decode()
    assert "1 booked visit in the way" in page
    assert f"Also off then: {other.name}" in page
    assert f"Asked too: {third.name}" in page
    refused = charge.post(f"/time-off/{row.pk}/approve")
    assert refused.status_code == 422
    assert "Pia Sample" in refused.content.decode()
    assert not Absence.objects.filter(resource_id=who.pk).exists()


def test_the_second_to_decide_is_told_of_the_first(theo, clinic):
    day = days_after(MONDAY, 1)
    row = ask_time_off(staff=theo.pk, starts_at=at(day, "08:00"), ends_at=at(day, "12:00"), **BY)
    assert person("manager").post(f"/time-off/{row.pk}/approve").status_code == 302
    late = person("charge_nurse").post(f"/time-off/{row.pk}/decline", {"answer": "No"})
    assert late.status_code == 409
    assert "approved already" in late.content.decode()


def test_nobody_decides_on_their_own_request_unless_only_they_may(theo, clinic):
    manager = person("manager", own=theo)
    day = days_after(MONDAY, 1)
    row = ask_time_off(staff=theo.pk, starts_at=at(day, "08:00"), ends_at=at(day, "12:00"), **BY)
    user, theo = User.objects.get(username="manager"), Staff.objects.get(pk=theo.pk)
    assert may_decide(user, theo)
    person("charge_nurse")
    assert not may_decide(user, theo)
    assert manager.post(f"/time-off/{row.pk}/approve").status_code == 403
    assert "somebody else decides" in manager.get(f"/sites/{clinic.pk}/time-off").content.decode()
    give = {"staff": theo.pk, "first": "2026-12-10"}
    assert manager.post(f"/sites/{clinic.pk}/time-off", give).status_code == 422


def test_time_off_is_entered_for_somebody_and_taken_back(theo, clinic):
    manager, path = person("manager"), f"/sites/{clinic.pk}/time-off"
    give = {"staff": theo.pk, "first": "2026-12-10", "starts": "12:00"}
    assert manager.post(path, give).status_code == 302
    absence = Absence.objects.get()
    assert (absence.starts_at, absence.ends_at) == (
        at(date(2026, 12, 10), "12:00"),
        at(date(2026, 12, 11), "00:00"),
    )
    row = TimeOff.objects.get()
    assert manager.post(f"/time-off/{row.pk}/withdraw").status_code == 302
    assert not Absence.objects.exists()


@pytest.mark.parametrize(
    "ask",
    [
        {"first": "2026-12-08", "last": "2026-12-07"},
        {"first": "9999-12-31"},
        {"first": "2026-12-01"},
        {"first": "2026-12-08", "starts": "12:00", "ends": "09:00"},
        {"first": "2026-12-08", "reason": "x" * 10_000},
        {"first": "2026-12-08", "reason": "\x00"},
        {"first": ""},
    ],
)
def test_time_off_that_makes_no_sense_is_told_beside_its_field(theo, ask):
    answer = person("therapist", own=theo).post("/me/time-off", ask, **HTMX)
    assert answer.status_code == 422
    assert 'class="error"' in answer.content.decode()
    assert not TimeOff.objects.exists()


def test_a_day_off_over_a_clock_change_is_from_midnight_to_midnight():
    form = TimeOffForm({"first": "2027-03-14", "last": "2027-03-14"})
    assert form.is_valid()
    starts, ends = form.span(NEW_YORK)
    assert (ends.astimezone(tz=None) - starts.astimezone(tz=None)).total_seconds() == 23 * 3600
    assert days_off(TimeOff(starts_at=starts, ends_at=ends), site()) == "Sun 14 Mar"


def test_answered_requests_come_a_page_at_a_time_the_latest_first(theo, clinic):
    TimeOff.objects.bulk_create(
        TimeOff(
            staff=theo,
            starts_at=at(days_after(MONDAY, number), "08:00"),
            ends_at=at(days_after(MONDAY, number), "12:00"),
            asked_at=NOW,
            state="declined",
            answer=f"No {number}.",
        )
        for number in range(50)
    )
    manager, path = person("manager"), f"/sites/{clinic.pk}/time-off"
    first, second = (manager.get(path + page).content.decode() for page in ("", "?page=2"))
    assert ("No 49." in first, "No 9." in first) == (True, False)
    assert ("No 49." in second, "No 9." in second) == (False, True)
    assert "No 0." in manager.get(f"{path}?page=99999999999999999999").content.decode()
