"""The one interface of every way out: what is handed over, what comes back, what can go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to leave. `id` is the same whenever the same message is sent."""

    id: str
    channel: str
    to: str
    subject: str
    body: str
    calendar: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Taken over; `reference` is what the other side calls it, if anything."""

    reference: str = ""


class NotAccepted(Exception):
    """The other side says no, and would again: a wrong address, a message it does not take."""


class Unsure(Exception):
    """The line broke when it may have been taken over already."""


class Adapter(Protocol):
    """`repeatable`: handing over the same id twice sends it once, so that asking again is safe.

    Any other exception of `send` means that it was not taken over: it is tried again later.
    """

    repeatable: ClassVar[bool]

    def send(self, message: Outgoing) -> Receipt: ...
