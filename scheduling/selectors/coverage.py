"""Nurse lanes on duty, needed and free through a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from clinic.models import Site
from clinic.spans import moment
from scheduling import daybook
from scheduling.planner.day import Diary
from scheduling.planner.intervals import span
from scheduling.planner.pool import curve, first_run


@dataclass(frozen=True, slots=True)
class CoverageStep:
    """From `starts_at` on, until the next step: lanes on duty, needed, and free."""

    starts_at: datetime
    on: int
    needed: int
    free: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """A site's day as a step function from midnight to midnight in the site's zone.

    `open` is when the site is open on that day.
    """

    site: Site
    day: date
    steps: tuple[CoverageStep, ...]
    open: tuple[tuple[datetime, datetime], ...]


def coverage(*, site: Site, day: date, now: datetime) -> Coverage:
    """The cover of one site date: 2 queries once the facts are known."""
    diary = daybook.read(site=site, first=day, last=day, now=now)
    return Coverage(
        site,
        day,
        tuple(
            CoverageStep(moment(c.minute).astimezone(site.zone), c.on, c.needed, c.free)
            for c in curve(diary, day)
        ),
        tuple(_spans(diary, site)),
    )


def _spans(diary: Diary, site: Site) -> Iterator[tuple[datetime, datetime]]:
    rest = diary.open
    while rest:
        start, end = first_run(rest)
        rest &= ~span(start, end)
        yield (
            moment(diary.start + start).astimezone(site.zone),
            moment(diary.start + end).astimezone(site.zone),
        )
