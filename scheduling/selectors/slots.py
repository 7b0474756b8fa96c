"""Free time as stretches of one chair or one person: what calendars outside show of a clinic."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce

from clinic.models import Site
from clinic.spans import minute, minute_up, moment
from scheduling import daybook
from scheduling.planner.day import Person
from scheduling.planner.intervals import span
from scheduling.planner.pool import first_run, levels
from scheduling.planner.protocols import NURSE


@dataclass(frozen=True, slots=True)
class Stretch:
    """A chair or a person is free from one moment to another, in the site's zone.

    `lane` is the chair, counted from nought; 0 for people.
    """

    resource: int
    lane: int
    starts_at: datetime
    ends_at: datetime


def free_stretches(
    *, site: Site, start: datetime, end: datetime, resources: Collection[int], now: datetime
) -> list[Stretch]:
    """When rooms and people of a site are free in [start, end), by resource, then in time order.

    A chair is free in opening hours and service; a nurse while on duty with a share to spare;
    anybody else while on duty and with nobody. Never before `now`: 2 queries once facts are known.
    """
    start = max(start, now)
    if start >= end:
        return []
    first, last = start.astimezone(site.zone).date(), end.astimezone(site.zone).date()
    diary = daybook.read(site=site, first=first, last=last + timedelta(days=1), now=now)
    within = span(minute_up(start) - diary.start, minute(end) - diary.start)
    found = []
    for room in diary.rooms:
        if room.id in resources:
            found += [
                (room.id, lane, bits & diary.open & within) for lane, bits in enumerate(room.lanes)
            ]
    found += [
        (person.id, 0, _free(person) & within) for person in diary.people if person.id in resources
    ]
    stretches = []
    for resource, lane, bits in found:
        for low, high in _runs(bits):
            stretches.append(
                Stretch(
                    resource,
                    lane,
                    moment(diary.start + low).astimezone(site.zone),
                    moment(diary.start + high).astimezone(site.zone),
                )
            )
    return stretches


def _free(person: Person) -> int:
    idle = reduce(int.__and__, person.lanes)
    duty = reduce(int.__or__, person.duty.values(), 0)
    return (duty & idle) | (person.duty.get(NURSE, 0) & levels(person.lanes)[0])


def _runs(bits: int) -> list[tuple[int, int]]:
    found = []
    while bits:
        low, high = first_run(bits)
        found.append((low, high))
        bits = bits >> high << high
    return found
