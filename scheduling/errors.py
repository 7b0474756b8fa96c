"""What can stop a booking. Doors translate them; each carries facts, not prose."""

from __future__ import annotations

from collections.abc import Sequence

from scheduling.planner.plans import Refusal


class UnknownProtocol(Exception):
    """The catalogue has no protocol of that key, or has retired it."""


class ProposalUnknown(Exception):
    """The token was never given out, or was altered."""


class ProposalExpired(Exception):
    """The token is older than it may be; ask for proposals again."""


class Refused(Exception):
    """A rule says no, whoever asks and however often (HTTP 422)."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(refusal.message for refusal in refusals))
        self.refusals = tuple(refusals)


class SlotTaken(Refused):
    """The place was free when it was proposed and is not any more (HTTP 409)."""


class WouldBreakVisits(Exception):
    """An edit of hours, rooms or people contradicts visits already booked.

    `breaks` lists (appointment id, what would be wrong) in time order.
    """

    def __init__(self, breaks: Sequence[tuple[int, str]]) -> None:
        super().__init__(
            f"{len({visit for visit, _ in breaks})} booked visits would no longer fit."
        )
        self.breaks = tuple(breaks)
