"""A patient's usual times: kept, read back, filled in, and never a 500."""

from datetime import date, time

import pytest
import time_machine
from django.http import QueryDict
from django.test import Client

from api.desk.times import said
from api.desk.wizard import Wanted
from clinic.models import Grant, Patient, Staff, User
from clinic.wishes import Away, Wishes, kept, wishes_in
from scheduling.models import Hold
from tests.cast import NOW, house, patient, protocol

HTMX = {"HTTP_HX_REQUEST": "true"}
AWAY = Away(date(2026, 12, 20), date(2027, 1, 2), "a wedding")


@pytest.fixture
def clinic(transactional_db):
    with time_machine.travel(NOW, tick=False):
        protocol("aud-kare")
        yield house()


def signed_in(role: str = "front_desk") -> Client:
    user = User.objects.create(username=role, email=f"{role}@clinic.example")
    Grant.objects.create(user=user, role=role)
    browser = Client()
    browser.force_login(user)
    return browser


def wishes(**more) -> Wishes:
    return Wishes(when=("tue-morning", "thu-morning"), earliest=time(9), away=(AWAY,), **more)


def test_wishes_are_read_as_they_were_kept():
    for one in (Wishes(), wishes(), wishes(staff=(7,), notes="By bus")):
        assert wishes_in(kept(one)) == one
    assert said(wishes()) == "Tue, Thu, morning, not before 09:00"


def test_preferences_of_before_are_read_and_nonsense_is_left_out():
    old = wishes_in({"weekdays": ["tue"], "earliest": "09:00", "latest": "17:00"})
    assert old.when == ("tue-morning", "tue-midday", "tue-afternoon")
    assert (old.earliest, old.latest) == (time(9), time(17))
    wrong = {"weekdays": "tue", "when": ["mon-night", 3], "earliest": "x", "away": [{}, 1, None]}
    assert wishes_in(wrong) == Wishes()
    assert wishes_in({"away": [{"from": "2026-12-20", "to": "2026-12-01"}]}).away == ()


def test_times_are_kept_from_the_patients_page(clinic):
    desk, pia = signed_in(), patient("Pia", home_site=clinic)
    ana = Staff.objects.get(given_name="Ana")
    path = f"/patients/{pia.pk}/times"
    seen = desk.get(path, **HTMX).content.decode().split('name="seen" value="')[1].split('"')[0]
    body = {
        "seen": seen,
        "when": ["tue-morning", "thu-morning"],
        "earliest": "09:00",
        "staff": ana.pk,
        "away_from": ["2026-12-20", "2026-12-28", ""],
        "away_to": ["2027-01-02", "", ""],
        "away_why": ["a wedding", "", ""],
        "notes": "Comes by bus",
    }
    assert desk.post(path, body, **HTMX).headers["HX-Refresh"] == "true"
    found = wishes_in(Patient.objects.get(pk=pia.pk).preferences)
    assert found.when == ("tue-morning", "thu-morning")
    assert found.staff == (ana.pk,)
    assert found.away == (AWAY, Away(date(2026, 12, 28), date(2026, 12, 28)))
    page = desk.get(f"/patients/{pia.pk}").content.decode()
    assert "Tue, Thu, morning, not before 09:00" in page
    assert "Sun 20 Dec – Sat 2 Jan, a wedding" in page
    late = desk.post(path, body | {"notes": "Comes by car"}, **HTMX)
    assert late.status_code == 409
    assert "Comes by car" in late.content.decode()


@pytest.mark.parametrize(
    "more",
    [
        {"earliest": "noon"},
        {"earliest": "15:00", "latest": "09:00"},
        {"staff": "999999"},
        {"staff": "☃" * 400},
        {"notes": "x" * 10_000},
        {"notes": "a\0b"},
        {"away_from": ["2026-02-31"], "away_to": ["2026-03-01"], "away_why": [""]},
        {"away_from": ["2026-12-20"], "away_to": ["2026-12-01"], "away_why": [""]},
        {"away_from": [""], "away_to": [""], "away_why": ["x" * 10_000]},
        {"away_from": ["2026-12-20"] * 40, "away_to": [""] * 40, "away_why": [""] * 40},
    ],
)
def test_times_that_make_no_sense_are_said_and_nothing_is_lost(clinic, more):
    desk, pia = signed_in(), patient("Pia", home_site=clinic)
    answer = desk.post(f"/patients/{pia.pk}/times", {"seen": "0", **more}, **HTMX)
    assert answer.status_code == 422
    assert 'class="error"' in answer.content.decode()
    assert Patient.objects.get(pk=pia.pk).preferences == {}


def test_what_the_wizard_asked_for_is_remembered_and_the_rest_stays(clinic):
    desk = signed_in()
    pia = patient("Pia", home_site=clinic, preferences=kept(wishes(notes="By bus")))
    body = {"patient": pia.pk, "when": "wed-midday", "latest": "16:00"}
    answer = desk.post(f"/sites/{clinic.pk}/book/remember", body, **HTMX)
    assert "usual times from now on" in answer.content.decode()
    found = wishes_in(Patient.objects.get(pk=pia.pk).preferences)
    assert (found.when, found.latest, found.earliest) == (("wed-midday",), time(16), None)
    assert (found.away, found.notes) == ((AWAY,), "By bus")


def test_remembering_is_offered_for_other_times_than_those_known():
    known = wishes()
    same = "when=tue-morning&when=thu-morning&earliest=09:00"
    for query, offered in ((same, False), ("", False), ("when=fri-midday", True)):
        wanted = Wanted.read(QueryDict(query), date(2026, 12, 7))
        assert wanted.asks_other_than(known) is offered


def test_why_not_sooner_is_answered_and_a_hold_is_let_go(clinic):
    desk, pia = signed_in(), patient("Pia")
    body = {"patient": pia.pk, "protocol": "aud-kare", "from": "2026-12-07", "hold": "1"}
    page = desk.post(f"/sites/{clinic.pk}/book/proposals", body, **HTMX).content.decode()
    assert Hold.objects.count() == 1
    before = page.split('"before": "')[1].split('"')[0]
    held = page.split('name="held" value="')[1].split('"')[0]
    why = desk.post(
        f"/sites/{clinic.pk}/book/sooner", body | {"before": before, "held": held}, **HTMX
    )
    assert "Screening" in why.content.decode()
    gone = desk.post(f"/sites/{clinic.pk}/book/release", {"held": held}, **HTMX)
    assert "Not held any more" in gone.content.decode()
    assert not Hold.objects.exists()
    for forged in ("", "x", "\0"):
        answer = desk.post(f"/sites/{clinic.pk}/book/release", {"held": forged}, **HTMX)
        assert answer.status_code == 200
