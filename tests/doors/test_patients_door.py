import pytest
import time_machine

from clinic.models import Journal, Patient
from scheduling.services.booking import book_series
from tests.cast import DESK, MONDAY, NOW, at, days_after, house, patient, protocol, site, token
from tests.doors.callers import caller

pytestmark = pytest.mark.django_db

PIA = {"given_name": "Pia", "family_name": "Sample", "birth_date": "1980-02-29"}


def test_a_patient_is_added_with_a_number_of_our_own():
    answer = caller().post("patients", PIA)
    assert answer.status_code == 201
    added = answer.json()
    assert added["given_name"] == "Pia"
    assert added["mrn"]
    assert added["possible_duplicates"] == []
    assert isinstance(added["id"], str)
    assert answer["Location"] == f"/api/v1/patients/{added['id']}"


def test_what_was_added_can_be_read_again():
    records = caller()
    added = records.post("patients", {**PIA, "email": "pia@clinic.example", "acuity": 4}).json()
    read = records.get(f"patients/{added['id']}").json()
    assert read == {name: value for name, value in added.items() if name != "possible_duplicates"}


def test_the_journal_tells_which_program_added_a_patient():
    caller("Intake form").post("patients", PIA)
    row = Journal.objects.get(action="patient.added")
    assert (row.actor, row.door) == ("Intake form", "rest")
    assert row.after["family_name"] == "Sample"


def test_an_mrn_in_use_is_a_conflict():
    patient("Pia", mrn="A-17")
    answer = caller().post("patients", {**PIA, "mrn": "A-17"})
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert Patient.objects.count() == 1


def test_a_likely_duplicate_is_added_and_told():
    known = patient("Pia")
    answer = caller().post("patients", PIA)
    assert answer.status_code == 201
    assert answer.json()["possible_duplicates"] == [str(known.pk)]


def test_a_duplicate_at_a_foreign_site_is_not_told():
    here, there = site("Here"), site("There")
    patient("Pia", home_site=there)
    answer = caller(sites=[here]).post("patients", PIA)
    assert answer.json()["possible_duplicates"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("given_name", ""),
        ("given_name", "x" * 10_000),
        ("given_name", 7),
        ("given_name", None),
        ("family_name", "a\x00b"),
        ("family_name", "half \ud83d"),
        ("birth_date", "1880-01-01"),
        ("birth_date", "2999-01-01"),
        ("birth_date", "2001-02-30"),
        ("birth_date", "29/02/1980"),
        ("birth_date", 19800229),
        ("email", "not an address"),
        ("acuity", 0),
        ("acuity", 7),
        ("acuity", "3"),
        ("acuity", True),
        ("acuity", 2.5),
        ("phone", "1" * 33),
        ("mrn", "m" * 33),
        ("nickname", "P"),
    ],
)
def test_a_wrong_field_is_named(field, value):
    answer = caller().post("patients", {**PIA, field: value})
    assert answer.status_code == 400
    problem = answer.json()
    if "\\" not in repr(value):
        assert [error["field"] for error in problem["errors"]] == [field]
    assert Patient.objects.count() == 0


def test_missing_fields_are_all_named():
    problem = caller().post("patients", {}).json()
    assert {error["field"] for error in problem["errors"]} == {
        "given_name",
        "family_name",
        "birth_date",
    }


def test_a_name_may_hold_an_emoji():
    answer = caller().post("patients", {**PIA, "given_name": "Zoë 🌿"})
    assert answer.status_code == 201
    assert answer.json()["given_name"] == "Zoë 🌿"


def test_a_telephone_number_is_kept_in_one_notation():
    site()
    answer = caller().post("patients", {**PIA, "phone": "(212) 555-0123"})
    assert answer.json()["phone"] == "+12125550123"


def test_what_is_not_a_telephone_number_is_kept_as_typed():
    answer = caller().post("patients", {**PIA, "phone": "ask for Pia"})
    assert answer.json()["phone"] == "ask for Pia"


def test_a_correction_changes_only_what_it_names():
    records, pia = caller(), patient("Pia", phone="+12125550123")
    answer = records.patch(f"patients/{pia.pk}", {"acuity": 5})
    assert answer.status_code == 200
    assert (answer.json()["acuity"], answer.json()["phone"]) == (5, "+12125550123")


def test_a_correction_is_journaled_before_and_after():
    pia = patient("Pia")
    caller().patch(f"patients/{pia.pk}", {"acuity": 5})
    row = Journal.objects.get(action="patient.corrected")
    assert (row.before, row.after) == ({"acuity": 1}, {"acuity": 5})


def test_a_correction_that_changes_nothing_leaves_no_trace():
    pia = patient("Pia")
    caller().patch(f"patients/{pia.pk}", {"acuity": 1})
    assert not Journal.objects.filter(action="patient.corrected").exists()


def test_a_correction_to_an_mrn_in_use_is_a_conflict():
    patient("Pia", mrn="A-1")
    other = patient("Per", mrn="A-2")
    assert caller().patch(f"patients/{other.pk}", {"mrn": "A-1"}).status_code == 409


@pytest.mark.parametrize("strange", ["0", "-1", "999999", "9" * 40, "abc", "1.5", "١"])
def test_an_unknown_id_is_not_found(strange):
    answer = caller().get(f"patients/{strange}")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_the_list_is_paged_and_its_links_are_absolute():
    for number in range(5):
        patient(f"Pia{number}")
    first = caller().get("patients", limit=2).json()
    assert first["count"] == 5
    assert first["previous"] is None
    assert first["next"].startswith("http://testserver/api/v1/patients?limit=2&cursor=")
    assert len(first["results"]) == 2


def test_following_the_links_meets_everybody_once():
    everybody = {str(patient(f"Pia{number}").pk) for number in range(5)}
    records, met, path = caller(), [], "/api/v1/patients?limit=2"
    while path:
        listed = records.browser.get(path).json()
        met += [row["id"] for row in listed["results"]]
        path = listed["next"]
    assert sorted(met) == sorted(everybody)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=ten", "limit=", "offset=-1", "name=Pia", "limit=1&limit=2"],
)
def test_a_senseless_query_is_refused_in_a_sentence(query):
    answer = caller().browser.get(f"/api/v1/patients?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith(".")


def test_a_client_of_one_site_sees_only_its_patients():
    here, there = site("Here"), site("There")
    mine = patient("Pia", home_site=here)
    foreign = patient("Per", home_site=there)
    bound = caller(sites=[here])
    assert [row["id"] for row in bound.get("patients").json()["results"]] == [str(mine.pk)]
    assert bound.get(f"patients/{foreign.pk}").status_code == 404
    assert bound.patch(f"patients/{foreign.pk}", {"acuity": 6}).status_code == 404


def test_a_new_patient_of_a_client_with_one_site_is_at_home_there():
    here = site("Here")
    added = caller(sites=[here]).post("patients", PIA).json()
    assert added["site"] == str(here.pk)


def test_a_foreign_home_site_is_not_permitted():
    here, there = site("Here"), site("There")
    answer = caller(sites=[here]).post("patients", {**PIA, "site": str(there.pk)})
    assert answer.status_code == 403


def test_an_unknown_home_site_is_refused_by_name():
    answer = caller().post("patients", {**PIA, "site": "77"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "site"


@pytest.mark.parametrize(
    "q",
    [
        "pia",
        "SAMPLE p",
        "1980-02-29",
        "02/29/1980",
        "29.2.1980",
        "29 Feb 1980",
        "February 29, 1980",
        "sample 2/29/1980",
        "555-0123",
        "(212) 555 0123",
        "0123",
        "a-17",
        "A17",
    ],
)
def test_a_patient_is_found_by(q):
    caller().post("patients", {**PIA, "mrn": "A-17", "phone": "+1 212 555 0123"})
    found = caller().post("patients/search", {"q": q}).json()
    assert [row["given_name"] for row in found["results"]] == ["Pia"]


@pytest.mark.parametrize("q", ["per", "1981-02-28", "999", "%", "...", "pia per", "amp"])
def test_a_patient_is_not_found_by(q):
    caller().post("patients", {**PIA, "phone": "+1 212 555 0123"})
    assert caller().post("patients/search", {"q": q}).json()["results"] == []


def test_accents_are_heard_either_way():
    records = caller()
    records.post("patients", {**PIA, "given_name": "Zoë", "family_name": "O’Müller-Łoś"})
    for q in ("zoe", "ZOË", "omuller", "los", "Łoś"):
        assert records.post("patients/search", {"q": q}).json()["count"] == 1


def test_a_search_of_nothing_is_malformed():
    assert caller().post("patients/search", {"q": "  "}).status_code == 400


def test_a_list_costs_as_many_queries_for_fifty_as_for_one(django_assert_max_num_queries):
    house()
    for number in range(50):
        patient(f"Pia{number}")
    records = caller()
    with django_assert_max_num_queries(4):
        records.get("patients")


def test_an_acuity_that_booked_visits_cannot_be_given_is_refused_by_a_rule():
    clinic, pia = house(), patient("Pia")
    maintenance = protocol("maintenance")
    for who, clock in ((pia, "09:00"), (patient("Per"), "09:00"), (patient("Paz"), "10:10")):
        proposal = token(who, maintenance, clinic, {"inf1": at(days_after(MONDAY, 1), clock)})
        book_series(token=proposal, actor=DESK, now=NOW)
    with time_machine.travel(NOW, tick=False):
        answer = caller().patch(f"patients/{pia.pk}", {"acuity": 6})
        assert answer.status_code == 422
        assert answer.json()["refusals"][0]["rule"] == "nurse_cover_is_kept"
        assert caller().get(f"patients/{pia.pk}").json()["acuity"] == 1
