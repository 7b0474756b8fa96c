"""What a payer says to a claim, in the ledger: paid and taken off by contract, or denied."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from billing.errors import MoneyRefused
from billing.models import Account, Claim, ClaimAnswer, Entry
from billing.services.claiming import State, opened
from billing.services.ledger import Leg, Of, enter, open_account, reverse
from clinic.journal import Actor, record
from clinic.transactions import durable

METHODS = {"check": Of.CHECK, "card": Of.CARD}
"""How a payer pays: by check or transfer, or by a virtual card."""
ANSWERED = (State.PAID, State.DENIED)


@durable
def record_paid(
    *,
    claim: Claim,
    paid_cents: int,
    adjusted_cents: int,
    method: str = "check",
    reference: str,
    actor: Actor,
    now: datetime,
    on: date | None = None,
) -> ClaimAnswer:
    """The payer paid so much and took so much off by contract; the rest the patient owes still.

    Said again with the same amounts and reference it changes nothing. Fees are not touched: no
    more is taken off what is owed than the claim asked for. MoneyRefused for more than that, for
    a claim that was not sent, and for charges that are not in the ledger yet.
    """
    account = open_account(claim.patient_id)
    if known := _said(claim, paid_cents, adjusted_cents, reference):
        return known
    row = _standing(claim, (State.SENT,))
    rest = row.cents - paid_cents - adjusted_cents
    if min(paid_cents, adjusted_cents) < 0 or rest < 0:
        raise MoneyRefused(
            "no_more_than_claimed",
            "Paid and taken off come to more than was claimed: post what is above it as a payment.",
        )
    if any(line.charge.entry_id is None for line in row.claimed.all()):
        raise MoneyRefused(
            "charges_are_posted", "Post the charges of this visit first, under Charges."
        )
    answer = ClaimAnswer(
        claim=row,
        kind=ClaimAnswer.Kind.PAID,
        paid_cents=paid_cents,
        adjusted_cents=adjusted_cents,
        patient_cents=rest,
        method=method,
        reference=reference[:80],
        on=on or now.astimezone(row.site.zone).date(),
        by=actor.name,
        at=now,
    )
    answer.payment = _entry(
        account, answer, Entry.Kind.PAYMENT, METHODS[method], paid_cents, actor, now
    )
    answer.discount = _entry(
        account, answer, Entry.Kind.DISCOUNT, Of.DISCOUNTS, adjusted_cents, actor, now
    )
    return _settle(row, answer, State.PAID, actor, now)


@durable
def record_denied(*, claim: Claim, reason: str, actor: Actor, now: datetime) -> ClaimAnswer:
    """The payer pays nothing. Nothing moves: correct and send it again, or charge the patient."""
    open_account(claim.patient_id)
    row = _standing(claim, (State.SENT,))
    answer = ClaimAnswer(
        claim=row,
        kind=ClaimAnswer.Kind.DENIED,
        reason=reason[:300],
        on=now.astimezone(row.site.zone).date(),
        by=actor.name,
        at=now,
    )
    return _settle(row, answer, State.DENIED, actor, now)


@durable
def take_back_answer(*, claim: Claim, reason: str, actor: Actor, now: datetime) -> Claim:
    """An answer was entered by mistake: its entries are reversed, and the claim waits again."""
    account = open_account(claim.patient_id)
    row = _standing(claim, ANSWERED)
    answer = row.answers.select_related("payment__site", "discount__site").get(back_on=None)
    for entry in (answer.payment, answer.discount):
        if entry is not None:
            reverse(entry=entry, account=account, reason=reason, actor=actor, now=now)
    answer.back_on = max(answer.on, now.astimezone(row.site.zone).date())
    answer.save(update_fields=["back_on"])
    row.state = State.SENT
    row.save(update_fields=["state"])
    _note(row, "claim.answer_taken_back", {"answer": answer.pk, "reason": reason}, actor, now)
    return row


def _said(claim: Claim, paid: int, adjusted: int, reference: str) -> ClaimAnswer | None:
    return ClaimAnswer.objects.filter(
        claim=claim,
        kind=ClaimAnswer.Kind.PAID,
        back_on=None,
        paid_cents=paid,
        adjusted_cents=adjusted,
        reference=reference[:80],
    ).first()


def _standing(claim: Claim, states: Sequence[str]) -> Claim:
    found = opened(claim.site, states, [claim.pk])
    if not found:
        stands = Claim.objects.values_list("state", flat=True).get(pk=claim.pk)
        raise MoneyRefused(
            "claim_stands_so",
            f"This claim is {stands}: an answer can be entered when it is sent, and taken back "
            "when it is answered.",
        )
    return found[0]


def _entry(
    account: Account,
    answer: ClaimAnswer,
    kind: str,
    debit: str,
    cents: int,
    actor: Actor,
    now: datetime,
) -> Entry | None:
    if not cents:
        return None
    claim = answer.claim
    return enter(
        account=account,
        kind=kind,
        site=claim.site,
        legs=[Leg(debit, Of.RECEIVABLE, cents)],
        memo=f"{claim.coverage.payer.name}, claim {claim.control}",
        on=answer.on,
        actor=actor,
        now=now,
    )


def _settle(
    row: Claim, answer: ClaimAnswer, state: str, actor: Actor, now: datetime
) -> ClaimAnswer:
    answer.save()
    row.state = state
    row.save(update_fields=["state"])
    told = {
        "paid": answer.paid_cents,
        "adjusted": answer.adjusted_cents,
        "patient": answer.patient_cents,
        "reason": answer.reason,
    }
    _note(row, f"claim.{state}", told, actor, now)
    return answer


def _note(claim: Claim, action: str, told: dict[str, object], actor: Actor, now: datetime) -> None:
    record(
        actor=actor,
        now=now,
        action=action,
        subject=f"claim:{claim.pk}",
        site=claim.site,
        after=told,
    )
