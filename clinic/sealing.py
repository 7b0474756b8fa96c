"""Secrets that must be had again in clear, sealed with the key of the installation.

They open with any of SECRET_KEY and SECRET_KEY_FALLBACKS, so a key can be replaced.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac


class CannotOpen(Exception):
    """It was sealed with a key that this installation no longer has."""


def seal(text: str) -> str:
    """The text, readable by this installation only."""
    return _keys().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text again. CannotOpen."""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise CannotOpen from None


def _keys() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet(
        [
            Fernet(
                urlsafe_b64encode(
                    salted_hmac("clinic.sealing", "", secret=secret, algorithm="sha256").digest()
                )
            )
            for secret in secrets
        ]
    )
