"""A series as a picture in time: windows as bars, visits as dots, follow-ups at the right.

Positions are percentages of the width, so that the server draws it once for every screen. Weeks
of the series take the left part to scale; months of follow-up are pressed into the right part.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from api.desk import words
from scheduling.models import Status
from scheduling.selectors import FollowUp, SeriesView, StepView

ROW = 26
HEAD = 26
SPLIT = 77.0
BEYOND = 81.0
BEFORE = timedelta(days=4)
AFTER = timedelta(days=4)


@dataclass(frozen=True, slots=True)
class Bar:
    """A window: left edge and width in percent."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Dot:
    """A visit, or a step done beforehand."""

    x: float
    visit: int | None
    state: str
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """One step, or one follow-up with the point at which it is due; `y` is its middle in pixels."""

    name: str
    hue: str
    y: int
    bar: Bar | None
    dot: Dot | None
    detail: str
    due: float | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    today: float | None
    split: float | None
    height: int

    @property
    def follow_ups(self) -> list[Row]:
        return [row for row in self.rows if row.hue == "follow"]


def timeline(seen: SeriesView, today: date) -> Timeline:
    """The picture of one series; dates are the site's."""
    scale = _Scale(seen)
    rows = [_row(step, i, scale) for i, step in enumerate(seen.steps)]
    rows += [_follow_up(point, len(rows) + i, scale) for i, point in enumerate(seen.follow_ups)]
    return Timeline(
        rows=tuple(rows),
        ticks=tuple(scale.ticks()),
        today=scale.at(today) if scale.first <= today <= scale.end else None,
        split=SPLIT + 2 if scale.far else None,
        height=HEAD + ROW * len(rows) + 4,
    )


class _Scale:
    """Dates to percent: by days up to `last`, then by days again, much smaller, up to `end`."""

    def __init__(self, seen: SeriesView) -> None:
        dated = [step.visit.starts_at.date() for step in seen.steps if step.visit]
        dated += [step.completed_on for step in seen.steps if step.completed_on]
        dated = dated or [seen.series.d0]
        near = [step.latest for step in seen.steps if step.latest - max(dated) < timedelta(days=60)]
        self.first = min(dated) - BEFORE
        self.last = max([*dated, *near]) + AFTER
        points = seen.follow_ups
        self.far = any(point.latest > self.last for point in points)
        self.end = max([self.last, *(point.latest + AFTER for point in points)])

    def at(self, day: date) -> float:
        day = min(max(day, self.first), self.end)
        width = SPLIT if self.far else 100.0
        if day <= self.last:
            return round(width * (day - self.first).days / (self.last - self.first).days, 2)
        share = (day - self.last).days / (self.end - self.last).days
        return round(BEYOND + (99.5 - BEYOND) * share, 2)

    def bar(self, first: date, last: date) -> Bar | None:
        """The whole of both days; None where nothing of it is in the picture."""
        if last < self.first or first > self.end:
            return None
        x = self.at(first)
        return Bar(x, round(max(self.at(last + timedelta(days=1)) - x, 0.8), 2))

    def middle(self, day: date) -> float:
        """Noon of a day."""
        return round((self.at(day) + self.at(day + timedelta(days=1))) / 2, 2)

    def ticks(self) -> list[Tick]:
        days = (self.last - self.first).days
        step = 7 if days <= 75 else 14
        monday = self.first + timedelta(days=-self.first.weekday() % 7)
        marks = [monday + timedelta(days=i) for i in range(0, days, step)]
        near = [
            Tick(self.at(mark), f"{mark.day} {mark:%b}")
            for mark in marks
            if mark <= self.last - timedelta(days=3)
        ]
        return near + (self._months() if self.far else [])

    def _months(self) -> list[Tick]:
        months = []
        month = (self.last.replace(day=1) + timedelta(days=32)).replace(day=1)
        while month < self.end:
            months.append(month)
            month = (month + timedelta(days=32)).replace(day=1)
        every = max(1, -(-len(months) // 4))
        return [Tick(self.at(month), f"{month:%b}") for month in months[:: every or 1]]


def _row(step: StepView, index: int, scale: _Scale) -> Row:
    y = HEAD + ROW * index + ROW // 2
    dot = None
    detail = f"{words.day(step.earliest)} to {words.day(step.latest)}"
    if step.completed_on:
        dot = Dot(scale.middle(step.completed_on), None, "done", f"{step.name}, done before")
    elif step.visit:
        visit = step.visit.appointment
        when = f"{words.day(step.visit.starts_at)} {words.clock(step.visit.starts_at)}"
        state = "done" if visit.status == Status.DISCHARGED else "ahead"
        if visit.status == Status.UNCOVERED:
            state = "risk"
        sign = words.STATUSES[visit.status].word.lower()
        dot = Dot(
            scale.middle(step.visit.starts_at.date()),
            visit.pk,
            state,
            f"{step.name}, {when}, {sign}; window {detail}",
        )
    bar = scale.bar(step.earliest, step.latest)
    return Row(step.name, words.hue(step.kind), y, bar, dot, detail)


def _follow_up(point: FollowUp, index: int, scale: _Scale) -> Row:
    window = f"{words.day(point.earliest)} to {words.day(point.latest)}"
    detail = f"due {words.day_and_year(point.due)}, {window}"
    if point.measures:
        detail += f": {', '.join(point.measures)}"
    y = HEAD + ROW * index + ROW // 2
    bar = scale.bar(point.earliest, point.latest)
    due = scale.middle(point.due) if bar else None
    return Row(point.name, "follow", y, bar, None, detail, due)
