"""The card processor (Stripe), and all that is told to it: an amount, and a key that says nothing.

No name, no service and no address leaves the clinic, and no number of a card ever comes here.
Every request that changes something carries an idempotency key made from a row of ours, so that
asking again after a lost answer does nothing twice. https://docs.stripe.com/api/idempotent_requests
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe
from django.conf import settings

SECONDS = 20.0
TRIES_MORE = 1
LOOKED_THROUGH = 300
stripe.enable_telemetry = False


class Unanswered(Exception):
    """No answer, or none that says whether it was done: ask again, with the same key."""


class Declined(Exception):
    """It was not done; the text says why. `intent` is what became of the charge, if it knows."""

    def __init__(self, message: str, intent: str = "") -> None:
        super().__init__(message)
        self.intent = intent


class NotSigned(Exception):
    """What came was not sent by the processor, or is more than five minutes old."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A charge as the processor has it. `key` is that of our payment, `cents` what came in."""

    id: str
    status: str
    cents: int
    key: str
    secret: str
    problem: str


@dataclass(frozen=True, slots=True)
class Return:
    """A refund as the processor has it. `key` is that of our refund; empty when made elsewhere."""

    id: str
    status: str
    cents: int
    intent: str
    key: str


@dataclass(frozen=True, slots=True)
class Card:
    """What may be shown of a card that is kept with the processor."""

    id: str
    brand: str
    last4: str


@dataclass(frozen=True, slots=True)
class Told:
    """An event. `what` is the thing it is about as it was then; None for other things."""

    id: str
    kind: str
    at: datetime
    what: Intent | Return | None


class Processor:
    """Stripe. Every method raises Unanswered, and those that change something Declined."""

    def __init__(self, secret: str, base: str = "", *, webhook_secret: str = "") -> None:
        self._webhook_secret = webhook_secret
        self._stripe = stripe.StripeClient(
            secret,
            base_addresses={"api": base} if base else None,
            http_client=stripe.RequestsClient(timeout=SECONDS),
            max_network_retries=TRIES_MORE,
        )

    def charge(self, *, cents: int, currency: str, key: str, customer: str, card: str) -> Intent:
        """Charge a card that is kept, while nobody is there who could answer for it."""
        return self._begun(
            {
                "amount": cents,
                "currency": currency.lower(),
                "customer": customer,
                "payment_method": card,
                "confirm": True,
                "off_session": True,
                "payment_method_types": ["card"],
                "metadata": {"payment": key},
            },
            key,
        )

    def begin(self, *, cents: int, currency: str, key: str, customer: str = "") -> Intent:
        """A charge that whoever has the card finishes in their browser.

        With a customer the card is kept for later charges.
        """
        asked: dict[str, Any] = {
            "amount": cents,
            "currency": currency.lower(),
            "payment_method_types": ["card"],
            "metadata": {"payment": key},
        }
        if customer:
            asked |= {"customer": customer, "setup_future_usage": "off_session"}
        return self._begun(asked, key)

    def intent(self, id: str) -> Intent:
        with _asking():
            return intent_of(self._stripe.v1.payment_intents.retrieve(id))

    def intent_by(self, key: str, *, since: datetime) -> Intent | None:
        """The charge made with a payment's key, for when its answer was lost."""
        asked: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        with _asking():
            every = self._stripe.v1.payment_intents.list(asked).auto_paging_iter()
            for number, one in enumerate(every):
                if (intent := intent_of(one)).key == key:
                    return intent
                if number >= LOOKED_THROUGH:
                    raise Unanswered("There were more charges than can be looked through.")
        return None

    def cancel(self, id: str) -> Intent:
        """Let nobody pay it any more. Declined when somebody did, or is about to."""
        with _asking():
            return intent_of(
                self._stripe.v1.payment_intents.cancel(
                    id, options={"idempotency_key": f"cancel:{id}"}
                )
            )

    def give_back(self, *, intent: str, cents: int, key: str) -> Return:
        with _asking():
            return return_of(
                self._stripe.v1.refunds.create(
                    {"payment_intent": intent, "amount": cents, "metadata": {"refund": key}},
                    {"idempotency_key": key},
                )
            )

    def return_by(self, key: str, *, intent: str) -> Return | None:
        """The refund made with a refund's key, for when its answer was lost."""
        with _asking():
            found = self._stripe.v1.refunds.list({"payment_intent": intent, "limit": 100})
            for one in found.auto_paging_iter():
                if (back := return_of(one)).key == key:
                    return back
        return None

    def customer(self, key: str) -> str:
        """Somebody to keep a card for, of whom it knows no more than a key."""
        with _asking():
            made = self._stripe.v1.customers.create(
                {"metadata": {"account": key}}, {"idempotency_key": f"customer:{key}"}
            )
            return str(made.id)

    def begin_keeping(self, *, customer: str, key: str) -> str:
        """The secret with which a browser has a card kept without a charge (SetupIntent)."""
        asked: Any = {
            "customer": customer,
            "payment_method_types": ["card"],
            "usage": "off_session",
        }
        with _asking():
            made = self._stripe.v1.setup_intents.create(asked, {"idempotency_key": key})
            return str(made.client_secret)

    def kept_card(self, customer: str) -> Card | None:
        """The card kept last."""
        with _asking():
            found = self._stripe.v1.customers.payment_methods.list(
                customer, {"type": "card", "limit": 1}
            )
            for one in found.data:
                card: Any = one.card
                return Card(str(one.id), str(card.brand), str(card.last4))
        return None

    def forget_card(self, card: str) -> None:
        with _asking():
            self._stripe.v1.payment_methods.detach(
                card, options={"idempotency_key": f"forget:{card}"}
            )

    def read(self, body: bytes, signature: str) -> Told:
        """An event from what was posted, as it came; NotSigned unless the processor signed it."""
        try:
            event = self._stripe.construct_event(body, signature, self._webhook_secret)
            kind, about = str(event.type), event.data.object
            what: Intent | Return | None = None
            if kind.startswith("payment_intent."):
                what = intent_of(about)
            elif kind.startswith("refund.") or kind == "charge.refund.updated":
                what = return_of(about)
            at = datetime.fromtimestamp(event.created, UTC)
            return Told(str(event.id), kind, at, what)
        except (stripe.SignatureVerificationError, ValueError, KeyError, AttributeError) as wrong:
            raise NotSigned(str(wrong)) from wrong

    def _begun(self, asked: Any, key: str) -> Intent:
        with _asking():
            return intent_of(
                self._stripe.v1.payment_intents.create(asked, {"idempotency_key": key})
            )


def processor() -> Processor | None:
    """The processor of the settings; None where cards are not taken on line."""
    if not settings.STRIPE_SECRET_KEY:
        return None
    return Processor(
        settings.STRIPE_SECRET_KEY,
        settings.STRIPE_API_BASE,
        webhook_secret=settings.STRIPE_WEBHOOK_SECRET,
    )


def intent_of(told: stripe.StripeObject) -> Intent:
    facts = told.to_dict()
    error = facts.get("last_payment_error") or {}
    return Intent(
        id=str(facts["id"]),
        status=str(facts["status"]),
        cents=int(facts.get("amount_received") or 0),
        key=_key(facts, "payment"),
        secret=str(facts.get("client_secret") or ""),
        problem=str(error.get("message") or ""),
    )


def return_of(told: stripe.StripeObject) -> Return:
    facts = told.to_dict()
    intent = facts.get("payment_intent") or ""
    return Return(
        id=str(facts["id"]),
        status=str(facts.get("status") or "pending"),
        cents=int(facts["amount"]),
        intent=str(intent["id"] if isinstance(intent, dict) else intent),
        key=_key(facts, "refund"),
    )


def _key(facts: dict[str, Any], name: str) -> str:
    return str((facts.get("metadata") or {}).get(name, ""))


@contextmanager
def _asking() -> Iterator[None]:
    """The SDK's errors in the two kinds that matter: done for sure not, or who knows."""
    try:
        yield
    except stripe.CardError as no:
        raise Declined(no.user_message or "The card was declined.", _charge_in(no)) from no
    except (stripe.InvalidRequestError, stripe.IdempotencyError) as no:
        raise Declined(
            f"The card processor refused this: {no.user_message or no}", _charge_in(no)
        ) from no
    except (stripe.AuthenticationError, stripe.PermissionError) as no:
        raise Declined("The card processor does not know this clinic: look at its keys.") from no
    except stripe.StripeError as lost:
        raise Unanswered("The card processor did not answer.") from lost


def _charge_in(error: stripe.StripeError) -> str:
    body: Any = error.json_body or {}
    return str((body.get("error", {}).get("payment_intent") or {}).get("id") or "")
