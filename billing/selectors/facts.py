"""All that a document is drawn from, read once and frozen: JSON, in cents and ISO dates.

To be called inside the transaction that issues it, with the patient's account locked, so that
the ledger it tells of is the one of that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from billing.documents import TITLES, number
from billing.good_faith import DISPUTE_FROM
from billing.models import Charge, Document, Entry, Estimate, Payment, Policy, Posting
from billing.selectors.ledger import balances, owed
from billing.selectors.providers import Provider, providers_of
from billing.selectors.settling import entries_of, paid_by, paid_of_charges
from clinic.models import Patient, Site
from scheduling.selectors.visits import step_name
from scheduling.services.composing import telephone

Facts = dict[str, Any]
FORMAT = 1
"""Rises when documents are drawn otherwise than before."""
OFFICE, BY_TELEHEALTH = ("11", "office"), ("10", "telehealth, the patient at home")
TELEHEALTH = "95"
NOBODY = {"name": "", "title": "", "npi": ""}
METHODS = {"cash": "Cash", "card": "Card", "check": "Check", "processor": "Card, online"}


def head(kind: str, count: int, *, patient: Patient, site: Site, on: date) -> Facts:
    """What every document says: whose it is, for whom, which one, of which day."""
    policy = Policy.objects.filter(pk=site.pk).first() or Policy(site=site)
    return {
        "format": FORMAT,
        "kind": kind,
        "number": number(kind, count),
        "on": on.isoformat(),
        "currency": policy.currency,
        "clinic": {
            "name": site.name,
            "legal_name": policy.legal_name,
            "address": site.address,
            "phone": telephone(site.phone),
            "country": site.country,
            "tax_id": policy.tax_id,
            "npi": policy.npi,
            "colour": policy.colour,
            "logo": policy.logo,
            "footer": policy.footer,
        },
        "patient": {
            "name": patient.name,
            "born": patient.birth_date.isoformat(),
            "mrn": patient.mrn,
        },
    }


def of_invoice(
    patient: Patient,
    charges: Sequence[Charge],
    *,
    corrects: Document | None,
    over: tuple[Estimate, int] | None,
) -> Facts:
    """`over` is an estimate, and by how many cents these services come to more than it said."""
    total = sum(charge.cents for charge in charges)
    covered = sum(charge.cents for charge in charges if charge.prepaid_id)
    paid = paid_of_charges(patient)
    own = [charge for charge in charges if not charge.prepaid_id]
    settled = sum(min(charge.cents, paid.get(charge.pk, 0)) for charge in own)
    return {
        "lines": [_line(charge) for charge in charges],
        "total_cents": total,
        "covered_cents": covered,
        "settled_cents": settled,
        "due_cents": total - covered - settled,
        "owed_cents": owed(patient),
        "corrects": label(corrects) if corrects else "",
        "over": over
        and {
            "estimate": label(over[0].document) if over[0].document else "",
            "by_cents": over[1],
            "from_cents": DISPUTE_FROM.cents,
        },
    }


def of_credit(invoice: Document, reason: str) -> Facts:
    return {
        "lines": invoice.facts["lines"],
        "total_cents": invoice.facts["total_cents"] - invoice.facts["covered_cents"],
        "of": invoice.facts["number"],
        "reason": reason,
    }


def of_statement(patient: Patient, site: Site, first: date, last: date) -> Facts:
    """Every entry that changed what is owed, first..last both inclusive."""
    opening = closing = 0
    entries = []
    for entry in entries_of(patient, site.pk):
        cents = _owed_by(entry)
        if entry.on > last or not cents:
            continue
        closing += cents
        if entry.on < first:
            opening += cents
            continue
        entries.append(
            {
                "on": entry.on.isoformat(),
                "what": entry.memo or entry.get_kind_display(),
                "cents": cents,
                "balance_cents": closing,
            }
        )
    return {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "opening_cents": opening,
        "entries": entries,
        "closing_cents": closing,
        "unearned_cents": -balances(patient=patient, site=site, until=last)[Posting.Of.UNEARNED],
    }


def of_receipt(payment: Payment) -> Facts:
    """A payment that came in, less what went back, and the services it paid for."""
    cents = payment.cents - payment.refunded_cents
    rows = [one for one in paid_by(payment) if one.charge is not None]
    charges = _charges([one.charge for one in rows])
    answers = _answers(charges.values())
    services = []
    for one in rows:
        charge = charges[one.charge or 0]
        provider = answers.get(charge.appointment_id or 0)
        services.append(
            {
                "on": charge.on.isoformat(),
                "what": charge.what,
                "code": charge.code,
                "cents": one.cents,
                "provider": _titled(provider),
            }
        )
    named = next((provider.facts for provider in answers.values()), NOBODY)
    came = payment.received_at or payment.created_at
    return {
        "cents": cents,
        "paid_on": came.astimezone(payment.site.zone).date().isoformat(),
        "method": METHODS[payment.method],
        "reference": payment.reference,
        "provider": named,
        "services": services,
        "ahead_cents": cents - sum(one.cents for one in rows),
        "ahead_for": payment.prepaid.name if payment.prepaid else "",
    }


def of_superbill(patient: Patient, site: Site, first: date, last: date) -> Facts:
    """The services of a time that a patient pays themselves, approved ones only."""
    charges = _charges(
        Charge.objects.filter(
            patient=patient,
            site=site,
            kind=Charge.Kind.SERVICE,
            state__in=(Charge.State.APPROVED, Charge.State.BILLED),
            coverage=None,
            on__gte=first,
            on__lte=last,
        ).values_list("pk", flat=True)
    ).values()
    answers, paid = _answers(charges), paid_of_charges(patient)
    lines = []
    for charge in charges:
        provider = answers.get(charge.appointment_id or 0)
        came = min(charge.cents, paid.get(charge.pk, 0))
        lines.append(
            {
                "on": charge.on.isoformat(),
                "place": place_of(charge)[0],
                "code": charge.code,
                "modifiers": charge.modifiers,
                "diagnoses": charge.diagnoses,
                "what": charge.what,
                "units": charge.units,
                "cents": charge.cents,
                "paid_cents": came,
                "provider": _titled(provider),
            }
        )
    return {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "providers": named(answers.values()),
        "diagnoses": list(dict.fromkeys(code for one in charges for code in one.diagnoses)),
        "lines": lines,
        "places": dict(place_of(charge) for charge in charges),
        "charged_cents": sum(line["cents"] for line in lines),
        "paid_cents": sum(line["paid_cents"] for line in lines),
    }


def label(document: Document) -> str:
    """INV-00012."""
    return number(document.kind, document.number)


def title(document: Document) -> str:
    return TITLES[document.kind]


def named(providers: Iterable[Provider]) -> list[Facts]:
    """Each once, as documents name them."""
    return [one.facts for one in dict.fromkeys(providers)]


def place_of(charge: Charge) -> tuple[str, str]:
    """Place of service and its name: the office, unless the charge says telehealth."""
    return BY_TELEHEALTH if TELEHEALTH in charge.modifiers else OFFICE


def _line(charge: Charge) -> Facts:
    return {
        "on": charge.on.isoformat(),
        "visit": step_name(charge.appointment) if charge.appointment else "",
        "what": charge.what,
        "code": charge.code if charge.kind == Charge.Kind.SERVICE else "",
        "units": charge.units,
        "cents": charge.cents,
        "covered": charge.prepaid_id is not None,
    }


def _charges(pks: Iterable[int | None]) -> dict[int, Charge]:
    rows = Charge.objects.filter(pk__in=[pk for pk in pks if pk])
    related = rows.select_related("appointment__protocol_version")
    return {charge.pk: charge for charge in related.order_by("on", "appointment", "position", "pk")}


def _answers(charges: Iterable[Charge]) -> dict[int, Provider]:
    """Who answers for the visits of charges, by the visit's id."""
    visits = {one.appointment_id: one.appointment for one in charges if one.appointment}
    return dict(providers_of(visits.values()))


def _titled(provider: Provider | None) -> str:
    return ", ".join(filter(None, [provider.name, provider.title])) if provider else ""


def _owed_by(entry: Entry) -> int:
    """By how much an entry changed what is owed."""
    of = Posting.Of.RECEIVABLE
    return sum(
        posting.cents * ((posting.debit == of) - (posting.credit == of))
        for posting in entry.postings.all()
    )
