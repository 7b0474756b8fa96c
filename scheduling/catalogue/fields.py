"""Kinds of field: each reads one node into plain data and says what is wrong in a sentence."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, Protocol

from scheduling.catalogue.tree import Node, Problem

MISSING: Final = object()


@dataclass
class Reading:
    """What reading found: problems, and the line on which each field path stands."""

    problems: list[Problem] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)

    def say(self, line: int, path: str, message: str) -> None:
        self.problems.append(Problem(line, path, message))

    def at(self, path: str) -> int:
        """The line of a path, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = re.sub(r"(\.[^.\[]*|\[\d+\])\Z", "", path) if re.search(r"[.\[]", path) else ""
        return self.lines.get(path, 1)


class Kind(Protocol):
    def read(self, node: Node, path: str, reading: Reading) -> Any:
        """The value, or MISSING after saying why."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words of a length; with `pattern`, of a form that `form` describes."""

    longest: int
    pattern: str = ""
    form: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if node.kind != "scalar" or node.value is None:
            reading.say(node.line, path, "Write a text here.")
        elif not isinstance(node.value, str):
            reading.say(node.line, path, f"Write a text here, in quotes if it is “{node.value}”.")
        elif not node.value.strip():
            reading.say(node.line, path, "This is empty; write a text.")
        elif len(node.value) > self.longest:
            reading.say(
                node.line,
                path,
                f"This has {len(node.value):,} characters; keep it to {self.longest:,}.",
            )
        elif "\x00" in node.value:
            reading.say(node.line, path, "This holds a null character; remove it.")
        elif self.pattern and not re.fullmatch(self.pattern, node.value):
            reading.say(node.line, path, f"“{_short(node.value)}” will not do; write {self.form}.")
        else:
            return node.value
        return MISSING


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `low` to `high`, in `unit`."""

    low: int
    high: int
    unit: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        value = node.value
        if node.kind == "scalar" and type(value) is int and self.low <= value <= self.high:
            return value
        unit = f" of {self.unit}" if self.unit else ""
        given = "" if node.kind != "scalar" or value is None else f", not {_short(str(value))}"
        reading.say(
            node.line, path, f"Write a whole number{unit} from {self.low} to {self.high}{given}."
        )
        return MISSING


@dataclass(frozen=True, slots=True)
class YesNo:
    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if node.kind == "scalar" and isinstance(node.value, bool):
            return node.value
        reading.say(node.line, path, "Write true or false.")
        return MISSING


@dataclass(frozen=True, slots=True)
class OneOf:
    """One word of a few."""

    words: tuple[str, ...]

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if node.kind == "scalar" and isinstance(node.value, str) and node.value in self.words:
            return node.value
        given = f", not “{_short(str(node.value))}”" if node.kind == "scalar" and node.value else ""
        reading.say(node.line, path, f"Write one of {', '.join(self.words)}{given}.")
        return MISSING


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one kind of thing; `unique` refuses a value that comes twice."""

    item: Kind
    least: int = 0
    most: int = 50
    unique: bool = False

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if node.kind != "list":
            reading.say(node.line, path, "Write a list here: one item a line, each after “- ”.")
            return MISSING
        if not self.least <= len(node.items) <= self.most:
            reading.say(
                node.line,
                path,
                f"This list has {len(node.items)} items; it takes {self.least} to {self.most}.",
            )
            return MISSING
        values = []
        for number, item in enumerate(node.items):
            where = f"{path}[{number}]"
            reading.lines[where] = item.line
            value = self.item.read(item, where, reading)
            if self.unique and value is not MISSING and value in values:
                reading.say(item.line, where, f"“{_short(str(value))}” is here twice; keep one.")
            values.append(value)
        return MISSING if MISSING in values else values


@dataclass(frozen=True, slots=True)
class Need:
    """A field of a record: required unless it has a default; `None` leaves it out."""

    kind: Kind
    required: bool = False
    default: Any = None


@dataclass(frozen=True, slots=True)
class Record:
    """Named fields, in the order in which they are written out."""

    name: str
    fields: Mapping[str, Need]

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if node.kind != "map":
            known = ", ".join(name for name, need in self.fields.items() if need.required)
            reading.say(node.line, path, f"Write the fields of a {self.name} here: {known} …")
            return MISSING
        found: dict[str, Any] = {}
        given = {key.value for key, _ in node.pairs if key.kind == "scalar"}
        absent = [name for name in self.fields if name not in given]
        for key, value in node.pairs:
            self._field(key, value, path, found, absent, reading)
        for name, need in self.fields.items():
            if need.required and name not in found:
                reading.say(node.line, _join(path, name), f"A {self.name} needs “{name}”; add it.")
                found[name] = MISSING
        if any(value is MISSING for value in found.values()):
            return MISSING
        return {
            name: found[name] if name in found else copy.deepcopy(need.default)
            for name, need in self.fields.items()
            if name in found or need.default is not None
        }

    def _field(
        self,
        key: Node,
        value: Node,
        path: str,
        found: dict[str, Any],
        absent: list[str],
        reading: Reading,
    ) -> None:
        name = key.value if key.kind == "scalar" else None
        where = _join(path, _short(str(name)))
        if not isinstance(name, str) or name not in self.fields:
            close = get_close_matches(str(name), absent, 1)
            hint = f"did you mean “{close[0]}”?" if close else f"use {', '.join(self.fields)}."
            found |= dict.fromkeys(close, MISSING)
            reading.say(key.line, where, f"A {self.name} has no field of this name; {hint}")
        elif name in found:
            reading.say(key.line, where, f"“{name}” is given twice; keep one.")
        else:
            reading.lines[where] = key.line
            found[name] = self.fields[name].kind.read(value, where, reading)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
