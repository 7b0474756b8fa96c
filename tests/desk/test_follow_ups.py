"""What is due at the desk, and behind a patient's link."""

from __future__ import annotations

import pytest
import time_machine
from django.test import Client

from clinic.models import Staff
from scheduling.models import Appointment, Claim, FollowUp, Series
from scheduling.services.booking import book_series
from scheduling.services.follow_ups import announce_follow_ups, refresh_follow_ups
from scheduling.tokens import link_secret
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, token
from tests.desk.browsers import person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def now():
    """Monday morning; a test that goes on in time moves it."""
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def series() -> Series:
    made = book_series(
        token=token(patient("Pia"), protocol("aud-kare"), house(), kare_times()),
        actor=DESK,
        now=NOW,
    )
    made.appointments.filter(step="inf1").update(status="discharged")
    refresh_follow_ups(series=made.pk, now=NOW)
    return made


def the(name: str) -> FollowUp:
    return FollowUp.objects.select_related("site").get(name=name)


def link(name: str) -> str:
    """The address that the patient was sent."""
    announce_follow_ups(now=NOW)
    return f"/follow-ups/{link_secret('follow_up', the(name).pk)}"


def page(browser: Client, series: Series, query: str = "") -> str:
    return browser.get(f"/sites/{series.site_id}/follow-ups{query}").content.decode()


def test_the_desk_sees_first_what_is_due_now(series):
    seen = page(person("front_desk"), series)
    assert "Call before the first visit" in seen
    assert "Follow-up at 3 months" not in seen
    assert "Follow-up at 3 months" in page(person("charge_nurse"), series, "?stand=coming")


def test_a_therapist_sees_only_their_own_patients(series):
    own = person("therapist", Staff.objects.get(pk=series.therapist_id))
    assert "Pia Sample" in page(own, series)
    Series.objects.update(therapist=None)
    Claim.objects.filter(role="therapist").delete()
    assert "Pia Sample" not in page(own, series)


def test_one_click_books_a_visit_inside_the_window(series, now):
    row = the("Follow-up at 3 months")
    now.move_to(NOW + (row.opens_on - NOW.date()))
    browser = person("front_desk")
    dialog = browser.get(f"/follow-ups/{row.pk}/book").content.decode()
    place = dialog.split('name="place" value="')[1].split('"')[0]
    browser.post(f"/follow-ups/{row.pk}/book", {"place": place})
    visit = Appointment.objects.get(series=None)
    assert row.opens_on <= visit.starts_at.date() <= row.closes_on
    assert the("Follow-up at 3 months").appointment == visit


def test_a_place_of_no_protocol_is_refused_with_fresh_times(series, now):
    row = the("Follow-up at 3 months")
    now.move_to(NOW + (row.opens_on - NOW.date()))
    answer = person("front_desk").post(f"/follow-ups/{row.pk}/book", {"place": "visit.9.nothing"})
    assert answer.status_code == 422
    assert b"here are fresh ones" in answer.content


def test_a_call_is_done_with_a_word_and_undone(series):
    browser, call = person("front_desk"), the("Call before the first visit")
    browser.post(f"/follow-ups/{call.pk}/done", {"note": "Well"})
    assert (the(call.name).state, the(call.name).note) == ("done", "Well")
    browser.post(f"/follow-ups/{call.pk}/reopen")
    assert the(call.name).state == "due"


def test_dropping_one_needs_a_reason(series):
    call = the("Call before the first visit")
    answer = person("nurse").post(f"/follow-ups/{call.pk}/drop", {"note": " "})
    assert answer.status_code == 422
    assert the(call.name).state == "due"


def test_a_patient_says_when_to_be_rung_and_nothing_on_the_page_says_who_or_why(series):
    address, stranger = link("Call before the first visit"), Client()
    seen = stranger.get(address).content.decode()
    for word in ("Pia", "Sample", "etamine", "AUD", "alcohol", "infusion"):
        assert word not in seen
    stranger.post(address, {"ring": "midday"})
    assert the("Call before the first visit").note == "Best time to ring: midday"


def test_an_unknown_link_and_one_that_is_over_answer_the_same(series, now):
    address = link("Call before the first visit")
    now.move_to(NOW + (series.d0 - NOW.date()) * 2)
    gone, unknown = Client().get(address), Client().get("/follow-ups/nobody-knows-this")
    assert (gone.status_code, unknown.status_code) == (404, 404)
    assert gone.content == unknown.content
    assert gone["X-Robots-Tag"] == "noindex, nofollow"
