"""A document as a PDF; the one kind of answer that is no JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request

from api.rest.doors import Door
from api.rest.parsing import Parameter
from api.rest.shapes import PROBLEMS
from billing.models import Document
from billing.services.documents import drawn

PDF = "application/pdf"


class PaperDoor(Door):
    """`document` finds what is asked for; None where it was not issued."""

    actions = {"GET": "see_balance"}

    def document(self, id: str) -> Document | None:
        raise NotImplementedError

    def get(self, request: Request, id: str) -> HttpResponse:
        """The document as a PDF, the same bytes every time."""
        found = self.document(id)
        if found is None:
            raise Http404
        return HttpResponse(drawn(found), content_type=PDF)

    def query_of(self, method: str) -> Mapping[str, Parameter]:
        return {}

    def responses(self, method: str) -> dict[Any, Any]:
        return {(200, PDF): OpenApiTypes.BINARY} | PROBLEMS[method]
