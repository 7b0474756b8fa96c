"""One site's day, read once: what the board, the list and the drawer are made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from api.desk import words
from api.desk.blocks import Block, blocks_of
from api.desk.board import Column, CoverStep, Entry, Hours, Sight, columns, cover_steps, entries
from api.desk.lanes import ROLES, Bar, Group, bars, column_of, groups, people_shown, within
from api.permissions import may, visible_visits
from clinic.models import Room, Site, Staff, User
from clinic.selectors import closed_days, next_open_day, open_spans, range_of
from clinic.spans import moment
from scheduling.models import Appointment, Status
from scheduling.selectors import coverage, occupancy, visits


@dataclass(frozen=True, slots=True)
class Sheet:
    """A day ready to be rendered. `closed` says why nothing is open, else it is empty."""

    site: Site
    day: date
    columns: list[Column]
    entries: list[Entry]
    cover: list[CoverStep]
    hours: Hours
    closed: str
    next_open: date | None
    clock: str
    by: str = ""
    bars: tuple[Bar, ...] = ()
    blocks: tuple[Block, ...] = ()

    @property
    def laid_out(self) -> str:
        """What the columns are: a board without a choice shows the rooms."""
        return self.by or "rooms"

    @property
    def groups(self) -> list[Group]:
        """The columns as headings; none while nothing was chosen, which lists by time alone."""
        return groups(self.by, self.columns, self.entries, self.bars) if self.by else []

    @property
    def standing(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.status != Status.CANCELLED]

    @property
    def most_on(self) -> int:
        return max((max(step.on, step.needed) for step in self.cover), default=0)

    @property
    def short(self) -> list[CoverStep]:
        return [step for step in self.cover if step.short]


def read_sheet(user: User, site: Site, day: date, now: datetime, by: str = "") -> Sheet:
    """Everything of one site date that `user` may see, laid out by rooms, clinicians or nurses."""
    start, end = (moment(minute) for minute in range_of(site, day, day))
    shown = list(visible_visits(user, visits(sites=[site], start=start, end=end)))
    cover = coverage(site=site, day=day, now=now) if may(user, "see_coverage", site) else None
    spans = list(cover.open) if cover else _open(site, day)
    rooms = list(Room.objects.filter(site=site, active=True))
    listed = entries(
        shown,
        sight=Sight.of(user, site),
        names=names_in(shown, rooms),
        siblings=siblings_of(shown),
    )
    closed = "" if spans or listed else _why_closed(site, day)
    of_people: list[Column] = []
    drawn: list[Bar] = []
    if by in ROLES and not closed:
        known = occupancy(site=site, first=day, last=day, now=now)
        drawn = bars(shown, by, care=may(user, "see_care", site))
        busy = {int(bar.column) for bar in drawn}
        there = people_shown(user, site, by, known, busy)
        of_people = [column_of(person, by, known, day) for person in there]
        kept = {column.key for column in of_people}
        drawn = [bar for bar in within(drawn, day) if bar.column in kept]
    return Sheet(
        site=site,
        day=day,
        columns=of_people if by in ROLES else columns(rooms),
        entries=listed,
        cover=cover_steps(cover) if cover and not closed else [],
        hours=Hours.around(day, [*spans, *((entry.starts, entry.ends) for entry in listed)]),
        closed=closed,
        next_open=next_open_day(site, day) if closed else None,
        clock=_clock(site, day, now),
        by=by,
        bars=tuple(drawn),
        blocks=tuple(blocks_of(user, site, day, rooms)),
    )


def _open(site: Site, day: date) -> list[tuple[datetime, datetime]]:
    return [
        (moment(start).astimezone(site.zone), moment(end).astimezone(site.zone))
        for start, end in open_spans(site, day, day)
    ]


def names_in(shown: Iterable[Appointment], rooms: Iterable[Room] = ()) -> dict[int, str]:
    """What the rooms and staff that visits claim are called: one query or two."""
    names = {room.pk: room.name for room in rooms}
    claimed = {c.resource_id for v in shown for c in v.claims.all() if c.role != "patient"}
    unnamed = claimed - set(names)
    names |= {person.pk: person.name for person in Staff.objects.filter(pk__in=unnamed)}
    if elsewhere := unnamed - set(names):
        names |= dict(Room.objects.filter(pk__in=elsewhere).values_list("pk", "name"))
    return names


def siblings_of(shown: Iterable[Appointment]) -> dict[int, list[Appointment]]:
    """Every visit of the series that these visits belong to, in time order: one query."""
    series: dict[int, list[Appointment]] = defaultdict(list)
    wanted = {visit.series_id for visit in shown if visit.series_id}
    of = Appointment.objects.filter(series__in=wanted).order_by("starts_at")
    for visit in of.only("series", "step", "status", "starts_at"):
        if visit.series_id:
            series[visit.series_id].append(visit)
    return series


def _why_closed(site: Site, day: date) -> str:
    reason = closed_days(site, day, day).get(day)
    return f"Closed: {reason}." if reason else f"The clinic does not open on {day:%A}s."


def _clock(site: Site, day: date, now: datetime) -> str:
    """The time of day at the site, when the day is today; else nothing."""
    here = now.astimezone(site.zone)
    return words.clock(here) if here.date() == day else ""
