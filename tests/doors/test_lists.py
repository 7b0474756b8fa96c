"""Lists over REST: their order, their pages by cursor, and only the members asked for."""

from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from clinic.models import Patient
from scheduling.services.booking import book_series
from scheduling.services.follow_ups import refresh_follow_ups
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, site, token
from tests.doors.callers import caller

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def series():
    """Pia's, of eleven visits."""
    proposal = token(patient("Pia"), protocol("aud-kare"), house(), kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


def pages(records, path: str, link: str = "next"):
    """Every page of a list, by its links."""
    while path:
        answer = records.browser.get(path)
        assert answer.status_code == 200, answer.content
        page = answer.json()
        yield page
        path = page[link]


@pytest.mark.parametrize(
    "path", ["appointments", "follow-ups", "rooms", "staff", "protocols", "patients", "series"]
)
def test_every_list_is_walked_by_its_links_forth_and_back(series, path):
    patient("Per")
    refresh_follow_ups(series=series.pk, now=NOW)
    records = caller()
    whole = records.get(path).json()["results"]
    forth = list(pages(records, f"/api/v1/{path}?limit=2"))
    assert [row for page in forth for row in page["results"]] == whole
    assert forth[0]["previous"] is None
    back = list(pages(records, forth[-1]["previous"] or f"/api/v1/{path}", "previous"))
    met = [row for page in reversed(back) for row in page["results"]]
    assert met == whole[: len(met)]


def test_a_page_goes_on_where_the_last_one_ended_though_somebody_came_before():
    for name in ("Bo", "Cy", "Di", "Ed"):
        patient(name)
    records = caller()
    first = records.get("patients", limit=2).json()
    patient("Al")
    Patient.objects.get(given_name="Cy").delete()
    second = records.browser.get(first["next"]).json()
    assert [row["given_name"] for row in first["results"] + second["results"]] == [
        *("Bo", "Cy"),
        *("Di", "Ed"),
    ]


def test_a_cursor_says_nothing_of_the_patient_it_follows():
    for name in ("Bo", "Cy", "Di"):
        Patient.objects.filter(pk=patient(name).pk).update(family_name="Telltale")
    link = caller().get("patients", limit=1).json()["next"]
    [cursor] = parse_qs(urlsplit(link).query)["cursor"]
    assert "Telltale" not in link
    assert cursor.startswith("gAAAA")


def test_a_list_comes_in_the_order_asked_for(series):
    records = caller()
    last = records.get("appointments", ordering="-starts_at", limit=1).json()["results"]
    first = records.get("appointments", limit=1).json()["results"]
    assert first[0]["step"] == "screening"
    assert last[0]["step"] == "th7"
    told = [page["results"] for page in pages(records, "/api/v1/appointments?ordering=-starts_at")]
    starts = [row["starts_at"] for rows in told for row in rows]
    assert starts == sorted(starts, reverse=True)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("ordering=patient", 400),
        ("fields=name", 400),
        ("fields=", 400),
        ("cursor=abc", 404),
        ("cursor=é", 404),
    ],
)
def test_a_senseless_wish_is_refused_in_a_sentence(query, status):
    answer = caller().browser.get(f"/api/v1/appointments?{query}")
    assert answer.status_code == status
    assert answer.json()["detail"].endswith(".")


def test_a_cursor_of_another_order_is_refused(series):
    records = caller()
    link = records.get("appointments", limit=2).json()["next"]
    answer = records.browser.get(f"{link}&ordering=-starts_at")
    assert answer.status_code == 404
    assert "begin again" in answer.json()["detail"]


def test_only_the_members_asked_for_are_told(series):
    records = caller()
    listed = records.get("appointments", fields="id,status", limit=2)
    assert listed.headers["Content-Type"] == "application/vnd.chairtime.fields+json"
    assert [set(row) for row in listed.json()["results"]] == [{"id", "status"}] * 2
    visit = series.appointments.first()
    one = records.get(f"appointments/{visit.pk}", fields="starts_at").json()
    assert set(one) == {"starts_at"}


def test_sites_of_a_client_stay_its_own_on_every_page():
    here, there = site("Here"), site("There")
    for number in range(3):
        patient(f"Pia{number}", home_site=here)
        patient(f"Per{number}", home_site=there)
    bound = caller(sites=[here])
    met = [row for page in pages(bound, "/api/v1/patients?limit=1") for row in page["results"]]
    assert {row["site"] for row in met} == {str(here.pk)}
    assert len(met) == 3
