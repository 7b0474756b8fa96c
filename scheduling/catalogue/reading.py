"""YAML text -> documents whose definitions are complete, checked and ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from scheduling.catalogue import sense
from scheduling.catalogue.fields import MISSING, Reading
from scheduling.catalogue.shape import PROTOCOL
from scheduling.catalogue.tree import InvalidCatalogue, Problem, parse

MAX_DOCUMENTS = 200
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Document:
    """One protocol of a catalogue. `definition` has every field; defaults are filled in."""

    key: str
    name: str
    line: int
    definition: dict[str, Any]

    @property
    def source(self) -> str:
        """What the protocol follows, one citation a line."""
        return "\n".join(source["cite"] for source in self.definition["sources"])


def read(text: str) -> list[Document]:
    """The protocols of a YAML stream, one a document; InvalidCatalogue with every problem."""
    documents: list[Document] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    nodes = [node for node in parse(text) if node.kind != "scalar" or node.value is not None]
    if not nodes:
        raise InvalidCatalogue([Problem(1, "", "There is no protocol in this file; write one.")])
    if len(nodes) > MAX_DOCUMENTS:
        raise InvalidCatalogue(
            [Problem(1, "", f"Keep a file to {MAX_DOCUMENTS} protocols; split it.")]
        )
    for node in nodes:
        reading = Reading(lines={"": node.line})
        definition = PROTOCOL.read(node, "", reading)
        if definition is not MISSING:
            sense.judge(definition, reading)
            key = definition["key"]
            if key in seen:
                reading.say(reading.at("key"), "key", f"“{key}” is in this file twice; keep one.")
            seen.add(key)
            documents.append(Document(key, definition["name"], node.line, definition))
        problems += reading.problems
    if problems:
        raise InvalidCatalogue(problems)
    return documents


def starter_text() -> str:
    """The templates that Chairtime comes with, as one YAML stream."""
    files = sorted(TEMPLATES.glob("*.yaml"))
    return "".join(f"---\n{path.read_text(encoding='utf-8')}" for path in files)


@cache
def starters() -> Mapping[str, Document]:
    """The templates by key, read once."""
    return {document.key: document for document in read(starter_text())}
