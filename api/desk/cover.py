"""Who watches whom on a day, ready to be drawn: nurses down, time across, and the same in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import groupby, pairwise

from api.desk import words
from api.desk.board import CoverStep, Hours, cover_steps
from api.desk.people import shown_name
from api.permissions import may, staff_id
from clinic.models import AvailabilityException, Site, User
from clinic.selectors import next_open_day
from clinic.spans import minute, moment
from scheduling.daybook.monitoring import Monitoring
from scheduling.models import Appointment, HandOver
from scheduling.planner.day import CoverTask, Person
from scheduling.planner.monitoring import HandOver as Taken
from scheduling.planner.monitoring import Load, Weighed, weigh
from scheduling.planner.pool import first_run
from scheduling.planner.protocols import NURSE
from scheduling.selectors import coverage
from scheduling.selectors.monitoring import Balance, read_monitoring, signed

Span = tuple[int, int]
"""Minutes from the site's midnight."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A phase of a visit with its nurse: `runs` are (first lane, lanes) of theirs.

    `at` is the absolute minute it begins, `gives` is true where it can be given away.
    """

    visit: int
    at: int
    name: str
    acuity: int
    phase: str
    starts: datetime
    ends: datetime
    start: int
    end: int
    runs: tuple[Span, ...]
    lanes: int
    gives: bool
    taken_from: str = ""
    given_to: str = ""
    strength: int = 1

    @property
    def run(self) -> Span:
        return self.runs[0] if self.runs else (0, 1)

    @property
    def heavy(self) -> bool:
        return self.acuity > 3


@dataclass(frozen=True, slots=True)
class Line:
    """A nurse: when on and off, the load of the day, and whom they watch."""

    pk: int
    name: str
    hours: str
    on: tuple[Span, ...]
    breaks: tuple[str, ...]
    lanes: int
    load: Load
    pieces: tuple[Piece, ...]

    @property
    def weighed(self) -> str:
        return f"{self.load.weighed // 60} h {self.load.weighed % 60:02}"


@dataclass(frozen=True, slots=True)
class Change:
    """A hand-over in words, and who signed it."""

    visit: int
    at: int
    when: datetime
    name: str
    giver: str
    taker: str
    signed: HandOver | None
    may_sign: bool


@dataclass(frozen=True)
class CoverSheet:
    """A site's day of monitoring as one viewer may see it."""

    site: Site
    day: date
    hours: Hours
    lines: tuple[Line, ...]
    uncovered: tuple[Piece, ...]
    steps: tuple[CoverStep, ...]
    changes: tuple[Change, ...]
    weighed: Weighed
    next_open: date | None
    clock: int | None

    @property
    def first(self) -> int:
        return self.hours.first * 60

    @property
    def last(self) -> int:
        return self.hours.last * 60

    @property
    def ticks(self) -> list[tuple[int, int, str]]:
        return [
            (hour * 60, hour * 60 + 60, f"{hour:02}:00")
            for hour in range(self.hours.first, self.hours.last)
        ]

    @property
    def short(self) -> list[CoverStep]:
        return [step for step in self.steps if step.short]

    @property
    def short_spans(self) -> list[tuple[datetime, datetime]]:
        """The short minutes, stretches that touch made one."""
        found: list[tuple[datetime, datetime]] = []
        for step in self.short:
            if found and found[-1][1] == step.starts:
                found[-1] = found[-1][0], step.ends
            else:
                found.append((step.starts, step.ends))
        return found

    @property
    def unsigned(self) -> list[Change]:
        return [change for change in self.changes if not change.signed]

    @cached_property
    def most(self) -> int:
        return max((max(step.on, step.needed) for step in self.steps), default=1)

    @property
    def supply(self) -> list[tuple[CoverStep, int, int]]:
        """Each stretch of cover with its minutes from midnight."""
        return [
            (step, _bit(step.starts, self.day), _bit(step.ends, self.day)) for step in self.steps
        ]


def read_cover(user: User, site: Site, day: date, now: datetime) -> CoverSheet:
    """The day, with names or initials by right."""
    monitoring = read_monitoring(site=site, day=day, now=now)
    covered = coverage(site=site, day=day, now=now)
    names = {person.id: person.name for person in monitoring.diary.people}
    weighed = weigh(monitoring.tasks, monitoring.diary)
    pieces = _pieces(user, monitoring, weighed.hand_overs, names)
    breaks = _breaks(site, day)
    lines = [
        _line(person, load, pieces, breaks.get(person.id, ()), monitoring)
        for load in weighed.loads
        for person in monitoring.diary.people
        if person.id == load.nurse
    ]
    steps = _with_need(cover_steps(covered), pieces.get(None, []))
    spans = [*covered.open, *((step.starts, step.ends) for step in steps)]
    spans += [
        (visit.starts_at.astimezone(site.zone), visit.ends_at.astimezone(site.zone))
        for visit in monitoring.visits
    ]
    here = now.astimezone(site.zone)
    return CoverSheet(
        site=site,
        day=day,
        hours=Hours.around(day, spans),
        lines=tuple(sorted(lines, key=lambda line: line.name)),
        uncovered=tuple(pieces.get(None, ())),
        steps=tuple(steps),
        changes=tuple(_changes(user, monitoring, weighed.hand_overs, names, now)),
        weighed=weighed,
        next_open=None if lines else next_open_day(site, day),
        clock=here.hour * 60 + here.minute if here.date() == day else None,
    )


def _with_need(steps: Sequence[CoverStep], bare: Sequence[Piece]) -> list[CoverStep]:
    """The cover with what phases without a nurse would need of it."""
    found: list[CoverStep] = []
    for step in steps:
        inside = {edge for one in bare for edge in (one.starts, one.ends)}
        edges = [step.starts, *sorted(e for e in inside if step.starts < e < step.ends), step.ends]
        for low, high in pairwise(edges):
            more = sum(one.lanes for one in bare if one.starts <= low < one.ends)
            found.append(CoverStep(low, high, step.on, step.needed + more, step.free))
    return found


def phase_of(visit: Appointment, task: CoverTask) -> str:
    """What the phase of a task is called."""
    names = [
        words.phase(one.name)
        for one in visit.phases.all()
        if minute(one.starts_at) < task.end and task.start < minute(one.ends_at)
    ]
    return ", ".join(names)


def _pieces(
    user: User,
    monitoring: Monitoring,
    overs: Iterable[Taken],
    names: Mapping[int, str],
) -> dict[int | None, list[Piece]]:
    diary, site = monitoring.diary, monitoring.site
    visits = {f"appointment:{visit.pk}": visit for visit in monitoring.visits}
    taken = {(one.visit, one.at): one for one in overs}
    called = {key: shown_name(user, visit.patient, site) for key, visit in visits.items()}
    tasks = sorted(monitoring.tasks, key=lambda task: (task.start, task.visit))
    found: dict[int | None, list[Piece]] = defaultdict(list)
    for task in tasks:
        visit = visits[task.visit]
        over = taken.get((task.visit, task.start))
        later = taken.get((task.visit, task.end))
        found[task.nurse].append(
            Piece(
                visit=visit.pk,
                at=task.start,
                name=called[task.visit],
                acuity=visit.patient.acuity if may(user, "see_care", site) else 0,
                phase=phase_of(visit, task) if may(user, "see_care", site) else "",
                starts=moment(task.start).astimezone(site.zone),
                ends=moment(task.end).astimezone(site.zone),
                start=task.start - diary.start,
                end=task.end - diary.start,
                runs=tuple(_together(task.held)),
                lanes=len(task.held) or task.lanes,
                gives=not task.pinned,
                taken_from=names.get(over.giver, "") if over else "",
                given_to=names.get(later.taker, "") if later else "",
                strength=min(
                    3, 1 + (len(task.held) or task.lanes) * 2 // max(2, diary.nurse_lanes)
                ),
            )
        )
    return found


def _line(
    person: Person,
    load: Load,
    pieces: Mapping[int | None, list[Piece]],
    breaks: Sequence[str],
    monitoring: Monitoring,
) -> Line:
    on = tuple(_runs(person.duty.get(NURSE, 0)))
    start, zone = monitoring.diary.start, monitoring.site.zone
    said = ", ".join(
        f"{words.clock(moment(start + a).astimezone(zone))}–"
        f"{words.clock(moment(start + b).astimezone(zone))}"
        for a, b in on
    )
    own = tuple(pieces.get(person.id, ()))
    return Line(
        person.id, person.name, said or "off", on, tuple(breaks), len(person.lanes), load, own
    )


def _breaks(site: Site, day: date) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    rows = AvailabilityException.objects.filter(site=site, date=day).exclude(note="")
    for row in rows:
        found[row.staff_id].append(f"{row.note} {row.starts:%H:%M}–{row.ends:%H:%M}")
    return found


def _changes(
    user: User,
    monitoring: Monitoring,
    overs: Iterable[Taken],
    names: Mapping[int, str],
    now: datetime,
) -> Iterable[Change]:
    known = signed(monitoring)
    visits = {f"appointment:{visit.pk}": visit for visit in monitoring.visits}
    me, in_charge = staff_id(user), may(user, "assign_nurses", monitoring.site)
    signs = may(user, "sign_hand_over", monitoring.site)
    for one in sorted(overs, key=lambda one: one.at):
        visit = visits[one.visit]
        when = moment(one.at)
        yield Change(
            visit=visit.pk,
            at=one.at,
            when=when.astimezone(monitoring.site.zone),
            name=shown_name(user, visit.patient, monitoring.site),
            giver=names.get(one.giver, "somebody"),
            taker=names.get(one.taker, "somebody"),
            signed=known.get((visit.pk, when, one.giver, one.taker)),
            may_sign=signs and (in_charge or me == one.taker),
        )


@dataclass(frozen=True, slots=True)
class Picture:
    """A day in little: a row a nurse, (x, width, y, height, moved) a phase."""

    names: tuple[tuple[str, int, str], ...]
    rects: tuple[tuple[int, int, float, float, bool], ...]
    first: int
    width: int
    height: int
    spread: int
    hand_overs: int


def pictures(shown: Balance, monitoring: Monitoring, hours: Hours) -> tuple[Picture, Picture]:
    """Before and after."""
    moved = {(one.task.visit, one.task.start) for one in shown.moved}
    return (
        _picture(shown.now, shown.before, moved, monitoring, hours),
        _picture(shown.then, shown.after, moved, monitoring, hours),
    )


def _picture(
    tasks: Iterable[CoverTask],
    weighed: Weighed,
    moved: set[tuple[str, int]],
    monitoring: Monitoring,
    hours: Hours,
) -> Picture:
    diary, high = monitoring.diary, 22
    loads = {load.nurse: load for load in weighed.loads}
    people = sorted((one for one in diary.people if one.id in loads), key=lambda one: one.name)
    row = {person.id: number * high for number, person in enumerate(people)}
    rects = []
    for task in tasks:
        if task.nurse is None:
            continue
        tall = (high - 4) / diary.nurse_lanes
        for low, wide in _together(task.held):
            rects.append(
                (
                    task.start - diary.start,
                    task.end - task.start,
                    row[task.nurse] + 2 + low * tall,
                    wide * tall,
                    (task.visit, task.start) in moved,
                )
            )
    return Picture(
        names=tuple(
            (person.name, row[person.id] + high // 2, f"{loads[person.id].percent} %")
            for person in people
        ),
        rects=tuple(rects),
        first=hours.first * 60,
        width=(hours.last - hours.first) * 60,
        height=max(1, len(people)) * high,
        spread=weighed.spread,
        hand_overs=len(weighed.hand_overs),
    )


def _together(lanes: Sequence[int]) -> Iterable[Span]:
    """Runs of neighbouring lanes: (first, how many)."""
    for _, run in groupby(enumerate(sorted(lanes)), key=lambda each: each[1] - each[0]):
        numbers = [lane for _, lane in run]
        yield numbers[0], len(numbers)


def _runs(bits: int) -> Iterable[Span]:
    while bits:
        start, end = first_run(bits)
        yield start, end
        bits = bits >> end << end


def _bit(at: datetime, day: date) -> int:
    """Minutes of the wall clock from the midnight of a day."""
    return (at.date() - day).days * 1440 + at.hour * 60 + at.minute
