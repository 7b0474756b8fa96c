"""A plain claim as JSON and back, so that what was sent can be read and written again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing.claim import (
    Address,
    BillingProvider,
    Claim,
    Coverage,
    DrugGiven,
    Person,
    RenderingProvider,
    ServiceLine,
)
from billing.money import Money


def to_json(value: Any) -> Any:
    """Objects become objects, dates and decimals texts, money {"amount", "currency"}."""
    if isinstance(value, Money):
        return value.json()
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: to_json(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [to_json(one) for one in value]
    return value


def from_json(given: Mapping[str, Any]) -> Claim:
    """The claim that `to_json` wrote; members that are not of a claim are left out."""
    known = {one.name: given[one.name] for one in fields(Claim) if one.name in given}
    billing, rendering, patient = known["billing"], known["rendering"], known["patient"]
    coverage = known["coverage"]
    return Claim(
        **{
            **known,
            "billing": BillingProvider(**{**billing, "address": Address(**billing["address"])}),
            "coverage": Coverage(**{**coverage, "insured": _person(coverage["insured"])}),
            "diagnoses": tuple(known["diagnoses"]),
            "lines": tuple(_line(line) for line in known["lines"]),
            "total": Money.from_json(known["total"]),
            "paid": Money.from_json(known["paid"]),
            "rendering": RenderingProvider(**rendering) if rendering else None,
            "patient": _person(patient) if patient else None,
        }
    )


def _person(given: Mapping[str, Any]) -> Person:
    born, address = date.fromisoformat(given["birth_date"]), Address(**given["address"])
    return Person(**{**given, "birth_date": born, "address": address})


def _line(given: Mapping[str, Any]) -> ServiceLine:
    drug = given["drug"]
    return ServiceLine(
        **{
            **given,
            "charge": Money.from_json(given["charge"]),
            "on": date.fromisoformat(given["on"]),
            "pointers": tuple(given["pointers"]),
            "modifiers": tuple(given["modifiers"]),
            "drug": DrugGiven(**{**drug, "quantity": Decimal(drug["quantity"])}) if drug else None,
        }
    )
