"""What every door of the REST API does before and after its own few lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import unknown, wrong
from api.machines import MachineDoor
from api.permissions import require
from api.reading import StrictJson, an_id
from api.rest import sparse
from api.rest.parsing import Body, Parameter, read_query
from api.rest.shapes import PROBLEMS, problems
from clinic.models import Site

Row = TypeVar("Row", bound=Model)


class OnlyJson(BaseContentNegotiation):
    """JSON, whatever the Accept header says."""

    def select_parser(self, request: Request, parsers: list[BaseParser]) -> BaseParser | None:
        sent = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(
        self, request: Request, renderers: list[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], str(renderers[0].media_type)


class Door(MachineDoor):
    """A resource. Tables say, for each method, what it needs, takes and answers.

    `actions` are rows of api.permissions; `queries` the query parameters; `bodies` the request
    serializers; `answers` (status, serializer); `headers_of` what it heeds of versions.py.
    `answers_once` is for POSTs that change things: they obey Idempotency-Key.
    """

    via = "rest"
    queries: ClassVar[Mapping[str, Mapping[str, Parameter]]] = {}
    bodies: ClassVar[Mapping[str, type[Body]]] = {}
    answers: ClassVar[Mapping[str, tuple[int, Any]]] = {}
    headers_of: ClassVar[Mapping[str, Mapping[str, Parameter]]] = {}

    parser_classes = [StrictJson]
    content_negotiation_class = OnlyJson

    asked: dict[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = self.row(request.method or "")
        self.asked = read_query(request.query_params, self.query_of(method))

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code == 200 and (names := getattr(self, "asked", {}).get("fields")):
            response.data = sparse.only(response.data, names)
            response.content_type = sparse.MEDIA_TYPE
        if "ETag" in response:
            response["Cache-Control"] = "private, no-cache"
        return response

    def body(self, **options: Any) -> dict[str, Any]:
        """The request's body, checked by the serializer of its method; 400 for what is wrong."""
        serializer = self.bodies[self.request.method or ""](data=self.request.data, **options)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def site(self, field: str, identifier: str) -> Site:
        """The site that the body names: 422 when there is none, 403 when it is not the caller's."""
        site = self.named(Site.objects.select_related("organisation"), field, identifier)
        require(self.client, self.actions[self.row(self.request.method or "")], site)
        return site

    def sites(self) -> QuerySet[Site]:
        """The sites of the action at hand."""
        return Site.objects.filter(self.reach().q("pk"))

    def named(self, rows: QuerySet[Row], field: str, identifier: str) -> Row:
        """The row that a field of the body names; 422 naming the field when there is none."""
        row = _row(rows, identifier)
        if row is None:
            raise unknown(field, f"There is no {_words(rows.model)} with this id.")
        return row

    def at(self, rows: QuerySet[Row], identifier: str) -> Row:
        """The row that the address names; 404 when there is none that the caller may see."""
        row = _row(rows, identifier)
        if row is None:
            raise Http404
        return row

    def filtered(self, rows: QuerySet[Row], name: str) -> Row | None:
        """The row that a query parameter names, None without it; 400 when there is none."""
        if name not in self.asked:
            return None
        row = rows.filter(pk=self.asked[name]).first()
        if row is None:
            message = f"There is no {_words(rows.model)} with this id."
            raise wrong(name, message)
        return row

    def query_of(self, method: str) -> Mapping[str, Parameter]:
        queries = self.queries.get(method, {})
        return (
            {**queries, **sparse.parameter(self.answers[method][1])} if method == "GET" else queries
        )

    def path_parameters(self) -> list[str]:
        return ["id", "token"]

    def responses(self, method: str) -> dict[Any, Any]:
        """For the schema: the answer and the problems."""
        status, shape = self.answers[method]
        heeded = self.headers_of.get(method, {})
        unchanged = {304: None} if "If-None-Match" in heeded else {}
        changed = problems(412) if "If-Match" in heeded else {}
        part = {(200, sparse.MEDIA_TYPE): sparse.part_of(shape)} if method == "GET" else {}
        return {(status, "application/json"): shape} | part | unchanged | PROBLEMS[method] | changed


def _row(rows: QuerySet[Row], identifier: str) -> Row | None:
    try:
        return rows.filter(pk=an_id(identifier)).first()
    except ValueError:
        return None


def _words(model: type[Model]) -> str:
    return re.sub(r"staff", "staff member", str(model._meta.verbose_name))
