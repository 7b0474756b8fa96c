"""Payers, coverages, authorisations, and the addresses and numbers that claims need."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Model
from django.forms.models import model_to_dict

from billing.checks import is_ein, is_npi
from billing.errors import MoneyRefused
from billing.models import (
    Authorisation,
    Coverage,
    Filing,
    PatientDetails,
    Payer,
    Policy,
    ProviderNumber,
)
from clinic import journal
from clinic.journal import Actor
from clinic.models import Patient, Site, Staff
from clinic.transactions import durable

TAXONOMY_LENGTH = 10


@durable
def save_payer(
    *, payer: Payer | None = None, facts: Mapping[str, Any], actor: Actor, now: datetime
) -> Payer:
    """Add a payer, or correct one. MoneyRefused when another has the name."""
    row = payer or Payer()
    if Payer.objects.filter(name__iexact=facts["name"]).exclude(pk=row.pk).exists():
        raise MoneyRefused("one_payer_a_name", "There is a payer of this name: correct that one.")
    return _save("payer", row, facts, actor=actor, now=now)


@durable
def save_coverage(
    *,
    patient: Patient,
    coverage: Coverage | None = None,
    facts: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> Coverage:
    """Add a patient's coverage, or correct one. MoneyRefused when its dates are out of order."""
    _in_order(facts["first"], facts.get("last"))
    row = coverage or Coverage(patient=patient)
    return _save("coverage", row, facts, actor=actor, now=now, site=patient.home_site)


@durable
def save_authorisation(
    *,
    coverage: Coverage,
    authorisation: Authorisation | None = None,
    facts: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> Authorisation:
    """Write down what a payer allowed. MoneyRefused when its dates are out of order."""
    _in_order(facts["first"], facts["last"])
    row = authorisation or Authorisation(coverage=coverage)
    site = coverage.patient.home_site
    return _save("authorisation", row, facts, actor=actor, now=now, site=site)


@durable
def save_details(
    *, patient: Patient, facts: Mapping[str, Any], actor: Actor, now: datetime
) -> PatientDetails:
    """The sex and address of a patient, as the insurer has them."""
    row = PatientDetails.objects.filter(pk=patient.pk).first() or PatientDetails(patient=patient)
    return _save("details", row, facts, actor=actor, now=now, site=patient.home_site)


@durable
def save_provider(
    *, staff: Staff, facts: Mapping[str, Any], actor: Actor, now: datetime
) -> ProviderNumber:
    """A clinician's NPI, taxonomy and letters. MoneyRefused when the check digit is wrong."""
    npi, taxonomy = facts.get("npi", ""), facts.get("taxonomy", "")
    _check_npi(npi)
    _check_taxonomy(taxonomy)
    row = ProviderNumber.objects.filter(pk=staff.pk).first() or ProviderNumber(staff=staff)
    return _save("provider", row, facts, actor=actor, now=now)


@durable
def save_filing(
    *,
    site: Site,
    practice: Mapping[str, str],
    facts: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> Filing:
    """How a site files claims; `practice` is its legal_name, tax_id and npi, kept in the policy.

    MoneyRefused for an NPI or tax ID that cannot be one.
    """
    _check_npi(practice.get("npi", ""))
    _check_taxonomy(facts.get("taxonomy", ""))
    if practice.get("tax_id") and not is_ein(practice["tax_id"]):
        raise MoneyRefused("tax_id_has_nine_digits", "Write the tax ID as nine digits: 12-3456789.")
    policy = Policy.objects.filter(site=site).first() or Policy(site=site)
    _save("policy", policy, practice, actor=actor, now=now, site=site)
    row = Filing.objects.filter(site=site).first() or Filing(site=site)
    return _save("filing", row, facts, actor=actor, now=now, site=site)


def _save(
    kind: str,
    row: Any,
    facts: Mapping[str, Any],
    *,
    actor: Actor,
    now: datetime,
    site: Site | None = None,
) -> Any:
    """Write the facts, and journal what changed; nothing when nothing did."""
    fresh = row._state.adding
    before = {} if fresh else _facts(row)
    for field, value in facts.items():
        setattr(row, field, value)
    was, became = journal.changes(before, _facts(row))
    if not fresh and not became:
        return row
    row.save()
    journal.record(
        actor=actor,
        now=now,
        action=f"{kind}.{'added' if fresh else 'changed'}",
        subject=f"{kind}:{row.pk}",
        site=site,
        before=was,
        after=became,
    )
    return row


def _facts(row: Model) -> dict[str, Any]:
    found = model_to_dict(row)
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in found.items()
    }


def _in_order(first: date, last: date | None) -> None:
    if last is not None and last < first:
        raise MoneyRefused("dates_in_order", "The last day lies before the first: correct one.")


def _check_npi(npi: str) -> None:
    if npi and not is_npi(npi):
        raise MoneyRefused(
            "npi_is_right", "This is no NPI: ten digits, of which the last one checks the others."
        )


def _check_taxonomy(code: str) -> None:
    if code and not (len(code) == TAXONOMY_LENGTH and code.isalnum() and code.isupper()):
        raise MoneyRefused(
            "taxonomy_is_right", "A taxonomy code has ten capitals and digits: 2084P0800X."
        )
