"""The visits that a protocol's extension adds to a series, read from the definition anew."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any


def with_added(definition: Mapping[str, Any], standing: Iterable[str]) -> Mapping[str, Any]:
    """The definition with a step for each of these keys that continues the step extended."""
    extension = definition.get("extension")
    if not extension:
        return definition
    of = {step["key"]: step for step in definition["steps"]}
    stem = re.sub(r"\d+$", "", extension["like"])
    pattern = re.compile(re.escape(stem) + r"(\d{1,3})")
    numbers = {int(found[1]) for key in standing if (found := pattern.fullmatch(key))}
    like = of[extension["like"]]
    more = [
        {
            **like,
            "key": f"{stem}{number}",
            "gaps": [{"anchor": f"{stem}{number - 1}", "days": extension["days"]}],
        }
        for number in sorted(numbers)
        if f"{stem}{number}" not in of
    ]
    return {**definition, "steps": [*definition["steps"], *more]}
