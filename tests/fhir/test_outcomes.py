"""Every error is an OperationOutcome that says what to do; what is asked for is JSON."""

from __future__ import annotations

import json

import pytest
from django.test import Client as Browser

from api.errors import KINDS
from api.fhir.outcomes import CODES
from api.rate import PER_CLIENT
from clinic.models import Patient
from tests.cast import house, patient
from tests.fhir.callers import JSON, Integrator, ids, integrator, valid

pytestmark = pytest.mark.django_db


@pytest.fixture
def records() -> Integrator:
    patient("Pia", home_site=house())
    return integrator()


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["issue"][0]["code"]


def test_every_problem_has_a_code_of_fhir():
    assert set(CODES) == set(KINDS)


def test_what_is_not_there_or_not_so(records):
    assert code(records.get("Patient/999")) == (404, "not-found")
    assert code(records.get("Patient/not an id")) == (404, "not-found")
    assert code(records.get("Medication")) == (404, "not-found")
    assert code(records.get("Medication/1/_history")) == (404, "not-found")
    assert code(valid(records.browser.delete("/fhir/R4/Patient/1"))) == (405, "not-supported")
    assert code(records.post("Practitioner", {})) == (405, "not-supported")
    assert code(records.put("Location/site-1", {})) == (405, "not-supported")
    assert "GET" in records.post("Practitioner", {})["Allow"]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/fhir+json", 200),
        ("application/json", 200),
        ("application/fhir+json; fhirVersion=4.0", 200),
        ("text/html, application/xhtml+xml, */*;q=0.8", 200),
        ("application/fhir+xml", 406),
        ("text/html", 406),
    ],
)
def test_json_is_what_there_is(records, accept, status):
    assert records.get("Patient", {"Accept": accept}).status_code == status
    assert (
        valid(Browser().get("/fhir/R4/metadata", headers={"Accept": accept})).status_code == status
    )


def test_the_format_in_the_query_counts_for_more(records):
    xml = {"Accept": "application/fhir+xml"}
    assert records.get("Patient", xml, _format="json").status_code == 200
    assert records.get("Patient", xml, _format="application/fhir+json").status_code == 200
    assert code(records.get("Patient", _format="xml")) == (406, "not-supported")


def test_a_body_of_another_kind_or_none(records):
    for kind in ("application/fhir+xml", "text/plain", "application/x-www-form-urlencoded"):
        answer = records.browser.post("/fhir/R4/Patient", "<Patient/>", content_type=kind)
        assert code(valid(answer)) == (415, "not-supported")
    as_json = records.browser.post("/fhir/R4/Patient/_search", "{}", content_type=JSON)
    assert code(valid(as_json)) == (415, "not-supported")
    plain = records.browser.post("/fhir/R4/Patient", "{}", content_type="application/json")
    assert code(valid(plain)) == (400, "invalid")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        "NaN",
        '"Patient"',
        "{}",
        '{"resourceType": "Appointment"}',
        '{"resourceType": "Patient", "name": "Pia"}',
        '{"resourceType": "Patient", "name": [{"given": "Pia"}]}',
        '{"resourceType": "Patient", "birthDate": 5}',
        '{"resourceType": "Patient", "name": [null]}',
        '{"resourceType": "Patient", "active": "yes"}',
        '{"resourceType": "Patient", "name": [{"family": "\\u0000"}]}',
        '{"resourceType": "Patient", "contact": ' + "[" * 500 + "]" * 500 + "}",
        "{" + '"a":{' * 3000 + "}" * 3001,
    ],
    ids=lambda body: body[:40],
)
def test_a_body_that_is_no_patient(records, body):
    assert code(records.post("Patient", body)) == (400, "invalid")
    assert Patient.objects.count() == 1


def test_every_wrong_element_is_named(records):
    body = {"resourceType": "Patient", "birthDate": "soon", "colour": "blue"}
    issues = records.post("Patient", body).json()["issue"]
    assert {issue["expression"][0] for issue in issues} == {"Patient.birthDate", "Patient.colour"}


def test_a_body_that_is_too_large_or_comes_in_chunks(records):
    large = {"resourceType": "Patient", "language": "x" * 300_000}
    assert code(records.post("Patient", large)) == (413, "too-long")
    chunked = records.post("Patient", {}, Transfer_Encoding="chunked")
    assert code(chunked) == (411, "structure")


def test_a_key_that_is_used_for_another_request(records):
    nina = {
        "resourceType": "Patient",
        "name": [{"family": "New", "given": ["Nina"]}],
        "birthDate": "1990-01-01",
    }
    assert records.post("Patient", nina, Idempotency_Key="k").status_code == 201
    other = nina | {"birthDate": "1991-01-01"}
    assert code(records.post("Patient", other, Idempotency_Key="k")) == (422, "business-rule")


def test_who_asks_too_fast_is_told_when_to_ask_again(records):
    for _ in range(PER_CLIENT.burst):
        answer = records.browser.get("/fhir/R4/Location/site-0")
        if answer.status_code == 429:
            break
    answer = records.get("Location")
    assert code(answer) == (429, "throttled")
    assert int(answer["Retry-After"]) >= 1
    assert "RateLimit" in answer


def test_a_page_that_was_never_given_out(records):
    for page in ("x", "gAAAA", "é", "A" * 3000):
        assert code(records.get("Patient", _page=page)) == (400, "invalid")
    bundle = records.get("Location", _count=1).json()
    link = next(one["url"] for one in bundle["link"] if one["relation"] == "next")
    assert ids(records.get(link))
    assert code(records.get(link.replace("Location", "Patient"))) == (400, "invalid")


def test_no_error_repeats_what_was_sent(records):
    for answer in (
        records.get("Patient", birthdate="Lovelace"),
        records.post("Patient", {"resourceType": "Patient", "birthDate": "Lovelace"}),
        records.get("Patient", {"Prefer": "handling=strict"}, colour="Lovelace"),
        records.get("Patient/Lovelace"),
    ):
        assert answer.status_code >= 400
        assert "Lovelace" not in json.dumps(answer.json())
