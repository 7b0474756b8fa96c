"""Load a demo into an empty database: facts, patients, and a book filled to a load."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from clinic.journal import Actor
from clinic.models import Patient, Room, Site, Staff, User
from clinic.selectors import absences, duties, open_spans
from clinic.spans import moment
from clinic.transactions import writing
from scheduling import catalogue
from scheduling.demo.blueprint import DOMAIN, SIZES, Blueprint
from scheduling.demo.boards import make_board
from scheduling.demo.clinic import Made, build
from scheduling.demo.courses import Course
from scheduling.demo.filling import ACUITY, BUSY_WEEKS, Booked, Filling
from scheduling.demo.gates import write_answers
from scheduling.demo.names import Names
from scheduling.demo.people import make_patients
from scheduling.demo.slots import Board
from scheduling.demo.vitals import write_vitals
from scheduling.demo.writing import write_courses
from scheduling.models import Claim, ProtocolVersion
from scheduling.services.catalogue import store

DAYS = 90
ACTOR = Actor(name="load_demo", door="command")


class DemoRefused(Exception):
    """The database is not empty; the message says of what."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was made. `load` is the claimed share of open infusion-chair minutes, busy weeks."""

    organisation: str
    sites: int
    infusion_rooms: int
    chairs: int
    other_rooms: int
    staff: int
    patients: int
    series: int
    visits: int
    load: float
    first: date
    last: date


def load(*, size: str, seed: int, load: float, start: date | None, now: datetime) -> Loaded:
    """Write a demo in one transaction; DemoRefused unless the database is empty.

    Visits before `now` are over. With a `start` given nothing depends on `now`: nothing has
    happened yet, so that the same arguments make the same clinic on any day.
    """
    blueprint = SIZES[size]
    first = start or _monday_of(now, blueprint)
    rng = Random(f"{size} {seed} {load} {first}")  # noqa: S311 - a demo is not secret
    with writing():
        _refuse_unless_empty()
        names = Names(rng)
        made = build(blueprint, start=first, rng=rng, names=names)
        as_of = now if start is None else _opening(first, made.sites[0])
        store(catalogue.read(catalogue.starter_text()), actor=ACTOR, now=as_of)
        boards = [_board(site, made, first) for site in made.sites]
        courses = _courses()
        booked: list[Booked] = []
        for board in boards:
            if load > 0:
                booked += Filling(board, courses, load, rng).fill()
        patients = _patients(booked, made, as_of, names, rng)
        visits = write_courses(booked, patients[: len(booked)], first=first, now=as_of, rng=rng)
        write_answers(visits, now=as_of, rng=rng)
        write_vitals(now=as_of, rng=rng)
        return Loaded(
            organisation=blueprint.organisation,
            sites=len(made.sites),
            infusion_rooms=blueprint.infusion_rooms,
            chairs=blueprint.chairs,
            other_rooms=len(made.rooms) - blueprint.infusion_rooms,
            staff=len(made.staff),
            patients=len(patients),
            series=len(booked),
            visits=len(visits),
            load=measured_load(boards),
            first=first,
            last=first + timedelta(days=DAYS - 1),
        )


def measured_load(boards: list[Board]) -> float:
    """Claimed share of open infusion-chair minutes in the busy weeks, read from the claims."""
    claimed = available = 0
    for board in boards:
        chairs = {room.pk for room in board.rooms if "infusion" in room.capabilities}
        days = board.days[: 7 * BUSY_WEEKS]
        available += sum(day.open.bit_count() for day in days) * board.chairs
        spans = Claim.objects.filter(
            resource__in=chairs,
            start_minute__gte=days[0].midnight,
            start_minute__lt=days[-1].midnight + 1440,
        ).values_list("start_minute", "end_minute")
        for start, end in spans:
            day = days[(start - days[0].midnight + 120) // 1440]
            low, high = start - day.midnight, end - day.midnight
            claimed += (day.open >> low & (1 << (high - low)) - 1).bit_count()
    return claimed / available if available else 0.0


def _refuse_unless_empty() -> None:
    if Patient.objects.filter(is_demo=False).exists():
        raise DemoRefused("This database holds patients who are not of a demo; it is left alone.")
    if Patient.objects.exists():
        raise DemoRefused(
            "This database holds a demo already. For another one start from an empty database."
        )
    if Site.objects.exists() or Staff.objects.exists() or Room.objects.exists():
        raise DemoRefused("This database holds a clinic that is being set up; it is left alone.")
    if User.objects.filter(email__iendswith=f"@{DOMAIN}").exists():
        raise DemoRefused(f"This database has sign-ins at {DOMAIN} already; it is left alone.")


def _monday_of(now: datetime, blueprint: Blueprint) -> date:
    today = now.astimezone(ZoneInfo(blueprint.sites[0].time_zone)).date()
    return today - timedelta(days=today.weekday())


def _opening(first: date, site: Site) -> datetime:
    return datetime.combine(first, time(0), tzinfo=site.zone)


def _board(site: Site, made: Made, first: date) -> Board:
    dates = [first + timedelta(days=number) for number in range(DAYS)]
    rooms = [room for room in made.rooms if room.site_id == site.pk]
    start = datetime.combine(dates[0], time(0), tzinfo=site.zone)
    low = int(start.timestamp() // 60)
    return make_board(
        site,
        rooms,
        dates,
        open_spans(site, dates[0], dates[-1]),
        duties(site, dates[0], dates[-1]),
        absences([room.pk for room in rooms], low, low + 1440 * (DAYS + 1)),
    )


def _courses() -> dict[str, Course]:
    versions = ProtocolVersion.objects.select_related("protocol")
    return {
        version.protocol.key: Course(
            catalogue.protocol(version.definition, version=version.version), version.pk
        )
        for version in versions
    }


def _patients(
    booked: list[Booked], made: Made, as_of: datetime, names: Names, rng: Random
) -> list[Patient]:
    """One for each course, and some who have not begun one."""
    wanted: list[tuple[Site, int, datetime]] = []
    for one in booked:
        first = one.board.days[0].midnight + 1440 * min([0, *one.done.values()])
        wanted.append((one.board.site, one.acuity, moment(first - 1440 * rng.randrange(22, 60))))
    for site in made.sites:
        for _ in range(12):
            acuity = rng.choices(*zip(*ACUITY, strict=True))[0]
            wanted.append((site, acuity, as_of - timedelta(days=rng.randrange(1, 30))))
    return make_patients(wanted, names=names, rng=rng, today=as_of.date())
