"""Fields of the protocol editor, named by where they stand: `phases`, 0, `minutes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.template import Context

from api.desk import words

register = template.Library()


def name_of(path: tuple[object, ...]) -> str:
    return ".".join(str(step) for step in path)


def value_at(value: Any, path: tuple[object, ...]) -> Any:
    """What stands at a path of the part, or nothing."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return ""
    return "" if value is None else value


@register.inclusion_tag("desk/manage/protocols/cell.html", takes_context=True)
def cell(context: Context, *path: object, label: str, **facts: Any) -> dict[str, Any]:
    """A labelled input. `kind` is text, number, area, check, select, words or lines."""
    name = name_of(path)
    value = value_at(context["value"], path)
    kind = facts.setdefault("kind", "text")
    if kind in ("words", "lines") and isinstance(value, list):
        value = (", " if kind == "words" else "\n").join(str(one) for one in value)
    options = facts.pop("options", ())
    known = [str(key) for key, _ in options]
    if kind == "select" and value not in ("", *known):
        options = [*options, (value, f"{value} (not there)")]
    return {
        **facts,
        "label": label,
        "name": f"{name}.written" if kind in ("words", "lines") else name,
        "id": name.replace(".", "-"),
        "at": name,
        "value": value,
        "options": options,
        "error": context["errors"].get(name, ""),
    }


@register.inclusion_tag("desk/manage/protocols/fault.html", takes_context=True)
def fault(context: Context, *path: object) -> dict[str, Any]:
    """Where the problem of a whole row or list is said."""
    name = name_of(path)
    return {"at": name, "error": context["errors"].get(name, "")}


@register.filter
def num(value: float) -> str:
    """A number as SVG reads it, whatever the language."""
    return f"{value:g}"


@register.filter
def hue_icon(hue: str) -> str:
    return words.HUE_ICONS[hue]


@register.simple_tag
def rows(value: Any, *path: object) -> list[Any]:
    """The rows of a list of the part."""
    found = value_at(value, path)
    return found if isinstance(found, list) else []
