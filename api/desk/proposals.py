"""Proposals side by side: one calendar of weeks that the cards share, so that rows compare."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from api.desk import words
from clinic.spans import moment
from scheduling.planner.plans import Blocked, PlannedVisit
from scheduling.planner.protocols import THERAPIST, Protocol
from scheduling.selectors import Offer, Proposals

LETTERS = "ABCDEFGHIJ"


@dataclass(frozen=True, slots=True)
class Proposed:
    """One visit of a proposal, in the site's clock."""

    step: str
    hue: str
    starts: datetime
    ends: datetime
    room: str
    people: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A visit in the calendar of weeks."""

    hue: str
    label: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of a week; empty most of the time."""

    day: date
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """Monday's date, and seven days."""

    monday: date
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A proposal: `days` counts from the first visit to the last, both included."""

    letter: str
    token: str
    reasons: tuple[str, ...]
    visits: tuple[Proposed, ...]
    weeks: tuple[Week, ...]
    therapist: str

    @property
    def first(self) -> datetime:
        return self.visits[0].starts

    @property
    def last(self) -> datetime:
        return self.visits[-1].starts

    @property
    def days(self) -> int:
        return (self.last.date() - self.first.date()).days + 1

    @property
    def trips(self) -> int:
        return len({visit.starts.date() for visit in self.visits})


def cards(found: Proposals) -> list[Card]:
    """The offers as cards that share their weeks."""
    itineraries = [_itinerary(offer, found) for offer in found.offers]
    days = [visit.starts.date() for itinerary in itineraries for visit in itinerary]
    if not days:
        return []
    monday = min(days) - timedelta(days=min(days).weekday())
    mondays = [monday + timedelta(days=i) for i in range(0, (max(days) - monday).days + 1, 7)]
    return [
        Card(
            letter=letter,
            token=offer.token,
            reasons=offer.plan.reasons,
            visits=itinerary,
            weeks=_weeks(mondays, itinerary),
            therapist=found.names.get(offer.plan.therapist or 0, ""),
        )
        for letter, offer, itinerary in zip(LETTERS, found.offers, itineraries, strict=False)
    ]


def d0_of(found: Proposals) -> date | None:
    """The earliest day of the origin step among the offers; None where it was done before."""
    zone = found.site.zone
    starts = [
        moment(visit.start).astimezone(zone).date()
        for offer in found.offers
        for visit in offer.plan.visits
        if visit.step == found.protocol.origin
    ]
    return min(starts, default=None)


def _itinerary(offer: Offer, found: Proposals) -> tuple[Proposed, ...]:
    return tuple(_proposed(visit, found) for visit in offer.plan.visits)


def _proposed(visit: PlannedVisit, found: Proposals) -> Proposed:
    step = found.protocol.step(visit.step)

    def named(role: str) -> str:
        ids = dict.fromkeys(claim.resource for claim in visit.claims if claim.role == role)
        return ", ".join(found.names.get(id, "") for id in ids)

    return Proposed(
        step=step.name,
        hue=words.hue(step.kind),
        starts=moment(visit.start).astimezone(found.site.zone),
        ends=moment(visit.end).astimezone(found.site.zone),
        room=named("room"),
        people=named(THERAPIST) or named("prescriber"),
    )


def _weeks(mondays: list[date], itinerary: tuple[Proposed, ...]) -> tuple[Week, ...]:
    marks: dict[date, list[Mark]] = defaultdict(list)
    for visit in itinerary:
        label = f"{visit.step}, {words.day(visit.starts)} {words.clock(visit.starts)}"
        marks[visit.starts.date()].append(Mark(visit.hue, label))
    return tuple(
        Week(
            monday,
            tuple(
                Cell(day, tuple(marks[day]))
                for day in (monday + timedelta(days=i) for i in range(7))
            ),
        )
        for monday in mondays
    )


@dataclass(frozen=True, slots=True)
class WayOut:
    """Why nothing fits, and the change of the form that would let something fit.

    `changes` are (field, value) pairs of the wizard's form; an empty value clears the field.
    """

    step: str
    message: str
    words: str
    finish: date | None
    changes: tuple[tuple[str, str], ...]

    @property
    def changes_json(self) -> str:
        return json.dumps(self.changes)


def ways_out(blocked: tuple[Blocked, ...], protocol: Protocol) -> list[WayOut]:
    """What blocks, with the relaxation as fields of the form."""
    return [
        WayOut(
            step="" if one.message.startswith(name) else name,
            message=one.message,
            words=one.relax.words if one.relax else "",
            finish=one.relax.finish if one.relax else None,
            changes=tuple(_changes(one)) if one.relax else (),
        )
        for one in blocked
        for name in [_step_name(one.step, protocol)]
    ]


def _step_name(key: str, protocol: Protocol) -> str:
    return next((step.name for step in protocol.steps if step.key == key), "")


FIELDS = {
    "not_before": "from",
    "not_after": "until",
    "earliest": "earliest",
    "latest": "latest",
    "weekdays": "when",
    "staff": "staff",
}


def _changes(blocked: Blocked) -> list[tuple[str, str]]:
    changes = []
    for field, value in (blocked.relax.change if blocked.relax else {}).items():
        if name := FIELDS.get(field):
            changes.append((name, _as_typed(value)))
    return changes


def _as_typed(value: object) -> str:
    """As the form's field would send it; "" clears."""
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10] if isinstance(value, date) else f"{value:%H:%M}"
    if isinstance(value, (frozenset, set, tuple, list)):
        return ",".join(str(item) for item in sorted(value))
    return "" if value is None else str(value)
