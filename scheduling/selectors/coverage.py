"""Nurse lanes on duty, needed and free through a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from clinic.models import Site
from clinic.spans import moment
from scheduling import daybook
from scheduling.planner.pool import curve


@dataclass(frozen=True, slots=True)
class CoverageStep:
    """From `starts_at` on, until the next step: lanes on duty, needed, and free."""

    starts_at: datetime
    on: int
    needed: int
    free: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """A site's day as a step function from midnight to midnight in the site's zone."""

    site: Site
    day: date
    steps: tuple[CoverageStep, ...]


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
    )
