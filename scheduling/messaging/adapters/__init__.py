"""The ways out of the house, one module each; the settings say which channel goes by which."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string

from scheduling.messaging.adapters.ways import Adapter, NotAccepted, Outgoing, Receipt, Unsure

SPOOL = "scheduling.messaging.adapters.spool.Spool"


def adapter_for(channel: str, *, demo: bool) -> Adapter:
    """How messages of a channel leave. A demo's never do: they are written to files."""
    path = SPOOL if demo else settings.MESSAGE_WAYS[channel]
    adapter: Adapter = import_string(path)()
    return adapter


__all__ = ["Adapter", "NotAccepted", "Outgoing", "Receipt", "Unsure", "adapter_for"]
