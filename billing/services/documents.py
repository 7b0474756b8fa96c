"""Handing out documents: numbered without a gap, their facts frozen, drawn the same for good.

The number is taken under the lock of its row, in the transaction that issues the document: when
that fails, the number was never given out.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import date, datetime
from typing import Any

from billing.documents import draw, lacking
from billing.errors import MoneyRefused
from billing.models import Document, Estimate, Numbering, Payment
from billing.selectors import facts
from billing.selectors.estimate_facts import of_estimate
from billing.services.estimating import bring_up_to_date
from billing.services.ledger import open_account
from clinic.journal import Actor, record
from clinic.models import Patient, Site
from clinic.transactions import durable

log = logging.getLogger("chairtime.documents")
Kind = Document.Kind


@durable
def issue_estimate(*, estimate: int, actor: Actor, now: datetime) -> Document:
    """Hand out an estimate; one that was handed out already is given again, as it was.

    MoneyRefused for a version that a later one took the place of, and for one without its prices.
    """
    row = Estimate.objects.select_related("patient", "site", "series", "appointment").get(
        pk=estimate
    )
    open_account(row.patient)
    row.refresh_from_db()
    if row.state == Estimate.State.SUPERSEDED:
        raise MoneyRefused("newest_version", "A later version took its place: issue that one.")
    if row.document is not None:
        return row.document
    bring_up_to_date(row, now=now)
    if not row.lines:
        raise MoneyRefused("something_is_expected", "Nothing is expected that could be estimated.")
    made = write_document(
        kind=Kind.ESTIMATE,
        patient=row.patient,
        site=row.site,
        cents=row.cents,
        said=of_estimate(row, _issued_before(row)),
        actor=actor,
        now=now,
    )
    row.state, row.document = Estimate.State.ISSUED, made
    row.issued_at, row.issued_by = now, actor.name
    row.save(update_fields=["state", "document", "issued_at", "issued_by"])
    return made


@durable
def issue_receipt(*, payment: int, actor: Actor, now: datetime) -> Document:
    """A receipt for a payment that came in, with what it was for as of now."""
    row = Payment.objects.select_related("patient", "site", "prepaid").get(pk=payment)
    open_account(row.patient)
    row.refresh_from_db()
    if row.state != Payment.State.RECEIVED:
        raise MoneyRefused("payment_came_in", "This payment has not come in: there is no receipt.")
    return write_document(
        kind=Kind.RECEIPT,
        patient=row.patient,
        site=row.site,
        cents=row.cents - row.refunded_cents,
        said=facts.of_receipt(row),
        actor=actor,
        now=now,
    )


@durable
def issue_statement(
    *, patient: Patient, site: Site, first: date, last: date, actor: Actor, now: datetime
) -> Document:
    """What was charged and paid at a site, first..last both inclusive, and what is owed then."""
    _in_order(first, last)
    open_account(patient)
    said = facts.of_statement(patient, site, first, last)
    return write_document(
        kind=Kind.STATEMENT,
        patient=patient,
        site=site,
        cents=said["closing_cents"],
        said=said,
        actor=actor,
        now=now,
    )


@durable
def issue_superbill(
    *, patient: Patient, site: Site, first: date, last: date, actor: Actor, now: datetime
) -> Document:
    """The services of a time for the patient's insurer; MoneyRefused with all that is lacking."""
    _in_order(first, last)
    open_account(patient)
    said = facts.of_superbill(patient, site, first, last)
    return write_document(
        kind=Kind.SUPERBILL,
        patient=patient,
        site=site,
        cents=said["charged_cents"],
        said=said,
        actor=actor,
        now=now,
    )


def write_document(
    *,
    kind: str,
    patient: Patient,
    site: Site,
    cents: int,
    said: dict[str, Any],
    corrects: Document | None = None,
    actor: Actor,
    now: datetime,
) -> Document:
    """Number, freeze and draw a document, inside a transaction with the account locked.

    `said` are the facts of its kind. MoneyRefused when something that it must say is lacking.
    """
    on = now.astimezone(site.zone).date()
    count = _take_number(site, kind)
    whole = facts.head(kind, count, patient=patient, site=site, on=on) | said
    if missing := lacking(whole):
        raise MoneyRefused("facts_are_complete", " ".join(missing))
    made = Document.objects.create(
        kind=kind,
        number=count,
        patient=patient,
        site=site,
        on=on,
        issued_at=now,
        issued_by=actor.name,
        cents=cents,
        facts=whole,
        sha256=hashlib.sha256(draw(whole)).hexdigest(),
        corrects=corrects,
    )
    record(
        actor=actor,
        now=now,
        action="document.issued",
        subject=f"document:{made.pk}",
        site=site,
        after={"kind": kind, "number": count, "patient": patient.pk, "cents": cents},
    )
    return made


def drawn(document: Document) -> bytes:
    """The PDF of a document, the same bytes as when it was issued.

    Where a later release draws otherwise, that is logged, and what it says is still the same.
    """
    pdf = draw(document.facts)
    if hashlib.sha256(pdf).hexdigest() != document.sha256:
        log.warning("Document %s is not drawn as it was when it was issued.", document.pk)
    return pdf


def _take_number(site: Site, kind: str) -> int:
    """The next number of a kind at a site; whoever else wants one waits for this transaction."""
    Numbering.objects.get_or_create(site=site, kind=kind)
    row = Numbering.objects.select_for_update(of=("self",)).get(site=site, kind=kind)
    count = row.next
    row.next += 1
    row.save(update_fields=["next"])
    return count


def _issued_before(estimate: Estimate) -> Document | None:
    """The estimate that a patient was given last of the same care."""
    earlier = Estimate.objects.filter(
        series=estimate.series, appointment=estimate.appointment, version__lt=estimate.version
    ).exclude(document=None)
    found = earlier.select_related("document").order_by("version").last()
    return found.document if found else None


def _in_order(first: date, last: date) -> None:
    if last < first:
        raise MoneyRefused("dates_are_in_order", "The last day is before the first: swap them.")
