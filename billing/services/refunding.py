"""Money that goes back: of a payment, never more than came by it, or of a credit.

What was charged on line goes back through the processor: it is entered first, so that nothing
else is paid with it meanwhile, then asked for, and taken back should the processor refuse.
Errors: MoneyRefused; Refund.DoesNotExist.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from billing.errors import MoneyRefused
from billing.models import Account, Entry, Payment, Prepaid, Refund
from billing.money import Money
from billing.processing import Declined, Processor, Return, Unanswered
from billing.selectors import owed
from billing.services.ledger import Leg, Of, enter, open_account, reverse
from billing.services.paying import MONEY
from billing.services.till import open_till
from clinic.journal import Actor
from clinic.transactions import durable

FAILED = ("failed", "canceled")


def refund_payment(
    *,
    payment: int,
    cents: int,
    reason: str,
    key: str,
    processor: Processor | None,
    actor: Actor,
    now: datetime,
) -> Refund:
    """Give cents of a payment back, once for one key.

    Of a payment for a package or deposit that is what is left of it; beyond that only a credit.
    """
    made = _refund_once(
        payment=payment,
        cents=cents,
        reason=reason,
        key=key,
        on_line=processor is not None,
        actor=actor,
        now=now,
    )
    return send_refund(refund=made.pk, processor=processor, actor=actor, now=now)


def send_refund(*, refund: int, processor: Processor | None, actor: Actor, now: datetime) -> Refund:
    """Ask the processor for a refund that is pending; with no answer it stays so, and is asked for
    again by the clock with the same key.
    """
    row = Refund.objects.select_related("payment").get(pk=refund)
    if row.state != Refund.State.PENDING or processor is None:
        return row
    intent = row.payment.intent or ""
    try:
        found = processor.return_by(row.key, intent=intent)
        told = found or processor.give_back(intent=intent, cents=row.cents, key=row.key)
    except Unanswered:
        return row
    except Declined as no:
        return _undo(refund=refund, why=str(no), actor=actor, now=now)
    return _settle(refund=refund, told=told, actor=actor, now=now)


@durable
def _refund_once(
    *,
    payment: int,
    cents: int,
    reason: str,
    key: str,
    on_line: bool,
    actor: Actor,
    now: datetime,
) -> Refund:
    account = open_account(Payment.objects.values_list("patient", flat=True).get(pk=payment))
    row = Payment.objects.select_related("site").get(pk=payment)
    if known := Refund.objects.filter(key=key).first():
        if (known.payment_id, known.cents) != (payment, cents):
            raise MoneyRefused("key_is_new", "This key was used for another refund.")
        return known
    return enter_refund(
        account=account,
        payment=row,
        cents=cents,
        reason=reason,
        key=key,
        on_line=on_line,
        actor=actor,
        now=now,
    )


def enter_refund(
    *,
    account: Account,
    payment: Payment,
    cents: int,
    reason: str,
    key: str,
    on_line: bool,
    credit: bool = False,
    actor: Actor,
    now: datetime,
) -> Refund:
    """Checked, and entered: done at once at the desk, pending with the processor.

    As a `credit` nothing of it comes out of the package or deposit that it was paid for.
    """
    if payment.state != Payment.State.RECEIVED:
        raise MoneyRefused("was_received", "Nothing came by this payment.")
    if not reason.strip():
        raise MoneyRefused("has_a_reason", "Say why it goes back.")
    if not 0 < cents <= payment.cents - payment.refunded_cents:
        left = Money(payment.cents - payment.refunded_cents)
        raise MoneyRefused("never_more_back_than_came", f"Of this payment {left} can go back.")
    of_processor = payment.method == Payment.Method.PROCESSOR
    if of_processor and not on_line:
        raise MoneyRefused(
            "processor_is_on", "It was charged on line, and the card processor is switched off."
        )
    course = None
    if payment.prepaid and not credit:
        course = Prepaid.objects.get(pk=payment.prepaid.pk)
    ahead = min(cents, course.left_cents) if course else 0
    rest = cents - ahead
    if course and rest > max(0, -owed(account.pk)):
        raise MoneyRefused(
            "unearned_is_left",
            f"There is {Money(course.left_cents)} left of “{course.name}”; more was delivered.",
        )
    return enter_back(
        account=account,
        payment=payment,
        cents=cents,
        ahead=ahead,
        state=Refund.State.PENDING if of_processor else Refund.State.DONE,
        reason=reason,
        key=key,
        actor=actor,
        now=now,
    )


def enter_back(
    *,
    account: Account,
    payment: Payment,
    cents: int,
    ahead: int,
    state: str,
    reason: str,
    key: str,
    reference: str | None = None,
    actor: Actor,
    now: datetime,
) -> Refund:
    """A refund with its entry, `ahead` of it from what is not earned; the account is open."""
    money = MONEY[Payment.Method(payment.method)]
    course = payment.prepaid if ahead else None
    entry = enter(
        account=account,
        kind=Entry.Kind.REFUND,
        site=payment.site,
        legs=[
            Leg(Of.UNEARNED, money, ahead, course),
            Leg(Of.RECEIVABLE, money, cents - ahead),
        ],
        memo=f"Refund: {reason.strip()}",
        key=f"refund:{key}"[:120],
        on=open_till(payment.site, now=now),
        actor=actor,
        now=now,
    )
    Payment.objects.filter(pk=payment.pk).update(refunded_cents=F("refunded_cents") + cents)
    return Refund.objects.create(
        payment=payment,
        cents=cents,
        state=state,
        reason=reason.strip()[:200],
        reference=reference,
        key=key,
        prepaid=course,
        entry=entry,
        by=actor.name,
        created_at=now,
    )


def settle_refund(
    *, account: Account, row: Refund, told: Return, actor: Actor, now: datetime
) -> None:
    """What the processor says of a refund of ours, whatever it said before; the account is open."""
    if row.state == Refund.State.FAILED:
        return
    if told.status in FAILED:
        take_back_refund(account=account, row=row, actor=actor, now=now)
    elif told.status == "succeeded":
        row.state = Refund.State.DONE
    row.reference = told.id
    row.save(update_fields=["state", "reference"])


def take_back_refund(*, account: Account, row: Refund, actor: Actor, now: datetime) -> None:
    """The money did not leave: it is the patient's again, where it was before."""
    if row.entry:
        reverse(
            entry=row.entry,
            account=account,
            reason="The card processor could not pay this refund out",
            on=open_till(row.payment.site, now=now),
            actor=actor,
            now=now,
        )
    Payment.objects.filter(pk=row.payment_id).update(refunded_cents=F("refunded_cents") - row.cents)
    row.state = Refund.State.FAILED
    row.save(update_fields=["state"])


@durable
def _settle(*, refund: int, told: Return, actor: Actor, now: datetime) -> Refund:
    row, account = opened(Refund.objects.get(pk=refund))
    settle_refund(account=account, row=row, told=told, actor=actor, now=now)
    return row


@durable
def _undo(*, refund: int, why: str, actor: Actor, now: datetime) -> Refund:
    row, account = opened(Refund.objects.get(pk=refund))
    if row.state == Refund.State.PENDING:
        take_back_refund(account=account, row=row, actor=actor, now=now)
        row.reason = f"{row.reason} ({why})"[:200]
        row.save(update_fields=["reason"])
    return row


def opened(row: Refund) -> tuple[Refund, Account]:
    """A refund as it is once the account of its patient is locked."""
    account = open_account(row.payment.patient_id)
    rows = Refund.objects.select_related("payment__site", "payment__prepaid", "entry")
    return rows.get(pk=row.pk), account
