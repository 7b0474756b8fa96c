"""Lists, a page at a time: {"count", "next", "previous", "results"}.

The links carry a cursor: where the last page ended, so that nothing is told twice or left out when
rows come and go in between. It is sealed, because it holds what rows are ordered by, which for
patients is a name, and names are in no address. `offset` leads anywhere, for those who count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import Problem, wrong
from api.rest.parsing import Parameter
from clinic.sealing import CannotOpen, seal, unseal

Row = TypeVar("Row", bound=Model)
Order = tuple[str, ...]
USUAL, MOST, FURTHEST = 100, 500, 10_000_000
LONGEST_CURSOR = 2000


def _between(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or len(text) > 9:
            raise ValueError(f"It must be a whole number from {least} to {most}.")
        if not least <= int(text) <= most:
            raise ValueError(f"It must be a whole number from {least} to {most}.")
        return int(text)

    return read


def _no_page(message: str) -> Problem:
    return Problem("not-found", f"cursor: {message}", errors=[("cursor", message)])


def _cursor(text: str) -> dict[str, Any]:
    """{"order", "values", "back"} as `_sealed` wrote it."""
    try:
        opened: dict[str, Any] = json.loads(unseal(text[:LONGEST_CURSOR], "cursor"))
    except CannotOpen:
        raise _no_page("It is not the cursor of a link that was given out here.") from None
    return opened


PAGING = {
    "limit": Parameter(
        _between(1, MOST),
        "How many at most.",
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
    ),
    "offset": Parameter(
        _between(0, FURTHEST),
        "How many to leave out at the start.",
        {"type": "integer", "minimum": 0, "maximum": FURTHEST, "default": 0},
    ),
    "cursor": Parameter(_cursor, "Where a page begins, as a link of the list has it."),
}


def paging(**orders: Order) -> dict[str, Parameter]:
    """PAGING and `ordering`: each name stands for fields that put the rows in a total order."""
    names = [sign + name for name in orders for sign in ("", "-")]

    def read(text: str) -> Order:
        name = text.removeprefix("-")
        if name not in orders or text not in names:
            raise ValueError(f"It must be one of: {' '.join(names)}.")
        return orders[name] if name == text else tuple(map(_turned, orders[name]))

    told = "The order of the rows; with - the other way round."
    return PAGING | {"ordering": Parameter(read, told, {"type": "string", "enum": names})}


def page(
    request: Request, asked: dict[str, Any], rows: QuerySet[Row], show: Callable[[Row], Any]
) -> Response:
    """The page of `rows` that was asked for. `rows` must be in a total order by named fields."""
    if "ordering" in asked:
        rows = rows.order_by(*asked["ordering"])
    order = tuple(map(str, rows.query.order_by or rows.model._meta.ordering or ()))
    limit, offset, cursor = asked.get("limit", USUAL), asked.get("offset", 0), asked.get("cursor")
    if cursor and offset:
        raise wrong("cursor", "Give a cursor or an offset, not both.")
    if cursor and cursor["order"] != list(order):
        raise _no_page("It belongs to another list or order; begin again without it.")
    count = rows.count()
    back = bool(cursor and cursor["back"])
    told = rows.filter(_beyond(order, cursor["values"], back)) if cursor else rows
    told = told.reverse() if back else told
    found = list(told[offset : offset + limit + 1])
    more, found = len(found) > limit, found[:limit]
    if back:
        found.reverse()

    def link(row: Row, back: bool) -> str:
        query = request.query_params.copy()
        query.pop("offset", None)
        query["limit"], query["cursor"] = str(limit), _sealed(order, row, back)
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")

    ahead = more if not back else True
    behind = more if back else bool(cursor or offset)
    return Response(
        {
            "count": count,
            "next": link(found[-1], False) if found and ahead else None,
            "previous": link(found[0], True) if found and behind else None,
            "results": [show(row) for row in found],
        }
    )


def _turned(field: str) -> str:
    return field.removeprefix("-") if field.startswith("-") else f"-{field}"


def _beyond(order: Sequence[str], values: Sequence[Any], back: bool) -> Q:
    """The rows after one in an order, or before: equal in some fields and past in the next."""
    found, equal = Q(), Q()
    for name, value in zip(order, values, strict=True):
        field = name.removeprefix("-")
        comparison = "gt" if name.startswith("-") == back else "lt"
        found |= equal & Q(**{f"{field}__{comparison}": value})
        equal &= Q(**{field: value})
    return found


def _sealed(order: Order, row: Model, back: bool) -> str:
    values = [_plain(row, name.removeprefix("-")) for name in order]
    text = json.dumps({"order": order, "values": values, "back": back})
    return seal(text, "cursor")


def _plain(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row.isoformat() if isinstance(row, date) else row
