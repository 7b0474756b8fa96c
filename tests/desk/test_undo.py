"""The way back behind a toast: who is offered it, and what is said when it is too late."""

import pytest
import time_machine
from django.test import Client

from api.desk.telling import RIGHTS
from api.permissions import ACTIONS
from clinic.models import Grant, Journal, User
from scheduling.services.booking import book_series
from scheduling.services.inverses import INVERSES
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, token

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def series():
    return book_series(
        token=token(patient(), protocol(), house(), kare_times()), actor=DESK, now=NOW
    )


def person(role):
    user = User.objects.create(username=role, email=f"{role}@clinic.example")
    Grant.objects.create(user=user, role=role)
    browser = Client()
    browser.force_login(user)
    return browser


def cancelled(browser, series):
    """A visit of the series, cancelled by this person; its journal row."""
    inf2 = series.appointments.get(step="inf2")
    browser.post(f"/visits/{inf2.pk}/cancel", {"cause": "patient", "note": ""}, **HTMX)
    return inf2, Journal.objects.get(action="visit.cancelled")


def test_every_inverse_asks_for_a_right_of_the_table():
    for action in INVERSES:
        rights = RIGHTS.get(action) or RIGHTS[action.partition(".")[0]]
        assert set(rights) <= set(ACTIONS)


def test_a_toast_offers_the_way_back_and_it_leads_there(series):
    desk = person("front_desk")
    inf2, entry = cancelled(desk, series)
    page = desk.get(f"/visits/{inf2.pk}")
    assert f'data-undo="{entry.pk}"' in page.content.decode()
    answer = desk.post("/undo", {"entry": entry.pk}, **HTMX)
    assert answer["HX-Refresh"] == "true"
    inf2.refresh_from_db()
    assert inf2.status == "booked"
    assert "booked again at its own place" in desk.get(f"/visits/{inf2.pk}").content.decode()


def test_a_series_given_up_leads_back_to_the_wizard():
    clinic, pia = house(), patient()
    proposal = token(pia, protocol(), clinic, kare_times())
    desk = person("front_desk")
    desk.post(f"/sites/{clinic.pk}/book", {"token": proposal, "patient": pia.pk}, **HTMX)
    entry = Journal.objects.get(action="series.booked")
    answer = desk.post("/undo", {"entry": entry.pk}, **HTMX)
    wanted = f"/sites/{clinic.pk}/book?patient={pia.pk}&protocol=aud-kare"
    assert answer["HX-Redirect"] == wanted


def test_twice_is_answered_and_changes_nothing(series):
    desk = person("front_desk")
    _, entry = cancelled(desk, series)
    desk.post("/undo", {"entry": entry.pk}, **HTMX)
    again = desk.post("/undo", {"entry": entry.pk}, **HTMX)
    assert again.status_code == 409
    assert "undone already" in again["HX-Trigger"]


@pytest.mark.parametrize("role", ["charge_nurse", "manager"])
def test_somebody_else_takes_nothing_back(series, role):
    inf2, entry = cancelled(person("front_desk"), series)
    answer = person(role).post("/undo", {"entry": entry.pk}, **HTMX)
    assert (answer.status_code, "nothing to undo" in answer["HX-Trigger"]) == (409, True)
    inf2.refresh_from_db()
    assert inf2.status == "cancelled"


@pytest.mark.parametrize("entry", ["", "0", "x", "\0", "9" * 30])
def test_an_entry_that_is_none_is_answered(entry):
    assert person("front_desk").post("/undo", {"entry": entry}, **HTMX).status_code == 409
