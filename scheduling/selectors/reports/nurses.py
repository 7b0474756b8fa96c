"""How evenly patients, weighted by acuity, are shared among nurses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from statistics import fmean, pstdev

from django.db.models import Count, F, Sum

from clinic.models import Site
from clinic.selectors import range_of
from scheduling.daybook.facts import facts
from scheduling.models import Claim
from scheduling.planner.protocols import NURSE
from scheduling.selectors.reports.query import Query
from scheduling.selectors.reports.times import since

EVEN, FAIRLY = 0.05, 0.12
"""Gini coefficients up to which a load is called even, and fairly even."""

LOADS = Query(
    "Lane minutes that each nurse’s patients take. A patient of acuity 4 or 5 takes twice the "
    "lanes, one of acuity 6 all of them. Minutes on duty are drawn from hours, breaks, time off "
    "and credentials.",
    """
    SELECT p.given_name, p.family_name,
           SUM(c.end_minute - c.start_minute) AS lane_minutes,
           COUNT(DISTINCT c.appointment_id) AS visits
    FROM scheduling_claim c
    JOIN scheduling_appointment a ON a.id = c.appointment_id
    JOIN clinic_staff p ON p.resource_id = c.resource_id
    WHERE a.site_id = :site AND c.role = 'monitoring_nurse'
      AND c.start_minute >= :from_minute AND c.start_minute < :to_minute
    GROUP BY p.resource_id, p.given_name, p.family_name
    ORDER BY p.resource_id
    """,
)
QUERIES = (LOADS,)


@dataclass(frozen=True, slots=True)
class NurseLoad:
    """One nurse: visits watched, lane minutes they took, minutes on duty and lanes meanwhile."""

    nurse: int
    name: str
    visits: int
    lane_minutes: int
    duty_minutes: int
    lanes: int

    @property
    def percent(self) -> float | None:
        """Lane minutes taken of those there are on duty."""
        whole = self.duty_minutes * self.lanes
        return 100 * self.lane_minutes / whole if whole else None


@dataclass(frozen=True, slots=True)
class Loads:
    """Nurses on duty, the most loaded first. Fairness compares their percentages: 0 is even."""

    rows: tuple[NurseLoad, ...]
    gini: float | None
    variation: float | None
    mean: float | None

    @property
    def is_empty(self) -> bool:
        return not any(row.lane_minutes for row in self.rows)

    @property
    def words(self) -> str:
        if self.gini is None:
            return "too few nurses to compare"
        if self.gini <= EVEN:
            return "shared evenly"
        return "shared fairly evenly" if self.gini <= FAIRLY else "shared unevenly"


def nurse_loads(*, site: Site, first: date, last: date, now: datetime) -> Loads:
    """Site dates from first to last: 3 queries once the facts are known.

    Duty before the site's first visit does not count.
    """
    first = min(last, since(site, first))
    start, end = range_of(site, first, last)
    known = facts(site, first, last)
    taken = {
        row["resource_id"]: row
        for row in Claim.objects.filter(
            appointment__site=site,
            role=Claim.Role.NURSE,
            start_minute__gte=start,
            start_minute__lt=end,
        )
        .values("resource_id")
        .annotate(
            name=F("resource__staff__given_name"),
            family=F("resource__staff__family_name"),
            minutes=Sum(F("end_minute") - F("start_minute")),
            visits=Count("appointment", distinct=True),
        )
    }
    on_duty = {
        person.id: (person.name, bits.bit_count(), person.lanes)
        for person in known.people
        if (bits := person.duty.get(NURSE, 0)) or person.id in taken
    }
    rows = []
    for nurse in on_duty.keys() | taken.keys():
        own = taken.get(nurse)
        spelled = f"{own['name']} {own['family']}" if own else ""
        name, minutes, lanes = on_duty.get(nurse, (spelled, 0, 0))
        rows.append(
            NurseLoad(
                nurse=nurse,
                name=name,
                visits=own["visits"] if own else 0,
                lane_minutes=own["minutes"] if own else 0,
                duty_minutes=minutes,
                lanes=lanes,
            )
        )
    rows.sort(key=lambda row: (-(row.percent or 0), row.name))
    shares = [row.percent for row in rows if row.percent is not None]
    mean = fmean(shares) if shares else None
    comparable = len(shares) > 1 and bool(mean)
    return Loads(
        rows=tuple(rows),
        gini=gini(shares) if comparable else None,
        variation=pstdev(shares) / mean if comparable and mean else None,
        mean=mean,
    )


def gini(shares: list[float]) -> float:
    """Mean difference between any two, over twice their mean: 0 when all are alike, up to 1."""
    ordered = sorted(shares)
    number, whole = len(ordered), sum(ordered)
    ranked = sum((i + 1) * share for i, share in enumerate(ordered))
    return 2 * ranked / (number * whole) - (number + 1) / number
