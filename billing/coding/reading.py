"""The files in billing/codes -> `Rules`, checked: every mistake with its line and what to write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from billing.coding.table import (
    KINDS,
    USES,
    Code,
    Included,
    Modifier,
    Payer,
    PlaceOfService,
    Rules,
)
from scheduling.catalogue.fields import (
    MISSING,
    Kind,
    ListOf,
    Need,
    OneOf,
    Reading,
    Record,
    Text,
    Whole,
    YesNo,
)
from scheduling.catalogue.tree import InvalidCatalogue, Node, Problem, parse

FOLDER = Path(__file__).parent.parent / "codes"
MOST = 500
TIMED = frozenset({"infusion", "infusion_hour", "psychotherapy", "psychotherapy_added"})


@dataclass(frozen=True, slots=True)
class Day:
    """A date, written 2026-01-01."""

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if isinstance(node.value, str) and len(node.value) == 10:
            try:
                return date.fromisoformat(node.value)
            except ValueError:
                pass
        reading.say(node.line, path, "Write a date of the calendar, such as 2026-01-01.")
        return MISSING


@dataclass(frozen=True, slots=True)
class OrNothing:
    """A kind of field, or null."""

    kind: Kind

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if node.kind == "scalar" and node.value is None:
            return None
        return self.kind.read(node, path, reading)


@dataclass(frozen=True, slots=True)
class MaybeEmpty:
    """A text that may be written as ""."""

    kind: Text

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        return "" if node.value == "" else self.kind.read(node, path, reading)


_CODE = Text(5, r"[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4}", 'a code in quotes, such as "96365" or J3490')
_MODIFIER = Text(2, r"[0-9A-Z]{2}", 'two digits or capitals, in quotes, such as "25"')
_USES = ListOf(OneOf(USES), least=1, unique=True)
_WORDS, _MINUTES = Text(500), Whole(0, 1440, "minutes")
_SOURCES = Need(ListOf(Text(50), least=1, unique=True), required=True)

SHAPES: Final[Mapping[str, Record]] = {
    "sources": Record(
        "source",
        {
            "key": Need(Text(50), required=True),
            "cite": Need(_WORDS, required=True),
            "says": Need(_WORDS, required=True),
        },
    ),
    "procedures": Record(
        "code",
        {
            "code": Need(_CODE, required=True),
            "use": Need(OneOf(USES), required=True),
            "what": Need(Text(200), required=True),
            "valid_from": Need(Day(), required=True),
            "valid_to": Need(Day()),
            "minutes": Need(ListOf(OrNothing(_MINUTES), 2, 2)),
            "payers": Need(ListOf(OneOf(KINDS), least=1, unique=True), default=list(KINDS)),
            "each": Need(Whole(1, 240, "minutes")),
            "past": Need(
                Record("threshold", {"99205": Need(_MINUTES), "99215": Need(_MINUTES)}), default={}
            ),
            "telehealth": Need(YesNo(), default=False),
            "sources": _SOURCES,
            "review": Need(_WORDS, default=""),
        },
    ),
    "included": Record(
        "thing included",
        {
            "what": Need(Text(200), required=True),
            "code": Need(MaybeEmpty(_CODE), required=True),
            "with": Need(_USES, required=True),
            "why": Need(_WORDS, required=True),
            "sources": _SOURCES,
        },
    ),
    "modifiers": Record(
        "modifier",
        {
            "modifier": Need(_MODIFIER, required=True),
            "what": Need(Text(200), required=True),
            "on": Need(_USES, required=True),
            "beside": Need(_USES, required=True),
            "sources": _SOURCES,
            "review": Need(_WORDS, default=""),
        },
    ),
    "places": Record(
        "place",
        {
            "place": Need(
                OneOf(("office", "telehealth_home", "telehealth_elsewhere")), required=True
            ),
            "code": Need(Text(2, r"[0-9]{2}", 'two digits in quotes, such as "11"'), required=True),
            "what": Need(Text(200), required=True),
            "sources": _SOURCES,
        },
    ),
    "payers": Record(
        "payer",
        {
            "payer": Need(Text(50), required=True),
            "kind": Need(OneOf(KINDS), required=True),
            "name": Need(Text(200), required=True),
            "esketamine": Need(OneOf(("included", "split", "ask")), required=True),
            "esketamine_drug": Need(
                ListOf(
                    Record(
                        "drug code",
                        {"code": Need(_CODE, required=True), "from": Need(Day(), required=True)},
                    )
                ),
                default=[],
            ),
            "telehealth_modifier": Need(MaybeEmpty(_MODIFIER), default=""),
            "filing_days": Need(OrNothing(Whole(1, 1000, "days")), required=True),
            "sources": _SOURCES,
        },
    ),
}


def read(texts: Mapping[str, str]) -> Rules:
    """The rules in YAML texts by file name without its ending; InvalidCatalogue for mistakes."""
    found: dict[str, list[dict[str, Any]]] = {}
    problems: list[Problem] = []
    for name, shape in SHAPES.items():
        reading = Reading()
        found[name] = _items(texts.get(name, ""), shape, reading)
        problems += [
            Problem(problem.line, f"{name}.yaml {problem.field}".strip(), problem.message)
            for problem in reading.problems
        ]
    problems = problems or _sense(found)
    if problems:
        raise InvalidCatalogue(problems)
    return _rules(found)


@cache
def starters() -> Rules:
    """The rules that Chairtime comes with, read once. Review before use."""
    return read({path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yaml")})


def _items(text: str, shape: Record, reading: Reading) -> list[dict[str, Any]]:
    nodes = parse(text)
    if len(nodes) != 1:
        reading.say(1, "", "Write one list in this file, one entry an item.")
        return []
    values = ListOf(shape, most=MOST).read(nodes[0], "", reading)
    return [] if values is MISSING else values


def _sense(found: Mapping[str, list[dict[str, Any]]]) -> list[Problem]:
    """What is wrong between entries that are each well formed."""
    said: list[Problem] = []

    def say(file: str, about: str, message: str) -> None:
        said.append(Problem(1, f"{file}.yaml", f"{about}: {message}"))

    known = {source["key"] for source in found["sources"]}
    for file, entries in found.items():
        for entry in entries:
            for key in set(entry.get("sources", ())) - known:
                say(file, _name(entry), f"there is no source “{key}”; add it to sources.yaml.")
    for file, key in (("sources", "key"), ("places", "place"), ("payers", "payer")):
        names = [entry[key] for entry in found[file]]
        for name in sorted({name for name in names if names.count(name) > 1}):
            say(file, name, "this is here twice; keep one.")
    if not {"office", "telehealth_home", "telehealth_elsewhere"} <= {
        entry["place"] for entry in found["places"]
    }:
        say("places", "places", "write all three: office, telehealth_home, telehealth_elsewhere.")
    _codes_make_sense([_code(entry) for entry in found["procedures"]], say)
    codes = {entry["code"] for entry in found["procedures"]}
    for payer in found["payers"]:
        for drug in payer["esketamine_drug"]:
            if drug["code"] not in codes:
                say("payers", payer["payer"], f"{drug['code']} is not in procedures.yaml; add it.")
    return said


def _codes_make_sense(codes: list[Code], say: Callable[[str, str, str], None]) -> None:
    for code in codes:
        if code.valid_to and code.valid_to < code.valid_from:
            say("procedures", code.code, "valid_to is before valid_from; swap them.")
        least, most = code.minutes or (0, None)
        if least is None or (most is not None and most < least):
            say("procedures", code.code, "write the least minutes first, then the most or null.")
            return
        if code.minutes is None and code.use in TIMED:
            say("procedures", code.code, "this use goes by time; write minutes: [least, most].")
        if (code.each is None or not code.past) and code.use == "prolonged":
            say("procedures", code.code, "write each and past, such as each: 15.")
    for one, other in combinations(codes, 2):
        if one.use != other.use or not _meet(one, other):
            continue
        if one.code == other.code:
            say("procedures", one.code, "this is valid twice at a time; end the earlier one.")
        elif one.use.startswith("psychotherapy") and _share_minutes(one, other):
            say("procedures", one.code, f"{other.code} is for some of the same minutes; part them.")


def _meet(one: Code, other: Code) -> bool:
    """Whether two codes are valid on a day in common for a payer in common."""
    starts = max(one.valid_from, other.valid_from)
    return one.is_valid(starts) and other.is_valid(starts) and bool({*one.payers} & {*other.payers})


def _share_minutes(one: Code, other: Code) -> bool:
    starts = max((one.minutes or (0, None))[0], (other.minutes or (0, None))[0])
    return one.is_for(starts) and other.is_for(starts)


def _name(entry: Mapping[str, Any]) -> str:
    return next(str(entry[key]) for key in ("code", "payer", "place", "what") if entry.get(key))


def _code(entry: Mapping[str, Any]) -> Code:
    minutes = entry.get("minutes")
    lists = {"payers": tuple(entry["payers"]), "sources": tuple(entry["sources"])}
    drawn = {"minutes": tuple(minutes) if minutes else None, "past": tuple(entry["past"].items())}
    return Code(**{**entry, **lists, **drawn})


def _rules(found: Mapping[str, list[dict[str, Any]]]) -> Rules:
    def plain(entry: Mapping[str, Any]) -> dict[str, Any]:
        named = {"beside" if key == "with" else key: value for key, value in entry.items()}
        return {
            key: tuple(value) if isinstance(value, list) else value for key, value in named.items()
        }

    payers = []
    for entry in found["payers"]:
        dated = sorted((drug["from"], drug["code"]) for drug in entry["esketamine_drug"])
        payers.append(Payer(**{**plain(entry), "esketamine_drug": tuple(dated)}))
    return Rules(
        codes=tuple(_code(entry) for entry in found["procedures"]),
        payers={payer.payer: payer for payer in payers},
        places={entry["place"]: PlaceOfService(**plain(entry)) for entry in found["places"]},
        modifiers=tuple(Modifier(**plain(entry)) for entry in found["modifiers"]),
        included=tuple(Included(**plain(entry)) for entry in found["included"]),
        sources={entry["key"]: entry["cite"] for entry in found["sources"]},
    )
