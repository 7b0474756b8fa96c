"""Machines that call the API in tests: `caller()` has a token and speaks JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.test import Client as Browser
from django.utils import timezone

from api.tokens import issue_token
from clinic.models import Site


class Caller:
    """An API client; answers are Django's, `.json()` reads them."""

    def __init__(self, token: str) -> None:
        self.browser = Browser(headers={"Authorization": f"Bearer {token}"})

    def get(self, path: str, **query: Any) -> HttpResponse:
        query = {name.rstrip("_"): value for name, value in query.items()}
        return self.browser.get(f"/api/v1/{path}", query)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> HttpResponse:
        headers = {"Idempotency-Key": key} if key else {}
        return self.browser.post(
            f"/api/v1/{path}",
            json.dumps({} if body is None else body),
            content_type="application/json",
            headers=headers,
        )

    def patch(self, path: str, body: Any) -> HttpResponse:
        text = json.dumps(body)
        return self.browser.patch(f"/api/v1/{path}", text, content_type="application/json")

    def delete(self, path: str) -> HttpResponse:
        return self.browser.delete(f"/api/v1/{path}")


def caller(
    name: str = "Records system",
    *,
    scopes: Iterable[str] | None = None,
    sites: Iterable[Site] | None = None,
) -> Caller:
    issued = issue_token(name=name, scopes=scopes, sites=sites, now=timezone.now())
    return Caller(issued.token)
