"""A part of a protocol as a form sends it, and back: names are paths, such as `phases.0.minutes`.

What is typed is kept as typed: a number that is none stays a text, for the check to speak of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from django.http import QueryDict

from scheduling.catalogue.drafts import AFTER, COURSE
from scheduling.catalogue.fields import Kind, ListOf, Need, Record, Text, Whole, YesNo
from scheduling.catalogue.shape import PROTOCOL, STEP

WHOLE = re.compile(r"[-+−]?\d{1,9}")
MOST_ROWS = 200
LINES = ("says", "notes")
MARKS = {"room": "capability", "extension": "like", "vitals": "phase"}
"""A record that may be left out is there when this field of it is."""

FRESH: dict[str, dict[str, Any]] = {
    "gaps": {"anchor": "", "days": ["", ""]},
    "gates": {"kind": "consent"},
    "phases": {
        "name": "",
        "minutes": "",
        "roles": [],
        "acuity_weighted": True,
        "presence": [],
    },
    "roles": {"role": "therapist", "skills": []},
    "follow_ups": {
        "name": "",
        "kind": "measures",
        "after_days": "",
        "tolerance_days": 0,
        "measures": [],
    },
    "tasks": {"name": "", "kind": "call", "due_days": "", "measures": []},
    "sources": {"cite": "", "says": []},
    "outside": {"key": "", "name": ""},
}


def fields_of(part: str) -> Record:
    """The shape of a part."""
    if part.startswith("step:"):
        return Record("step", {name: need for name, need in STEP.fields.items() if name != "key"})
    names = COURSE if part == "course" else AFTER
    return Record(part, {name: PROTOCOL.fields[name] for name in names})


def typed(part: str, there: Mapping[str, Any], data: QueryDict) -> dict[str, Any]:
    """The part as typed; what no form shows stays as it is."""
    value: dict[str, Any] = _record(fields_of(part), data, "")
    if "measures" in value:
        # Boxes come in the order of the page; what was chosen before keeps its own.
        order = {one: place for place, one in enumerate(there["measures"])}
        value["measures"].sort(key=lambda one: order.get(one, len(order)))
    kept = {name: there[name] for name in ("key", "review_before_use") if name in there}
    for number, step in enumerate(value.get("outside", [])):
        step["key"] = step["key"] or f"before{number + 1}"
    return {**value, **kept}


def rearranged(value: Mapping[str, Any], act: str) -> dict[str, Any]:
    """The part after `add:phases`, `remove:phases.0.roles.1` or `up:gaps.2`; else as it is."""
    verb, _, path = act.partition(":")
    steps = path.split(".")
    if verb != "add":
        steps, last = steps[:-1], steps[-1]
    new = deepcopy(dict(value))
    rows: Any = new
    for step in steps:
        rows = _inside(rows, step)
    if not isinstance(rows, list):
        return new
    if verb == "add" and steps[-1] in FRESH and len(rows) < MOST_ROWS:
        rows.append(deepcopy(FRESH[steps[-1]]))
    elif verb == "remove" and _is_row(rows, last):
        del rows[int(last)]
    elif verb == "up" and _is_row(rows, last) and int(last):
        rows.insert(int(last) - 1, rows.pop(int(last)))
    return new


def _is_row(rows: list[Any], index: str) -> bool:
    return index.isdecimal() and len(index) < 4 and int(index) < len(rows)


def _inside(value: Any, step: str) -> Any:
    if isinstance(value, list):
        return value[int(step)] if _is_row(value, step) else None
    return value.get(step) if isinstance(value, Mapping) else None


def _record(record: Record, data: QueryDict, at: str) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for name, need in record.fields.items():
        if record.name == "gap" and name in ("days", "hours"):
            if data.get(f"{at}unit", "days") == name:
                value[name] = [_whole(data, f"{at}limits.{side}") for side in (0, 1)]
            continue
        found = _field(need, data, at + name, name)
        if found is not None:
            value[name] = found
    return value


def _field(need: Need, data: QueryDict, at: str, name: str) -> Any:
    """What was typed in a field, or None where it was left out."""
    kind = need.kind
    if isinstance(kind, Record):
        return _record(kind, data, f"{at}.") if _text(data, f"{at}.{MARKS[name]}") else None
    if isinstance(kind, ListOf):
        items = _list(kind, data, at, name)
        return items if items or need.required else need.default
    if isinstance(kind, YesNo):
        return at in data
    found = _whole(data, at) if isinstance(kind, Whole) else _text(data, at, kind)
    return found if found != "" or need.required else need.default


def _list(kind: ListOf, data: QueryDict, at: str, name: str) -> list[Any]:
    if isinstance(kind.item, Record):
        numbers = {key[len(at) + 1 :].partition(".")[0] for key in data if key.startswith(f"{at}.")}
        order = sorted(int(one) for one in numbers if one.isdecimal() and len(one) < 4)
        return [_record(kind.item, data, f"{at}.{number}.") for number in order[:MOST_ROWS]]
    if (kind.least, kind.most) == (2, 2):
        return [_whole(data, f"{at}.{side}") for side in (0, 1)]
    chosen = [_clean(one) for one in data.getlist(at)]
    parts = "\n" if name in LINES else ","
    written = _text(data, f"{at}.written", Text(0)).split(parts)
    items = [one for one in [*chosen, *(one.strip() for one in written)] if one]
    if isinstance(kind.item, Whole):
        return [_as_whole(one) for one in items]
    return list(dict.fromkeys(items)) if kind.unique else items


def _text(data: QueryDict, at: str, kind: Kind | None = None) -> str:
    return _clean(data.get(at, "") or "").strip()


def _clean(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n")


def _whole(data: QueryDict, at: str) -> int | str:
    return _as_whole(_text(data, at))


def _as_whole(text: str) -> int | str:
    return int(text.replace("−", "-")) if WHOLE.fullmatch(text) else text


def shown(value: Mapping[str, Any]) -> dict[str, Any]:
    """The part as a form shows it: a gap's limits beside their unit."""
    new = deepcopy(dict(value))
    for gap in new.get("gaps", []):
        gap["unit"] = "hours" if "hours" in gap else "days"
        gap["limits"] = gap.get(gap["unit"], ["", ""])
    return new


def named(path: str) -> tuple[str, str]:
    """A problem's path -> the part that it is in and the form's name: `2`, `gaps.0.limits.1`.

    The part is a step's number, `course` or `after`.
    """
    dotted = path.replace("[", ".").replace("]", "")
    head, _, rest = dotted.partition(".")
    if head != "steps":
        return ("after" if head in AFTER else "course"), dotted
    number, _, field = rest.partition(".")
    return number or "course", re.sub(r"^(gaps\.\d+)\.(days|hours)", r"\1.limits", field)


def differences(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Every field that two people typed differently, as (where, theirs, mine)."""
    one, other = dict(_leaves(theirs, "")), dict(_leaves(mine, ""))
    return [
        (where or "the part", one.get(where, "nothing"), other.get(where, "nothing"))
        for where in dict.fromkeys([*one, *other])
        if one.get(where) != other.get(where)
    ]


def _leaves(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{at} {name.replace('_', ' ')}".strip())
    elif isinstance(value, list) and any(isinstance(one, (Mapping, list)) for one in value):
        for number, inner in enumerate(value, 1):
            yield from _leaves(inner, f"{at} {number}".strip())
    else:
        said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        yield at, (said if len(said) < 80 else f"{said[:79]}…") or "nothing"
