"""Everybody's week at a site as a picture: who works when, and who is off or on call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from api.desk.mondays import FromMonday
from clinic.models import Absence, OnCall, Site, Staff
from clinic.selectors import Duty, closed_days, duties, open_spans, range_of
from clinic.services.roster import ROLES
from clinic.spans import Span, intersect, minute, minute_up, moment, subtract
from scheduling.selectors.calendars import busy_spans

ROLE_LABELS = {
    "prescriber": "Prescribers",
    "therapist": "Therapists",
    "monitoring_nurse": "Nurses",
    "front_desk": "Front desk",
    "biller": "Billing",
    "manager": "Managers",
    "administrator": "Administration",
    "": "Others",
}
DAY = 24 * 60
MOST_BUSY = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a day by the wall clock, in minutes from midnight: on duty, off, busy or on
    call."""

    kind: str
    start: int
    end: int

    @property
    def width(self) -> int:
        return self.end - self.start

    @property
    def words(self) -> str:
        return f"{clock(self.start)}–{clock(self.end)}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One person's day; `is_shut` when the site does not open on it."""

    day: date
    bars: tuple[Bar, ...]
    is_shut: bool = False

    def of(self, kind: str) -> list[Bar]:
        return [bar for bar in self.bars if bar.kind == kind]

    @property
    def hours(self) -> str:
        """08:00–18:00 from the first to the last minute on duty; breaks are told apart."""
        on = self.of("duty")
        return f"{clock(on[0].start)}–{clock(on[-1].end)}" if on else ""

    @property
    def pauses(self) -> list[str]:
        """Between two stretches on duty, where nobody is off."""
        on, off = self.of("duty"), self.of("off")
        gaps = [(a.end, b.start) for a, b in pairwise(on)]
        free = subtract(gaps, [(bar.start, bar.end) for bar in off])
        return [f"{clock(start)}–{clock(end)}" for start, end in free]

    @property
    def off(self) -> str:
        """All day, or the hours."""
        stretches = self.of("off")
        if any(bar.width >= DAY for bar in stretches):
            return "off"
        return ", ".join(f"off {bar.words}" for bar in stretches)

    @property
    def busy(self) -> str:
        """While on duty, in a calendar of their own."""
        found = self.of("busy")
        more = f" and {len(found) - MOST_BUSY} more times" if len(found) > MOST_BUSY else ""
        told = ", ".join(bar.words for bar in found[:MOST_BUSY])
        return f"busy {told}{more}" if found else ""

    @property
    def call(self) -> str:
        return ", ".join(f"on call {bar.words}" for bar in self.of("call"))


@dataclass(frozen=True, slots=True)
class Line:
    """One person's week; `minutes` on duty in it."""

    staff: Staff
    cells: tuple[Cell, ...]
    minutes: int

    @property
    def total(self) -> str:
        return length(self.minutes)


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class RosterDay:
    """A column: `closed` says why nothing is open on a day that would be, or "" ."""

    day: date
    is_open: bool
    closed: str


@dataclass(frozen=True, slots=True)
class Roster(FromMonday):
    """Seven days from a Monday; the picture runs from `low` to `high`, minutes from midnight."""

    monday: date
    days: tuple[RosterDay, ...]
    groups: tuple[Group, ...]
    low: int
    high: int

    @property
    def box(self) -> str:
        """The viewBox of a cell."""
        return f"{self.low} 0 {self.high - self.low} 10"

    @property
    def count(self) -> int:
        return sum(len(group.lines) for group in self.groups)


def read_roster(site: Site, monday: date, role: str = "") -> Roster:
    """A week of everybody at a site: twelve queries, however many people there are."""
    sunday = monday + timedelta(days=6)
    week = range_of(site, monday, sunday)
    days = [monday + timedelta(days=i) for i in range(7)]
    midnights = {day: range_of(site, day, day) for day in days}
    shut, opens = closed_days(site, monday, sunday), open_spans(site, monday, sunday)
    found = [duty for duty in duties(site, monday, sunday) if not role or role in duty.staff.roles]
    people = [duty.staff.pk for duty in found]
    off, call = _off(people, week), _call(site, people, week)
    busy = busy_spans(people, *week)
    columns = tuple(
        RosterDay(day, bool(intersect(opens, [midnights[day]])), shut.get(day, "")) for day in days
    )
    shut_days = {column.day for column in columns if not column.is_open}
    lines = [
        _line(
            duty,
            midnights,
            off[duty.staff.pk],
            call[duty.staff.pk],
            busy.get(duty.staff.pk, []),
            site,
            shut_days,
        )
        for duty in found
    ]
    bars = [bar for line in lines for cell in line.cells for bar in cell.of("duty")]
    opening = [bar for day in days for bar in bars_of("open", opens, midnights[day], site)]
    low, high = _window([*bars, *opening])
    return Roster(monday, columns, tuple(_groups(lines, role)), low, high)


def _line(
    duty: Duty,
    midnights: Mapping[date, Span],
    off: list[Span],
    call: list[Span],
    busy: list[Span],
    site: Site,
    shut: Collection[date],
) -> Line:
    cells = tuple(
        Cell(
            day,
            (
                *bars_of("duty", duty.spans, whole, site),
                *bars_of("off", off, whole, site),
                *bars_of("busy", intersect(duty.spans, busy), whole, site),
                *bars_of("call", call, whole, site),
            ),
            day in shut,
        )
        for day, whole in midnights.items()
    )
    worked = intersect(duty.spans, midnights.values())
    return Line(duty.staff, cells, sum(end - start for start, end in worked))


def bars_of(kind: str, spans: Iterable[Span], day: Span, site: Site) -> list[Bar]:
    """Where a day's share of spans is by the wall clock; on the long day of autumn too."""
    return [
        Bar(kind, _wall(start, site), DAY if end == day[1] else _wall(end, site))
        for start, end in intersect(spans, [day])
    ]


def _wall(at: int, site: Site) -> int:
    local = moment(at).astimezone(site.zone)
    return local.hour * 60 + local.minute


def _off(people: list[int], week: Span) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = defaultdict(list)
    away = Absence.objects.filter(
        resource__in=people, starts_at__lt=moment(week[1]), ends_at__gt=moment(week[0])
    )
    for row in away:
        found[row.resource_id].append((minute(row.starts_at), minute_up(row.ends_at)))
    return found


def _call(site: Site, people: list[int], week: Span) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = defaultdict(list)
    spans = OnCall.objects.filter(
        site=site, staff__in=people, starts_at__lt=moment(week[1]), ends_at__gt=moment(week[0])
    )
    for row in spans:
        found[row.staff_id].append((minute(row.starts_at), minute_up(row.ends_at)))
    return found


def _window(bars: Sequence[Bar]) -> tuple[int, int]:
    """Whole hours around everything that is shown."""
    low = min((bar.start for bar in bars), default=8 * 60)
    high = max((bar.end for bar in bars), default=18 * 60)
    return low // 60 * 60, -(-high // 60) * 60


def _groups(lines: Iterable[Line], role: str) -> Iterable[Group]:
    """By the first of a person's roles, or all in the one that was asked for."""
    sorted_lines = sorted(lines, key=lambda line: (line.staff.family_name, line.staff.given_name))
    by_role: dict[str, list[Line]] = defaultdict(list)
    for line in sorted_lines:
        own = next((one for one in ROLES if one in line.staff.roles), "")
        by_role[role or own].append(line)
    for one, label in ROLE_LABELS.items():
        if by_role[one]:
            yield Group(label, tuple(by_role[one]))


def clock(minutes: int) -> str:
    """08:00; 24:00 is the midnight after."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def length(minutes: int) -> str:
    """37 h 30 min."""
    hours, rest = divmod(minutes, 60)
    if not rest:
        return f"{hours} h"
    return f"{hours} h {rest} min" if hours else f"{rest} min"
