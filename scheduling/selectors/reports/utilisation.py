"""How much of the chairs and of the nurses' attention is booked, and was really used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.models import Exists, OuterRef, QuerySet

from clinic.models import Site
from clinic.selectors import range_of
from clinic.spans import at, moment
from scheduling.daybook.facts import Facts, facts
from scheduling.models import Appointment, Claim, Status
from scheduling.planner.intervals import span
from scheduling.planner.protocols import NURSE
from scheduling.selectors.reports.query import Query
from scheduling.selectors.reports.times import NO_TIMES, Times, since, times_of
from scheduling.selectors.reports.week import Hour, Weighted, by_hour, counted, runs

SCHEDULED_MEDIAN, ACTUAL_MEDIAN = 80, 70
HIGH_PERFORMERS = (82, 90)
CHAIRS_A_NURSE = (1.7, 2.4)
"""Published medians of infusion centres, in percent and in chairs a nurse."""

INFUSION = "infusion"

CHAIRS_SCHEDULED = Query(
    "Chair minutes scheduled: what visits hold, without turnover, and what those took who did "
    "not come.",
    """
    SELECT
      (SELECT COALESCE(SUM(c.end_minute - c.turnover_minutes - c.start_minute), 0)
       FROM scheduling_claim c
       WHERE c.role = 'room' AND c.appointment_id IS NOT NULL
         AND c.start_minute >= :from_minute AND c.start_minute < :to_minute
         AND c.resource_id IN (:chairs))
      +
      (SELECT COALESCE(SUM(MINUTES(a.starts_at, a.ends_at)), 0)
       FROM scheduling_appointment a
       WHERE a.site_id = :site AND a.status = 'no_show'
         AND a.starts_at >= :from AND a.starts_at < :to
         AND EXISTS (
           SELECT 1 FROM scheduling_claim c
           JOIN scheduling_appointment other ON other.id = c.appointment_id
           WHERE other.protocol_version_id = a.protocol_version_id AND other.step = a.step
             AND c.role = 'room' AND c.resource_id IN (:chairs))) AS minutes
    """,
)
NURSES_SCHEDULED = Query(
    "Nurse lane minutes scheduled: what visits hold.",
    """
    SELECT COALESCE(SUM(c.end_minute - c.start_minute), 0) AS minutes
    FROM scheduling_claim c
    JOIN scheduling_appointment a ON a.id = c.appointment_id
    WHERE a.site_id = :site AND c.role = 'monitoring_nurse'
      AND c.start_minute >= :from_minute AND c.start_minute < :to_minute
    """,
)
CHAIRS_ACTUAL = Query(
    "Chair minutes really used, of visits that are over, up to last midnight.",
    """
    :times
    SELECT COALESCE(SUM((c.end_minute - c.turnover_minutes - c.start_minute)
                        * MINUTES(t.began, t.ended)
                        / MINUTES(a.starts_at, a.ends_at)), 0) AS minutes
    FROM scheduling_claim c
    JOIN scheduling_appointment a ON a.id = c.appointment_id
    JOIN times t ON t.appointment_id = a.id
    WHERE a.site_id = :site AND a.status = 'discharged' AND t.ended > t.began
      AND a.starts_at < :midnight
      AND c.start_minute >= :from_minute AND c.start_minute < :to_minute
      AND c.role = 'room' AND c.resource_id IN (:chairs)
    """,
)
NURSES_ACTUAL = Query(
    "Nurse lane minutes really used, of the same visits.",
    CHAIRS_ACTUAL.sql.replace(
        "c.role = 'room' AND c.resource_id IN (:chairs)", "c.role = 'monitoring_nurse'"
    ),
)
QUERIES = (CHAIRS_SCHEDULED, CHAIRS_ACTUAL, NURSES_SCHEDULED, NURSES_ACTUAL)


@dataclass(frozen=True, slots=True)
class Used:
    """Minutes of chairs, or of nurse lanes. `open_before` is `open` up to last midnight, which is
    what `actual` is measured against."""

    open: float = 0
    scheduled: float = 0
    open_before: float = 0
    actual: float = 0

    @property
    def scheduled_percent(self) -> float | None:
        return 100 * self.scheduled / self.open if self.open else None

    @property
    def actual_percent(self) -> float | None:
        return 100 * self.actual / self.open_before if self.open_before else None


@dataclass(frozen=True, slots=True)
class HourUsed:
    """One hour of the week, over all dates asked for; weekday 0 is Monday."""

    weekday: int
    hour: int
    chairs: Used
    nurses: Used


@dataclass(frozen=True, slots=True)
class Utilisation:
    """Totals, and hours of the week in which anything is open or used.

    `untimed` visits are over without the times that tell how long they were; they count as
    scheduled but not as actual. `nurse_minutes` are those of nurses on duty in opening hours.
    """

    chairs: Used
    nurses: Used
    rows: tuple[HourUsed, ...]
    nurse_minutes: int
    untimed: int

    @property
    def is_empty(self) -> bool:
        return not self.chairs.scheduled and not self.nurses.scheduled

    @property
    def chairs_a_nurse(self) -> float | None:
        """Chairs open for each nurse on duty, over the whole time."""
        return self.chairs.open / self.nurse_minutes if self.nurse_minutes else None


def utilisation(*, site: Site, first: date, last: date, now: datetime) -> Utilisation:
    """Site dates from first to last, both inclusive: 6 queries once the facts are known.

    Hours before the site's first visit are not counted as open.
    """
    first = min(last, since(site, first))
    known = facts(site, first, last)
    midnight = at(now.astimezone(site.zone).date(), time(0), site.zone)
    before = span(0, max(0, min(known.length, midnight - known.start)))
    times = times_of(site, first, last)
    chairs = {room.id for room in known.rooms if INFUSION in room.capabilities}
    held = list(_held(site, first, last, chairs, now))
    missed = _missed(site, first, last, chairs)
    chair_bits = [
        (known.open & room.in_service, room.chairs) for room in known.rooms if room.id in chairs
    ]
    nurse_bits = [
        (bits, person.lanes) for person in known.people if (bits := person.duty.get(NURSE, 0))
    ]
    parts = {
        ("chairs", "open"): _open(known, chair_bits),
        ("chairs", "open_before"): _open(known, [(bits & before, n) for bits, n in chair_bits]),
        ("nurses", "open"): _open(known, nurse_bits),
        ("nurses", "open_before"): _open(known, [(bits & before, n) for bits, n in nurse_bits]),
    }
    for what, nurse in (("chairs", False), ("nurses", True)):
        own = [one for one in held if one.nurse == nurse]
        planned = [((one.start, one.end), 1) for one in own] + ([] if nurse else missed)
        parts[what, "scheduled"] = counted(planned)
        parts[what, "actual"] = counted(
            (stretched, 1) for one in own if (stretched := one.stretched(times, midnight))
        )
    hours = {key: by_hour(spans, site.zone) for key, spans in parts.items()}
    return Utilisation(
        chairs=_used(hours, "chairs"),
        nurses=_used(hours, "nurses"),
        rows=_rows(hours),
        nurse_minutes=sum((bits & known.open).bit_count() for bits, _ in nurse_bits),
        untimed=_untimed(held, times, midnight),
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """A claim of a visit, and when that visit was planned; minutes since 1970."""

    nurse: bool
    start: int
    end: int
    visit: int
    planned: tuple[datetime, datetime]
    over: bool

    def stretched(self, times: dict[int, Times], midnight: int) -> tuple[float, float] | None:
        """Where the claim really was: its share of the visit, on the visit's own length."""
        known = times.get(self.visit, NO_TIMES)
        planned_from, planned_to = (_minutes(one) for one in self.planned)
        if not self.over or planned_from >= midnight or known.minutes is None or not known.began:
            return None
        pace = known.minutes / (planned_to - planned_from)
        began = _minutes(known.began)
        return (
            began + (self.start - planned_from) * pace,
            began + (self.end - planned_from) * pace,
        )


def _held(site: Site, first: date, last: date, chairs: set[int], now: datetime) -> Iterable[_Held]:
    start, end = range_of(site, first, last)
    rows = Claim.objects.filter(
        appointment__site=site,
        role__in=[Claim.Role.ROOM, Claim.Role.NURSE],
        start_minute__gte=start,
        start_minute__lt=end,
    ).values_list(
        *("role", "resource_id", "start_minute", "end_minute", "turnover_minutes"),
        *("appointment_id", "appointment__starts_at", "appointment__ends_at"),
        "appointment__status",
    )
    for role, resource, low, high, turnover, visit, starts, ends, status in rows:
        if role == Claim.Role.NURSE or resource in chairs:
            over = status == Status.DISCHARGED
            is_nurse = role == Claim.Role.NURSE
            yield _Held(is_nurse, low, high - turnover, visit, (starts, ends), over)


def _missed(
    site: Site, first: date, last: date, chairs: set[int]
) -> list[tuple[tuple[float, float], float]]:
    """The planned spans of those who did not come to a step that is otherwise in a chair.

    They hold nothing any more, so that it takes another visit of the same step to know.
    """
    start, end = map(moment, range_of(site, first, last))
    rows = _in_a_chair(
        Appointment.objects.filter(
            site=site, status=Status.NO_SHOW, starts_at__gte=start, starts_at__lt=end
        ),
        chairs,
    )
    return [
        ((_minutes(starts), _minutes(ends)), 1)
        for starts, ends in rows.values_list("starts_at", "ends_at")
    ]


def _in_a_chair(visits: QuerySet[Appointment], chairs: set[int]) -> QuerySet[Appointment]:
    alike = Claim.objects.filter(
        appointment__protocol_version=OuterRef("protocol_version"),
        appointment__step=OuterRef("step"),
        role=Claim.Role.ROOM,
        resource__in=chairs,
    )
    return visits.filter(Exists(alike))


def _open(known: Facts, bitmaps: Iterable[tuple[int, int]]) -> Weighted:
    return counted((one, weight) for bits, weight in bitmaps for one in runs(bits, known.start))


def _used(hours: dict[tuple[str, str], Counter[Hour]], what: str) -> Used:
    return Used(**{part: sum(hours[what, part].values()) for part in _PARTS})


def _rows(hours: dict[tuple[str, str], Counter[Hour]]) -> tuple[HourUsed, ...]:
    told = sorted({hour for counts in hours.values() for hour in counts})
    return tuple(
        HourUsed(
            weekday,
            hour,
            *(
                Used(**{part: hours[what, part][weekday, hour] for part in _PARTS})
                for what in ("chairs", "nurses")
            ),
        )
        for weekday, hour in told
    )


_PARTS = ("open", "scheduled", "open_before", "actual")


def _untimed(held: Iterable[_Held], times: dict[int, Times], midnight: int) -> int:
    return len(
        {
            one.visit
            for one in held
            if one.over
            and _minutes(one.planned[0]) < midnight
            and times.get(one.visit, NO_TIMES).minutes is None
        }
    )


def _minutes(value: datetime) -> float:
    return (value - moment(0)).total_seconds() / 60
