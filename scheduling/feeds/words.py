"""What a feed may reveal, level by level. Attendance alone tells a diagnosis (42 CFR Part 2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scheduling.feeds.poll import Found
from scheduling.models import CalendarFeed

Detail = CalendarFeed.Detail
Sites = frozenset[int] | None
"""Site ids; None is every site."""


COLOURS = {
    "infusion": "steelblue",
    "dosing": "steelblue",
    "therapy": "mediumpurple",
    "preparation": "mediumpurple",
    "integration": "mediumpurple",
}
"""As the boards show them; what is neither infused nor talked is assessed."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The detail that was asked for, and the sites where the reader may have so much."""

    wanted: str
    full: Sites = None
    initials: Sites = None

    def at(self, site: int) -> str:
        """The detail of a visit at a site: the wanted one, or the most that is permitted."""
        if self.wanted == Detail.FULL and _includes(self.full, site):
            return Detail.FULL
        if self.wanted != Detail.BUSY and _includes(self.initials, site):
            return Detail.INITIALS
        return Detail.BUSY

    def __str__(self) -> str:
        reach = ["*" if sites is None else sorted(sites) for sites in (self.full, self.initials)]
        return self.wanted if self.wanted == Detail.BUSY else f"{self.wanted} {reach}"


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known of the visit behind an entry."""

    given_name: str
    family_name: str
    step: str
    kind: str
    rooms: tuple[str, ...]
    site: str


def summary(visit: Visit, detail: str) -> str:
    """The title of an event."""
    if detail == Detail.FULL:
        return f"{visit.given_name} {visit.family_name}, {visit.step}"
    if detail == Detail.INITIALS:
        return f"{visit.given_name[:1]}{visit.family_name[:1]} visit"
    return "Busy"


def location(visit: Visit, detail: str) -> str:
    """Room and neutral site name at full detail, else nothing."""
    return ", ".join(_given([*visit.rooms, visit.site])) if detail == Detail.FULL else ""


def colour(visit: Visit, detail: str) -> str:
    """One of CSS's names for the kind of visit, at full detail only: it tells what is done."""
    return COLOURS.get(visit.kind, "goldenrod") if detail == Detail.FULL else ""


def calendar_name(feed: Found, sight: Sight) -> str:
    """A staff member's calendar bears their name; a room's or site's only at full detail."""
    if feed.person:
        return feed.person
    named = feed.site is not None and sight.at(feed.site) == Detail.FULL
    return (named and (feed.room or feed.neutral_name)) or "Schedule"


def _includes(sites: Sites, site: int) -> bool:
    return sites is None or site in sites


def _given(words: Iterable[str]) -> list[str]:
    return [word for word in words if word]
