"""Machines that call the API in tests: `caller()` has a token and speaks JSON.

Every answer they get is checked against the published OpenAPI document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.test import Client as Browser
from django.utils import timezone
from jsonschema import Draft202012Validator

from api.rest.docs import document
from api.tokens import issue_token
from clinic.models import Site

PAPERS = ("application/pdf",)
FORMATS = Draft202012Validator.FORMAT_CHECKER


class Caller:
    """An API client; answers are Django's, `.json()` reads them."""

    def __init__(self, token: str) -> None:
        self.authorization = {"Authorization": f"Bearer {token}"}
        self.browser = Browser(headers=self.authorization)

    def get(self, path: str, *, unless: str | None = None, **query: Any) -> HttpResponse:
        """`unless` is the tag of what is known already."""
        headers = {"If-None-Match": unless} if unless else {}
        query = {name.rstrip("_"): value for name, value in query.items()}
        return as_told(self.browser.get(f"/api/v1/{path}", query, headers=headers))

    def post(
        self, path: str, body: Any = None, *, key: str | None = None, seen: str | None = None
    ) -> HttpResponse:
        """`seen` is the tag of what was read before."""
        headers = ({"Idempotency-Key": key} if key else {}) | ({"If-Match": seen} if seen else {})
        return as_told(
            self.browser.post(
                f"/api/v1/{path}",
                json.dumps({} if body is None else body),
                content_type="application/json",
                headers=headers,
            )
        )

    def patch(self, path: str, body: Any, *, seen: str | None = None) -> HttpResponse:
        answer = self.browser.patch(
            f"/api/v1/{path}",
            json.dumps(body),
            content_type="application/json",
            headers={"If-Match": seen} if seen else {},
        )
        return as_told(answer)

    def delete(self, path: str) -> HttpResponse:
        return as_told(self.browser.delete(f"/api/v1/{path}"))


def as_told(answer: HttpResponse) -> HttpResponse:
    """The answer, after checking that the document tells of its status and shape."""
    if answer.status_code == 500:
        return answer
    document = told()
    path = re.sub(r"<str:(\w+)>", r"{\1}", f"/{answer.resolver_match.route}")
    operation = document["paths"][path][answer.wsgi_request.method.lower()]
    content = operation["responses"][str(answer.status_code)].get("content", {})
    if content and answer["Content-Type"] in PAPERS:
        assert content[answer["Content-Type"]]["schema"]["format"] == "binary"
    elif content:
        schema = content[answer["Content-Type"]]["schema"]
        checked = schema | {"components": document["components"]}
        Draft202012Validator(checked, format_checker=FORMATS).validate(answer.json())
    return answer


@cache
def told() -> dict[str, Any]:
    return dict(json.loads(document()))


def caller(
    name: str = "Records system",
    *,
    scopes: Iterable[str] | None = None,
    sites: Iterable[Site] | None = None,
) -> Caller:
    issued = issue_token(name=name, scopes=scopes, sites=sites, now=timezone.now())
    return Caller(issued.token)
