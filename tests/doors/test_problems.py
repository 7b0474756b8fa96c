import json

import pytest
from django.test import Client

from api.reading import LARGEST_BODY
from tests.cast import patient
from tests.doors.callers import caller

pytestmark = pytest.mark.django_db


def send(body: bytes, content_type: str = "application/json", path: str = "patients"):
    return caller().browser.post(f"/api/v1/{path}", body, content_type=content_type)


def members(answer) -> dict:
    assert answer["Content-Type"] == "application/problem+json"
    problem = json.loads(answer.content)
    assert {"type", "title", "status", "detail"} <= set(problem)
    assert problem["status"] == answer.status_code
    return problem


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"nothing",
        b"[]",
        b'"text"',
        b"null",
        b"NaN",
        b'{"given_name": NaN}',
        b'{"given_name": "\xff"}',
        b'\xef\xbb\xbf{"given_name": "P"}',
        b'{"given_name": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"given_name": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"acuity": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_malformed_body_is_told_so(body):
    answer = send(body)
    assert answer.status_code == 400
    assert members(answer)["type"] == "urn:chairtime:problem:malformed"


def test_what_was_sent_is_not_quoted_back():
    assert "Secretname" not in send(b'{"given_name": Secretname}').content.decode()


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data"])
def test_a_body_that_is_not_json_is_415(content_type):
    answer = send(b"given_name=Pia", content_type)
    assert answer.status_code == 415
    members(answer)


def test_a_charset_in_the_content_type_does_no_harm():
    assert send(b"{}", "application/json; charset=utf-8").status_code == 400


def test_a_body_beyond_the_bound_is_413():
    answer = send(b'{"given_name": "' + b"x" * LARGEST_BODY + b'"}')
    assert answer.status_code == 413
    members(answer)


def test_a_body_in_chunks_is_not_taken_for_none():
    records = caller().browser
    answer = records.post(
        "/api/v1/patients",
        b"{}",
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked"},
    )
    assert answer.status_code == 411
    members(answer)


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options", "trace"])
def test_a_method_that_does_not_apply_is_405(method):
    answer = getattr(caller().browser, method)("/api/v1/patients")
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, POST"
    members(answer)


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/api/v1/patients/", "/api/v2/patients", "/api/", "/api/v1/a\x00b"]
)
def test_an_address_that_leads_nowhere_is_a_problem_too(path):
    answer = Client().get(path)
    assert answer.status_code == 404
    members(answer)


def test_a_page_outside_the_api_stays_a_page():
    answer = Client().get("/nothing-here")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


def test_a_failure_of_ours_tells_nothing_and_is_500(monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr("api.rest.patients.create_patient", fail)
    records = caller()
    records.browser.raise_request_exception = False
    answer = records.post(
        "patients", {"given_name": "P", "family_name": "S", "birth_date": "1980-01-01"}
    )
    assert answer.status_code == 500
    assert "swordfish" not in json.dumps(members(answer))


def test_any_accept_header_gets_json():
    answer = caller().browser.get("/api/v1/sites", headers={"Accept": "text/html"})
    assert answer["Content-Type"] == "application/json"


def test_answers_are_not_to_be_stored_on_the_way():
    assert caller().get("sites")["Cache-Control"] == "no-store"


def test_head_answers_like_get():
    pia = patient("Pia")
    assert caller().browser.head(f"/api/v1/patients/{pia.pk}").status_code == 200
