"""A credit that goes back: of the payments that it came by, newest first. Errors: MoneyRefused."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from billing.errors import MoneyRefused
from billing.models import Payment, Refund
from billing.money import Money
from billing.processing import Processor
from billing.selectors import owed
from billing.services.ledger import Of, open_account
from billing.services.refunding import enter_refund, send_refund
from clinic.journal import Actor
from clinic.models import Site
from clinic.transactions import durable


def give_back_credit(
    *,
    patient: int,
    site: Site,
    cents: int,
    reason: str,
    key: str,
    processor: Processor | None,
    actor: Actor,
    now: datetime,
) -> list[Refund]:
    """Give back cents that a patient has as a credit: of the payments at a site, newest first."""
    made = _enter_refunds(
        patient=patient,
        site=site,
        cents=cents,
        reason=reason,
        key=key,
        on_line=processor is not None,
        actor=actor,
        now=now,
    )
    return [send_refund(refund=pk, processor=processor, actor=actor, now=now) for pk in made]


@durable
def _enter_refunds(
    *,
    patient: int,
    site: Site,
    cents: int,
    reason: str,
    key: str,
    on_line: bool,
    actor: Actor,
    now: datetime,
) -> list[int]:
    account = open_account(patient)
    known = Refund.objects.filter(key__startswith=f"{key}:", payment__patient=patient)
    if known.exists():
        return list(known.order_by("pk").values_list("pk", flat=True))
    credit = max(0, -owed(patient))
    if not 0 < cents <= credit:
        raise MoneyRefused("credit_is_left", f"Their credit is {Money(credit)}: give back that.")
    rows = Payment.objects.filter(
        patient=patient, site=site, state=Payment.State.RECEIVED, refunded_cents__lt=F("cents")
    )
    made: list[int] = []
    for row in rows.select_related("site").order_by("-received_at", "-pk"):
        part = min(cents, back_to_credit(row))
        if part > 0:
            refund = enter_refund(
                account=account,
                payment=row,
                cents=part,
                reason=reason,
                key=f"{key}:{len(made) + 1}",
                on_line=on_line,
                credit=True,
                actor=actor,
                now=now,
            )
            made.append(refund.pk)
            cents -= part
    if cents:
        raise MoneyRefused(
            "came_by_a_payment",
            f"{Money(cents)} of the credit did not come by payments at {site.name}.",
        )
    return made


def back_to_credit(payment: Payment) -> int:
    """Cents of a payment that are not for a package or deposit and did not go back."""
    received = payment.entry and payment.entry.postings.filter(credit=Of.RECEIVABLE).first()
    gone = sum(
        posting.cents
        for refund in payment.refunds.exclude(state=Refund.State.FAILED).select_related("entry")
        if refund.entry
        for posting in refund.entry.postings.filter(debit=Of.RECEIVABLE)
    )
    return (received.cents if received else 0) - gone
