"""YAML text -> nodes that remember their line. Plain data only: no tags, no surprises.

Written on parser events so that depth, size and alias bombs are bounded before anything is
built, and so that two equal keys are seen. Plain scalars follow YAML 1.2: `no`, `on` and `1:2`
are words, not a boolean or a number to base sixty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

import yaml

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 20
MAX_NODES = 100_000
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}\Z")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class Problem(NamedTuple):
    """One thing to put right: the line (from 1), the field's path, and what to write instead."""

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return (
            f"line {self.line}: {self.field}: {self.message}"
            if self.field
            else (f"line {self.line}: {self.message}")
        )


class InvalidCatalogue(Exception):
    """A catalogue that cannot be used; `errors` holds every problem found, in line order."""

    def __init__(self, errors: list[Problem]) -> None:
        # What an alias repeats is wrong once, where it stands.
        once = {(error.line, error.message): error for error in sorted(errors, reverse=True)}
        self.errors = sorted(once.values())
        super().__init__("\n".join(str(error) for error in self.errors))


@dataclass(slots=True)
class Node:
    """A scalar (`value` is str, int, float, bool or None), a list of nodes, or pairs of nodes.

    `size` counts the nodes below it as if every alias were written out.
    """

    kind: str
    line: int
    value: Any = None
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    size: int = 1


def parse(text: str) -> list[Node]:
    """The documents of a YAML stream; InvalidCatalogue when it is not YAML or too much of it."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidCatalogue(
            [Problem(1, "", f"The file is too long; keep it under {MAX_CHARACTERS:,} characters.")]
        )
    try:
        return _compose(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise InvalidCatalogue(
            [Problem(mark.line + 1 if mark else 1, "", f"This is not YAML: {what}.")]
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        line = text.count("\n", 0, getattr(error, "position", 0) or 0) + 1
        raise InvalidCatalogue(
            [Problem(line, "", "There is a character here that YAML does not allow.")]
        ) from None


def _compose(events: Any) -> list[Node]:
    documents: list[Node] = []
    anchors: dict[str, Node] = {}
    stack: list[tuple[Node, str | None]] = []
    waiting: list[Node | None] = []

    for event in events:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            anchors = {}
            continue
        if isinstance(event, yaml.AliasEvent):
            name = event.anchor
            if name not in anchors:
                _stop(line, f"*{name} refers to nothing above; define &{name} first.")
            done: Node | None = anchors[name]
        elif isinstance(event, yaml.ScalarEvent):
            _no_tag(event, line)
            done = Node("scalar", line, _scalar(event.value, plain=bool(event.implicit[0])))
            if event.anchor:
                anchors[event.anchor] = done
        elif isinstance(event, yaml.CollectionStartEvent):
            _no_tag(event, line)
            if len(stack) >= MAX_DEPTH:
                _stop(line, f"This is nested more than {MAX_DEPTH} deep; nothing here needs that.")
            kind = "list" if isinstance(event, yaml.SequenceStartEvent) else "map"
            stack.append((Node(kind, line), event.anchor))
            waiting.append(None)
            continue
        elif isinstance(event, yaml.CollectionEndEvent):
            done, anchor = stack.pop()
            waiting.pop()
            if anchor:
                anchors[anchor] = done
        else:
            continue
        assert done is not None
        if not stack:
            documents.append(done)
            continue
        parent = stack[-1][0]
        parent.size += done.size
        if parent.size > MAX_NODES:
            _stop(line, f"This holds more than {MAX_NODES:,} values, written out; split the file.")
        if parent.kind == "list":
            parent.items.append(done)
        elif (key := waiting[-1]) is None:
            waiting[-1] = done
        else:
            parent.pairs.append((key, done))
            waiting[-1] = None
    return documents


def _scalar(text: str, *, plain: bool) -> str | int | float | bool | None:
    if not plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.match(text):
        return int(text)
    return float(text) if _NUMBER.match(text) else text


def _no_tag(event: Any, line: int) -> None:
    if event.tag:
        _stop(line, f"The tag {event.tag} is not used here; write the value without it.")


def _stop(line: int, message: str) -> NoReturn:
    raise InvalidCatalogue([Problem(line, "", message)])
