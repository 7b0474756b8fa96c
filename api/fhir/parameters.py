"""What the operations of IHE ITI Scheduling 1.0.0 take, and how it is read: the tables.

https://profiles.ihe.net/ITI/Scheduling/ ($find ITI-115, $hold ITI-116, $book ITI-117)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from api.errors import wrong
from api.fhir.bundles import IGNORED
from api.fhir.resources import read_resource
from api.fhir.systems import IHE

MANY = 1000
ALIKE = {
    "dateTime": ("DateTime", "Instant", "Date", "String"),
    "string": ("String", "Code", "Uri"),
    "Reference": ("Reference",),
    "Identifier": ("Identifier",),
    "Timing": ("Timing",),
    "integer": ("Integer", "PositiveInt", "UnsignedInt", "String"),
}
"""value[x] in which a parameter of a type may come."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input parameter; `kind` is a data type or, in RESOURCES, a type of resource."""

    name: str
    least: int
    most: int
    kind: str
    used: bool = True


RESOURCES = ("Patient", "Appointment")
FIND = (
    Input("start", 1, 1, "dateTime"),
    Input("end", 1, 1, "dateTime"),
    Input("specialty", 0, MANY, "string", used=False),
    Input("visit-type", 0, MANY, "string"),
    Input("service-type", 0, MANY, "string"),
    Input("practitioner", 0, MANY, "Reference"),
    Input("organization", 0, MANY, "Reference"),
    Input("location-string", 0, MANY, "string"),
    Input("location-reference", 0, MANY, "Reference"),
    Input("patient-reference", 0, MANY, "Reference"),
    Input("patient-resource", 0, MANY, "Patient"),
    Input("reason", 0, MANY, "string", used=False),
    Input("referral-identifier", 0, 1, "Identifier", used=False),
    Input("timing", 0, 1, "Timing"),
    Input("insurance-reference", 0, MANY, "Reference", used=False),
    Input("_count", 0, 1, "integer"),
)
HOLD = (Input("appointment-reference", 1, 1, "Reference"),)
BOOK = (
    Input("appointment-reference", 0, 1, "Reference"),
    Input("appointment-resource", 0, 1, "Appointment"),
    Input("patient-resource", 0, MANY, "Patient"),
    Input("comment", 0, 1, "string"),
)
OPERATIONS = {
    "find": (FIND, f"{IHE}OperationDefinition/appointment-find"),
    "hold": (HOLD, f"{IHE}OperationDefinition/appointment-hold"),
    "book": (BOOK, f"{IHE}OperationDefinition/appointment-book"),
}
Given = dict[str, list[Any]]


def read_parameters(data: Any, inputs: Sequence[Input], *, strict: bool) -> Given:
    """The values of a Parameters resource by name; 400 for what does not fit the table."""
    body = read_resource(data, "Parameters")
    known = {one.name: one for one in inputs}
    given: Given = {}
    for parameter in body.get("parameter", []):
        name = parameter.get("name", "")
        if name in known:
            given.setdefault(name, []).append(_value(known[name], parameter))
        elif strict and name not in IGNORED:
            raise wrong(name[:40], f"Known here: {', '.join(known)}.")
    return counted(given, inputs)


def read_pairs(pairs: Iterable[tuple[str, str]], inputs: Sequence[Input], *, strict: bool) -> Given:
    """The same from a query; a reference is its text, a resource cannot come so."""
    known = {one.name: one for one in inputs if one.kind not in RESOURCES}
    given: Given = {}
    for name, value in pairs:
        if name in known:
            read = {"reference": value} if known[name].kind == "Reference" else value
            if known[name].kind not in ("dateTime", "string", "integer", "Reference"):
                raise wrong(name, "Send this one in a POST.")
            given.setdefault(name, []).append(read)
        elif strict and name not in IGNORED:
            raise wrong(name[:40], f"Known here: {', '.join(known)}.")
    return counted(given, inputs)


def counted(given: Given, inputs: Sequence[Input]) -> Given:
    for one in inputs:
        number = len(given.get(one.name, []))
        if number < one.least:
            raise wrong(one.name, "It is needed.")
        if number > one.most:
            raise wrong(one.name, "It was given more than once.")
    return given


def _value(wanted: Input, parameter: dict[str, Any]) -> Any:
    if wanted.kind in RESOURCES:
        resource = parameter.get("resource")
        if resource is None:
            raise wrong(wanted.name, f"It must be a {wanted.kind} resource.")
        return read_resource(resource, wanted.kind)
    for kind in ALIKE[wanted.kind]:
        if f"value{kind}" in parameter:
            value = parameter[f"value{kind}"]
            if isinstance(value, str) and "\x00" in value:
                raise wrong(wanted.name, "It must not hold NUL characters.")
            return value if wanted.kind != "integer" else str(value)
    raise wrong(wanted.name, f"It must come as value{ALIKE[wanted.kind][0]}.")
