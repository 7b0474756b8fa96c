"""A professional claim as plain data: what CMS-1500 and 837P need, and nothing of a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from billing.money import Money, total

Sex = Literal["F", "M", "U"]
RELATIONSHIPS = {
    "spouse": "01", "child": "19", "employee": "20", "unknown": "21", "organ_donor": "39",
    "cadaver_donor": "40", "life_partner": "53", "other": "G8",
}  # fmt: skip
"""How a patient is related to the person insured -> individual relationship code (PAT01)."""


@dataclass(frozen=True, slots=True)
class Address:
    """`state` has two letters, `zip` five or nine digits (nine for the billing provider)."""

    line: str
    city: str
    state: str
    zip: str
    line2: str = ""


@dataclass(frozen=True, slots=True)
class BillingProvider:
    """Who is paid (items 25 and 33): an organisation, or a person when `given_name` is given.

    `tax_id` is an EIN, or a social security number when `tax_id_kind` is SY.
    """

    name: str
    npi: str
    tax_id: str
    address: Address
    given_name: str = ""
    tax_id_kind: Literal["EI", "SY"] = "EI"
    taxonomy: str = ""


@dataclass(frozen=True, slots=True)
class RenderingProvider:
    """Who treated the patient (items 24J and 31)."""

    family_name: str
    given_name: str
    npi: str
    taxonomy: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """The patient, or the person insured."""

    family_name: str
    given_name: str
    birth_date: date
    sex: Sex
    address: Address
    middle_name: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """A payer and whom it insures. `member_id` is as on the card (item 1a).

    `filing` says what kind of payer: CI commercial, BL Blue Cross, HM an HMO, MB Medicare part B,
    MC Medicaid and others of the implementation guide.
    """

    payer_name: str
    payer_id: str
    member_id: str
    insured: Person
    filing: str = "CI"
    group_number: str = ""
    sequence: Literal["P", "S", "T"] = "P"


@dataclass(frozen=True, slots=True)
class DrugGiven:
    """The national drug code of a line (11 digits), how much of it, and in what unit."""

    ndc: str
    quantity: Decimal
    unit: Literal["F2", "GR", "ME", "ML", "UN"] = "ML"


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """One charge (item 24). `charge` is for all its units; `pointers` count diagnoses from 1.

    `description` is needed with codes that say nothing themselves, such as J3490.
    """

    code: str
    units: int
    charge: Money
    on: date
    pointers: tuple[int, ...]
    modifiers: tuple[str, ...] = ()
    description: str = ""
    drug: DrugGiven | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim. `number` is ours (at most 20 capitals and digits); payments name it.

    `total` is what the lines should add up to. `patient` and `relationship` are given when the
    patient is not the person insured. `frequency` is 1 for an original, 7 to replace and 8 to
    void an earlier one, whose number at the payer is `original_reference`.
    """

    number: str
    billing: BillingProvider
    coverage: Coverage
    diagnoses: tuple[str, ...]
    lines: tuple[ServiceLine, ...]
    total: Money
    place: str = "11"
    rendering: RenderingProvider | None = None
    patient: Person | None = None
    relationship: str = ""
    paid: Money = field(default=Money(0))
    authorisation: str = ""
    needs_authorisation: bool = False
    frequency: Literal["1", "7", "8"] = "1"
    original_reference: str = ""
    accepts_assignment: bool = True
    signature_on_file: bool = True

    @property
    def who(self) -> Person:
        """The patient."""
        return self.patient or self.coverage.insured

    @property
    def first_day(self) -> date | None:
        return min((line.on for line in self.lines), default=None)


def total_of(lines: Sequence[ServiceLine]) -> Money:
    """What the charges of lines come to."""
    return total((line.charge for line in lines), lines[0].charge.currency if lines else "USD")
