"""Plain rows, as the audit reads them. Moments are whole UTC minutes since 1970, half-open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any, NamedTuple


class Visit(NamedTuple):
    """An appointment. `exact` is false when its times are not on whole minutes."""

    id: int
    series: int | None
    patient: int
    acuity: int
    site: int
    version: int
    step: str
    status: str
    start: int
    end: int
    exact: bool


class Phase(NamedTuple):
    visit: int
    name: str
    start: int
    end: int
    exact: bool


class Claim(NamedTuple):
    id: int
    resource: int
    lane: int
    start: int
    end: int
    role: str
    turnover: int
    visit: int | None
    hold: int | None


class Hold(NamedTuple):
    id: int
    site: int
    expires: int


class Series(NamedTuple):
    id: int
    version: int
    therapist: int | None
    completed: Mapping[str, str]


class Room(NamedTuple):
    id: int
    site: int
    name: str
    capabilities: frozenset[str]
    chairs: int
    turnover: int
    active: bool


class Person(NamedTuple):
    id: int
    name: str
    roles: frozenset[str]
    skills: frozenset[str]
    max_patients: int | None
    active: bool
    sites: frozenset[int]


class Site(NamedTuple):
    id: int
    name: str
    zone: str
    country: str
    subdivision: str
    nurse_lanes: int
    keeps_public_holidays: bool
    required: Mapping[str, list[str]]


class Opening(NamedTuple):
    site: int
    weekday: int
    opens: time
    closes: time


class Closure(NamedTuple):
    site: int
    first: date
    last: date
    opens_anyway: bool


class Shift(NamedTuple):
    """Weekly hours, or those of one `day`: `working` ones are added, others taken away."""

    person: int
    site: int
    starts: time
    ends: time
    weekday: int | None = None
    break_starts: time | None = None
    break_ends: time | None = None
    since: date | None = None
    until: date | None = None
    day: date | None = None
    working: bool = True


class Absence(NamedTuple):
    resource: int
    start: int
    end: int


class Busy(NamedTuple):
    """Busy in a calendar of their own; claims numbered above `promised` were made knowing it."""

    person: int
    start: int
    end: int
    promised: int


class Outage(NamedTuple):
    site: int
    start: int
    end: int


class Credential(NamedTuple):
    person: int
    kind: str
    since: date | None
    until: date


@dataclass(frozen=True)
class Rows:
    """Everything the judge looks at. `scope` holds the visits it speaks about.

    `overrides` maps a visit to the rules that somebody with the privilege set aside for it, each
    in the journal; an empty set stands for all of them. `travel` has both directions.
    """

    now: int
    guard: bool
    visits: Mapping[int, Visit]
    phases: Mapping[int, list[Phase]]
    claims: list[Claim]
    holds: Mapping[int, Hold]
    series: Mapping[int, Series]
    definitions: Mapping[int, Mapping[str, Any]]
    rooms: Mapping[int, Room]
    people: Mapping[int, Person]
    patients: frozenset[int]
    sites: Mapping[int, Site]
    openings: list[Opening]
    closures: list[Closure]
    shifts: list[Shift]
    absences: list[Absence]
    credentials: list[Credential]
    travel: Mapping[tuple[int, int], int]
    outages: list[Outage] = field(default_factory=list)
    busy: list[Busy] = field(default_factory=list)
    overrides: Mapping[int, frozenset[str]] = field(default_factory=dict)
    scope: frozenset[int] = frozenset()
    complete: bool = True


class Violation(NamedTuple):
    """One thing that is wrong; `severity` is violation or warning, `subject` kind and id."""

    rule: str
    subject: str
    message: str
    appointment: int | None = None
    severity: str = "violation"

    def __str__(self) -> str:
        return f"{self.severity} {self.rule} {self.subject} {self.message}"
