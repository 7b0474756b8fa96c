"""The effective-dated table of codes, and how payers differ: plain data that a clinic edits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

PayerKind = Literal["self_pay", "commercial", "medicare"]
KINDS: tuple[PayerKind, ...] = ("self_pay", "commercial", "medicare")
USES = (
    "infusion", "infusion_hour", "push", "injection", "ketamine", "esketamine_drug",
    "esketamine_low", "esketamine_high", "psychotherapy", "psychotherapy_added", "intake",
    "intake_medical", "visit_new", "visit_established", "prolonged", "rating_scale",
)  # fmt: skip
"""What the coding rules ask the table for; the codes behind each are the clinic's to edit."""


@dataclass(frozen=True, slots=True)
class Code:
    """One code while it is valid, from..to both inclusive.

    `minutes` are the least and the most it is for. `each` and `past` belong to prolonged visits:
    one unit for each full `each` minutes past the minutes of the visit code named.
    """

    code: str
    use: str
    what: str
    valid_from: date
    valid_to: date | None = None
    minutes: tuple[int, int | None] | None = None
    payers: tuple[str, ...] = KINDS
    each: int | None = None
    past: tuple[tuple[str, int], ...] = ()
    telehealth: bool = False
    sources: tuple[str, ...] = ()
    review: str = ""

    def is_valid(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def is_for(self, minutes: int) -> bool:
        if self.minutes is None:
            return False
        least, most = self.minutes
        return least <= minutes and (most is None or minutes <= most)


@dataclass(frozen=True, slots=True)
class Included:
    """Something that is part of the services of some uses, and never billed beside them."""

    what: str
    code: str
    beside: tuple[str, ...]
    why: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Modifier:
    """A modifier on codes of the uses `on`, where one of the uses `beside` is billed that day."""

    modifier: str
    what: str
    on: tuple[str, ...]
    beside: tuple[str, ...]
    sources: tuple[str, ...] = ()
    review: str = ""


@dataclass(frozen=True, slots=True)
class PlaceOfService:
    """Where a visit was, as claims say it."""

    place: str
    code: str
    what: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Payer:
    """How one payer, or a kind of payer, differs.

    `esketamine`: included (the visit code alone), split (the drug, and the clinician's own visit
    code) or ask (both are proposed and a person strikes one). `esketamine_drug` holds
    (from date of service, code), oldest first. `filing_days` is None where no claim is made.
    """

    payer: str
    kind: PayerKind
    name: str
    esketamine: Literal["included", "split", "ask"]
    esketamine_drug: tuple[tuple[date, str], ...] = ()
    telehealth_modifier: str = ""
    filing_days: int | None = None
    sources: tuple[str, ...] = ()

    def drug_code(self, on: date) -> str | None:
        """The esketamine code this payer takes on a date of service; None for none."""
        taken = [code for since, code in self.esketamine_drug if since <= on]
        return taken[-1] if taken else None


@dataclass(frozen=True, slots=True)
class Rules:
    """The whole table. Made by `billing.coding.reading`, or by hand in a test."""

    codes: tuple[Code, ...]
    payers: Mapping[str, Payer]
    places: Mapping[str, PlaceOfService]
    modifiers: tuple[Modifier, ...] = ()
    included: tuple[Included, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    def of(self, use: str, on: date, payer: Payer) -> Iterator[Code]:
        """The codes of a use that are valid on a date for a payer."""
        for code in self.codes:
            if code.use == use and code.is_valid(on) and payer.kind in code.payers:
                yield code

    def cite(self, keys: tuple[str, ...]) -> str:
        """The citations of sources, `; ` between them."""
        return "; ".join(self.sources[key] for key in keys)
