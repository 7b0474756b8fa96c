"""One person's week: when they are on, and what they take part in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from api.desk.board import Entry, Sight, entries
from api.desk.mondays import FromMonday
from api.desk.sheet import names_in, siblings_of
from api.permissions import visible_visits
from clinic.models import Site, User
from clinic.selectors import days, duties, range_of
from clinic.spans import intersect, minute, moment
from scheduling.models.series import GONE
from scheduling.selectors import visits
from scheduling.selectors.calendars import busy_spans

Stretch = tuple[datetime, datetime]
HOUR_PIXELS = 54
LEAST_PIXELS = 16


@dataclass(frozen=True, slots=True)
class Block:
    """What one takes part in: `lane` of `lanes` side by side; `top` and `height` in pixels."""

    entry: Entry
    site: str
    starts: datetime
    ends: datetime
    top: int = 0
    height: int = 0
    lane: int = 0
    lanes: int = 1

    @property
    def is_low(self) -> bool:
        """Too low for two lines."""
        return self.height < 36

    @property
    def left(self) -> float:
        return round(100 * self.lane / self.lanes, 3)

    @property
    def width(self) -> float:
        return round(100 / self.lanes, 3)


@dataclass(frozen=True, slots=True)
class Duty:
    """A stretch on duty."""

    starts: datetime
    ends: datetime
    top: int
    height: int


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    duty: tuple[Duty, ...]
    busy: tuple[Duty, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Week(FromMonday):
    """Monday to Friday, and the weekend where something is on it."""

    monday: date
    days: tuple[Day, ...]
    hours: tuple[int, ...]

    @property
    def height(self) -> int:
        return (len(self.hours) - 1) * HOUR_PIXELS

    @property
    def count(self) -> int:
        return sum(len(day.blocks) for day in self.days)


def read_week(user: User, staff: int, site: Site, monday: date) -> Week:
    """Seven site dates from a Monday; each visit in its own site's clock."""
    first = datetime.combine(monday, time(0), site.zone)
    last = datetime.combine(monday + timedelta(days=7), time(0), site.zone)
    found = [
        visit
        for visit in visible_visits(user, visits(staff=staff, start=first, end=last))
        if visit.status not in GONE
    ]
    names, siblings = names_in(found), siblings_of(found)
    blocks = []
    for visit in found:
        sight = Sight.of(user, visit.site)
        [entry] = entries([visit], sight=sight, names=names, siblings=siblings)
        mine = [claim for claim in visit.claims.all() if claim.resource_id == staff]
        starts = moment(min(claim.start_minute for claim in mine)).astimezone(visit.site.zone)
        ends = moment(max(claim.end_minute for claim in mine)).astimezone(visit.site.zone)
        blocks.append(Block(entry, visit.site.name, starts, ends))
    return _laid_out(monday, _on_duty(staff, monday), _busy(staff, site, first, last), blocks)


def _on_duty(staff: int, monday: date) -> list[Stretch]:
    spans = []
    for place in Site.objects.filter(staff=staff).select_related("organisation"):
        for duty in duties(place, monday, monday + timedelta(days=6)):
            if duty.staff.pk == staff:
                spans += [
                    (moment(a).astimezone(place.zone), moment(b).astimezone(place.zone))
                    for a, b in duty.spans
                ]
    return spans


def _busy(staff: int, site: Site, first: datetime, last: datetime) -> list[Stretch]:
    """When a calendar of one's own says busy, cut at midnights."""
    spans = busy_spans([staff], minute(first), minute(last)).get(staff, [])
    week = days(first.date(), first.date() + timedelta(days=6))
    return [
        (moment(a).astimezone(site.zone), moment(b).astimezone(site.zone))
        for day in week
        for a, b in intersect(spans, [range_of(site, day, day)])
    ]


def _laid_out(
    monday: date, duty: Sequence[Stretch], busy: Sequence[Stretch], blocks: Sequence[Block]
) -> Week:
    spans = [*duty, *((block.starts, block.ends) for block in blocks)]
    low = min((start.hour for start, _ in spans), default=8)
    high = max((_hours(end, start) for start, end in spans), default=18)
    shown = []
    for day in days(monday, monday + timedelta(days=6)):
        own = [block for block in blocks if block.starts.date() == day]
        on = [(start, end) for start, end in duty if start.date() == day]
        if day.weekday() < 5 or own or on:
            stretches = tuple(
                Duty(start, end, _pixels(start, low), _tall(start, end)) for start, end in on
            )
            engaged = tuple(
                Duty(start, end, top, bottom - top)
                for start, end in busy
                if start.date() == day
                for top, bottom in [_within(start, end, low, high)]
                if top < bottom
            )
            shown.append(Day(day, stretches, engaged, tuple(side_by_side(own, low))))
    return Week(monday, tuple(shown), tuple(range(low, high + 1)))


def _hours(end: datetime, start: datetime) -> int:
    return 24 if end.date() > start.date() else end.hour + bool(end.minute)


def _pixels(at: datetime, low: int) -> int:
    return round((at.hour - low + at.minute / 60) * HOUR_PIXELS)


def _within(start: datetime, end: datetime, low: int, high: int) -> tuple[int, int]:
    """Top and bottom in the picture, which has the hours from low to high only."""
    top = _pixels(start, low)
    tall = (high - low) * HOUR_PIXELS
    return max(0, top), min(tall, top + _tall(start, end))


def _tall(start: datetime, end: datetime) -> int:
    return round((end - start) / timedelta(hours=1) * HOUR_PIXELS)


def side_by_side(blocks: Iterable[Block], low: int) -> Iterable[Block]:
    """Blocks that overlap share the width; each cluster has as many lanes as it needs."""
    cluster: list[Block] = []
    free_at: list[datetime] = []
    until: datetime | None = None

    def shared() -> list[Block]:
        return [replace(block, lanes=len(free_at)) for block in cluster]

    for block in sorted(blocks, key=lambda b: (b.starts, b.ends)):
        if until and block.starts >= until:
            yield from shared()
            cluster, free_at, until = [], [], None
        lane = next((i for i, at in enumerate(free_at) if at <= block.starts), len(free_at))
        free_at[lane : lane + 1] = [block.ends]
        until = max(until or block.ends, block.ends)
        top, height = _pixels(block.starts, low), _tall(block.starts, block.ends)
        height = max(height, LEAST_PIXELS)
        cluster.append(replace(block, lane=lane, top=top, height=height))
    yield from shared()
