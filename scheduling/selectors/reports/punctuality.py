"""How long patients wait, how many come late, and how much longer visits take than planned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from statistics import fmean, median

from clinic.models import Site
from clinic.selectors import range_of
from clinic.spans import moment
from scheduling.models import Appointment, Status
from scheduling.selectors.reports.query import Query
from scheduling.selectors.reports.times import NO_TIMES, Times, times_of

LENGTHS = (45, 90, 150, 210, 270, 330)
"""Upper ends, in minutes, of the groups by booked length; the last group is open."""
PUBLISHED = (56, 83, 142, 194, 236, 269, 346)
"""Mean actual minutes that infusion centres published for 30, 60, 120, 180, 240, 300 and 360."""
GROUPS = (
    *("up to 45", "46 to 90", "91 to 150", "151 to 210"),
    *("211 to 270", "271 to 330", "over 330"),
)

LENGTH_AND_WAIT = Query(
    "Visits that are over with their times, by booked length.",
    """
    :times
    SELECT CASE WHEN v.planned <= 45 THEN 0
                WHEN v.planned <= 90 THEN 1
                WHEN v.planned <= 150 THEN 2
                WHEN v.planned <= 210 THEN 3
                WHEN v.planned <= 270 THEN 4
                WHEN v.planned <= 330 THEN 5
                ELSE 6 END AS length_group,
           COUNT(*) AS visits,
           AVG(v.planned) AS planned,
           AVG(v.actual) AS actual,
           AVG(v.wait) AS wait,
           SUM(v.late) AS late
    FROM (
      SELECT ROUND(MINUTES(a.starts_at, a.ends_at)) AS planned,
             MINUTES(t.began, t.ended) AS actual,
             CASE WHEN t.arrived <= t.began THEN MINUTES(t.arrived, t.began) END AS wait,
             CASE WHEN t.arrived > a.starts_at THEN 1 ELSE 0 END AS late
      FROM scheduling_appointment a
      JOIN times t ON t.appointment_id = a.id
      WHERE a.site_id = :site AND a.status = 'discharged' AND t.ended > t.began
        AND a.starts_at >= :from AND a.starts_at < :to
    ) v
    GROUP BY 1
    ORDER BY 1
    """,
)
QUERIES = (LENGTH_AND_WAIT,)


@dataclass(frozen=True, slots=True)
class LengthGroup:
    """Visits of about one booked length; means in minutes. `wait` is from the arrival to the first
    step in the chair or the session; None where no arrival was entered."""

    group: int
    visits: int
    planned: float
    actual: float
    wait: float | None
    late: int

    @property
    def name(self) -> str:
        return GROUPS[self.group]

    @property
    def overrun(self) -> float:
        return self.actual - self.planned

    @property
    def published(self) -> int:
        return PUBLISHED[self.group]


@dataclass(frozen=True, slots=True)
class Punctuality:
    """All visits that are over, and those of them whose times are known, by booked length."""

    rows: tuple[LengthGroup, ...]
    visits: int
    over: int
    late: int
    wait: float | None
    wait_median: float | None
    overrun: float | None

    @property
    def is_empty(self) -> bool:
        return not self.visits


@dataclass(frozen=True, slots=True)
class _Visit:
    planned: float
    actual: float
    wait: float | None
    late: bool

    @property
    def group(self) -> int:
        return sum(self.planned > length for length in LENGTHS)


def punctuality(*, site: Site, first: date, last: date, now: datetime) -> Punctuality:
    """Site dates from first to last: 2 queries."""
    start, end = map(moment, range_of(site, first, last))
    times = times_of(site, first, last)
    over = Appointment.objects.filter(
        site=site, status=Status.DISCHARGED, starts_at__gte=start, starts_at__lt=end
    ).values_list("pk", "starts_at", "ends_at")
    rows = list(over)
    seen = [
        one
        for pk, starts, ends in rows
        if (one := _visit(times.get(pk, NO_TIMES), starts, ends)) is not None
    ]
    waits = [one.wait for one in seen if one.wait is not None]
    groups: dict[int, list[_Visit]] = {}
    for one in seen:
        groups.setdefault(one.group, []).append(one)
    return Punctuality(
        rows=tuple(_group(group, groups[group]) for group in sorted(groups)),
        visits=len(seen),
        over=len(rows),
        late=sum(one.late for one in seen),
        wait=fmean(waits) if waits else None,
        wait_median=median(waits) if waits else None,
        overrun=fmean(one.actual - one.planned for one in seen) if seen else None,
    )


def _visit(times: Times, starts: datetime, ends: datetime) -> _Visit | None:
    if times.minutes is None or times.began is None:
        return None
    planned = (ends - starts).total_seconds() / 60
    arrived = times.arrived
    wait = None
    if arrived is not None and arrived <= times.began:
        wait = (times.began - arrived).total_seconds() / 60
    return _Visit(planned, times.minutes, wait, arrived is not None and arrived > starts)


def _group(group: int, visits: list[_Visit]) -> LengthGroup:
    waits = [one.wait for one in visits if one.wait is not None]
    return LengthGroup(
        group=group,
        visits=len(visits),
        planned=fmean(one.planned for one in visits),
        actual=fmean(one.actual for one in visits),
        wait=fmean(waits) if waits else None,
        late=sum(one.late for one in visits),
    )
