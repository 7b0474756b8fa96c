"""The OpenAPI 3.1 document, drawn from the same tables that the doors obey."""

from __future__ import annotations

import inspect
import re
from http import HTTPStatus
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from api.permissions import ACTIONS
from api.rest.examples import EXAMPLES
from api.rest.sparse import PART
from api.rest.webhook_told import add_webhooks


class Described(AutoSchema):
    """Adds to each operation what every door has: parameters, problems, the scope it needs."""

    def get_override_parameters(self) -> list[Any]:
        parameters: list[Any] = [
            OpenApiParameter(
                name,
                dict(parameter.schema),
                OpenApiParameter.QUERY,
                description=parameter.description,
                required=parameter.required,
            )
            for name, parameter in self.view.query_of(self.method).items()
        ]
        parameters += [
            OpenApiParameter(name, str, OpenApiParameter.PATH)
            for name in self.view.path_parameters()
            if f"{{{name}}}" in self.path
        ]
        parameters += [
            OpenApiParameter(
                name,
                dict(parameter.schema),
                OpenApiParameter.HEADER,
                description=parameter.description,
            )
            for name, parameter in self.view.headers_of.get(self.method, {}).items()
        ]
        if self.method == "POST" and self.view.answers_once:
            parameters.append(
                OpenApiParameter(
                    "Idempotency-Key",
                    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
                    OpenApiParameter.HEADER,
                    description="The same key and body get the same answer, for 24 hours.",
                )
            )
        return parameters

    def get_operation_id(self) -> str:
        words = re.findall(r"\w+", self.path.removeprefix("/api/v1/"))
        return "_".join([self.method.lower(), *words])

    def get_tags(self) -> list[str]:
        return [self.path.split("/")[3]]

    def get_summary(self) -> str:
        return self._told().partition("\n")[0].rstrip(".")

    def get_description(self) -> str:
        rest = self._told().partition("\n")[2].strip()
        scope = ACTIONS[self.view.actions[self.method]].scope
        return f"{rest} Scope: `{scope}`.".strip()

    def _told(self) -> str:
        verb = "create" if self.method == "POST" else self.method.lower()
        return inspect.getdoc(getattr(self.view, verb)) or ""

    def _get_serializer_name(self, *args: Any, **kwargs: Any) -> str:
        name: str = super()._get_serializer_name(*args, **kwargs)
        return re.sub(r"(Shape|Body)(?=Request|$)", "", name)

    def get_request_serializer(self) -> Any:
        return self.view.bodies.get(self.method)

    def get_response_serializers(self) -> Any:
        return self.view.responses(self.method)


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "api.tokens.BearerToken"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "From `manage.py issue_token`, or from /o/token/.",
        }


def finish(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook: what every body, part and status has in common; and what webhooks send."""
    for name, schema in result["components"]["schemas"].items():
        if name.endswith("Request"):
            schema["additionalProperties"] = False
        if name in EXAMPLES:
            schema["examples"] = [EXAMPLES[name]]
        if name.endswith(PART):
            schema.pop("required", None)
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                response["description"] = HTTPStatus(int(status)).phrase
    add_webhooks(result)
    return result
