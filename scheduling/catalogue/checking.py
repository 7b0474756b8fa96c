"""What somebody is writing, checked as a file would be; each problem at the path of its field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scheduling.catalogue import sense
from scheduling.catalogue.agreement import Bound, Clash, bounds, clash, spans
from scheduling.catalogue.fields import MISSING, Reading
from scheduling.catalogue.shape import PROTOCOL
from scheduling.catalogue.tree import Node, Problem

_KEY = re.compile(r"“([a-z][a-z0-9_]*)”")
_FOR_A_FILE = re.compile(r", such as - \{.*\}")


@dataclass(frozen=True)
class Checked:
    """`definition` is complete and good, or None; `problems` say what is missing.

    `ties` are the windows that can be read, whatever else is wrong; `clash` is where those
    contradict each other.
    """

    definition: dict[str, Any] | None
    problems: tuple[Problem, ...]
    names: Mapping[str, str]
    ties: tuple[Bound, ...]
    clash: Clash | None
    origin: str

    @cached_property
    def spans(self) -> dict[str, tuple[int, int] | None]:
        """First and last day of each step from day 0, as far as the windows say.

        Where they clash, what holds together too tightly is left out, so that the rest has sense.
        """
        ties, found = list(self.ties), self.clash
        while found:
            ties.remove(found.demands[-1].bound)
            found = clash(list(self.names), ties)
        return spans(list(self.names), ties, self.origin)

    @cached_property
    def by_field(self) -> dict[str, str]:
        """The first problem of each path; a clash stands at every window that is part of it."""
        found: dict[str, str] = {}
        if self.clash:
            found |= dict.fromkeys(self.clash.paths, self.clash.words(self.names))
        for problem in self.problems:
            found.setdefault(problem.field, self.said(problem))
        return found

    def said(self, problem: Problem) -> str:
        """The message with steps by their names, for somebody who never sees a key."""
        message = _FOR_A_FILE.sub("", problem.message)
        return _KEY.sub(lambda key: f"“{self.names.get(key[1], key[1])}”", message)


def check(typed: Mapping[str, Any]) -> Checked:
    """Judge a protocol as typed. Its lists and records have their shape; values may be anything."""
    reading = Reading()
    definition = PROTOCOL.read(_node(typed), "", reading)
    if definition is not MISSING:
        sense.judge(definition, reading)
    names = {step["key"]: str(step["name"]) or step["key"] for step in typed["steps"]}
    ties = tuple(bound for bound in bounds(typed["steps"]) if bound.anchor in names)
    found = clash(list(names), ties)
    problems = list(dict.fromkeys(reading.problems))
    if found and found.words(names) not in [problem.message for problem in problems]:
        problems.append(Problem(1, max(found.paths), found.words(names)))
    good = definition if not problems and definition is not MISSING else None
    return Checked(good, tuple(problems), names, ties, found, typed["origin"])


def _node(value: Any) -> Node:
    if isinstance(value, Mapping):
        pairs = [(Node("scalar", 1, key), _node(one)) for key, one in value.items()]
        return Node("map", 1, pairs=pairs)
    if isinstance(value, list):
        return Node("list", 1, items=[_node(one) for one in value])
    return Node("scalar", 1, None if value == "" else value)
