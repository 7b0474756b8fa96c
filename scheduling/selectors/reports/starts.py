"""How many infusions begin in each half hour, against the same number spread level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil
from statistics import median
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef

from clinic.models import Room, Site
from clinic.selectors import open_spans, range_of
from clinic.spans import moment
from scheduling.models import Appointment, Claim
from scheduling.selectors.reports.query import Query
from scheduling.selectors.reports.times import NO_TIMES, times_of

SLOT = 30
RAMP = 3
"""Slots over which the target rises after opening, and over which it falls at the end."""

STARTS = Query(
    "Starts planned, one line a visit that holds an infusion chair; the site's clock puts each in "
    "its half hour. `began` is when it really did.",
    """
    :times
    SELECT a.starts_at, t.began
    FROM scheduling_appointment a
    LEFT JOIN times t ON t.appointment_id = a.id
    WHERE a.site_id = :site AND a.starts_at >= :from AND a.starts_at < :to
      AND EXISTS (
        SELECT 1 FROM scheduling_claim c
        WHERE c.appointment_id = a.id AND c.role = 'room' AND c.resource_id IN (:chairs))
    ORDER BY a.starts_at
    """,
)
QUERIES = (STARTS,)


@dataclass(frozen=True, slots=True)
class SlotStarts:
    """A half hour: `slot` counts from midnight. `target` is an average day's; `most` is
    that of the day with most; `over` the days with more than the cap."""

    slot: int
    planned: int
    actual: int
    target: float
    most: int
    over: int

    @property
    def clock(self) -> str:
        return f"{self.slot * SLOT // 60:02d}:{self.slot * SLOT % 60:02d}"


@dataclass(frozen=True, slots=True)
class Starts:
    """`days` are those with at least one start. `cap` is the most starts a half hour at which an
    average one of them would still go in level."""

    rows: tuple[SlotStarts, ...]
    days: int
    cap: int

    @property
    def planned(self) -> int:
        return sum(row.planned for row in self.rows)

    @property
    def actual(self) -> int:
        return sum(row.actual for row in self.rows)

    @property
    def busiest(self) -> SlotStarts | None:
        return max(self.rows, key=lambda row: row.planned, default=None)

    @property
    def over(self) -> int:
        """Half hours of single days with more starts than the cap."""
        return sum(row.over for row in self.rows)

    @property
    def is_empty(self) -> bool:
        return not self.planned


def starts(*, site: Site, first: date, last: date, now: datetime) -> Starts:
    """Site dates from first to last: 7 queries."""
    low, high = map(moment, range_of(site, first, last))
    rooms = Room.objects.filter(site=site, active=True)
    chairs = [room.pk for room in rooms if "infusion" in room.capabilities]
    in_chair = Claim.objects.filter(
        appointment=OuterRef("pk"), role=Claim.Role.ROOM, resource__in=chairs
    )
    visits = list(
        Appointment.objects.filter(
            Exists(in_chair), site=site, starts_at__gte=low, starts_at__lt=high
        ).values_list("pk", "starts_at", "ends_at")
    )
    times = times_of(site, first, last)
    planned: Counter[int] = Counter()
    actual: Counter[int] = Counter()
    of_day: Counter[tuple[date, int]] = Counter()
    for pk, begins, _ in visits:
        day, slot = _slot(begins, site.zone)
        planned[slot] += 1
        of_day[day, slot] += 1
        if began := times.get(pk, NO_TIMES).began:
            actual[_slot(began, site.zone)[1]] += 1
    opened = [
        (moment(a).astimezone(site.zone), moment(b).astimezone(site.zone))
        for a, b in open_spans(site, first, last)
    ]
    days = {day for day, _ in of_day}
    opened = [span for span in opened if span[0].date() in days]
    usual = median([(ends - begins).total_seconds() / 60 for _, begins, ends in visits] or [0])
    target = _target(opened, usual, len(visits) / len(days) if days else 0)
    cap = ceil(max(target.values(), default=0) - 1e-9)
    slots = sorted({*planned, *actual, *target})
    return Starts(
        rows=tuple(
            SlotStarts(
                slot=slot,
                planned=planned[slot],
                actual=actual[slot],
                target=target.get(slot, 0.0),
                most=max((n for (_, at), n in of_day.items() if at == slot), default=0),
                over=sum(n > cap for (_, at), n in of_day.items() if at == slot),
            )
            for slot in range(slots[0], slots[-1] + 1)
        )
        if slots
        else (),
        days=len(days),
        cap=cap,
    )


def _slot(when: datetime, zone: ZoneInfo) -> tuple[date, int]:
    local = when.astimezone(zone)
    return local.date(), (local.hour * 60 + local.minute) // SLOT


def _target(
    opened: Sequence[tuple[datetime, datetime]], usual: float, a_day: float
) -> dict[int, float]:
    """A day's starts spread level: up over three half hours, flat, and down so that the last
    visit of usual length is over at closing."""
    spans = [(a, b) for a, b in opened if a.date() == b.date()]
    if not spans:
        return {}
    low = min(a.hour * 60 + a.minute for a, _ in spans) // SLOT
    high = int(max(b.hour * 60 + b.minute for _, b in spans) - usual) // SLOT
    number = max(1, high - low + 1)
    weights = [min(1, (i + 1) / RAMP, (number - i) / RAMP) for i in range(number)]
    return {low + i: a_day * weight / sum(weights) for i, weight in enumerate(weights)}
