"""Money that comes in: by cash, card or check, for what is owed or ahead; and what is written off.

`pay_in` is for services that take money within a transaction of theirs. Errors: MoneyRefused.
"""

from __future__ import annotations

from datetime import datetime

from billing.errors import MoneyRefused
from billing.models import Account, DayClose, Entry, Payment, Prepaid
from billing.money import Money
from billing.selectors import owed
from billing.services.drawing import settle
from billing.services.ledger import Leg, Of, enter, open_account, reverse
from billing.services.till import open_till
from clinic.journal import Actor
from clinic.models import Site
from clinic.transactions import durable

MONEY = {
    Payment.Method.CASH: Of.CASH,
    Payment.Method.CARD: Of.CARD,
    Payment.Method.CHECK: Of.CHECK,
    Payment.Method.PROCESSOR: Of.CARD,
}
"""The account of the ledger in which money of a method is."""
WORDS = {
    Payment.Method.CASH: "cash",
    Payment.Method.CARD: "card",
    Payment.Method.CHECK: "check",
    Payment.Method.PROCESSOR: "card, on line",
}
AT_THE_DESK = (Payment.Method.CASH, Payment.Method.CARD, Payment.Method.CHECK)


@durable
def take_payment(
    *,
    patient: int,
    site: Site,
    method: str,
    cents: int,
    key: str,
    prepaid: int | None = None,
    reference: str = "",
    actor: Actor,
    now: datetime,
) -> Payment:
    """Take cents at the desk, once for one key; what is more than is owed stays as a credit.

    With `prepaid` it pays for that package or deposit and is not earned yet.
    """
    return pay_in(
        account=open_account(patient),
        site=site,
        method=method,
        cents=cents,
        key=key,
        prepaid=prepaid,
        reference=reference,
        actor=actor,
        now=now,
    )


def pay_in(
    *,
    account: Account,
    site: Site,
    method: str,
    cents: int,
    key: str,
    prepaid: int | None = None,
    reference: str = "",
    actor: Actor,
    now: datetime,
) -> Payment:
    """`take_payment` within a transaction that has opened the account."""
    if known := Payment.objects.filter(key=key).first():
        return _same(known, account, method, cents, prepaid)
    if method not in AT_THE_DESK:
        raise MoneyRefused("taken_at_the_desk", "Take it by cash, card or check.")
    if cents <= 0:
        raise MoneyRefused("moves_something", "Enter an amount above $0.00.")
    course = _has_room(account, prepaid, cents) if prepaid else None
    payment = Payment.objects.create(
        patient=account.patient,
        site=site,
        method=method,
        state=Payment.State.PENDING,
        cents=cents,
        reference=reference.strip()[:80],
        key=key,
        prepaid=course,
        by=actor.name,
        created_at=now,
    )
    return receive(account=account, payment=payment, actor=actor, now=now)


def receive(*, account: Account, payment: Payment, actor: Actor, now: datetime) -> Payment:
    """Enter a payment that is there, once, in the transaction that has opened the account.

    Of what came for a package or deposit, the part that it does not need any more is a credit; what
    was delivered before it was paid for is settled from it.
    """
    if payment.state == Payment.State.RECEIVED:
        return payment
    money = MONEY[Payment.Method(payment.method)]
    course = Prepaid.objects.get(pk=payment.prepaid.pk) if payment.prepaid else None
    ahead = min(payment.cents, room_of(course)) if course else 0
    words = " ".join(filter(None, [WORDS[Payment.Method(payment.method)], payment.reference]))
    payment.entry = enter(
        account=account,
        kind=Entry.Kind.PREPAYMENT if ahead else Entry.Kind.PAYMENT,
        site=payment.site,
        legs=[
            Leg(money, Of.UNEARNED, ahead, course),
            Leg(money, Of.RECEIVABLE, payment.cents - ahead),
        ],
        memo=f"Paid by {words}" + (f", for “{course.name}”" if course and ahead else ""),
        key=f"payment:{payment.pk}",
        on=open_till(payment.site, now=now),
        actor=actor,
        now=now,
    )
    if course and ahead:
        settle(account, course, actor, now)
    payment.state, payment.received_at, payment.problem = Payment.State.RECEIVED, now, ""
    payment.save(update_fields=["entry", "state", "received_at", "problem", "cents"])
    return payment


@durable
def take_back_payment(*, payment: int, reason: str, actor: Actor, now: datetime) -> Payment:
    """A payment that was a mistake, such as a wrong patient or amount, on the day it was entered.

    Later, or once the day is counted, the money itself has to go back: a refund.
    """
    row = Payment.objects.select_related("site").get(pk=payment)
    account = open_account(row.patient_id)
    row = Payment.objects.select_related("site", "entry").get(pk=payment)
    if row.state != Payment.State.RECEIVED or row.entry is None:
        raise MoneyRefused("was_received", "This payment was taken back already, or never came.")
    if row.method not in AT_THE_DESK:
        raise MoneyRefused("taken_at_the_desk", "The card was charged on line: refund it instead.")
    if row.refunded_cents:
        raise MoneyRefused("nothing_went_back", "Part of it was refunded: refund the rest instead.")
    if not reason.strip():
        raise MoneyRefused("has_a_reason", "Say what was wrong with it.")
    counted = DayClose.objects.filter(site=row.site, on=row.entry.on).exists()
    if open_till(row.site, now=now) != row.entry.on or counted:
        raise MoneyRefused("same_day", "That day is over or counted: refund the payment instead.")
    reverse(
        entry=row.entry,
        account=account,
        reason=f"Entered by mistake: {reason.strip()}",
        on=row.entry.on,
        actor=actor,
        now=now,
    )
    row.state, row.problem = Payment.State.FAILED, f"Entered by mistake: {reason.strip()}"[:200]
    row.save(update_fields=["state", "problem"])
    return row


@durable
def write_off(
    *, patient: int, site: Site, cents: int, reason: str, key: str, actor: Actor, now: datetime
) -> Entry:
    """Give up cents of what a patient owes, with a reason; never more than they owe."""
    account = open_account(patient)
    if known := Entry.objects.filter(key=f"write-off:{key}").first():
        return known
    if not reason.strip():
        raise MoneyRefused("has_a_reason", "Say why it is given up.")
    if cents > (due := owed(patient)):
        raise MoneyRefused("is_owed", f"They owe {Money(max(due, 0))}: no more can be given up.")
    return enter(
        account=account,
        kind=Entry.Kind.WRITE_OFF,
        site=site,
        legs=[Leg(Of.WRITE_OFFS, Of.RECEIVABLE, cents)],
        memo=f"Written off: {reason.strip()}",
        key=f"write-off:{key}",
        actor=actor,
        now=now,
    )


def room_of(prepaid: Prepaid) -> int:
    """Cents that may still be paid for a package or deposit."""
    if prepaid.state == Prepaid.State.ENDED:
        return 0
    return max(0, prepaid.cents - prepaid.paid_cents)


def _has_room(account: Account, prepaid: int, cents: int) -> Prepaid:
    course = Prepaid.objects.filter(pk=prepaid, patient=account.pk).first()
    if course is None:
        raise MoneyRefused("is_theirs", "This patient has no such package or deposit.")
    if course.state == Prepaid.State.ENDED:
        raise MoneyRefused("package_is_open", f"“{course.name}” was ended; nothing is paid in.")
    if cents > (room := room_of(course)):
        raise MoneyRefused(
            "no_more_than_its_price",
            f"“{course.name}” has {Money(room)} left to pay: take that, and the rest as a credit.",
        )
    return course


def _same(
    known: Payment, account: Account, method: str, cents: int, prepaid: int | None
) -> Payment:
    asked = (account.pk, method, cents, prepaid)
    if (known.patient_id, known.method, known.cents, known.prepaid_id) != asked:
        raise MoneyRefused("key_is_new", "This key was used for another payment: use a fresh one.")
    return known
