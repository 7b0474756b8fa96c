"""Text messages by a service's HTTP door: one JSON POST each, safe to repeat by its key."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import ClassVar

from django.conf import settings

from scheduling.messaging.adapters.ways import NotAccepted, Outgoing, Receipt

SECONDS = 15
NOT_NOW = {408, 409, 423, 425, 429}


class HttpText:
    """POST {"id", "to", "body"} to SMS_URL with `Idempotency-Key: <id>` and SMS_TOKEN as bearer.

    A 2xx is a receipt (`id` or `reference` of its JSON is kept); a 4xx is a no for good, except
    those that ask to wait; anything else is tried again with the same key.
    """

    repeatable: ClassVar[bool] = True

    def send(self, message: Outgoing) -> Receipt:
        said = json.dumps({"id": message.id, "to": message.to, "body": message.body})
        request = urllib.request.Request(  # noqa: S310 - settings take http and https only
            settings.SMS_URL,
            data=said.encode(),
            method="POST",
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Bearer {settings.SMS_TOKEN}",
                "Idempotency-Key": message.id,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                return Receipt(_reference(answer.read(10_000)))
        except urllib.error.HTTPError as error:
            if 400 <= error.code < 500 and error.code not in NOT_NOW:
                raise NotAccepted(f"The text service refuses it (code {error.code}).") from error
            raise TextNotTaken(f"The text service cannot take it (code {error.code}).") from error


class TextNotTaken(Exception):
    """The text service says: not now."""


def _reference(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    return str(answer.get("id") or answer.get("reference") or "")[:200]
