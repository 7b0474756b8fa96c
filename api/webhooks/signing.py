"""Secrets and signatures of Standard Webhooks 1.0: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from standardwebhooks import Webhook

SECRET_BYTES = 32


class Unreadable(Exception):
    """The secret was sealed with another SECRET_KEY: only a new one helps."""

    def __init__(self) -> None:
        super().__init__("Its secret cannot be read any more. Make a new one.")


def new_secret() -> str:
    """A secret as the receiver is given it: whsec_ and 256 bits in base64."""
    return f"whsec_{b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def seal(secret: str) -> bytes:
    """As it is stored: who reads the database but not SECRET_KEY cannot sign."""
    return _fernet().encrypt(secret.encode())


def unseal(sealed: bytes) -> str:
    """The secret. Unreadable."""
    try:
        return _fernet().decrypt(bytes(sealed)).decode()
    except InvalidToken:
        raise Unreadable from None


def signed(event: str, body: str, by: Iterable[str], *, now: datetime) -> dict[str, str]:
    """The headers of a body, with one signature by each secret; good for five minutes."""
    at = now.astimezone(UTC)
    return {
        "webhook-id": event,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(event, at, body) for secret in by),
    }


def _fernet() -> Fernet:
    key = hashlib.sha256(f"{settings.SECRET_KEY}\nwebhook secrets".encode()).digest()
    return Fernet(urlsafe_b64encode(key))
