"""The OpenAPI 3.1 document, drawn from the same tables that the doors obey."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from api.permissions import ACTIONS


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
        return f"{self.method.lower()}_{type(self.view).__name__}"

    def get_tags(self) -> list[str]:
        return [self.path.split("/")[3]]

    def get_summary(self) -> str | None:
        doc = getattr(getattr(self.view, self.method.lower()), "__doc__", "") or ""
        return doc.strip().splitlines()[0].rstrip(".") if doc else None

    def get_description(self) -> str:
        doc = getattr(getattr(self.view, self.method.lower()), "__doc__", "") or ""
        action = ACTIONS[self.view.actions[self.method]]
        rest = " ".join(line.strip() for line in doc.strip().splitlines()[1:])
        return f"{rest} Scope: `{action.scope}`.".strip()

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
