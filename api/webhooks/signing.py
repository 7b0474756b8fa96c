"""Secrets and signatures of Standard Webhooks 1.0: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime

from standardwebhooks import Webhook

from clinic.sealing import CannotOpen, seal, unseal

SECRET_BYTES = 32
PURPOSE = "webhook secrets"


class Unreadable(Exception):
    """The secret was sealed with another SECRET_KEY: only a new one helps."""

    def __init__(self) -> None:
        super().__init__("Its secret cannot be read any more. Make a new one.")


def new_secret() -> str:
    """A secret as the receiver is given it: whsec_ and 256 bits in base64."""
    return f"whsec_{b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def sealed(secret: str) -> bytes:
    """As it is stored: who reads the database but not SECRET_KEY cannot sign."""
    return seal(secret, PURPOSE).encode()


def opened(stored: bytes) -> str:
    """The secret. Unreadable."""
    try:
        return unseal(bytes(stored).decode(), PURPOSE)
    except CannotOpen:
        raise Unreadable from None


def signed(event: str, body: str, by: Iterable[str], *, now: datetime) -> dict[str, str]:
    """The headers of a body, with one signature by each secret; good for five minutes."""
    at = now.astimezone(UTC)
    return {
        "webhook-id": event,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(event, at, body) for secret in by),
    }
