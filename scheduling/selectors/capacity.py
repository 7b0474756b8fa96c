"""What the coming weeks have room for: chairs, nurses and therapists, a day at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinic.models import Site
from clinic.selectors import closed_days
from scheduling import daybook
from scheduling.daybook.facts import Facts, facts
from scheduling.planner.day import Diary
from scheduling.planner.intervals import span
from scheduling.planner.pool import curve

INFUSION, THERAPIST = "infusion", "therapist"


@dataclass(frozen=True, slots=True)
class DayCapacity:
    """One site date in minutes and nurse lanes.

    Chairs are those of rooms for infusions, in service and in opening hours; what is taken
    includes the turnover. `lanes_needed` is the most that patients need at once that day, and
    `lanes_on` how many are on duty then; `lanes_short` the most that are missing at any time.
    `closed` says why the site is shut though its week says open.
    """

    day: date
    is_open: bool
    closed: str
    chair_minutes: int
    chair_taken: int
    lanes_on: int
    lanes_needed: int
    lanes_short: int
    therapist_minutes: int
    therapist_taken: int

    @property
    def chair_free(self) -> int:
        return self.chair_minutes - self.chair_taken

    @property
    def therapist_free(self) -> int:
        return self.therapist_minutes - self.therapist_taken


def capacity(*, site: Site, first: date, weeks: int, now: datetime) -> list[DayCapacity]:
    """Every date of so many weeks: the claims are read once, however many weeks there are."""
    last = first + timedelta(days=7 * weeks - 1)
    known = facts(site, first, last)
    diary = daybook.read(site=site, first=first, last=last, now=now)
    shut = closed_days(site, first, last)
    chairs = list(_chairs(known, diary))
    therapists = [
        (duty, duty & ~person.lanes[0])
        for person in diary.people
        if (duty := person.duty.get(THERAPIST, 0) & diary.open)
    ]
    return [
        _day(diary, first + timedelta(days=i), i, chairs, therapists, shut)
        for i in range(7 * weeks)
    ]


def _chairs(known: Facts, diary: Diary) -> Iterable[tuple[int, int]]:
    """Bits in which each infusion chair is there, and in which it is taken."""
    for room in known.rooms:
        if INFUSION in room.capabilities:
            there = room.in_service & diary.open
            for lane in diary.room(room.id).lanes:
                yield there, there & ~lane


def _day(
    diary: Diary,
    day: date,
    index: int,
    chairs: list[tuple[int, int]],
    therapists: list[tuple[int, int]],
    shut: dict[date, str],
) -> DayCapacity:
    low, high = diary.midnights[index], diary.midnights[index + 1]
    within = span(low, high)
    steps = curve(diary, day)
    peak = max(steps, key=lambda step: (step.needed, -step.free))
    most_on = max(step.on for step in steps)
    return DayCapacity(
        day=day,
        is_open=bool(diary.open & within),
        closed=shut.get(day, ""),
        chair_minutes=_minutes((there for there, _ in chairs), within),
        chair_taken=_minutes((taken for _, taken in chairs), within),
        lanes_on=peak.on if peak.needed else most_on,
        lanes_needed=peak.needed,
        lanes_short=max(max(step.needed - step.on, 0) for step in steps),
        therapist_minutes=_minutes((duty for duty, _ in therapists), within),
        therapist_taken=_minutes((taken for _, taken in therapists), within),
    )


def _minutes(bitmaps: Iterable[int], within: int) -> int:
    return sum((bits & within).bit_count() for bits in bitmaps)
