"""What the desk answers about one visit, a block of time and a note: data, rights, and no 500."""

from __future__ import annotations

import pytest
import time_machine
from django.test import Client

from clinic.models import Absence, Grant, Journal, Staff, User
from scheduling.models import Appointment, ProtocolVersion
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
    off,
    patient,
    protocol,
    token,
)

pytestmark = pytest.mark.django_db(transaction=True)
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def monday_morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    protocol("aud-kare")
    protocol("maintenance")
    return house()


def signed_in(role: str = "front_desk") -> Client:
    user = User.objects.create(username=role, email=f"{role}@clinic.example")
    Grant.objects.create(user=user, role=role)
    browser = Client()
    browser.force_login(user)
    return browser


def step(key: str, name: str) -> str:
    return f"{ProtocolVersion.objects.get(protocol__key=key).pk}.{name}"


def asked(pia, **more):
    body = {"day": "2026-12-08", "at": "10:00", "other": step("maintenance", "inf1")}
    return body | {"patient": str(pia.pk)} | more


def lacking(clinic, pia, *steps):
    """A series of aud-kare without some of its visits."""
    version = ProtocolVersion.objects.get(protocol__key="aud-kare")
    series = book_series(token=token(pia, version, clinic, kare_times()), actor=DESK, now=NOW)
    for visit in series.appointments.filter(step__in=steps):
        cancel_visit(appointment=visit.pk, reason="patient: ill", actor=DESK, now=NOW)
    return series


def test_a_visit_that_fits_is_said_to_and_booked(clinic):
    desk, pia = signed_in(), patient("Pia")
    room = clinic.rooms.get(name="Room 2")
    told = desk.post(f"/sites/{clinic.pk}/visit/fit", asked(pia, room=room.pk), **HTMX)
    assert "It fits" in told.content.decode()
    assert "Room 2" in told.content.decode()
    answer = desk.post(f"/sites/{clinic.pk}/visit", asked(pia, room=room.pk), **HTMX)
    assert answer.headers["HX-Redirect"] == f"/sites/{clinic.pk}/day/2026-12-08"
    booked = Appointment.objects.get()
    assert booked.starts_at == at(days_after(MONDAY, 1), "10:00")
    assert booked.claims.get(role="room").resource_id == room.pk


def test_one_that_does_not_fit_says_why_and_what_would(clinic):
    desk, pia = signed_in(), patient("Pia")
    told = desk.post(f"/sites/{clinic.pk}/visit/fit", asked(pia, at="17:00"), **HTMX)
    text = told.content.decode()
    assert "It does not fit at 17:00" in text
    assert "open 08:00-18:00" in text
    assert text.count("data-take-at") == 3
    answer = desk.post(f"/sites/{clinic.pk}/visit", asked(pia, at="17:00"), **HTMX)
    assert answer.status_code == 422
    assert "nothing was saved" in answer.content.decode()
    assert not Appointment.objects.exists()


def test_missing_visits_come_first_with_their_windows(clinic):
    desk, pia = signed_in(), patient("Pia")
    lacking(clinic, pia, "inf2", "th7")
    text = desk.get(f"/sites/{clinic.pk}/visit/for/{pia.pk}", **HTMX).content.decode()
    assert text.index("Infusion 2") < text.index("Therapy 7") < text.index("<select")
    assert 'data-first="2026-12-' in text
    value = step("aud-kare", "inf2")
    told = desk.post(
        f"/sites/{clinic.pk}/visit/fit",
        asked(pia, other="", step=value, day="2026-12-24", at="09:00"),
        **HTMX,
    )
    assert "Its window is" in told.content.decode()


def test_no_infusion_of_a_longer_course_is_offered_by_itself(clinic):
    desk = signed_in()
    text = desk.get(f"/sites/{clinic.pk}/visit/for/0", **HTMX).content.decode()
    assert text.count("<option") == 4
    assert "Screening, 90 min" in text
    assert "Therapy, 90 min" in text
    assert "Infusion, 140 min" in text


@pytest.mark.parametrize(
    "more",
    [
        {"day": "soon"},
        {"day": "2026-02-31"},
        {"day": "2026-12-01"},
        {"day": "2199-01-01"},
        {"at": "25:00"},
        {"at": "\0"},
        {"patient": "0"},
        {"patient": "9" * 30},
        {"other": "1.\0"},
        {"other": "x" * 10_000},
        {"other": "999999.inf1"},
        {"room": "☃", "clinician": "☃", "other": "☃"},
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_is_lost(clinic, more):
    desk, pia = signed_in(), patient("Pia")
    body = asked(pia, **more)
    answer = desk.post(f"/sites/{clinic.pk}/visit", body, **HTMX)
    assert answer.status_code == 422
    assert desk.post(f"/sites/{clinic.pk}/visit/fit", body, **HTMX).status_code == 200
    assert not Appointment.objects.exists()


def test_another_sites_room_is_no_wish_and_another_sites_patient_is_not_there(clinic):
    desk, pia = signed_in(), patient("Pia")
    other = house(name="Other House")
    body = asked(pia, room=other.rooms.first().pk)
    assert "It fits" in desk.post(f"/sites/{clinic.pk}/visit/fit", body, **HTMX).content.decode()


def test_a_missing_visit_has_three_offers_with_reasons(clinic, django_assert_max_num_queries):
    desk, pia = signed_in(), patient("Pia")
    series = lacking(clinic, pia, "inf2")
    path = f"/series/{series.pk}/book/inf2"
    desk.get(path, **HTMX)
    with django_assert_max_num_queries(24):
        text = desk.get(path, **HTMX).content.decode()
    assert text.count('class="offer"') == 3
    assert "Where it was" in text
    assert "before its window closes" in text
    answer = desk.post(path, {"starts": kare_times()["inf2"].isoformat()}, **HTMX)
    assert answer.headers["HX-Refresh"] == "true"
    assert series.appointments.filter(step="inf2", status="booked").count() == 1


def test_an_offer_that_went_meanwhile_is_refused_with_what_is_left(clinic):
    desk, pia = signed_in(), patient("Pia")
    series = lacking(clinic, pia, "inf2")
    for starts in ("2026-12-24T03:00:00-05:00", "yesterday", "2026-12-24T09:00:00", "\0"):
        answer = desk.post(f"/series/{series.pk}/book/inf2", {"starts": starts}, **HTMX)
        assert answer.status_code in (200, 422)
        assert 'class="offer"' in answer.content.decode()
    assert not series.appointments.filter(step="inf2", status="booked").exists()


# Blocks -----------------------------------------------------------------------------------------


def blocking(resource, **more):
    body = {"of": str(resource.pk), "day": "2026-12-08", "at": "10:00"}
    return body | {"until_day": "2026-12-08", "until": "12:00", "reason": "deep clean"} | more


def test_a_room_is_blocked_and_opened_again(clinic):
    desk, room = signed_in(), clinic.rooms.get(name="Room 1")
    answer = desk.post(f"/sites/{clinic.pk}/block", blocking(room), **HTMX)
    assert answer.headers["HX-Refresh"] == "true"
    absence = Absence.objects.get()
    assert (absence.resource_id, absence.reason) == (room.pk, "deep clean")
    text = desk.get(f"/blocks/{absence.pk}", **HTMX).content.decode()
    assert "deep clean" in text
    desk.post(f"/blocks/{absence.pk}", **HTMX)
    assert not Absence.objects.exists()
    assert Journal.objects.filter(action="absence.removed").exists()


def test_a_block_over_booked_visits_is_refused_with_the_list(clinic):
    desk = signed_in()
    booked = book_visit(
        patient=patient("Pia"),
        site=clinic,
        version=ProtocolVersion.objects.get(protocol__key="maintenance"),
        step="inf1",
        starts_at=at(days_after(MONDAY, 1), "10:00"),
        actor=DESK,
        now=NOW,
    )
    room = clinic.rooms.get(pk=booked.claims.get(role="room").resource_id)
    answer = desk.post(f"/sites/{clinic.pk}/block", blocking(room), **HTMX)
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Not blocked" in text
    assert f"/visits/{booked.pk}" in text
    assert 'value="deep clean"' in text
    assert not Absence.objects.exists()


@pytest.mark.parametrize(
    "more",
    [
        {"until": "09:00"},
        {"of": "0"},
        {"of": "9" * 40},
        {"day": "2026-02-31"},
        {"day": "2026-12-01", "until_day": "2026-12-01"},
        {"until": ""},
        {"at": "noon"},
        {"reason": "x" * 10_000},
        {"reason": "a\0b"},
    ],
)
def test_a_block_that_makes_no_sense_is_said_beside_its_field(clinic, more):
    desk, room = signed_in(), clinic.rooms.get(name="Room 1")
    answer = desk.post(f"/sites/{clinic.pk}/block", blocking(room, **more), **HTMX)
    if more == {"until": ""}:
        assert answer.status_code in (200, 422)
    else:
        assert answer.status_code == 422
        assert 'class="error"' in answer.content.decode()
        assert not Absence.objects.exists()


def test_why_somebody_is_away_is_not_for_everybody(clinic):
    away = off(Staff.objects.get(given_name="Ana"), days_after(MONDAY, 1))
    Absence.objects.update(reason="surgery")
    assert "surgery" not in signed_in().get(f"/blocks/{away.pk}", **HTMX).content.decode()
    assert "surgery" in signed_in("manager").get(f"/blocks/{away.pk}", **HTMX).content.decode()


# Notes ------------------------------------------------------------------------------------------


def test_a_note_is_written_in_the_sheet_and_two_editors_meet(clinic):
    desk, pia = signed_in(), patient("Pia")
    visit = lacking(clinic, pia).appointments.get(step="th1")
    path = f"/visits/{visit.pk}/note"
    assert 'name="seen" value="0"' in desk.get(path, **HTMX).content.decode()
    kept = desk.post(path, {"note": "Brings her sister", "seen": "0"}, **HTMX)
    assert "Brings her sister" in kept.content.decode()
    late = desk.post(path, {"note": "Parks behind", "seen": "0"}, **HTMX)
    assert late.status_code == 409
    assert "Brings her sister" in late.content.decode()
    assert "Parks behind" in late.content.decode()
    assert "Brings her sister" in desk.get(f"/visits/{visit.pk}", **HTMX).content.decode()
    for wrong in ("x" * 10_000, "a\0b"):
        assert desk.post(path, {"note": wrong, "seen": "0"}, **HTMX).status_code == 422


def test_who_gives_no_care_reads_no_note(clinic):
    visit = lacking(clinic, patient("Pia")).appointments.get(step="th1")
    Appointment.objects.filter(pk=visit.pk).update(note="Afraid of needles")
    assert "needles" not in signed_in("manager").get(f"/visits/{visit.pk}").content.decode()
