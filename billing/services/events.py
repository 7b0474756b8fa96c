"""What the processor tells us, each event once, in whatever order they come.

An event is a photograph that may be old, so that nothing is ever undone by one: money that came is
entered when any event shows that it did, and a refund that failed stays failed.
"""

from __future__ import annotations

from datetime import datetime

from billing.models import Payment, PaymentEvent, Refund
from billing.processing import Intent, Return, Told
from billing.services.ledger import open_account
from billing.services.online import apply_intent
from billing.services.paying import receive
from billing.services.refunding import FAILED, enter_back, opened, settle_refund
from clinic.journal import Actor
from clinic.transactions import durable

STRIPE = Actor(name="Stripe", door="webhook")


@durable
def take_event(*, told: Told, now: datetime) -> PaymentEvent:
    """Keep an event by its id and do what follows from it; one that was handled is left alone."""
    row, _ = PaymentEvent.objects.get_or_create(
        event=told.id,
        defaults={"kind": told.kind[:80], "created_at": told.at, "received_at": now},
    )
    if row.handled_at:
        return row
    if isinstance(told.what, Intent):
        payment = apply_intent(intent=told.what, actor=STRIPE, now=now)
        outcome = f"payment {payment.pk} {payment.state}" if payment else "not of this clinic"
    elif isinstance(told.what, Return):
        refund = _apply_return(told.what, now)
        outcome = f"refund {refund.pk} {refund.state}" if refund else "not of this clinic"
    else:
        outcome = "nothing to do"
    row.handled_at, row.outcome = now, outcome
    row.save(update_fields=["handled_at", "outcome"])
    return row


def _apply_return(told: Return, now: datetime) -> Refund | None:
    """A refund of ours, or one that somebody made with the processor itself."""
    known = Refund.objects.filter(reference=told.id).first()
    if known is None and told.key:
        known = Refund.objects.filter(key=told.key).first()
    if known:
        row, account = opened(known)
        settle_refund(account=account, row=row, told=told, actor=STRIPE, now=now)
        return row
    return _made_elsewhere(told, now)


def _made_elsewhere(told: Return, now: datetime) -> Refund | None:
    found = Payment.objects.filter(intent=told.intent).first() if told.intent else None
    if found is None:
        return None
    account = open_account(found.patient_id)
    if known := Refund.objects.filter(reference=told.id).first():
        return known
    payment = Payment.objects.select_related("site", "prepaid").get(pk=found.pk)
    # What goes back has come, whether or not we were told of it yet.
    receive(account=account, payment=payment, actor=STRIPE, now=now)
    payment.refresh_from_db()
    if told.status in FAILED:
        return Refund.objects.create(
            payment=payment,
            cents=told.cents,
            state=Refund.State.FAILED,
            reason="Made with the card processor",
            reference=told.id,
            key=told.id,
            by=STRIPE.name,
            created_at=now,
        )
    cents = min(told.cents, payment.cents - payment.refunded_cents)
    left = payment.prepaid.left_cents if payment.prepaid else 0
    return enter_back(
        account=account,
        payment=payment,
        cents=cents,
        ahead=min(cents, left),
        state=Refund.State.DONE if told.status == "succeeded" else Refund.State.PENDING,
        reason="Made with the card processor",
        key=told.id,
        reference=told.id,
        actor=STRIPE,
        now=now,
    )
