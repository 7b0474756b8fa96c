"""What only this installation can read: secrets kept, and links that tell nobody.

It opens with any of SECRET_KEY and SECRET_KEY_FALLBACKS, so that a key can be replaced.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac


class CannotOpen(Exception):
    """It was sealed with a key that this installation no longer has, or was never sealed here."""


def seal(text: str, purpose: str = "") -> str:
    """The text, readable by this installation only, and only for the same purpose."""
    return _keys(purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, purpose: str = "") -> str:
    """The text again. CannotOpen."""
    try:
        return _keys(purpose).decrypt(sealed.encode()).decode()
    except (InvalidToken, ValueError):
        raise CannotOpen from None


def _keys(purpose: str) -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(secret, purpose)) for secret in secrets])


def _key(secret: str | bytes, purpose: str) -> bytes:
    salt = f"clinic.sealing {purpose}"
    return urlsafe_b64encode(salted_hmac(salt, "", secret=secret, algorithm="sha256").digest())
