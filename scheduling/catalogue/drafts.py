"""A protocol being written: its parts, and what can be done to the order of its steps. Pure.

Parts are `course`, `after` and `step:<key>`. A step keeps its key for good; people see its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

COURSE = (
    "name",
    "summary",
    "review_before_use",
    "origin",
    "same_therapist",
    "same_room",
    "outside",
    "extension",
    "reminders",
    "continues",
    "vitals",
    "sources",
    "notes",
)
AFTER = ("follow_ups", "tasks")
PREFIXES = {"infusion": "inf", "dosing": "dosing", "therapy": "th"}


class UnknownPart(Exception):
    """The draft has no such part (any more)."""


def blank(key: str, name: str) -> dict[str, Any]:
    """A protocol with one infusion, to begin from nothing."""
    return {
        "key": key,
        "name": name,
        "review_before_use": True,
        "origin": "inf1",
        "same_therapist": True,
        "same_room": True,
        "outside": [],
        "steps": [_fresh("inf1", "Infusion 1", "infusion", [])],
        "follow_ups": [],
        "tasks": [],
        "sources": [],
        "notes": [],
    }


def part_of(draft: Mapping[str, Any], part: str) -> Any:
    """The part as it is; UnknownPart."""
    if part.startswith("step:"):
        return draft["steps"][_place(draft, part.removeprefix("step:"))]
    names = {"course": COURSE, "after": AFTER}.get(part)
    if names is None:
        raise UnknownPart(part)
    return {name: draft[name] for name in names if name in draft}


def with_part(draft: Mapping[str, Any], part: str, value: Any) -> dict[str, Any]:
    """The draft with another part in the place of one."""
    there = part_of(draft, part)
    if part.startswith("step:"):
        steps = list(draft["steps"])
        steps[_place(draft, there["key"])] = value
        return {**draft, "steps": steps}
    return {name: one for name, one in draft.items() if name not in there} | value


def add_step(draft: Mapping[str, Any], *, behind: str = "") -> tuple[dict[str, Any], str]:
    """A therapy step behind another one (or at the end), one day after it; and its key."""
    steps = list(draft["steps"])
    at = _place(draft, behind) + 1 if behind else len(steps)
    key = free_key(draft, "therapy")
    anchor = steps[at - 1]["key"] if steps else draft["origin"]
    gaps = [{"anchor": anchor, "days": [1, 2], "ideal": 1}]
    steps.insert(at, _fresh(key, _name_like(draft, "Therapy"), "therapy", gaps))
    return {**draft, "steps": steps}, key


def copy_step(draft: Mapping[str, Any], key: str) -> tuple[dict[str, Any], str]:
    """The same step once more, right behind it; and the key of the copy."""
    steps = list(draft["steps"])
    at = _place(draft, key)
    new = deepcopy(steps[at])
    new["key"] = free_key(draft, str(new["kind"]))
    new["name"] = _name_like(draft, str(new["name"]))
    if draft["origin"] == key and not new["gaps"]:
        new["gaps"] = [{"anchor": key, "days": [7, 7]}]
    steps.insert(at + 1, new)
    return {**draft, "steps": steps}, new["key"]


def move_step(draft: Mapping[str, Any], key: str, by: int) -> dict[str, Any]:
    """One place earlier or later; at an end it stays."""
    steps = list(draft["steps"])
    at = _place(draft, key)
    to = min(max(at + by, 0), len(steps) - 1)
    steps.insert(to, steps.pop(at))
    return {**draft, "steps": steps}


def remove_step(draft: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Without a step. What refers to it stays as it is, and is told as a problem there."""
    at = _place(draft, key)
    return {**draft, "steps": [*draft["steps"][:at], *draft["steps"][at + 1 :]]}


def free_key(draft: Mapping[str, Any], kind: str) -> str:
    """`th8`, where there are seven of a kind."""
    taken = {step["key"] for step in [*draft["steps"], *draft["outside"]]}
    prefix = PREFIXES.get(kind, kind if re.fullmatch("[a-z][a-z0-9_]{0,30}", kind) else "step")
    number = 1
    while f"{prefix}{number}" in taken:
        number += 1
    return f"{prefix}{number}"


def _place(draft: Mapping[str, Any], key: str) -> int:
    for number, step in enumerate(draft["steps"]):
        if step["key"] == key:
            return number
    raise UnknownPart(key)


def _name_like(draft: Mapping[str, Any], name: str) -> str:
    """`Therapy 8` behind a `Therapy 7`."""
    stem = re.sub(r"\s*\d+\Z", "", name)[:90]
    taken = {step["name"] for step in draft["steps"]}
    number = 1
    while f"{stem} {number}" in taken:
        number += 1
    return f"{stem} {number}"


def _fresh(key: str, name: str, kind: str, gaps: list[dict[str, Any]]) -> dict[str, Any]:
    infusion = kind == "infusion"
    role: dict[str, Any] = {"role": "monitoring_nurse" if infusion else "therapist", "skills": []}
    if infusion:
        role["ratio"] = 2
    return {
        "key": key,
        "name": name,
        "kind": kind,
        "gaps": gaps,
        "weekdays": [],
        "gates": [],
        "measures": [],
        "phases": [
            {
                "name": "infuse" if infusion else "therapy",
                "minutes": 60,
                "room": {"capability": kind, "private": not infusion, "place": "room"},
                "roles": [role],
                "acuity_weighted": True,
                "presence": [],
            }
        ],
    }
