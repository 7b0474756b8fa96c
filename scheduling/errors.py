"""What can stop a booking. Doors translate them; each carries facts, not prose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

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


class PlanStale(SlotTaken):
    """A plan of recovery was replaced, or the book changed under it: look at the new one."""


class MoveRefused(Refused):
    """A visit cannot be where it was asked to be; `nearest` is the nearest time that would do.

    It is said with the first reason too, so that every door tells it.
    """

    def __init__(self, refusals: Sequence[Refusal], *, nearest: datetime | None) -> None:
        first, *others = refusals
        hint = " No other day would do."
        if nearest:
            hint = f" {nearest:%a} {nearest.day} {nearest:%b %H:%M} would do."
        super().__init__([replace(first, message=first.message + hint), *others])
        self.nearest = nearest


class WouldBreakVisits(Exception):
    """An edit of hours, rooms or people contradicts visits already booked.

    `breaks` lists (appointment id, what would be wrong) in time order.
    """

    def __init__(self, breaks: Sequence[tuple[int, str]]) -> None:
        super().__init__(
            f"{len({visit for visit, _ in breaks})} booked visits would no longer fit."
        )
        self.breaks = tuple(breaks)
