"""Searches: what was asked, the page of it, and the Bundle that answers."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zlib import compress, decompress

from django.db.models import QuerySet

from api.errors import wrong
from api.fhir.kinds import Asked, Kind, Shown, reading
from api.fhir.values import split
from clinic.sealing import CannotOpen, seal, unseal

if TYPE_CHECKING:
    from api.fhir.doors import FhirDoor

USUAL, MOST, FURTHEST = 50, 200, 10_000_000
Pairs = Sequence[tuple[str, str]]
ALWAYS_SHOWN = ("resourceType", "id", "meta")
SHAPING = ("_count", "_include", "_summary", "_elements", "_sort", "_page")
PAGE = "fhir page"
IGNORED = ("_format", "_pretty", "_total")
SUMMARIES = ("count", "false")
SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}


@dataclass
class Search:
    """A search as it was understood; `used` are the parameters that count."""

    kind: Kind
    asked: list[Asked] = field(default_factory=list)
    used: list[tuple[str, str]] = field(default_factory=list)
    includes: list[tuple[str, str]] = field(default_factory=list)
    elements: frozenset[str] = frozenset()
    order: list[str] = field(default_factory=list)
    count: int = USUAL
    offset: int = 0
    only_count: bool = False


def read_search(kind: Kind, pairs: Pairs, *, strict: bool) -> Search:
    """400 for values that make no sense, and for unknown parameters where that is asked for."""
    search = Search(kind)
    pages = [value for name, value in pairs if name == "_page"]
    if pages:
        pairs, search.offset = _opened(kind, pages[-1])
    for name, value in pairs:
        if "\x00" in value:
            raise wrong(name[:40], "It must not hold NUL characters.")
        bare, _, modifier = name.partition(":")
        if bare in SHAPING:
            _shape(search, bare, value, strict)
        elif bare in kind.parameters:
            _narrow(search, bare, modifier, value)
        elif bare in IGNORED:
            continue
        elif strict:
            known = ", ".join([*kind.parameters, *SHAPING])
            message = f"{kind.type} is not searched by this. Known here: {known}."
            raise wrong(name[:40], message)
        else:
            continue
        search.used.append((name, value))
    return search


def _narrow(search: Search, name: str, modifier: str, value: str) -> None:
    parameter = search.kind.parameters[name]
    if modifier and modifier not in parameter.modifiers:
        can = ", ".join(sorted(parameter.modifiers)) or "none"
        raise wrong(f"{name}:{modifier}"[:60], f"This modifier does not apply. Known here: {can}.")
    if values := split(value):
        search.asked.append(Asked(name, modifier, tuple(values)))


def _shape(search: Search, name: str, value: str, strict: bool) -> None:
    if name == "_count":
        if not (value.isascii() and value.isdecimal() and len(value) < 7):
            raise wrong(name, f"It must be a whole number from 0 to {MOST}.")
        search.count = min(int(value), MOST)
        search.only_count = search.only_count or not search.count
    elif name == "_summary":
        if strict and value not in SUMMARIES:
            raise wrong(name, f"Known here: {', '.join(SUMMARIES)}.")
        search.only_count = search.only_count or value == "count"
    elif name == "_elements":
        search.elements |= {part.strip() for part in value.split(",") if part.strip()}
    elif name == "_sort":
        search.order += _order(search.kind, value, strict)
    elif name == "_include":
        search.includes += _include(search.kind, value, strict)


def _order(kind: Kind, value: str, strict: bool) -> list[str]:
    order = []
    for part in split(value):
        bare = part.strip().removeprefix("-")
        if bare in kind.sorts:
            order.append(("-" if part.strip().startswith("-") else "") + kind.sorts[bare])
        elif strict:
            raise wrong("_sort", f"Known here: {', '.join(kind.sorts) or 'none'}.")
    return order


def _include(kind: Kind, value: str, strict: bool) -> list[tuple[str, str]]:
    """(name, type wanted or "") of each reference to follow."""
    if value == "*":
        return [(name, "") for name in kind.includes]
    source, _, rest = value.partition(":")
    name, _, target = rest.partition(":")
    if source == kind.type and name in kind.includes:
        return [(name, target)]
    if strict:
        known = ", ".join(f"{kind.type}:{name}" for name in kind.includes) or "none"
        raise wrong("_include", f"Known here: {known}.")
    return []


def answer_search(door: FhirDoor, search: Search, kinds: Mapping[str, Kind]) -> Shown:
    """The Bundle; 400 naming the parameter whose value makes no sense."""
    rows = _found(door, search)
    total = rows.count() if isinstance(rows, QuerySet) else len(rows)
    end = search.offset + search.count
    page = [] if search.only_count else list(rows[search.offset : end])
    shown = search.kind.show(door, page)
    included = _included(door, search, shown, kinds)
    entries = [entry(door, one, "match") for one in shown]
    if search.elements:
        for one in entries:
            one["resource"] = _only(one["resource"], search)
    entries += [entry(door, one, "include") for one in included]
    links = [{"relation": "self", "url": _self(door, search)}]
    if end < total and not search.only_count:
        links.append({"relation": "next", "url": _page(door, search, end)})
    if search.offset:
        back = max(0, search.offset - search.count)
        links.append({"relation": "previous", "url": _page(door, search, back)})
    return bundle(entries, total, links)


def _found(door: FhirDoor, search: Search) -> Any:
    rows = search.kind.start(door, search.asked)
    for one in search.asked:
        with reading(one.name):
            rows = search.kind.parameters[one.name].narrow(door, rows, one)
    rows = search.kind.finish(rows)
    if search.order and isinstance(rows, QuerySet):
        rows = rows.order_by(*search.order, "pk")
    return rows


def bundle(entries: Sequence[Shown], total: int, links: Sequence[Mapping[str, str]] = ()) -> Shown:
    """A searchset; what is in it is valid already."""
    made: Shown = {"resourceType": "Bundle", "type": "searchset", "total": total}
    if links:
        made["link"] = [dict(link) for link in links]
    if entries:
        made["entry"] = list(entries)
    return made


def entry(door: FhirDoor, shown: Shown, mode: str) -> Shown:
    made: Shown = {}
    if "id" in shown:
        made["fullUrl"] = f"{door.base}/{shown['resourceType']}/{shown['id']}"
    return made | {"resource": shown, "search": {"mode": mode}}


def _only(shown: Shown, search: Search) -> Shown:
    """The elements that were asked for, and those without which it is no resource."""
    kept = search.elements | {*ALWAYS_SHOWN, *search.kind.mandatory}
    cut = {name: value for name, value in shown.items() if name in kept}
    return cut | {"meta": {**shown.get("meta", {}), "tag": [SUBSETTED]}}


def _included(
    door: FhirDoor, search: Search, shown: Sequence[Shown], kinds: Mapping[str, Kind]
) -> list[Shown]:
    """What the resources refer to, as far as it was asked for and the caller may read it."""
    wanted: dict[str, dict[str, None]] = {}
    for name, target in search.includes:
        for one in shown:
            for named in search.kind.includes[name](one):
                kind, _, id = named.partition("/")
                if kind in kinds and target in ("", kind):
                    wanted.setdefault(kind, {})[id] = None
    there = {(one["resourceType"], one["id"]) for one in shown}
    found: list[Shown] = []
    for kind, ids in wanted.items():
        if door.may_read(kinds[kind]):
            rows = list(kinds[kind].with_ids(door, list(ids)))
            found += kinds[kind].show(door, rows)
    return [one for one in found if (one["resourceType"], one["id"]) not in there]


def _self(door: FhirDoor, search: Search) -> str:
    """The search as it was understood; what came in a body stays out of addresses."""
    if door.request.method == "POST" or search.offset:
        return _page(door, search, search.offset)
    query = f"?{urlencode(search.used)}" if search.used else ""
    return f"{door.base}/{search.kind.type}{query}"


def _page(door: FhirDoor, search: Search, offset: int) -> str:
    """The address of a page. The search in it is encrypted: it may hold a name."""
    said = json.dumps([search.kind.type, offset, search.used])
    sealed = seal(b64encode(compress(said.encode())).decode(), PAGE).rstrip("=")
    return f"{door.base}/{search.kind.type}?_page={sealed}"


def _opened(kind: Kind, sealed: str) -> tuple[list[tuple[str, str]], int]:
    try:
        padded = sealed + "=" * (-len(sealed) % 4)
        said = json.loads(decompress(b64decode(unseal(padded, PAGE))))
    except (CannotOpen, ValueError):
        raise wrong("_page", "It is no page of a search here; search again.") from None
    if said[0] != kind.type:
        raise wrong("_page", f"It is a page of {said[0]}.")
    return [(name, value) for name, value in said[2] if name != "_page"], int(said[1])
