"""A Stripe of the tests': an HTTP server with a memory, which the real SDK talks to.

It keeps idempotency keys as Stripe does, signs events, and can lose an answer after it has done
what was asked (`lose_answers`), which is what a broken line or a killed worker looks like.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Facts = dict[str, Any]
SECRET_KEY, WEBHOOK_SECRET = "sk_test_invented", "whsec_invented"


class No(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, kind: str, message: str, **more: Any) -> None:
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **more}}
        super().__init__(message)


class FakeStripe:
    """What Stripe remembers. `declines` cards; `later` leaves refunds pending."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.intents: dict[str, Facts] = {}
        self.refunds: dict[str, Facts] = {}
        self.customers: dict[str, Facts] = {}
        self.cards: dict[str, list[Facts]] = {}
        self.kept: dict[str, tuple[Facts, Facts]] = {}
        self.events: list[Facts] = []
        self.asked: Counter[str] = Counter()
        self.seen: list[Facts] = []
        self.lost: list[str] = []
        self.declines = False
        self.later = False
        self.base = ""
        self.made = 0

    def lose_answers(self, of: str, times: int = 1) -> None:
        """Do what is asked at addresses that hold `of`, and close the line without an answer."""
        self.lost += [of] * times

    @property
    def charged(self) -> int:
        """Cents that came in, whatever went back."""
        return sum(one["amount_received"] for one in self.intents.values())

    @property
    def given_back(self) -> int:
        return sum(one["amount"] for one in self.refunds.values() if one["status"] != "failed")

    def keep_card(self, customer: str, last4: str = "4242") -> None:
        card = {"id": self.name("pm"), "object": "payment_method", "type": "card"}
        card["card"] = {"brand": "visa", "last4": last4, "exp_month": 12, "exp_year": 2031}
        self.cards.setdefault(customer, []).insert(0, card)

    def confirm(self, intent: str) -> Facts:
        """The patient's browser finishes a charge."""
        with self.lock:
            return self._confirm(self.intents[intent])

    def settle(self, refund: str, status: str) -> Facts:
        """The bank says what became of a refund."""
        with self.lock:
            row = self.refunds[refund]
            row["status"] = status
            self.tell(f"refund.{'failed' if status == 'failed' else 'updated'}", row)
            return row

    def tell(self, kind: str, what: Facts) -> Facts:
        event = {
            "id": self.name("evt"),
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": int(time.time()),
            "type": kind,
            "data": {"object": json.loads(json.dumps(what))},
        }
        self.events.append(event)
        return event

    def told(self, kind: str) -> Facts:
        """The newest event of a kind."""
        return next(one for one in reversed(self.events) if one["type"] == kind)

    def name(self, prefix: str) -> str:
        self.made += 1
        return f"{prefix}_{self.made:06}"

    def answer(self, method: str, path: str, given: Facts, key: str) -> Facts:
        with self.lock:
            self.asked[f"{method} {re.sub('/(pi|re|cus|pm)_[0-9]+', '/*', path)}"] += 1
            self.seen.append(given)
            if method == "GET":
                return self._read(path, given)
            if key in self.kept:
                asked, answer = self.kept[key]
                if asked != {"path": path, **given}:
                    raise No(400, "idempotency_error", "Keys can only be used with one request.")
                if "error" in answer:
                    raise No(402, "card_error", "", **answer["error"])
                return answer
            assert key, f"{path} was asked without an idempotency key"
            answer = self._write(path, given, key)
            self.kept[key] = ({"path": path, **given}, json.loads(json.dumps(answer)))
            return answer

    def _read(self, path: str, given: Facts) -> Facts:
        parts = path.strip("/").split("/")[1:]
        if parts[0] == "payment_intents" and len(parts) == 2:
            return self._one(self.intents, parts[1])
        if parts[0] == "payment_intents":
            since = int(given.get("created[gte]", 0))
            found = [one for one in self.intents.values() if one["created"] >= since]
            return listed(found[::-1])
        if parts[0] == "refunds":
            found = list(self.refunds.values())
            return listed(
                [one for one in found if one["payment_intent"] == given["payment_intent"]]
            )
        if parts[0] == "customers" and parts[2] == "payment_methods":
            return listed(self.cards.get(parts[1], [])[: int(given.get("limit", 10))])
        raise No(404, "invalid_request_error", f"Unrecognized request URL ({path}).")

    def _write(self, path: str, given: Facts, key: str) -> Facts:
        parts = path.strip("/").split("/")[1:]
        if parts == ["payment_intents"]:
            return self._begin(given, key)
        if parts[0] == "payment_intents" and parts[2] == "cancel":
            return self._cancel(self._one(self.intents, parts[1]))
        if parts == ["refunds"]:
            return self._refund(given)
        if parts == ["customers"]:
            made = {"id": self.name("cus"), "object": "customer", "metadata": metadata(given)}
            return self.customers.setdefault(made["id"], made)
        if parts == ["setup_intents"]:
            made = {"id": self.name("seti"), "object": "setup_intent", "status": "succeeded"}
            self.keep_card(given["customer"])
            return made | {"client_secret": f"{made['id']}_secret"}
        if parts[0] == "payment_methods" and parts[2] == "detach":
            for cards in self.cards.values():
                cards[:] = [card for card in cards if card["id"] != parts[1]]
            return {"id": parts[1], "object": "payment_method"}
        raise No(404, "invalid_request_error", f"Unrecognized request URL ({path}).")

    def _begin(self, given: Facts, key: str) -> Facts:
        made: Facts = {
            "id": self.name("pi"),
            "object": "payment_intent",
            "amount": int(given["amount"]),
            "amount_received": 0,
            "currency": given["currency"],
            "customer": given.get("customer"),
            "created": int(time.time()),
            "metadata": metadata(given),
            "status": "requires_payment_method",
            "setup_future_usage": given.get("setup_future_usage"),
        }
        made["client_secret"] = f"{made['id']}_secret_invented"
        self.intents[made["id"]] = made
        self.tell("payment_intent.created", made)
        if given.get("confirm") != "true":
            return made
        if self.declines:
            why = {
                "type": "card_error",
                "code": "card_declined",
                "message": "The card is expired.",
            }
            made["last_payment_error"] = why
            self.tell("payment_intent.payment_failed", made)
            self.kept[key] = ({"path": "/v1/payment_intents", **given}, {"error": why})
            raise No(402, "card_error", why["message"], code="card_declined", payment_intent=made)
        return self._confirm(made)

    def _confirm(self, row: Facts) -> Facts:
        if row["status"] == "canceled":
            raise No(400, "invalid_request_error", "This PaymentIntent was canceled.")
        row["status"], row["amount_received"] = "succeeded", row["amount"]
        row.pop("last_payment_error", None)
        if row["setup_future_usage"] and row["customer"]:
            self.keep_card(row["customer"])
        self.tell("payment_intent.succeeded", row)
        return row

    def _cancel(self, row: Facts) -> Facts:
        if row["status"] == "succeeded":
            raise No(400, "invalid_request_error", "It has succeeded already.", payment_intent=row)
        row["status"] = "canceled"
        self.tell("payment_intent.canceled", row)
        return row

    def _refund(self, given: Facts) -> Facts:
        intent = self._one(self.intents, given["payment_intent"])
        gone = sum(
            one["amount"]
            for one in self.refunds.values()
            if one["payment_intent"] == intent["id"] and one["status"] != "failed"
        )
        cents = int(given.get("amount", intent["amount_received"] - gone))
        if cents > intent["amount_received"] - gone:
            raise No(400, "invalid_request_error", "The refund is greater than what is left.")
        made = {
            "id": self.name("re"),
            "object": "refund",
            "amount": cents,
            "payment_intent": intent["id"],
            "metadata": metadata(given),
            "status": "pending" if self.later else "succeeded",
        }
        self.refunds[made["id"]] = made
        self.tell("refund.created", made)
        return made

    def _one(self, rows: dict[str, Facts], name: str) -> Facts:
        if name not in rows:
            raise No(404, "invalid_request_error", f"No such thing: '{name}'")
        return rows[name]


def listed(found: list[Facts]) -> Facts:
    return {"object": "list", "data": found, "has_more": False, "url": "/v1/list"}


def metadata(given: Facts) -> Facts:
    found = {re.fullmatch(r"metadata\[(\w+)\]", name): value for name, value in given.items()}
    return {name[1]: value for name, value in found.items() if name}


def signed(
    event: Facts, *, at: float | None = None, secret: str = WEBHOOK_SECRET
) -> tuple[bytes, str]:
    """An event as it is posted, and its Stripe-Signature: HMAC-SHA256 of `time.body`."""
    body = json.dumps(event).encode()
    moment = int(time.time() if at is None else at)
    mac = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return body, f"t={moment},v1={mac}"


@contextmanager
def fake_stripe() -> Iterator[FakeStripe]:
    """A Stripe that listens, until the block ends."""
    state = FakeStripe()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.base = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(state: FakeStripe) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._do("GET", dict(parse_qsl(urlsplit(self.path).query)))

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            self._do("POST", dict(parse_qsl(sent)))

        def _do(self, method: str, given: Facts) -> None:
            path = urlsplit(self.path).path
            assert self.headers["Authorization"] == f"Bearer {SECRET_KEY}"
            key = self.headers.get("Idempotency-Key", "")
            try:
                status, body = 200, state.answer(method, path, given, key)
            except No as no:
                status, body = no.status, no.body
            if lost := next((of for of in state.lost if of in path), None):
                state.lost.remove(lost)
                self.close_connection = True
                return
            sent = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


Delivered = Callable[[Facts], int]
"""Posts an event to the webhook and says with which status it was taken."""
