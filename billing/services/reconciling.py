"""What was lost on the way is found again: the processor is asked about all that is pending."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from billing.models import Payment, Refund
from billing.processing import Declined, Intent, Processor, Unanswered
from billing.services.online import LINK_LASTS, fail_payment, settle_intent
from billing.services.refunding import send_refund
from clinic.journal import Actor

log = logging.getLogger("chairtime.payments")
SYSTEM = Actor(name="Chairtime", door="task")
LEFT_ALONE = timedelta(minutes=2)
"""Younger ones may still be under way in a request of somebody's."""
NEVER_CAME = timedelta(minutes=15)
"""After this long a request that the processor does not know of never reached it."""
AT_ONCE = 100
UNFINISHED = ("requires_payment_method", "requires_action", "requires_confirmation")


def reconcile(*, processor: Processor, now: datetime) -> int:
    """Ask about each pending payment and refund; how many are not pending any more.

    A charge that nobody can have seen succeed is never made again: whoever is at the desk decides.
    A refund is: it was promised, and its key makes it happen once.
    """
    done = 0
    payments = Payment.objects.filter(
        method=Payment.Method.PROCESSOR,
        state=Payment.State.PENDING,
        created_at__lte=now - LEFT_ALONE,
    ).order_by("pk")
    for row in payments[:AT_ONCE]:
        try:
            _ask_about(row, processor, now)
        except (Unanswered, Declined) as lost:
            log.warning("payment %s stays pending: %s", row.pk, lost)
        done += Payment.objects.filter(pk=row.pk).exclude(state=Payment.State.PENDING).count()
    refunds = Refund.objects.filter(
        payment__method=Payment.Method.PROCESSOR,
        state=Refund.State.PENDING,
        created_at__lte=now - LEFT_ALONE,
    ).order_by("pk")
    for refund in refunds[:AT_ONCE]:
        told = send_refund(refund=refund.pk, processor=processor, actor=SYSTEM, now=now)
        done += told.state != Refund.State.PENDING
    return done


def _ask_about(row: Payment, processor: Processor, now: datetime) -> None:
    ran_out = row.link_hash is not None and row.created_at <= now - LINK_LASTS
    intent = _intent(row, processor, now)
    if intent and ran_out and intent.status in UNFINISHED:
        intent = processor.cancel(intent.id)
    if intent:
        settle_intent(intent=intent, actor=SYSTEM, now=now)
        if row.link_hash is None and intent.status in UNFINISHED:
            why = intent.problem or "The bank asks for the cardholder: send a payment link."
            fail_payment(payment=row.pk, why=why, now=now)
    elif ran_out:
        fail_payment(payment=row.pk, why="The link ran out.", now=now)
    elif row.link_hash is None and row.created_at <= now - NEVER_CAME:
        why = "It never reached the card processor: nothing was charged."
        fail_payment(payment=row.pk, why=why, now=now)


def _intent(row: Payment, processor: Processor, now: datetime) -> Intent | None:
    if row.intent:
        return processor.intent(row.intent)
    if row.link_hash is not None:
        return None
    return processor.intent_by(row.key, since=row.created_at - timedelta(minutes=5))
