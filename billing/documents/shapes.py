"""What each kind of document has to say, and what to do about what is lacking."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Facts = dict[str, Any]
POLICY = "write it under Set-up, Prices, in the money policy"
CLINIC = {
    "tax_id": f"The clinic’s tax ID is not known: {POLICY}.",
    "address": "The clinic’s address is not known: write it under Set-up, Sites.",
}


def lacking(facts: Facts) -> list[str]:
    """A sentence for each thing that is missing; none when the document is whole."""
    checks = {"superbill": _superbill, "receipt": _receipt, "estimate": _estimate}
    check = checks.get(facts["kind"])
    return list(check(facts)) if check else []


def _superbill(facts: Facts) -> Iterator[str]:
    """An insurer pays back only what names all of these."""
    yield from (said for field, said in CLINIC.items() if not facts["clinic"][field])
    if not facts["lines"]:
        yield "No service was approved in this time: approve the charges first."
        return
    if not facts["providers"]:
        yield "No provider is known for these visits: assign a prescriber or therapist."
    for one in facts["providers"]:
        if not one["npi"]:
            yield (f"The NPI of {one['name']} is not known: add it under Set-up, Claim details.")
    for line in facts["lines"]:
        if not line["diagnoses"]:
            yield f"{line['code']} of {line['on']} has no diagnosis: add it to the charge."


def _receipt(facts: Facts) -> Iterator[str]:
    if facts["cents"] <= 0:
        yield "Nothing is left of this payment: all of it was given back."


def _estimate(facts: Facts) -> Iterator[str]:
    yield from facts["unpriced"]
