"""The OpenAPI document, and a page to read it and try it; nothing comes from elsewhere."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer


@lru_cache(maxsize=1)
def document() -> bytes:
    """The OpenAPI 3.1 document as JSON, drawn once a process."""
    generator = SchemaGenerator()
    drawn: Any = generator.get_schema(request=None, public=True)
    text: bytes = OpenApiJsonRenderer().render(drawn, renderer_context={})
    return text


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    return HttpResponse(document(), content_type="application/vnd.oai.openapi+json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "rest/docs.html")
