"""`fields`: only some members of what is told. Such an answer has a media type of its own, because
it is only a part of what the schema promises of a whole one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from api.rest.parsing import Parameter

MEDIA_TYPE = "application/vnd.chairtime.fields+json"
PART = "Part"
Shape = type[serializers.Serializer[Any]]


def parameter(shape: Any) -> dict[str, Parameter]:
    """The query parameter of a door that tells `shape`, or a page of it."""
    names = list(_told(shape))

    def read(text: str) -> str:
        if text not in names:
            raise ValueError(f"It must be some of: {' '.join(names)}.")
        return text

    schema = {"type": "array", "minItems": 1, "items": {"type": "string", "enum": names}}
    told = f"Only these members, several by commas; told as `{MEDIA_TYPE}`."
    return {"fields": Parameter(read, told, schema, many=True)}


def only(data: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """A thing, or each thing of a page, with no other members than these."""
    wanted = set(names)
    if "results" in data:
        return {**data, "results": [_cut(row, wanted) for row in data["results"]]}
    return _cut(data, wanted)


def _cut(row: Mapping[str, Any], wanted: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in wanted}


@cache
def part_of(shape: Any) -> Any:
    """For the schema: `shape`, or a page of it, under a name that ends so that none is required."""
    listed, whole = _child(shape), _instance(shape)
    if listed is None:
        alone: Any = type(whole)
        return _part(alone)
    fields = {name: deepcopy(field) for name, field in whole.fields.items()}
    fields["results"] = _part(listed)(many=True)
    return inline_serializer(f"{_name(listed)}PartPage", fields)


@cache
def _part(shape: Any) -> Callable[..., Any]:
    return type(f"{_name(shape)}{PART}Shape", (shape,), {})


def _told(shape: Any) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = (_child(shape) or type(_instance(shape)))().fields
    return fields


def _child(shape: Any) -> Any:
    """What a page lists; None for a single thing."""
    results = _instance(shape).fields.get("results")
    return type(results.child) if isinstance(results, serializers.ListSerializer) else None


def _instance(shape: Any) -> Any:
    return shape() if isinstance(shape, type) else shape


def _name(shape: Shape) -> str:
    return shape.__name__.removesuffix("Shape")
