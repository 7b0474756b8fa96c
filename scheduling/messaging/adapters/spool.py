"""Messages as files, each once by its id: for the demo, and for a clinic that sends by hand."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from typing import ClassVar

from django.conf import settings

from scheduling.messaging.adapters.smtp import as_mail
from scheduling.messaging.adapters.ways import Outgoing, Receipt
from scheduling.messaging.words import EMAIL

log = logging.getLogger("chairtime.messages")


class Spool:
    """MESSAGE_SPOOL/<id>.eml or .txt, readable by the owner only; the log says the id alone."""

    repeatable: ClassVar[bool] = True

    def send(self, message: Outgoing) -> Receipt:
        folder = Path(settings.MESSAGE_SPOOL)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"{message.id}{'.eml' if message.channel == EMAIL else '.txt'}"
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        fresh.write_bytes(_document(message))
        fresh.chmod(0o600)
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
            log.info("Message %s is written to the spool.", message.id)
        fresh.unlink()
        return Receipt(path.name)


def _document(message: Outgoing) -> bytes:
    if message.channel == EMAIL:
        return bytes(as_mail(message).message().as_bytes())
    return f"To: {message.to}\n\n{message.body}\n".encode()
