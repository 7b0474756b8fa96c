"""Definitions -> YAML, the same bytes for the same definitions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from scheduling.catalogue.fields import Kind, ListOf, Record
from scheduling.catalogue.shape import PROTOCOL


class _Line(list[Any]):
    """A list short enough for one line."""


class _Dumper(yaml.SafeDumper):
    """Indents lists below their field; anchors are named for the phases that they share."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def generate_anchor(self, node: yaml.Node) -> str:
        self.last_anchor_id += 1
        return f"visit{self.last_anchor_id}"


_Dumper.add_representer(
    _Line,
    lambda dumper, value: dumper.represent_sequence(
        "tag:yaml.org,2002:seq", value, flow_style=True
    ),
)


def write(definitions: Iterable[Mapping[str, Any]]) -> str:
    """One YAML document a definition; fields in their order, defaults left out.

    Steps with the same phases share them by an anchor, as the reader understands.
    """
    return "".join(_document(definition) for definition in definitions)


def _document(definition: Mapping[str, Any]) -> str:
    shared: dict[str, Any] = {}
    plain = _plain(definition, PROTOCOL)
    for step in plain["steps"]:
        step["phases"] = shared.setdefault(json.dumps(step["phases"]), step["phases"])
    return yaml.dump(
        plain,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        explicit_start=True,
        width=96,
    )


def _plain(value: Any, kind: Kind) -> Any:
    if isinstance(kind, Record):
        return {
            name: _plain(value[name], need.kind)
            for name, need in kind.fields.items()
            if name in value and (need.required or value[name] != need.default)
        }
    if isinstance(kind, ListOf):
        items = [_plain(item, kind.item) for item in value]
        return items if isinstance(kind.item, Record) or _is_long(items) else _Line(items)
    return value


def _is_long(items: list[Any]) -> bool:
    return sum(len(str(item)) + 2 for item in items) > 60
