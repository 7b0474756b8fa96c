"""What the command palette offers, by what is typed and by who types it."""

import pytest
import time_machine
from django.test import Client

from clinic.models import Grant, Staff, User
from scheduling.services.booking import book_series
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, site, staff, token

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    return house()


def person(role, where=None):
    user = User.objects.create(username=role, email=f"{role}@clinic.example")
    Grant.objects.create(user=user, role=role, site=where)
    browser = Client()
    browser.force_login(user)
    return browser


def offered(browser, q):
    return browser.post("/palette", {"q": q}, **HTMX).content.decode()


def test_a_day_leads_to_its_board(clinic):
    found = offered(person("front_desk"), "8 dec")
    assert f"/sites/{clinic.pk}/day/2026-12-08" in found
    assert "Tue 8 Dec" in found


def test_a_patient_by_name_and_none_for_who_sees_none(clinic):
    pia = patient("Pia", home_site=clinic)
    assert f"/patients/{pia.pk}" in offered(person("front_desk"), "pia")
    assert f"/patients/{pia.pk}" not in offered(person("manager"), "pia")


def test_who_may_not_see_names_gets_initials(clinic):
    patient("Pia", home_site=clinic)
    found = offered(person("biller"), "pia")
    assert "P. S." in found
    assert "Sample" not in found


def test_a_patient_of_another_site_is_not_offered(clinic):
    far = site("Far House")
    pol = patient("Pol", home_site=far)
    desk = person("front_desk", clinic)
    assert f"/patients/{pol.pk}" not in offered(desk, "pol")


def test_a_colleague_leads_where_one_may_look(clinic):
    ana = Staff.objects.get(given_name="Ana")
    assert f"/staff/{ana.pk}/hours" in offered(person("manager"), "ana ex")
    assert "by=clinicians" in offered(person("front_desk"), "ana ex")


def test_a_colleague_of_a_site_one_does_not_manage_leads_to_no_hours(clinic):
    far = site("Far House")
    zoe = staff("Zoe", far, roles=["therapist"])
    manager = person("manager", clinic)
    Grant.objects.create(user=User.objects.get(username="manager"), role="nurse", site=far)
    assert f"/staff/{zoe.pk}/hours" not in offered(manager, "zoe")
    assert "by=clinicians" in offered(manager, "zoe")


def test_pages_and_actions_are_those_of_ones_rights(clinic):
    desk, manager = person("front_desk"), person("manager")
    assert "Book a series" in offered(desk, "book")
    assert "Book a series" not in offered(manager, "book")
    assert "Time off" in offered(manager, "time off")
    assert "Time off" not in offered(desk, "time off")


def test_who_was_opened_last_comes_first_and_is_offered_before_typing(clinic):
    desk = person("front_desk")
    both = [patient(name, home_site=clinic) for name in ("Pia", "Per")]
    for who in (*both, both[0]):
        desk.get(f"/patients/{who.pk}")
    found = offered(desk, "")
    assert found.index("Pia Sample") < found.index("Per Sample") < found.index("New patient")
    search = desk.post("/patients/find", {"q": ""}, **HTMX).content.decode()
    assert search.index("Pia Sample") < search.index("Per Sample")


def test_the_last_action_is_offered_to_be_undone(clinic):
    desk = person("front_desk")
    kare = protocol("aud-kare")
    series = book_series(token=token(patient(), kare, clinic, kare_times()), actor=DESK, now=NOW)
    visit = series.appointments.get(step="inf2")
    assert "Undo the last action" not in offered(desk, "")
    desk.post(f"/visits/{visit.pk}/cancel", {"cause": "patient", "note": ""}, **HTMX)
    assert "Undo the last action" in offered(desk, "")


@pytest.mark.parametrize("q", ["\0", "😀", "x" * 10_000, "0000-00-00", "9" * 40])
def test_whatever_is_typed_is_answered(clinic, q):
    assert person("front_desk").post("/palette", {"q": q}, **HTMX).status_code == 200


def test_the_number_of_queries_does_not_grow(clinic, django_assert_max_num_queries):
    desk = person("front_desk")
    for number in range(30):
        patient(f"Pia{number}", home_site=clinic)
    desk.post("/palette", {"q": "pia"}, **HTMX)
    with django_assert_max_num_queries(12):
        desk.post("/palette", {"q": "pia"}, **HTMX)
