"""Segments of X12: capitals of the basic character set, no empty tails, exact amounts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from billing.money import Money

ELEMENT, COMPONENT, REPETITION, SEGMENT = "*", ":", "^", "~"
_WITHOUT_PARTS = str.maketrans(
    {"Ł": "L", "Ø": "O", "Æ": "AE", "Œ": "OE", "Đ": "D", "Ð": "D", "Þ": "TH", "ẞ": "SS", "’": "'"}
)
_REFUSED = re.compile(r"[^A-Z0-9 !\"&'()+,\-./;?=]")
"""All but the basic character set without our separators (ASC X12.6; 005010X222A1, appendix B)."""


class Unwritable(ValueError):
    """Something required of which nothing is left in the characters that X12 has."""


def clean(text: str, longest: int) -> str:
    """Capitals without accents; what X12 has no character for becomes a space, and is cut."""
    plain = unicodedata.normalize("NFKD", text.upper().translate(_WITHOUT_PARTS))
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(_REFUSED.sub(" ", letters).split())[:longest].rstrip()


def needed(text: str, longest: int, what: str) -> str:
    """`clean`, or Unwritable with a sentence on `what` where nothing is left."""
    written = clean(text, longest)
    if not written:
        raise Unwritable(
            f"{what} is empty in the letters that a claim can carry: write it in Latin ones."
        )
    return written


def digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def day(on: date) -> str:
    return f"{on:%Y%m%d}"


def amount(money: Money) -> str:
    """`250`, `12.5`, `12.34`: no zeros that say nothing (X12.6, type R)."""
    return number(Decimal(money.amount))


def number(value: Decimal) -> str:
    written = f"{value:f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def composite(*parts: str) -> str:
    return COMPONENT.join(parts).rstrip(COMPONENT)


def segment(name: str, *elements: str) -> str:
    """`NM1*85*2*HARBOUR~`, without the elements at the end that are empty."""
    return ELEMENT.join((name, *elements)).rstrip(ELEMENT) + SEGMENT


def isa(elements: Sequence[str]) -> str:
    """The one segment of fixed widths; every element is already as wide as it has to be."""
    return ELEMENT.join(("ISA", *elements)) + SEGMENT
