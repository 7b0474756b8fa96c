"""What is logged names routes and kinds of error, never a person or a secret."""

from __future__ import annotations

import json
import logging

import pytest
from django.test import Client, RequestFactory

from config.logs import JsonLine


@pytest.fixture
def lines(caplog):
    """What stderr would show of the test so far, parsed."""
    caplog.set_level(logging.INFO)
    return lambda: [json.loads(JsonLine().format(record)) for record in caplog.records]


def test_a_request_is_logged_by_its_route_with_status_and_an_id(lines):
    answer = Client().get("/healthz?q=Ada+Lovelace")
    [line] = [line for line in lines() if line["logger"] == "chairtime.access"]
    assert line["message"] == "GET /healthz 200"
    assert "Lovelace" not in json.dumps(lines())
    assert len(answer["X-Request-ID"]) == 32


def test_an_address_that_matches_nothing_is_not_repeated(lines):
    Client().get("/feeds/a-secret-address-of-somebody")
    assert "a-secret-address" not in json.dumps(lines())


def test_the_id_given_by_the_proxy_is_kept_unless_it_is_odd():
    assert (
        Client().get("/healthz", headers={"X-Request-ID": "abc-12345"})["X-Request-ID"]
        == "abc-12345"
    )
    forged = 'x" injected'
    assert Client().get("/healthz", headers={"X-Request-ID": forged})["X-Request-ID"] != forged


def raised() -> logging.LogRecord:
    try:
        raise ValueError("Key (mrn)=(4711, Ada Lovelace) already exists")
    except ValueError as error:
        trace = (type(error), error, error.__traceback__)
    request = RequestFactory().get("/patients/Ada")
    record = logging.LogRecord(
        "django.request", logging.ERROR, "", 0, "%s", ("/patients/Ada",), trace
    )
    record.request = request
    request.resolver_match = None
    return record


def test_an_exception_is_logged_by_kind_and_place_without_its_words():
    line = json.loads(JsonLine().format(raised()))
    assert line["error"][0] == "builtins.ValueError"
    assert any("test_logs.py" in frame for frame in line["error"])
    assert "Lovelace" not in json.dumps(line)
    assert "Ada" not in line["message"]


def test_a_failed_task_is_logged_by_its_name_without_its_arguments():
    record = raised()
    record.name, record.data = "celery.app.trace", {"name": "scheduling.tasks.expire_holds"}
    del record.request
    assert (
        json.loads(JsonLine().format(record))["message"]
        == "task scheduling.tasks.expire_holds failed"
    )
