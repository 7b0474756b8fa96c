"""Things kept or sent so that only this server can read them."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet
from django.conf import settings


def fernet(purpose: str) -> Fernet:
    """Seals and opens; what is sealed for one purpose cannot be opened for another."""
    secret = hashlib.sha256(f"{settings.SECRET_KEY}\n{purpose}".encode()).digest()
    return Fernet(urlsafe_b64encode(secret))
