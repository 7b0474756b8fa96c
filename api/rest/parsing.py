"""From JSON to typed facts: strict fields, strict query parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.errors import Problem, wrong
from api.reading import CLOCK, IDENTIFIER, a_clock_time, a_date, an_id, an_instant


class Body(serializers.Serializer[Any]):
    """A JSON object; a member that is not told here is refused."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (strange := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError({name: ["Unknown field."] for name in strange})
        return super().to_internal_value(data)


class Text(serializers.CharField):
    """A JSON string, trimmed."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Identifier(Text):
    """An id as text; whether anything has it is for the door to say."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=40, **options)


class Number(serializers.IntegerField):
    """A JSON number without a fraction."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class _Parsed(serializers.Field):
    parse: Callable[[str], Any]

    def to_internal_value(self, data: Any) -> Any:
        try:
            return type(self).parse(data if isinstance(data, str) else "")
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class Day(_Parsed, serializers.DateField):
    """A site date, YYYY-MM-DD."""

    parse = staticmethod(a_date)


class Instant(_Parsed, serializers.DateTimeField):
    """A time with its offset."""

    parse = staticmethod(an_instant)


@extend_schema_field({"type": "string", "pattern": f"^{CLOCK.pattern}$"})
class ClockTime(_Parsed):
    """HH:MM on the site's wall clock."""

    parse = staticmethod(a_clock_time)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter; `read` raises ValueError with a sentence when it makes no sense."""

    read: Callable[[str], Any]
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    required: bool = False
    many: bool = False


def naming(description: str, required: bool = False) -> Parameter:
    """A parameter that names something by its id."""
    schema = {"type": "string", "pattern": f"^{IDENTIFIER.pattern}$"}
    return Parameter(an_id, description, schema, required)


def read_query(query: Any, known: Mapping[str, Parameter]) -> dict[str, Any]:
    """The query parameters as typed values; 400 for unknown, repeated, empty or senseless ones."""
    if strange := sorted(set(query) - set(known)):
        names = ", ".join(known) or "none"
        raise Problem(
            "malformed",
            f"Unknown query parameter: {strange[0][:40]}. Known here: {names}.",
            errors=[(name[:40], "Unknown query parameter.") for name in strange[:10]],
        )
    asked = {}
    for name, parameter in known.items():
        given = query.getlist(name)
        if parameter.many:
            given = [part for text in given for part in text.split(",")]
        elif len(given) > 1:
            raise wrong(name, "It was given more than once.")
        try:
            values = [parameter.read(text) for text in given]
        except ValueError as error:
            raise wrong(name, str(error)) from None
        if values:
            asked[name] = values if parameter.many else values[0]
        elif parameter.required:
            raise wrong(name, "It is needed.")
    return asked
