"""Visits after the last step of a protocol: what its `extension` adds, as many as a series has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Definition = Mapping[str, Any]


def extended(definition: Definition, reaching: Iterable[str]) -> Definition:
    """The definition with the steps that its extension adds, up to the furthest of these keys.

    The same object where none of them lies beyond its own steps, or it has no extension. Each
    step added goes like the one that the extension names, a gap after the one before it.
    """
    extension = definition.get("extension")
    if not extension:
        return definition
    stem, last = _split(extension["like"])
    furthest = max((_number(key, stem) for key in reaching), default=0)
    if furthest <= last:
        return definition
    like = next(step for step in definition["steps"] if step["key"] == extension["like"])
    name = like["name"].rstrip("0123456789 ")
    added = []
    for number in range(last + 1, furthest + 1):
        gap = {"anchor": f"{stem}{number - 1}", "days": extension["days"]}
        if number == last + 1:
            gap["anchor"] = extension["like"]
        if "ideal" in extension:
            gap["ideal"] = extension["ideal"]
        step = {**like, "key": f"{stem}{number}", "name": f"{name} {number}", "gaps": [gap]}
        added.append({part: value for part, value in step.items() if part != "shares_day_with"})
    return {**definition, "steps": [*definition["steps"], *added]}


def keys_after(definition: Definition, standing: Iterable[str], count: int) -> list[str]:
    """The next `count` keys of a series of which these steps stand; none without an extension."""
    extension = definition.get("extension")
    if not extension:
        return []
    stem, last = _split(extension["like"])
    reached = max([last, *(_number(key, stem) for key in standing)])
    return [f"{stem}{number}" for number in range(reached + 1, reached + 1 + count)]


def step_of(definition: Definition, key: str) -> Mapping[str, Any] | None:
    """The step of that key, one that an extension adds included; None when there is none."""
    steps = extended(definition, [key])["steps"]
    return next((step for step in steps if step["key"] == key), None)


def is_added(definition: Definition, key: str) -> bool:
    """Whether a step is none of the protocol's own, but one that its extension adds."""
    return all(step["key"] != key for step in definition["steps"])


def _split(key: str) -> tuple[str, int]:
    """visit12 -> ("visit", 12); a key without a number counts as the first."""
    stem = key.rstrip("0123456789")
    return stem, int(key[len(stem) :] or 1)


def _number(key: str, stem: str) -> int:
    """The number of a key of that stem; 0 of any other."""
    rest = key.removeprefix(stem)
    return int(rest) if rest != key and rest.isdecimal() and len(rest) < 4 else 0
