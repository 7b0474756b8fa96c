"""How courses end, and whether their visits keep to the windows of the protocol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from clinic.models import Site
from scheduling import catalogue
from scheduling.models import Appointment, Series, Status
from scheduling.models.series import GONE
from scheduling.planner.protocols import Protocol
from scheduling.planner.windows import window
from scheduling.selectors.reports.query import Query

COURSES = Query(
    "Courses whose first infusion, dosing or visit (D0) is in these dates, by how they stand.",
    """
    SELECT p.name,
           COUNT(*) AS courses,
           SUM(CASE WHEN s.status = 'completed' THEN 1 ELSE 0 END) AS completed,
           SUM(CASE WHEN s.status = 'active' THEN 1 ELSE 0 END) AS active,
           SUM(CASE WHEN s.status = 'cancelled' THEN 1 ELSE 0 END) AS cancelled
    FROM scheduling_series s
    JOIN scheduling_protocolversion p ON p.id = s.protocol_version_id
    WHERE s.site_id = :site AND s.d0 >= :first AND s.d0 <= :last
    GROUP BY p.name
    ORDER BY p.name
    """,
)
STEPS = Query(
    "Visits of these courses that are over: steps done in the window and outside it together. "
    "The windows themselves are worked out by the protocol’s rules.",
    """
    SELECT p.name, COUNT(*) AS done
    FROM scheduling_appointment a
    JOIN scheduling_series s ON s.id = a.series_id
    JOIN scheduling_protocolversion p ON p.id = s.protocol_version_id
    WHERE s.site_id = :site AND s.d0 >= :first AND s.d0 <= :last AND a.status = 'discharged'
    GROUP BY p.name
    ORDER BY p.name
    """,
)
QUERIES = (COURSES, STEPS)


@dataclass(frozen=True, slots=True)
class Courses:
    """Of one protocol. Steps are `kept` (done in the window), `outside` it, or `missed`: the window
    closed without a visit. Steps done before the course was booked, and those of cancelled courses
    that never were, do not count."""

    protocol: str
    completed: int = 0
    active: int = 0
    cancelled: int = 0
    kept: int = 0
    outside: int = 0
    missed: int = 0

    @property
    def courses(self) -> int:
        return self.completed + self.active + self.cancelled

    @property
    def due(self) -> int:
        """Steps whose time has come."""
        return self.kept + self.outside + self.missed

    @property
    def kept_percent(self) -> float | None:
        return 100 * self.kept / self.due if self.due else None

    @property
    def ended(self) -> int:
        return self.completed + self.cancelled

    @property
    def completed_percent(self) -> float | None:
        """Of those that have ended."""
        return 100 * self.completed / self.ended if self.ended else None


@dataclass(frozen=True, slots=True)
class Completion:
    """By protocol, and all together."""

    rows: tuple[Courses, ...]
    whole: Courses

    @property
    def is_empty(self) -> bool:
        return not self.whole.courses


def completion(*, site: Site, first: date, last: date, now: datetime) -> Completion:
    """Courses whose D0 is from first to last: 2 queries."""
    today = now.astimezone(site.zone).date()
    courses = list(
        Series.objects.filter(site=site, d0__gte=first, d0__lte=last).select_related(
            "protocol_version"
        )
    )
    visits: dict[int, dict[str, tuple[str, date]]] = {}
    of_courses = Appointment.objects.filter(
        series__site=site, series__d0__gte=first, series__d0__lte=last
    ).exclude(status__in=GONE)
    for series, step, status, starts in of_courses.values_list(
        "series_id", "step", "status", "starts_at"
    ):
        visits.setdefault(series, {})[step] = status, starts.astimezone(site.zone).date()
    drawn: dict[tuple[int, frozenset[str]], Protocol] = {}
    counts: dict[str, Counter[str]] = {}
    for course in courses:
        own, version = visits.get(course.pk, {}), course.protocol_version
        key = (version.pk, frozenset(own))
        if key not in drawn:
            drawn[key] = catalogue.protocol(
                version.definition, version=version.version, reaching=list(own)
            )
        found = counts.setdefault(version.name, Counter())
        found[course.status] += 1
        found += _steps(course, own, drawn[key], today)
        counts[version.name] = found
    return Completion(
        rows=tuple(_courses(name, counts[name]) for name in sorted(counts)),
        whole=_courses("all", sum(counts.values(), Counter())),
    )


def _steps(
    course: Series, own: Mapping[str, tuple[str, date]], protocol: Protocol, today: date
) -> Counter[str]:
    done = {step: date.fromisoformat(day) for step, day in course.completed.items()}
    dated = done | {step: day for step, (_, day) in own.items()}
    found: Counter[str] = Counter()
    for step in protocol.steps:
        if step.key in done and step.key not in own:
            continue
        first, last = window(step, protocol, course.d0, dated)
        status, day = own.get(step.key, ("", None))
        if status == Status.DISCHARGED and day is not None:
            kept = step.key == protocol.origin or first <= day <= last
            found["kept" if kept else "outside"] += 1
        elif not status and last < today and course.status != Series.State.CANCELLED:
            found["missed"] += 1
    return found


def _courses(name: str, counts: Counter[str]) -> Courses:
    parts = ("completed", "active", "cancelled", "kept", "outside", "missed")
    return Courses(name, **{part: counts[part] for part in parts})
