"""The day as the board shows it: columns of rooms, visits as blocks of bands, nurse cover.

One list of entries feeds three layouts: the board, the list and the drawer of arrivals.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from api.desk import words
from api.permissions import may
from clinic.models import Room, Site, User
from scheduling import catalogue
from scheduling.models import Appointment, Claim, Series, Status
from scheduling.models.series import GONE
from scheduling.planner.protocols import Protocol
from scheduling.planner.windows import window
from scheduling.selectors import Coverage, VisitView, step_name, step_short_name, view

HERE = frozenset(
    {Status.ARRIVED, Status.IN_PREP, Status.INFUSING, Status.IN_SESSION, Status.RECOVERING}
)
OVER = frozenset({Status.DISCHARGED, Status.NO_SHOW, Status.CANCELLED})
# How strongly a band is drawn: what the visit is for stands out, coming and going recede.
STRENGTHS = {"arrive": 1, "discharge": 1, "infuse": 3, "dosing": 3, "dose and observe": 3}
ROLE_WORDS: dict[str, str] = {
    Claim.Role.NURSE: "nurse",
    Claim.Role.THERAPIST: "therapist",
    Claim.Role.PRESCRIBER: "prescriber",
}


@dataclass(frozen=True, slots=True)
class Sight:
    """What a viewer may read of a visit at a site: names, else initials; the care given, or not."""

    names: bool
    care: bool

    @classmethod
    def of(cls, user: User, site: Site) -> Sight:
        return cls(names=may(user, "see_names", site), care=may(user, "see_care", site))


@dataclass(frozen=True, slots=True)
class Column:
    """A chair of a room, of which `key` is "room.lane"; or somebody with when they are `on`."""

    key: str
    name: str
    note: str
    lanes: int = 1
    on: tuple[tuple[datetime, datetime], ...] | None = None

    @property
    def hours(self) -> str:
        """`08:00-12:00 13:00-17:00`."""
        return " ".join(f"{words.clock(a)}-{words.clock(b)}" for a, b in self.on or ())


@dataclass(frozen=True, slots=True)
class Band:
    """A phase: its share of the block is its minutes."""

    name: str
    starts: datetime
    minutes: int
    strength: int


@dataclass(frozen=True, slots=True)
class Person:
    """Who takes part: in which role and phases ("" when in all of them)."""

    name: str
    role: str
    phases: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The visit before or after in the series."""

    step: str
    day: date


@dataclass(frozen=True, slots=True)
class Entry:
    """One visit, ready to be shown; `closes` says how nearly its window is closed, when it is.

    `noted`: there is a note on it, which only its sheet shows.
    """

    pk: int
    patient: int
    name: str
    step: str
    short: str
    hue: str
    status: str
    sign: words.Sign
    starts: datetime
    ends: datetime
    rooms: str
    columns: tuple[str, ...]
    bands: tuple[Band, ...]
    turnover: int
    people: tuple[Person, ...]
    closes: str = ""
    noted: bool = False
    before: Neighbour | None = None
    after: Neighbour | None = None

    @property
    def minutes(self) -> int:
        return (self.ends - self.starts) // timedelta(minutes=1)

    @property
    def drawn(self) -> str:
        """The bands as JSON: [name, clock, minutes, strength] each."""
        bands = [[b.name, words.clock(b.starts), b.minutes, b.strength] for b in self.bands]
        return json.dumps(bands)

    @property
    def here(self) -> bool:
        return self.status in HERE

    @property
    def over(self) -> bool:
        return self.status in OVER


def columns(rooms: Iterable[Room]) -> list[Column]:
    """A column a chair; a room with one chair is one column."""
    return [
        Column(f"{room.pk}.{lane}", room.name, str(lane + 1) if room.chairs > 1 else "")
        for room in rooms
        for lane in range(room.chairs)
    ]


def entries(
    visits: Sequence[Appointment],
    *,
    sight: Sight,
    names: Mapping[int, str],
    siblings: Mapping[int, Sequence[Appointment]],
) -> list[Entry]:
    """Visits in time order, as `sight` may read them.

    `names` says how rooms and staff are called; `siblings` holds each series' visits in time
    order.
    """
    protocols = {v.protocol_version_id: v.protocol_version for v in visits}
    steps: dict[int, set[str]] = defaultdict(set)
    for visit in visits:
        steps[visit.protocol_version_id] |= {visit.step}
        steps[visit.protocol_version_id] |= {s.step for s in siblings.get(visit.series_id or 0, ())}
    read = {
        pk: catalogue.protocol(v.definition, version=v.version, reaching=steps[pk])
        for pk, v in protocols.items()
    }
    shown = []
    for visit in visits:
        protocol = read[visit.protocol_version_id]
        entry = _entry(visit, protocol, sight, names)
        if (course := visit.series) and sight.care and not entry.over:
            entry = _in_series(entry, visit, course, protocol, siblings[course.pk])
        shown.append(entry)
    return shown


def _entry(visit: Appointment, protocol: Protocol, sight: Sight, names: Mapping[int, str]) -> Entry:
    seen = view(visit)
    rooms = [claim for claim in visit.claims.all() if claim.role == Claim.Role.ROOM]
    patient = visit.patient
    return Entry(
        pk=visit.pk,
        patient=patient.pk,
        name=patient.name if sight.names else words.dotted(patient),
        step=step_name(visit) if sight.care else "Visit",
        short=step_short_name(visit) if sight.care else "Visit",
        hue=words.hue(protocol.step(visit.step).kind),
        status=visit.status,
        sign=words.STATUSES[visit.status],
        starts=seen.starts_at,
        ends=seen.ends_at,
        rooms=", ".join(dict.fromkeys(names.get(c.resource_id, "") for c in rooms)),
        columns=tuple(dict.fromkeys(f"{c.resource_id}.{c.lane}" for c in rooms)),
        bands=tuple(_bands(seen)) if sight.care else (),
        turnover=max((c.turnover_minutes for c in rooms), default=0),
        people=tuple(people(seen, names, care=sight.care)),
        noted=bool(visit.note) and sight.care,
    )


def _bands(seen: VisitView) -> Iterable[Band]:
    for phase in seen.phases:
        minutes = (phase.ends_at - phase.starts_at) // timedelta(minutes=1)
        strength = 2 if len(seen.phases) == 1 else STRENGTHS.get(phase.name, 2)
        yield Band(words.phase(phase.name), phase.starts_at, minutes, strength)


def people(seen: VisitView, names: Mapping[int, str], *, care: bool = True) -> Iterable[Person]:
    """Who takes part; the phases are said where nurses hand over, to who may see the care."""
    part: dict[tuple[int, str], list[str]] = defaultdict(list)
    for phase in seen.phases:
        for claim in phase.claims:
            if claim.role:
                part[claim.resource, claim.role].append(words.phase(phase.name).lower())
    handed_over = sum(role == Claim.Role.NURSE for _, role in part) > 1
    for (person, role), phases in part.items():
        told = care and handed_over and role == Claim.Role.NURSE
        said = ", ".join(phases) if told else ""
        yield Person(names.get(person, ""), ROLE_WORDS.get(role, role), said)


def _in_series(
    entry: Entry,
    visit: Appointment,
    course: Series,
    protocol: Protocol,
    series: Sequence[Appointment],
) -> Entry:
    """With what comes before and after, and how long its window stays open."""
    zone = visit.site.zone
    standing = [other for other in series if other.status not in GONE]
    days = {other.step: other.starts_at.astimezone(zone).date() for other in standing}
    done = {step: date.fromisoformat(day) for step, day in course.completed.items()}
    step = protocol.step(visit.step)
    spare = (window(step, protocol, course.d0, done | days)[1] - entry.starts.date()).days
    keys = [other.step for other in standing]
    at = keys.index(visit.step) if visit.step in keys else -1

    def neighbour(index: int) -> Neighbour | None:
        if at < 0 or not 0 <= index < len(keys):
            return None
        return Neighbour(protocol.step(keys[index]).name, days[keys[index]])

    closes = {0: "last day", 1: "1 day left"}.get(spare, "")
    if step.key == protocol.origin:
        closes = ""
    return replace(entry, before=neighbour(at - 1), after=neighbour(at + 1), closes=closes)


@dataclass(frozen=True, slots=True)
class CoverStep:
    """A stretch of the day with the same lanes on and needed; short when more are needed."""

    starts: datetime
    ends: datetime
    on: int
    needed: int
    free: int

    @property
    def short(self) -> bool:
        return self.needed > self.on


def cover_steps(cover: Coverage) -> list[CoverStep]:
    """The coverage as stretches that end where the next begins, without the empty ones."""
    midnight = datetime.combine(cover.day + timedelta(days=1), time(0), cover.site.zone)
    stops = [*(step.starts_at for step in cover.steps[1:]), midnight]
    return [
        CoverStep(step.starts_at, stop, step.on, step.needed, step.free)
        for step, stop in zip(cover.steps, stops, strict=True)
        if step.on or step.needed
    ]


@dataclass(frozen=True, slots=True)
class Hours:
    """From when to when the board reaches, in whole hours of the site's clock."""

    first: int
    last: int

    @classmethod
    def around(cls, day: date, spans: Iterable[tuple[datetime, datetime]]) -> Hours:
        """Whole hours around the spans that begin on that day; 8 to 18 when there are none."""
        firsts, lasts = [], []
        for start, end in spans:
            firsts.append(start.hour if start.date() == day else 0)
            lasts.append(24 if end.date() > day else end.hour + bool(end.minute))
        return cls(min(firsts, default=8), max(lasts, default=18))


def tally(shown: Sequence[Entry]) -> str:
    """`18 visits, 3 here, 5 done`."""
    standing = [entry for entry in shown if entry.status != Status.CANCELLED]
    here = sum(entry.here for entry in standing)
    done = sum(entry.status == Status.DISCHARGED for entry in standing)
    said = [words.count(len(standing), "visit")]
    said += [f"{here} here"] if here else []
    said += [f"{done} done"] if done else []
    return ", ".join(said)
