"""GET metadata: the CapabilityStatement, drawn from the tables that the doors go by."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.fhir.bundles import SHAPING
from api.fhir.doors import BASE, FhirRenderer, JsonAnyway, must_accept_json, shown_as
from api.fhir.kinds import Kind, Shown
from api.fhir.outcomes import answer
from api.fhir.parameters import OPERATIONS
from api.fhir.registry import KINDS
from api.fhir.resources import checked
from api.fhir.systems import IHE, standard
from api.rate import PerClient

DATED = "2026-11-25"
WRITES = {
    "Patient": ("create", "update"),
    "Appointment": ("update",),
    "AppointmentResponse": ("create",),
}
CONFORMS = f"{IHE}CapabilityStatement/IHE.Scheduling.server"
SMART = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


class Metadata(APIView):
    """What is spoken here, for anybody to read."""

    authentication_classes: ClassVar[list[Any]] = []
    permission_classes: ClassVar[list[Any]] = []
    throttle_classes = [PerClient]
    renderer_classes = [FhirRenderer]
    content_negotiation_class = JsonAnyway
    metadata_class = None
    schema = None
    http_method_names = ["get", "head"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        must_accept_json(request)
        self.check_throttles(request)

    def get_exception_handler(self) -> Any:
        return answer

    def get(self, request: Request) -> Response:
        return shown_as(capabilities(request.build_absolute_uri("/").rstrip("/")))


def capabilities(host: str) -> Shown:
    """`host` is the address as the caller knows it."""
    return checked(
        {
            "resourceType": "CapabilityStatement",
            "url": f"{settings.PUBLIC_URL}{BASE}/metadata",
            "name": "Chairtime",
            "title": "Chairtime scheduling",
            "status": "active",
            "date": DATED,
            "publisher": "Chairtime",
            "kind": "instance",
            "instantiates": [CONFORMS],
            "software": {"name": "Chairtime"},
            "implementation": {"description": "Scheduling of infusions", "url": f"{host}{BASE}"},
            "fhirVersion": "4.0.1",
            "format": ["application/fhir+json", "json"],
            "rest": [
                {
                    "mode": "server",
                    "documentation": (
                        "Unknown search parameters are ignored unless Prefer: handling=strict. "
                        "POSTs may carry an Idempotency-Key. Updates need If-Match."
                    ),
                    "security": {
                        "cors": False,
                        "service": [
                            {
                                "coding": [standard("restful-security-service", "OAuth", "OAuth")],
                                "text": "OAuth2 client credentials; send the token as Bearer",
                            }
                        ],
                        "extension": [
                            {
                                "url": SMART,
                                "extension": [{"url": "token", "valueUri": f"{host}/o/token/"}],
                            }
                        ],
                    },
                    "resource": [_resource(kind) for kind in KINDS.values()],
                }
            ],
        }
    )


def _resource(kind: Kind) -> Shown:
    interactions = ("read", "search-type", *WRITES.get(kind.type, ()))
    update = "update" in interactions
    return {
        "type": kind.type,
        "documentation": kind.says,
        "interaction": [{"code": code} for code in interactions],
        "versioning": "versioned-update" if update else "no-version",
        "readHistory": False,
        "updateCreate": False,
        "conditionalCreate": kind.type == "Patient",
        "searchInclude": [f"{kind.type}:{name}" for name in kind.includes],
        "searchParam": [
            {"name": name, "type": one.kind, "documentation": one.documentation}
            for name, one in kind.parameters.items()
        ]
        + [{"name": name, "type": "special"} for name in SHAPING if name == "_sort" and kind.sorts],
        "operation": [{"name": name, "definition": url} for name, (_, url) in OPERATIONS.items()]
        if kind.type == "Appointment"
        else [],
    }
