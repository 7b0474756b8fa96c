"""Where a series stands: what is next, what is at risk, what is missing, in that order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from api.desk import words
from scheduling import catalogue
from scheduling.models import Appointment, Series, Status
from scheduling.models.series import GONE
from scheduling.planner.windows import window

SOON = timedelta(days=7)
CLOSED = "its window closed"
NO_SLACK = "on the last day of its window"


@dataclass(frozen=True, slots=True)
class Point:
    """Something to say about one step; serious when it is wrong already."""

    step: str
    name: str
    hue: str
    visit: int | None
    starts: datetime | None
    said: str
    serious: bool = False


@dataclass(frozen=True, slots=True)
class Pip:
    """One step as a dot: done, ahead, gone or missing."""

    hue: str
    state: str
    label: str


@dataclass(frozen=True, slots=True)
class Standing:
    """`done` of `total` steps; `first` and `last` are the days of the live visits."""

    done: int
    total: int
    next: Point | None
    at_risk: tuple[Point, ...]
    missing: tuple[Point, ...]
    pips: tuple[Pip, ...]
    first: date | None
    last: date | None

    @property
    def serious(self) -> list[Point]:
        return [point for point in self.at_risk if point.serious]


def standing(series: Series, visits: Sequence[Appointment], now: datetime) -> Standing:
    """From a series with its protocol version, and its visits in time order."""
    version = series.protocol_version
    zone = series.site.zone
    live = {visit.step: visit for visit in visits if visit.status not in GONE}
    protocol = catalogue.protocol(version.definition, version=version.version, reaching=live)
    gone = {visit.step: visit for visit in visits if visit.status in GONE}
    done = {step: date.fromisoformat(day) for step, day in series.completed.items()}
    days = done | {step: v.starts_at.astimezone(zone).date() for step, v in live.items()}
    today = now.astimezone(zone).date()
    nearest: Point | None = None
    at_risk: list[Point] = []
    missing: list[Point] = []
    pips: list[Pip] = []
    for step in protocol.steps:
        visit = live.get(step.key)
        first, last = window(step, protocol, series.d0, days)
        hue = words.hue(step.kind)
        pips.append(_pip(step.name, hue, visit, step.key in done, step.key in gone))
        if visit is None:
            if step.key not in done and series.status == Series.State.ACTIVE:
                why = _why_missing(gone.get(step.key), last, today)
                missing.append(Point(step.key, step.name, hue, None, None, why))
            continue
        starts = visit.starts_at.astimezone(zone)
        ahead = visit.ends_at > now and visit.status != Status.DISCHARGED
        origin = step.key == protocol.origin
        if ahead and (why := risk(visit.status, starts.date(), first, last, today, origin)):
            serious = why != NO_SLACK
            at_risk.append(Point(step.key, step.name, hue, visit.pk, starts, why, serious))
        if ahead and (nearest is None or (nearest.starts and starts < nearest.starts)):
            distance = words.distance((starts.date() - today).days)
            nearest = Point(step.key, step.name, hue, visit.pk, starts, distance)
    dated = sorted(visit.starts_at.astimezone(zone).date() for visit in live.values())
    return Standing(
        done=sum(pip.state == "done" for pip in pips),
        total=len(pips),
        next=nearest,
        at_risk=tuple(at_risk),
        missing=tuple(missing),
        pips=tuple(pips),
        first=dated[0] if dated else None,
        last=dated[-1] if dated else None,
    )


def _pip(name: str, hue: str, visit: Appointment | None, done: bool, gone: bool) -> Pip:
    if done or (visit and visit.status == Status.DISCHARGED):
        return Pip(hue, "done", f"{name}: done")
    if visit:
        return Pip(hue, "ahead", f"{name}: {words.STATUSES[visit.status].word.lower()}")
    return Pip(
        hue, "gone" if gone else "missing", f"{name}: {'given up' if gone else 'not booked'}"
    )


def risk(status: str, day: date, first: date, last: date, today: date, origin: bool) -> str:
    """What is wrong with a visit ahead on a day, of which the window is first to last."""
    if status == Status.UNCOVERED:
        return "no nurse covers it"
    if origin:
        return ""
    if day > last:
        return f"{words.count((day - last).days, 'day')} after its window"
    if day < first:
        return f"{words.count((first - day).days, 'day')} before its window"
    if day == last and day - today <= SOON:
        return NO_SLACK
    return ""


def _why_missing(gone: Appointment | None, last: date, today: date) -> str:
    was = f"{words.STATUSES[gone.status].word.lower()}, " if gone else ""
    if last < today:
        return f"{was}{CLOSED} {words.day(last)}"
    return f"{was}its window closes {words.day(last)}"
