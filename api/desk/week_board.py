"""A site's week: days across, rooms or people down, visits as bars, and what is free between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from api.desk import words
from api.desk.board import Entry, Sight, entries
from api.desk.lanes import ROLES, Bar, bars, people_shown
from api.desk.mondays import FromMonday
from api.desk.sheet import names_in, siblings_of
from api.permissions import may, visible_visits
from clinic.journal import stamp
from clinic.models import Room, Site, User
from clinic.selectors import closed_days, range_of
from clinic.spans import moment
from scheduling.models.series import GONE
from scheduling.selectors import Load, Occupancy, occupancy, visits
from scheduling.selectors.occupancy import NOTHING, Spans

WORTH_MINUTES = 30
"""A stretch shorter than this is not called free."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Something in a track, from and to minutes of the day (more than 1440 past midnight)."""

    start: int
    end: int
    clock: str
    until: str
    lane: int = 0
    lanes: int = 1

    @property
    def chair(self) -> str:
        return f"chair {self.lane + 1}"


@dataclass(frozen=True, slots=True)
class Stay:
    """A visit in a cell, with the phases where it is not all of them."""

    entry: Entry
    piece: Piece
    said: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of one room or person. `on` is when they are there; `load` of that."""

    day: date
    stays: tuple[Stay, ...]
    on: tuple[Piece, ...]
    free: tuple[Piece, ...]
    load: Load

    @property
    def free_said(self) -> str:
        """`Free 09:00 to 11:00, 14:00 to 18:00`, for who hears the board."""
        spans = dict.fromkeys(f"{piece.clock} to {piece.until}" for piece in self.free)
        return f"Free {', '.join(spans)}" if spans else ""


@dataclass(frozen=True, slots=True)
class Line:
    """A room (chairs are `lanes`) or a person through the week."""

    id: int
    name: str
    lanes: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class WeekDay:
    """A day at the head of its cells: why it is closed, or when nurses are short."""

    day: date
    closed: str
    visits: int
    short: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class SiteWeek(FromMonday):
    """Seven days of a site from a Monday, days shut without a visit left out."""

    site: Site
    monday: date
    by: str
    stamp: int
    first: int
    last: int
    days: tuple[WeekDay, ...]
    lines: tuple[Line, ...]
    one: int
    names: tuple[tuple[int, str], ...]

    @property
    def ticks(self) -> list[tuple[int, int, str]]:
        """Every third hour that has room for its number: from, to, and what it says."""
        hours = range(self.first, self.last - 60, 180)
        return [(minute, minute + 120, f"{minute // 60:02d}") for minute in hours]

    @property
    def count(self) -> int:
        return sum(day.visits for day in self.days)


def read_site_week(
    user: User, site: Site, monday: date, now: datetime, *, by: str, one: int = 0
) -> SiteWeek:
    """Everything of a week that `user` may see, by rooms, clinicians or nurses; `one` of them."""
    changed = stamp(site)
    sunday = monday + timedelta(days=6)
    start, end = (moment(minute) for minute in range_of(site, monday, sunday))
    shown = [
        visit
        for visit in visible_visits(user, visits(sites=[site], start=start, end=end))
        if visit.status not in GONE
    ]
    known = occupancy(site=site, first=monday, last=sunday, now=now)
    rooms = list(Room.objects.filter(site=site, active=True)) if by == "rooms" else []
    listed = entries(
        shown,
        sight=Sight.of(user, site),
        names=names_in(shown, rooms),
        siblings=siblings_of(shown),
    )
    by_visit = {entry.pk: entry for entry in listed}
    drawn = (
        _in_chairs(listed) if by == "rooms" else bars(shown, by, care=may(user, "see_care", site))
    )
    lines = _lines(user, site, known, by, rooms, drawn)
    held: dict[tuple[int, date], list[Bar]] = defaultdict(list)
    for bar in drawn:
        held[int(bar.column), bar.starts.date()].append(bar)
    shut = closed_days(site, monday, sunday)
    count: dict[date, int] = defaultdict(int)
    for entry in listed:
        count[entry.starts.date()] += 1
    days = [
        day
        for day in (monday + timedelta(days=i) for i in range(7))
        if known.open(day) or count[day] or day in shut
    ]
    sees_all, sees_cover = may(user, "see_day", site), may(user, "see_coverage", site)
    first, last = _reach(known, days, listed)
    chosen = [line for line in lines if line.id == one] or lines
    return SiteWeek(
        site=site,
        monday=monday,
        by=by,
        stamp=changed,
        first=first,
        last=last,
        days=tuple(
            WeekDay(
                day,
                "" if known.open(day) else f"Closed: {shut[day]}" if day in shut else "Closed",
                count[day],
                _pieces(known.short(day), day) if sees_cover else (),
            )
            for day in days
        ),
        lines=tuple(
            Line(
                line.id,
                line.name,
                line.lanes,
                tuple(_cell(line, day, held[line.id, day], by_visit, sees_all) for day in days),
            )
            for line in chosen
        ),
        one=one if len(chosen) < len(lines) or len(lines) == 1 else 0,
        names=tuple((line.id, line.name) for line in lines),
    )


@dataclass(frozen=True, slots=True)
class _Lane:
    """A room or person, and the days asked of the diary."""

    id: int
    name: str
    lanes: int
    known: Occupancy
    by: str

    def on(self, day: date) -> Spans:
        if self.by == "rooms":
            return self.known.open(day)
        return self.known.on(self.known.diary.person(self.id), ROLES[self.by], day)

    def free(self, day: date) -> list[tuple[int, Spans]]:
        """By lane; a person is free as a whole."""
        if self.by == "rooms":
            room = self.known.diary.room(self.id)
            return [(n, self.known.free_chair(room, n, day)) for n in range(self.lanes)]
        person = self.known.diary.person(self.id)
        return [(0, self.known.free_person(person, ROLES[self.by], day))]

    def load(self, day: date) -> Load:
        if self.by == "rooms":
            return self.known.load_of_room(self.known.diary.room(self.id), day)
        return self.known.load_of_person(self.known.diary.person(self.id), ROLES[self.by], day)


def _lines(
    user: User,
    site: Site,
    known: Occupancy,
    by: str,
    rooms: Iterable[Room],
    drawn: Iterable[Bar],
) -> list[_Lane]:
    if by == "rooms":
        return [_Lane(room.pk, room.name, room.chairs, known, by) for room in rooms]
    busy = {int(bar.column) for bar in drawn}
    there = people_shown(user, site, by, known, busy)
    return [
        _Lane(one.id, one.name, len(one.lanes) if by == "nurses" else 1, known, by) for one in there
    ]


def _in_chairs(listed: Sequence[Entry]) -> list[Bar]:
    found = []
    for entry in listed:
        for key in entry.columns:
            room, lane = key.split(".")
            found.append(Bar(entry.pk, room, entry.starts, entry.ends, int(lane)))
    return found


def _cell(
    line: _Lane,
    day: date,
    held: Sequence[Bar],
    by_visit: Mapping[int, Entry],
    sees_all: bool,
) -> Cell:
    stays = [
        Stay(by_visit[bar.visit], _piece(bar.starts, bar.ends, day, bar.lane, bar.lanes), bar.said)
        for bar in sorted(held, key=lambda bar: (bar.starts, bar.lane))
    ]
    whole = line.lanes if line.by == "nurses" else 1
    free = [
        _piece(start, end, day, lane, whole)
        for lane, spans in (line.free(day) if sees_all else [])
        for start, end in spans
        if end - start >= timedelta(minutes=WORTH_MINUTES)
    ]
    return Cell(
        day,
        tuple(stays),
        _pieces(line.on(day), day, line.lanes),
        tuple(free),
        line.load(day) if sees_all else NOTHING,
    )


def _pieces(spans: Spans, day: date, lanes: int = 1) -> tuple[Piece, ...]:
    return tuple(_piece(start, end, day, 0, lanes) for start, end in spans)


def _piece(start: datetime, end: datetime, day: date, lane: int, lanes: int) -> Piece:
    return Piece(
        _minute(start, day),
        _minute(end, day),
        words.clock(start),
        words.clock(end),
        lane,
        lanes,
    )


def _minute(at: datetime, day: date) -> int:
    return (at.date() - day).days * 1440 + at.hour * 60 + at.minute


def _reach(known: Occupancy, days: Sequence[date], listed: Sequence[Entry]) -> tuple[int, int]:
    """The hours of the tracks, in whole hours around all that is open and booked."""
    spans = [(start, end, day) for day in days for start, end in known.open(day)]
    spans += [(entry.starts, entry.ends, entry.starts.date()) for entry in listed]
    low = min((_minute(start, day) for start, _, day in spans), default=8 * 60)
    high = max((_minute(end, day) for _, end, day in spans), default=18 * 60)
    return max(0, low) // 60 * 60, min(1440, -(-high // 60) * 60)
