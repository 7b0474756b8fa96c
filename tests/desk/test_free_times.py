"""The search for free times: its sentence, its fields, and what leads on from an answer."""

from datetime import date

import pytest
import time_machine
from django.test import Client

from api.desk.spoken import hear
from clinic.models import Grant, Room, Staff, User
from tests.cast import MONDAY, NOW, house, therapist

pytestmark = pytest.mark.django_db
TODAY = date(2026, 12, 7)


@pytest.fixture(autouse=True)
def monday_morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    return house()


def signed_in(role: str = "front_desk") -> Client:
    user = User.objects.create(username=role, email=f"{role}@clinic.example")
    Grant.objects.create(user=user, role=role)
    browser = Client()
    browser.force_login(user)
    return browser


def heard(text: str) -> dict[str, str]:
    found = hear(text, today=TODAY, rooms=Room.objects.all(), people=Staff.objects.all())
    assert (found.left, found.shared) == ([], []), text
    return {name: ",".join(values) for name, values in found.fields.items()}


def test_a_sentence_fills_in_the_fields(clinic):
    ana, priya = (Staff.objects.get(given_name=name).pk for name in ("Ana", "Priya"))
    room = Room.objects.get(name="Therapy A").pk
    for text, fields in {
        "2h private room Ana after 14:00 thursday": {
            "minutes": "120",
            "whole": "on",
            "therapist": str(ana),
            "after": "14:00",
            "weekday": "3",
        },
        "first two hours with a private room and therapist Ana after 14:00": {
            "minutes": "120",
            "whole": "on",
            "therapist": str(ana),
            "after": "14:00",
        },
        "90 min therapy room with any doctor, mornings": {
            "minutes": "90",
            "where": "can:therapy",
            "prescriber": "any",
            "before": "12:00",
        },
        "Therapy A with Priya Example between 9 and 11:30 tomorrow": {
            "where": f"room:{room}",
            "prescriber": str(priya),
            "after": "09:00",
            "before": "11:30",
            "from": "2026-12-08",
            "days": "1",
        },
        "1h30 infusion chair, nurse 1:2, next week, done by 5pm": {
            "minutes": "90",
            "where": "can:infusion",
            "nurse": "2",
            "from": "2026-12-14",
            "days": "7",
            "before": "17:00",
        },
        "an hour and a half for a patient from 2 feb on mondays and fri": {
            "minutes": "90",
            "from": "2027-02-02",
            "weekday": "0,4",
        },
        "half an hour with a nurse in 2 weeks": {
            "minutes": "30",
            "nurse": "4",
            "from": "2026-12-21",
        },
    }.items():
        assert heard(text) == fields, text


def test_what_a_sentence_leaves_unsaid_is_told_and_the_rest_is_filled_in(clinic):
    therapist("Ana", clinic)
    page = signed_in().post(f"/sites/{clinic.pk}/free", {"say": "2h with Ana near the Löwe"})
    assert page.status_code == 200
    text = page.content.decode()
    assert "Not understood: “near löwe”" in text
    assert "More than one person here is called Ana" in text
    assert page.context["form"].data["minutes"] == "120"


@pytest.mark.parametrize(
    "text", ["", "\0", "🦁 " * 60, "x" * 10_000, "99999999999999 h 31 feb 25:99"]
)
def test_any_sentence_gets_an_answer(clinic, text):
    answer = signed_in().post(f"/sites/{clinic.pk}/free", {"say": text})
    assert answer.status_code in (200, 302, 422)


def test_a_sentence_becomes_an_address_without_its_words(clinic):
    ana = Staff.objects.get(given_name="Ana")
    answer = signed_in().post(f"/sites/{clinic.pk}/free", {"say": "2h with Ana"})
    assert answer.status_code == 302
    assert f"therapist={ana.pk}" in answer["Location"]
    assert "Ana" not in answer["Location"]


def test_an_answer_leads_to_booking_from_there_for_who_may(clinic):
    ana = Staff.objects.get(given_name="Ana")
    path = f"/sites/{clinic.pk}/free?minutes=120&therapist={ana.pk}&after=14:00&where=can:therapy"
    [first, *_] = signed_in().get(path).context["answers"]
    assert (first.day, f"{first.starts:%H:%M}", first.then) == (
        MONDAY,
        "14:00",
        "the clinic closes",
    )
    assert first.series.endswith(f"/book?from=2026-12-07&at=14%3A00&staff={ana.pk}")
    assert f"clinician={ana.pk}" in first.visit
    [seen, *_] = signed_in("manager").get(path).context["answers"]
    assert (seen.series, seen.visit) == ("", "")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("minutes", "0"),
        ("minutes", "two"),
        ("where", "room:999"),
        ("therapist", "\0"),
        ("nurse", "3"),
        ("from", "2026-12-01"),
        ("from", "9999-12-31"),
        ("from", "2026-13-01"),
        ("days", "9999"),
        ("weekday", "9"),
        ("after", "25:00"),
        ("many", "-1"),
    ],
)
def test_a_field_that_makes_no_sense_is_told_beside_it(clinic, field, value):
    page = signed_in().get(f"/sites/{clinic.pk}/free", {field: value})
    assert page.status_code == 422
    assert page.context["form"].errors.keys() == {field}


def test_hours_that_end_before_they_begin_are_told(clinic):
    page = signed_in().get(f"/sites/{clinic.pk}/free?after=15:00&before=09:00")
    assert page.context["form"].errors["before"] == ["This is before the earliest start."]
