"""The lists of series and patients: where each stands, filters, and who sees what."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from api.desk.standing import standing
from api.desk.stands import stands_of
from clinic.models import Grant, Staff, User
from scheduling.models import ProtocolVersion, Series, Status
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_visit
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, therapist, token

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def monday_morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    protocol("aud-kare")
    return house()


def series_of(name: str, clinic, clock: str = "09:00", **facts) -> Series:
    proposal = token(
        patient(name, **facts), ProtocolVersion.objects.get(), clinic, kare_times(clock=clock)
    )
    return book_series(token=proposal, actor=DESK, now=NOW)


def signed_in(role: str = "front_desk", staff: Staff | None = None) -> Client:
    user = User.objects.create(username=role, email=f"{role}@clinic.example")
    Grant.objects.create(user=user, role=role)
    if staff:
        staff.user = user
        staff.save()
    browser = Client()
    browser.force_login(user)
    return browser


def stand_of(clinic, now) -> str:
    [one] = stands_of(Series.objects.all(), clinic, now)
    return one.stand


def test_a_series_with_everything_booked_is_on_plan(clinic):
    series_of("Pia", clinic)
    assert stand_of(clinic, NOW) == "plan"


def test_a_step_to_book_makes_it_incomplete_then_at_risk_then_overdue(clinic):
    gone = series_of("Pia", clinic).appointments.get(step="th3")
    cancel_visit(appointment=gone.pk, reason="patient", actor=DESK, now=NOW)
    closes = NOW + timedelta(days=19)
    assert stand_of(clinic, NOW) == "incomplete"
    assert stand_of(clinic, closes - timedelta(days=7)) == "risk"
    assert stand_of(clinic, closes + timedelta(days=1)) == "overdue"


def test_a_visit_without_a_nurse_puts_a_series_at_risk(clinic):
    bare = series_of("Pia", clinic).appointments.get(step="inf2")
    bare.status = Status.UNCOVERED
    bare.save()
    assert stand_of(clinic, NOW) == "risk"


@pytest.mark.parametrize("days", [0, 9, 17, 18, 25, 40, 60])
def test_the_short_stand_agrees_with_the_full_one(clinic, days):
    series = series_of("Pia", clinic)
    for step in ("th3", "inf3"):
        gone = series.appointments.get(step=step)
        cancel_visit(appointment=gone.pk, reason="patient", actor=DESK, now=NOW)
    now = NOW + timedelta(days=days)
    full = standing(series, list(series.appointments.order_by("starts_at")), now)
    if any("closed" in point.said for point in full.missing):
        assert stand_of(clinic, now) == "overdue"
    else:
        assert stand_of(clinic, now) in ("incomplete", "risk")
    [short] = stands_of(Series.objects.all(), clinic, now)
    assert short.next == (full.next.starts if full.next else None)
    assert short.last.date() == full.last


def test_the_list_counts_by_stand_and_a_filter_keeps_those(clinic):
    series_of("Pia", clinic)
    gone = series_of("Per", clinic, "13:00").appointments.get(step="th3")
    cancel_visit(appointment=gone.pk, reason="patient", actor=DESK, now=NOW)
    page = signed_in().get(f"/sites/{clinic.pk}/series?stand=incomplete")
    assert [(name, count) for name, _, count in page.context["counts"]] == [
        ("overdue", 0),
        ("risk", 0),
        ("incomplete", 1),
        ("plan", 1),
    ]
    [row] = page.context["rows"]
    assert row["name"] == "Per Sample"
    assert row["why"] == "Therapy 3: cancelled, its window closes Sat 26 Dec"


def test_series_are_sorted_and_filtered_by_the_address_alone(clinic):
    zoe, per = series_of("Zoe", clinic), series_of("Per", clinic, "13:00")
    browser = signed_in()

    def names(query: str) -> list[str]:
        rows = browser.get(f"/sites/{clinic.pk}/series?{query}").context["rows"]
        return [row["name"].split()[0] for row in rows]

    assert names("sort=next") == ["Zoe", "Per"]
    assert names("sort=name") == ["Per", "Zoe"]
    assert names(f"therapist={zoe.therapist_id}&sort=name") == [
        name for name, one in (("Per", per), ("Zoe", zoe)) if one.therapist_id == zoe.therapist_id
    ]
    assert names("therapist=999999") == []
    assert names(f"protocol={zoe.protocol_version.protocol_id}&sort=stand") == ["Zoe", "Per"]
    assert names("state=cancelled") == []
    assert names("sort=\0&stand=x&page=9999&protocol=-1") == ["Zoe", "Per"]


def test_a_therapist_sees_their_own_series_and_patients_alone(clinic):
    mine = series_of("Pia", clinic)
    series_of("Per", clinic, "13:00")
    tess = therapist("Tess", clinic)
    Series.objects.filter(pk=mine.pk).update(therapist=tess)
    browser = signed_in("therapist", tess)
    for path in ("series", "patients"):
        rows = browser.get(f"/sites/{clinic.pk}/{path}").context["rows"]
        assert [row["name"] for row in rows] == ["Pia Sample"]


def test_the_patients_list_says_what_is_next_and_what_needs_a_look(clinic):
    series_of("Pia", clinic, acuity=5)
    patient("Ned", home_site=clinic)
    page = signed_in().get(f"/sites/{clinic.pk}/patients")
    [pia, ned] = page.context["rows"]
    assert (pia["name"], f"{pia['soon']:%H:%M}", len(pia["courses"])) == ("Pia Sample", "09:00", 1)
    assert (ned["name"], ned["soon"], ned["courses"]) == ("Ned Sample", None, [])
    assert pia["age"] == 46


def test_flags_of_the_address_keep_the_patients_they_fit(clinic):
    series_of("Pia", clinic, acuity=5)
    patient("Ned", home_site=clinic)
    browser = signed_in()
    for query, names in {
        "running=1": ["Pia"],
        "nothing=1": ["Ned"],
        "acuity=1": ["Pia"],
        "risk=1": [],
        "running=1&nothing=1": [],
        "sort=name": ["Ned", "Pia"],
        "therapist=999999": [],
    }.items():
        rows = browser.get(f"/sites/{clinic.pk}/patients?{query}").context["rows"]
        assert [row["name"].split()[0] for row in rows] == names, query


def test_a_name_is_looked_for_by_posting_within_the_filters(clinic):
    series_of("Pia", clinic)
    patient("Pim", home_site=clinic)
    browser = signed_in()
    path = f"/sites/{clinic.pk}/patients"
    part = browser.post(path, {"q": "pi"}, headers={"HX-Request": "true"})
    assert {row["name"] for row in part.context["rows"]} == {"Pia Sample", "Pim Sample"}
    part = browser.post(path, {"q": "pi", "running": "1"}, headers={"HX-Request": "true"})
    assert {row["name"] for row in part.context["rows"]} == {"Pia Sample"}
    assert "<html" not in part.content.decode()
    assert browser.get(f"{path}?q=pia").context["q"] == ""
    for odd in ("\0", "🦁" * 300, "x" * 10_000, "%"):
        assert browser.post(path, {"q": odd}).status_code == 200


def test_who_may_not_see_names_gets_initials_and_no_order_by_name(clinic):
    series_of("Pia", clinic, acuity=5)
    page = signed_in("biller").get(f"/sites/{clinic.pk}/patients?sort=name&acuity=1")
    text = page.content.decode()
    assert [row["name"] for row in page.context["rows"]] == ["P. S."]
    assert "Sample" not in text
    assert "Acuity" not in text
    assert page.context["rows"][0]["courses"] == []
