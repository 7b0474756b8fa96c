"""Lists, a page at a time: {"count", "next", "previous", "results"}."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api.rest.parsing import Parameter

Row = TypeVar("Row", bound=Model)
USUAL, MOST, FURTHEST = 100, 500, 10_000_000


def _between(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or len(text) > 9:
            raise ValueError(f"It must be a whole number from {least} to {most}.")
        if not least <= int(text) <= most:
            raise ValueError(f"It must be a whole number from {least} to {most}.")
        return int(text)

    return read


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
}


def page(
    request: Request, asked: dict[str, Any], rows: QuerySet[Row], show: Callable[[Row], Any]
) -> Response:
    """The page of `rows` that was asked for. `rows` must be in a total order."""
    limit, offset = asked.get("limit", USUAL), asked.get("offset", 0)
    count = rows.count()

    def link(start: int) -> str:
        query = request.query_params.copy()
        query["limit"], query["offset"] = str(limit), str(start)
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")

    return Response(
        {
            "count": count,
            "next": link(offset + limit) if offset + limit < count else None,
            "previous": link(max(0, offset - limit)) if offset else None,
            "results": [show(row) for row in rows[offset : offset + limit]],
        }
    )
