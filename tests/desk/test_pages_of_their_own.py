"""What opens as a dialog also opens, and is sent, as a page of its own."""

import pytest
import time_machine
from django.test import Client

from clinic.models import Grant, Patient, User
from tests.cast import NOW, house, patient

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    return house()


@pytest.fixture
def desk(clinic) -> Client:
    user = User.objects.create_user("dora@juniper.example", "x")
    Grant.objects.create(user=user, site=clinic, role="front_desk")
    client = Client()
    client.force_login(user)
    return client


def test_correcting_details_is_a_whole_page_without_htmx(desk):
    shown = desk.get(f"/patients/{patient('Pia').pk}/edit")
    assert b"<title>Correct details" in shown.content


def test_a_new_patient_is_sent_without_htmx_and_their_page_opens(desk):
    sent = {"given_name": "Per", "family_name": "Holt", "birth_date": "1980-02-03", "acuity": "1"}
    answer = desk.post("/patients/new", sent)
    per = Patient.objects.get(family_name="Holt")
    assert (answer.status_code, answer["Location"]) == (302, f"/patients/{per.pk}")


def test_time_blocked_on_another_day_begins_in_the_morning(desk, clinic):
    asked = desk.get(f"/sites/{clinic.pk}/block?day=2026-12-17").context["asked"]
    assert (asked.at, asked.until) == ("09:00", "10:00")


def test_a_closed_day_leads_to_its_week(desk, clinic):
    shown = desk.get(f"/sites/{clinic.pk}/day/2026-12-13")
    assert f"/sites/{clinic.pk}/week/2026-12-13".encode() in shown.content
