"""How documents say dates, money and numbers."""

from __future__ import annotations

from datetime import date
from typing import Any

from billing.money import Money

TITLES = {
    "invoice": "Invoice",
    "statement": "Statement of account",
    "receipt": "Receipt",
    "superbill": "Superbill",
    "estimate": "Good faith estimate",
    "credit": "Credit note",
}
PREFIXES = {
    "invoice": "INV",
    "statement": "STM",
    "receipt": "RCP",
    "superbill": "SUP",
    "estimate": "GFE",
    "credit": "CRN",
}


def number(kind: str, count: int) -> str:
    """INV-00012: counted per kind and site, without a gap."""
    return f"{PREFIXES[kind]}-{count:05}"


def money(facts: dict[str, Any], cents: int) -> str:
    return str(Money(cents, facts["currency"]))


def day(iso: str) -> str:
    """7 Dec 2026, from 2026-12-07."""
    on = date.fromisoformat(iso)
    return f"{on.day} {on:%b %Y}"


def weekday(iso: str) -> str:
    """Mon 7 Dec 2026."""
    return f"{date.fromisoformat(iso):%a} {day(iso)}"
