import pytest
import time_machine

from scheduling.models import Appointment, Claim
from scheduling.services.booking import book_series
from tests.cast import (
    DESK,
    NOW,
    house,
    kare_times,
    patient,
    protocol,
    site,
    token,
)
from tests.doors.callers import caller

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _monday_morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    return house()


@pytest.fixture
def pia(clinic):
    return patient("Pia", home_site=clinic)


@pytest.fixture
def series(clinic, pia):
    """Pia's aud-kare, infusions on 17, 24 and 31 December at 09:00."""
    proposal = token(pia, protocol("aud-kare"), clinic, kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


def steps(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [visit["step"] for visit in answer.json()["results"]]


def one(clinic, who, **more) -> dict:
    return {
        "patient": str(who.pk),
        "site": str(clinic.pk),
        "step": "maintenance/inf1",
        "starts_at": "2026-12-08T09:00:00-05:00",
    } | more


def test_a_visit_reads_the_same_everywhere(series, pia):
    records = caller()
    [first, *_] = records.get("appointments").json()["results"]
    assert records.get(f"appointments/{first['id']}").json() == first
    assert records.get(f"series/{series.pk}").json()["appointments"][0] == first
    assert set(first) == {
        *("id", "series", "patient", "site", "step", "status", "starts_at", "ends_at", "phases")
    }
    assert (first["series"], first["patient"]) == (str(series.pk), str(pia.pk))


def test_dates_are_those_of_the_site_and_both_inclusive(series):
    found = caller().get("appointments", from_="2026-12-17", to="2026-12-18")
    assert steps(found) == ["inf1", "th2"]


def test_instants_are_half_open(series):
    records = caller()
    ends, starts = "2026-12-17T11:20:00-05:00", "2026-12-17T09:00:00-05:00"
    assert steps(records.get("appointments", from_=ends, to="2026-12-17")) == []
    assert steps(records.get("appointments", from_="2026-12-17", to=starts)) == []
    assert steps(records.get("appointments", from_=starts, to=ends)) == ["inf1"]


def test_an_instant_may_come_in_any_offset(series):
    found = caller().get(
        "appointments", from_="2026-12-17T14:00:00Z", to="2026-12-17T15:30:00+01:00"
    )
    assert steps(found) == ["inf1"]


def test_a_plus_that_came_as_a_space_is_understood(series):
    path = "/api/v1/appointments?from=2026-12-17T14:00:00+00:00&to=2026-12-17"
    assert steps(caller().browser.get(path)) == ["inf1"]


def test_a_date_without_a_site_is_that_of_each_site(series):
    tokyo = site("Tokyo", time_zone="Asia/Tokyo", opens="00:00", closes="23:59")
    Appointment.objects.filter(step="th7").update(
        site=tokyo, starts_at="2026-12-17T14:30:00Z", ends_at="2026-12-17T14:59:00Z"
    )
    Appointment.objects.filter(step="th6").update(
        site=tokyo, starts_at="2026-12-17T15:00:00Z", ends_at="2026-12-17T16:00:00Z"
    )
    found = caller().get("appointments", from_="2026-12-17", to="2026-12-17")
    assert sorted(steps(found)) == ["inf1", "th7"]


def test_visits_are_found_by_patient_staff_room_and_status(series, clinic, pia):
    records, per = caller(), patient("Per")
    [infusion] = [v for v in records.get("appointments").json()["results"] if v["step"] == "inf1"]
    claims = {c["kind"]: c["resource"] for p in infusion["phases"] for c in p["claims"]}
    assert len(steps(records.get("appointments", patient=pia.pk))) == 11
    assert steps(records.get("appointments", patient=per.pk)) == []
    assert "inf1" in steps(records.get("appointments", staff=claims["staff"]))
    assert "inf1" in steps(records.get("appointments", room=claims["room"]))
    assert steps(records.get("appointments", status="cancelled")) == []
    assert len(steps(records.get("appointments", status="booked,confirmed"))) == 11
    assert len(steps(records.get("appointments", site=clinic.pk))) == 11


@pytest.mark.parametrize(
    "query",
    [
        "status=late",
        "site=99",
        "patient=99",
        "staff=99",
        "room=99",
        "site=abc",
        "from=yesterday",
        "from=2026-13-01",
        "to=2026-12-17T09:00:00",
        "to=0001-01-01",
        "from=9999-12-31",
        "from=9999-12-31T23:59:59-12:00",
        "until=2026-12-17",
        "site=1&site=2",
        "patient=%00",
        "status=",
    ],
)
def test_a_senseless_query_is_refused_in_a_sentence(clinic, query):
    answer = caller().browser.get(f"/api/v1/appointments?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith(".")


def test_a_client_of_another_site_finds_nothing(series, clinic):
    elsewhere = site("Elsewhere")
    foreign = caller(sites=[elsewhere])
    visit = Appointment.objects.first()
    assert steps(foreign.get("appointments")) == []
    assert foreign.get("appointments", site=clinic.pk).status_code == 400
    assert foreign.get(f"appointments/{visit.pk}").status_code == 404
    assert foreign.post(f"appointments/{visit.pk}/cancel", {"reason": "x"}).status_code == 404
    assert Appointment.objects.get(pk=visit.pk).status == "booked"


def test_a_list_costs_a_fixed_number_of_queries(series, django_assert_max_num_queries):
    records = caller()
    with django_assert_max_num_queries(6):
        assert len(steps(records.get("appointments"))) == 11


def test_one_visit_is_booked(clinic, pia):
    protocol("maintenance")
    records = caller()
    answer = records.post("appointments", one(clinic, pia))
    assert answer.status_code == 201, answer.content
    booked = answer.json()
    assert (booked["step"], booked["starts_at"]) == ("inf1", "2026-12-08T09:00:00-05:00")
    assert booked["status"] == "booked"
    assert answer["Location"] == f"/api/v1/appointments/{booked['id']}"
    assert records.get(f"appointments/{booked['id']}").json() == booked


def test_a_start_may_come_in_any_offset(clinic, pia):
    protocol("maintenance")
    answer = caller().post("appointments", one(clinic, pia, starts_at="2026-12-08T14:00:00Z"))
    assert answer.json()["starts_at"] == "2026-12-08T09:00:00-05:00"


def test_one_patient_is_not_in_two_places(clinic, pia):
    protocol("maintenance")
    records = caller()
    records.post("appointments", one(clinic, pia))
    answer = records.post("appointments", one(clinic, pia, starts_at="2026-12-08T10:00:00-05:00"))
    assert answer.status_code == 409
    assert answer.json()["refusals"]
    assert Appointment.objects.count() == 1


@pytest.mark.parametrize(
    "starts_at",
    ["2026-12-08T05:00:00-05:00", "2026-12-12T09:00:00-05:00", "2026-12-04T09:00-05:00"],
)
def test_a_closed_clinic_and_the_past_are_refused_by_a_rule(clinic, pia, starts_at):
    protocol("maintenance")
    answer = caller().post("appointments", one(clinic, pia, starts_at=starts_at))
    assert answer.status_code == 422, answer.content
    assert answer.json()["refusals"]
    assert not Appointment.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("patient", "99999", 422),
        ("patient", 7, 400),
        ("site", "99999", 422),
        ("step", "maintenance/inf7", 422),
        ("step", "cupping/inf1", 422),
        ("step", "inf1", 400),
        ("step", "a/b/c", 400),
        ("step", 7, 400),
        ("starts_at", "2026-12-08T09:00:00", 400),
        ("starts_at", "2026-12-08", 400),
        ("starts_at", "9999-12-31T23:59:59-12:00", 400),
        ("starts_at", "tomorrow", 400),
        ("starts_at", 1, 400),
        ("room", "1", 400),
    ],
)
def test_a_visit_that_makes_no_sense_is_refused_by_name(clinic, pia, field, value, status):
    protocol("maintenance")
    answer = caller().post("appointments", one(clinic, pia) | {field: value})
    assert answer.status_code == status
    assert answer.json()["errors"][0]["field"] == field
    assert not Appointment.objects.exists()


def test_cancelling_frees_what_the_visit_held(series):
    records = caller()
    [infusion] = [v for v in records.get("appointments").json()["results"] if v["step"] == "inf1"]
    answer = records.post(f"appointments/{infusion['id']}/cancel", {"reason": "flu", "late": True})
    assert answer.status_code == 200
    assert answer.json()["status"] == "cancelled"
    assert not Claim.objects.filter(appointment=infusion["id"]).exists()
    assert Appointment.objects.get(pk=infusion["id"]).late_cancel


def test_cancelling_twice_is_cancelling_once(series):
    records, visit = caller(), Appointment.objects.first()
    first = records.post(f"appointments/{visit.pk}/cancel", {"reason": "flu"})
    again = records.post(f"appointments/{visit.pk}/cancel", {"reason": "flu"})
    assert (again.status_code, again.json()) == (200, first.json())


def test_a_visit_that_has_begun_cannot_be_cancelled(series):
    visit = Appointment.objects.first()
    Appointment.objects.filter(pk=visit.pk).update(status="infusing")
    answer = caller().post(f"appointments/{visit.pk}/cancel", {"reason": "flu"})
    assert answer.status_code == 422
    assert answer.json()["refusals"][0]["rule"] == "visit_is_ahead"


@pytest.mark.parametrize("body", [{}, {"reason": " "}, {"reason": "x", "late": "yes"}])
def test_cancelling_needs_a_reason(series, body):
    visit = Appointment.objects.first()
    assert caller().post(f"appointments/{visit.pk}/cancel", body).status_code == 400


def test_a_reader_cannot_cancel(series):
    reader = caller(scopes=["appointments:read"])
    visit = Appointment.objects.first()
    assert reader.get(f"appointments/{visit.pk}").status_code == 200
    assert reader.post(f"appointments/{visit.pk}/cancel", {"reason": "x"}).status_code == 403


def test_a_visit_is_confirmed_and_what_is_not_possible_yet_says_what_is(series):
    records = caller()
    [infusion] = [v for v in records.get("appointments").json()["results"] if v["step"] == "inf1"]
    address = f"appointments/{infusion['id']}/status"
    assert records.post(address, {"to": "confirmed"}).json()["status"] == "confirmed"
    early = records.post(address, {"to": "infusing"})
    assert early.status_code == 422
    assert "it can become arrived or no show" in early.json()["detail"]
    assert records.post(address, {"to": "asleep"}).status_code == 400
