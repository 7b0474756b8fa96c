"""Cards charged through the processor: by a link that the patient opens, or a card that is kept.

Each step is written down before the processor is asked, and what it answers is written after; a
step between the two that is lost is found again by `events`, which the processor tells us of, and
by `reconciling`, which asks it. Errors: MoneyRefused; Declined; Unanswered.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from billing.errors import MoneyRefused
from billing.models import Account, Payment, Policy, Prepaid
from billing.money import Money
from billing.processing import Card, Declined, Intent, Processor, Unanswered
from billing.selectors import owed
from billing.services.ledger import open_account
from billing.services.paying import receive, room_of
from clinic.journal import Actor, record
from clinic.models import Site
from clinic.transactions import durable
from scheduling.tokens import link_secret, secret_hash

LINK_LASTS = timedelta(days=14)
LINK = "payment"
OVER = ("canceled",)


@durable
def make_link(
    *,
    patient: int,
    site: Site,
    cents: int,
    prepaid: int | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[Payment, str]:
    """An address by which somebody can pay cents for two weeks, and its secret.

    An earlier one that nobody has begun to pay by is withdrawn: there is one at a time.
    """
    account = open_account(patient)
    course = Prepaid.objects.filter(pk=prepaid, patient=patient).first() if prepaid else None
    most = room_of(course) if course else owed(patient)
    if not 0 < cents <= most:
        raise MoneyRefused("is_owed", f"{Money(max(0, most))} is to be paid: ask for up to that.")
    for older in open_links(now).filter(patient=patient, prepaid=course, intent=None):
        _give_up(older, "Another link was made.")
    row = Payment.objects.create(
        patient=account.patient,
        site=site,
        method=Payment.Method.PROCESSOR,
        state=Payment.State.PENDING,
        cents=cents,
        key=f"link-{secrets.token_urlsafe(18)}",
        prepaid=course,
        by=actor.name,
        created_at=now,
    )
    secret = link_secret(LINK, row.pk)
    row.link_hash = secret_hash(secret)
    row.save(update_fields=["link_hash"])
    record(
        actor=actor,
        now=now,
        action="payment.link_made",
        subject=f"payment:{row.pk}",
        site=site,
        after={"patient": patient, "cents": cents},
    )
    return row, secret


def payment_by(secret: str) -> Payment | None:
    """The payment behind a link; None for one that nobody gave out."""
    rows = Payment.objects.select_related("site", "patient", "prepaid")
    return rows.filter(link_hash=secret_hash(secret)).first()


def open_links(now: datetime) -> QuerySet[Payment]:
    """Links that can be paid by."""
    return Payment.objects.filter(
        state=Payment.State.PENDING, link_hash__isnull=False, created_at__gt=now - LINK_LASTS
    )


def link_stands(row: Payment, now: datetime) -> bool:
    """Whether it can be paid by still: in time, and with that much to be paid."""
    if row.state != Payment.State.PENDING or row.created_at <= now - LINK_LASTS:
        return False
    return row.cents <= (room_of(row.prepaid) if row.prepaid else owed(row.patient_id))


def begin_link(*, payment: int, processor: Processor, keeps: bool = False, now: datetime) -> Intent:
    """The charge that the patient finishes in their browser: one for a link, however often asked.

    `keeps` the card with the processor for later charges, as the patient chose.
    """
    row = Payment.objects.select_related("site", "prepaid").get(pk=payment)
    if row.intent:
        return processor.intent(row.intent)
    if not link_stands(row, now):
        raise MoneyRefused("link_stands", "This can no longer be paid here.")
    customer = customer_of(row.patient_id, processor) if keeps else ""
    try:
        intent = processor.begin(
            cents=row.cents, currency=currency_of(row.site), key=row.key, customer=customer
        )
    except Declined:
        # Asked before with another wish about keeping the card, and the answer was lost.
        known = processor.intent_by(row.key, since=row.created_at - timedelta(minutes=5))
        if known is None:
            raise
        intent = known
    note_intent(payment=payment, intent=intent.id)
    return intent


def charge_kept_card(
    *,
    patient: int,
    site: Site,
    cents: int,
    key: str,
    prepaid: int | None = None,
    processor: Processor,
    actor: Actor,
    now: datetime,
) -> Payment:
    """Charge the card that a patient agreed to have kept, once for one key.

    Declined: nothing was charged. Without an answer it is pending, and will be found out about.
    """
    customer = Account.objects.filter(pk=patient).values_list("processor_customer", flat=True)
    card = processor.kept_card(customer[0]) if customer and customer[0] else None
    if card is None:
        raise MoneyRefused("card_is_kept", "No card of theirs is kept: send a payment link.")
    row = _pending(
        patient=patient, site=site, cents=cents, key=key, prepaid=prepaid, actor=actor, now=now
    )
    if row.state == Payment.State.FAILED:
        raise Declined(row.problem)
    if row.state != Payment.State.PENDING or row.intent:
        return row
    try:
        intent = processor.charge(
            cents=cents,
            currency=currency_of(site),
            key=row.key,
            customer=customer[0],
            card=card.id,
        )
    except Unanswered:
        return row
    except Declined as no:
        fail_payment(payment=row.pk, why=str(no), intent=no.intent, now=now)
        raise
    return settle_intent(intent=intent, actor=actor, now=now) or row


def kept_card_of(patient: int, processor: Processor) -> Card | None:
    """What may be shown of the card that is kept for a patient."""
    customer = Account.objects.filter(pk=patient).values_list("processor_customer", flat=True)
    return processor.kept_card(customer[0]) if customer and customer[0] else None


def forget_kept_card(*, patient: int, processor: Processor, actor: Actor, now: datetime) -> None:
    """Have the card of a patient kept no longer."""
    if card := kept_card_of(patient, processor):
        processor.forget_card(card.id)
        _note_forgotten(patient=patient, actor=actor, now=now)


def customer_of(patient: int, processor: Processor) -> str:
    """Whom the processor keeps a patient's card for: a key that says nothing."""
    known = Account.objects.filter(pk=patient).values_list("processor_customer", flat=True)
    if known and known[0]:
        return str(known[0])
    secret = link_secret("account", patient)
    return _note_customer(patient=patient, customer=processor.customer(secret[:24]))


def currency_of(site: Site) -> str:
    policy = Policy.objects.filter(site=site).first()
    return policy.currency if policy else "USD"


@durable
def settle_intent(*, intent: Intent, actor: Actor, now: datetime) -> Payment | None:
    """Bring a payment to where the processor says its charge is; None when it is not ours."""
    return apply_intent(intent=intent, actor=actor, now=now)


def apply_intent(*, intent: Intent, actor: Actor, now: datetime) -> Payment | None:
    """`settle_intent` within a transaction. Money that came has the last word: nothing that is
    told later, or was told before, takes it away.
    """
    found = Payment.objects.filter(Q(intent=intent.id) | Q(key=intent.key, intent=None)).first()
    if found is None:
        return None
    account = open_account(found.patient_id)
    row = Payment.objects.select_related("site", "prepaid").get(pk=found.pk)
    row.intent = intent.id
    row.save(update_fields=["intent"])
    if row.state == Payment.State.RECEIVED:
        return row
    if intent.status == "succeeded":
        row.cents = intent.cents or row.cents
        return receive(account=account, payment=row, actor=actor, now=now)
    if intent.status in OVER or (intent.problem and row.link_hash is None):
        _give_up(row, intent.problem or "It was called off.")
    elif intent.problem and row.problem != intent.problem:
        row.problem = intent.problem[:200]
        row.save(update_fields=["problem"])
    return row


@durable
def note_intent(*, payment: int, intent: str) -> None:
    """Remember the charge of a payment."""
    Payment.objects.filter(pk=payment, intent=None).update(intent=intent)


@durable
def fail_payment(*, payment: int, why: str, intent: str = "", now: datetime) -> None:
    """Nothing came by a payment, unless it did in the meantime."""
    row = Payment.objects.select_for_update(of=("self",), no_key=True).get(pk=payment)
    if row.state == Payment.State.PENDING:
        row.intent = row.intent or intent or None
        _give_up(row, why)


@durable
def _pending(
    *,
    patient: int,
    site: Site,
    cents: int,
    key: str,
    prepaid: int | None,
    actor: Actor,
    now: datetime,
) -> Payment:
    account = open_account(patient)
    if known := Payment.objects.filter(key=key).first():
        if (known.patient_id, known.cents, known.prepaid_id) != (patient, cents, prepaid):
            raise MoneyRefused("key_is_new", "This key was used for another payment.")
        return known
    course = Prepaid.objects.filter(pk=prepaid, patient=patient).first() if prepaid else None
    most = room_of(course) if course else owed(patient)
    if not 0 < cents <= most:
        raise MoneyRefused("is_owed", f"{Money(max(0, most))} is to be paid: charge up to that.")
    return Payment.objects.create(
        patient=account.patient,
        site=site,
        method=Payment.Method.PROCESSOR,
        state=Payment.State.PENDING,
        cents=cents,
        key=key,
        prepaid=course,
        by=actor.name,
        created_at=now,
    )


@durable
def _note_customer(*, patient: int, customer: str) -> str:
    account = open_account(patient)
    if not account.processor_customer:
        account.processor_customer = customer
        account.save(update_fields=["processor_customer"])
    return account.processor_customer


@durable
def _note_forgotten(*, patient: int, actor: Actor, now: datetime) -> None:
    record(actor=actor, now=now, action="payment.card_forgotten", subject=f"patient:{patient}")


def _give_up(row: Payment, why: str) -> None:
    row.state, row.problem = Payment.State.FAILED, why[:200]
    row.save(update_fields=["state", "problem", "intent"])
