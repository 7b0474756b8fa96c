"""The published document is valid, complete, and true of what the doors answer."""

import json

import pytest
import schemathesis
import time_machine
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from schemathesis.config import SchemathesisConfig

from api.rest.docs import document
from api.rest.examples import EXAMPLES
from api.rest.urls import V1
from config.wsgi import application
from scheduling.services.booking import book_series
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, token
from tests.doors.callers import FORMATS, caller

TRIED = 5
# No schema can say that an id must be of something there, or that one time comes before another.
BEYOND_A_SCHEMA = {"checks": {"positive_data_acceptance": {"enabled": False}}}
told = schemathesis.openapi.from_wsgi(
    "/api/schema/", application, config=SchemathesisConfig.from_dict(BEYOND_A_SCHEMA)
)


def test_the_document_is_valid_openapi_3_1():
    drawn = json.loads(document())
    assert drawn["openapi"].startswith("3.1")
    validate(drawn)


def test_every_door_is_told():
    addresses = {f"/api/v1/{address}".replace("<str:", "{").replace(">", "}") for address in V1}
    assert set(json.loads(document())["paths"]) == addresses


def test_every_operation_tells_what_it_does_and_which_scope_it_needs():
    for operations in json.loads(document())["paths"].values():
        for operation in operations.values():
            assert operation["summary"]
            assert "Scope: `" in operation["description"]


def test_every_body_and_every_main_answer_has_an_example_that_is_true_of_its_schema():
    drawn = json.loads(document())
    schemas = drawn["components"]["schemas"]
    bodies = {name for name in schemas if name.endswith("Request")} - {"PreferencesRequest"}
    assert bodies <= set(EXAMPLES) <= set(schemas)
    for name, example in EXAMPLES.items():
        whole = {**schemas[name], "components": drawn["components"]}
        Draft202012Validator(whole, format_checker=FORMATS).validate(example)
        assert schemas[name]["examples"] == [example]


def test_the_document_is_served_to_anybody():
    answer = Client().get("/api/schema/")
    assert answer.status_code == 200
    assert answer.content == document()


def test_the_page_to_read_it_takes_nothing_from_elsewhere():
    page = Client().get("/api/docs/")
    assert page.status_code == 200
    assert "https://" not in page.content.decode()
    assert "unsafe" not in page["Content-Security-Policy"]


@pytest.fixture
def _one_connection():
    """Django's own test client does so too: else the end of a request drops the test's data."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def records(_one_connection):
    """A client of a clinic with a series booked: ids 1 to 15 are of things that exist."""
    clinic = house()
    for key in ("maintenance", "kap"):
        protocol(key)
    pia = patient("Pia")
    with time_machine.travel(NOW, tick=False):
        proposal = token(pia, protocol("aud-kare"), clinic, kare_times())
        book_series(token=proposal, actor=DESK, now=NOW)
        yield caller()


@pytest.mark.django_db
@told.parametrize()
@settings(
    max_examples=TRIED,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_what_is_answered_is_what_is_told(records, case):
    cache.clear()
    case.call_and_validate(headers=records.authorization)


@pytest.mark.usefixtures("_one_connection")
@pytest.mark.django_db
@told.parametrize()
@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_nobody_is_told_anything_without_a_token(case):
    cache.clear()
    answer = case.call()
    case.validate_response(answer)
    assert answer.status_code in (401, 405)
