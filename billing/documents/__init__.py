"""Papers for patients, as PDF. Pure: facts in, bytes out, and the same facts give the same bytes.

`draw(facts)` draws the document that `facts["kind"]` names; `lacking(facts)` says in sentences
what a document of its kind must say and these facts do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from billing.documents.accounts import credit, invoice, receipt, statement
from billing.documents.paper import Paper
from billing.documents.services import estimate, superbill
from billing.documents.shapes import lacking
from billing.documents.words import TITLES, number

__all__ = ["TITLES", "draw", "lacking", "number"]

DRAWN: Mapping[str, Callable[[Paper, dict[str, Any]], None]] = {
    "invoice": invoice,
    "credit": credit,
    "statement": statement,
    "receipt": receipt,
    "superbill": superbill,
    "estimate": estimate,
}


def draw(facts: dict[str, Any]) -> bytes:
    """The PDF of a document's facts. Drawn twice where its sheets have to be counted first."""
    kind: str = facts["kind"]
    first = Paper(facts, TITLES[kind])
    DRAWN[kind](first, facts)
    paper = Paper(facts, TITLES[kind], pages=first.page)
    DRAWN[kind](paper, facts)
    return paper.bytes()
