"""The addresses under /fhir/R4/: each type, its `_search`, its resources, and the operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import URLPattern, path

from api.fhir.doors import FhirDoor, InstanceDoor, SearchDoor, TypeDoor
from api.fhir.kinds import Kind
from api.fhir.metadata import Metadata
from api.fhir.operations import BookDoor, Find, HoldDoor
from api.fhir.registry import KINDS
from api.fhir.updating import AppointmentDoor
from api.fhir.writing import PatientDoor, PatientsDoor, ResponsesDoor

TYPES = {
    "Patient": (PatientsDoor, {"POST": "manage_patients"}),
    "AppointmentResponse": (ResponsesDoor, {"POST": "run_day"}),
}
INSTANCES = {
    "Patient": (PatientDoor, {"PUT": "manage_patients"}),
    "Appointment": (AppointmentDoor, {"PUT": "move_visit"}),
}


def _door(base: type[FhirDoor], kind: Kind, actions: Mapping[str, str]) -> Any:
    """The door of one type, as a view."""
    made: Any = type(f"{kind.type}{base.__name__}", (base,), {"kind": kind, "actions": actions})
    return made.as_view()


def _addresses() -> list[URLPattern]:
    found = []
    for name, kind in KINDS.items():
        door, writes = TYPES.get(name, (TypeDoor, {}))
        one, changes = INSTANCES.get(name, (InstanceDoor, {}))
        read = {"GET": kind.reads}
        found += [
            path(f"fhir/R4/{name}", _door(door, kind, read | writes)),
            path(
                f"fhir/R4/{name}/_search",
                _door(SearchDoor, kind, {"POST": kind.reads}),
            ),
            path(f"fhir/R4/{name}/<str:id>", _door(one, kind, read | changes)),
        ]
    return found


urlpatterns = [
    path("fhir/R4/metadata", Metadata.as_view()),
    path("fhir/R4/Appointment/$find", Find.as_view()),
    path("fhir/R4/Appointment/$hold", HoldDoor.as_view()),
    path("fhir/R4/Appointment/$book", BookDoor.as_view()),
    *_addresses(),
]
