"""The doors of FHIR R4: a type, its `_search`, one resource; all errors are OperationOutcomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.http import Http404, QueryDict
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, FormParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import Problem
from api.fhir import outcomes
from api.fhir.bundles import answer_search, read_search
from api.fhir.kinds import Kind, Shown
from api.fhir.registry import KINDS
from api.machines import MachineDoor
from api.permissions import may
from api.reading import StrictJson

BASE = "/fhir/R4"
ACCEPTED = ("application/fhir+json", "application/json", "application/*", "*/*")
FORMATS = ("json", "application/json", "application/fhir+json", "text/json")


class FhirJson(StrictJson):
    media_type = "application/fhir+json"


class FhirRenderer(JSONRenderer):
    media_type = "application/fhir+json"
    charset = "utf-8"


class JsonAnyway(BaseContentNegotiation):
    """The parser of the body's type; JSON out, once `initial` has seen that it is accepted."""

    def select_parser(self, request: Request, parsers: list[BaseParser]) -> BaseParser | None:
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(
        self, request: Request, renderers: list[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], str(renderers[0].media_type)


class FhirDoor(MachineDoor):
    """What all of them share. FHIR tells of itself in its CapabilityStatement, not in OpenAPI."""

    via = "fhir"
    schema = None  # the CapabilityStatement tells of these doors, OpenAPI of the REST API
    parser_classes = [FhirJson, StrictJson]
    renderer_classes = [FhirRenderer]
    content_negotiation_class = JsonAnyway

    @property
    def base(self) -> str:
        """The address that references are relative to."""
        return self.request.build_absolute_uri(BASE)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        must_accept_json(request)
        super().initial(request, *args, **kwargs)

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return outcomes.answer

    def may_read(self, kind: Kind) -> bool:
        return may(self.client, kind.reads)

    @property
    def strict(self) -> bool:
        """Whether unknown search parameters are errors."""
        return "handling=strict" in self.request.headers.get("Prefer", "").replace(" ", "")


def must_accept_json(request: Request) -> None:
    """406 where the caller takes no JSON; `_format` counts for more than the header."""
    wanted = request.query_params.get("_format", "").strip().replace(" ", "+")
    if wanted:
        fits = wanted.partition(";")[0].lower() in FORMATS
    else:
        header = request.headers.get("Accept", "") or "*/*"
        ranges = [part.partition(";")[0].strip().lower() for part in header.split(",")]
        fits = any(one in ACCEPTED for one in ranges)
    if not fits:
        raise Problem("not-acceptable", "Only JSON is spoken here: application/fhir+json.")


def shown_as(shown: Shown, status: int = 200, **headers: str) -> Response:
    """A resource, with its version as ETag."""
    meta = shown.get("meta", {})
    if version := meta.get("versionId"):
        headers["ETag"] = f'W/"{version}"'
    return Response(shown, status, headers=headers, content_type=outcomes.CONTENT_TYPE)


def version_to_change(request: Request) -> str:
    """The version in If-Match; 428 without one, 412 for what can be none of ours."""
    given = request.headers.get("If-Match", "").strip()
    if not given:
        message = "Send If-Match with the ETag of the version that you have read."
        raise Problem("condition-needed", message)
    version = given.removeprefix("W/").strip('"')
    if not (version.isascii() and version.isdecimal() and len(version) < 19 and int(version)):
        raise Problem("changed-meanwhile", "If-Match names no version of this resource.")
    return version


class TypeDoor(FhirDoor):
    """Search a type, and create one where that is possible."""

    kind: ClassVar[Kind]

    def get(self, request: Request) -> Response:
        return self.answer(list(_pairs(request.query_params)))

    def answer(self, pairs: list[tuple[str, str]]) -> Response:
        search = read_search(self.kind, pairs, strict=self.strict)
        return shown_as(answer_search(self, search, KINDS))


class SearchDoor(TypeDoor):
    """The same search with its parameters in a form, so that no address holds a name."""

    answers_once = False
    parser_classes = [FormParser]

    def create(self, request: Request, **at: str) -> Response:
        form = request.data if isinstance(request.data, QueryDict) else QueryDict()
        return self.answer([*_pairs(request.query_params), *_pairs(form)])


class InstanceDoor(FhirDoor):
    """Read one."""

    kind: ClassVar[Kind]

    def get(self, request: Request, id: str) -> Response:
        return shown_as(self.the(id))

    def the(self, id: str) -> Shown:
        """The resource of that id as the caller may see it; 404."""
        shown = self.kind.read(self, id)
        if shown is None:
            raise Http404
        return shown


def _pairs(query: QueryDict) -> list[tuple[str, str]]:
    return [(name, value) for name, values in query.lists() for value in values]
