"""Who did not come and who cancelled late, by how long ahead the visit was booked; clog time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from statistics import fmean, median

from django.db.models import CharField, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat

from clinic.models import Journal, Site
from clinic.selectors import range_of
from clinic.spans import moment
from scheduling.models import Appointment, Status
from scheduling.models.series import AHEAD, GONE
from scheduling.selectors.reports.query import Query

NO_SHOW_MEDIAN = 5
"""Published median of no-shows, in percent."""
DAY = 1440
LEADS = (3, 8, 15, 29)
"""Days ahead at which the next group begins."""
GROUPS = ("under 3 days", "3 to 7 days", "8 to 14 days", "15 to 28 days", "29 days and more")

LEAD_TIMES = Query(
    "Visits by how long ahead they were booked, how they ended, and the days that those cancelled "
    "stood on the book.",
    """
    SELECT CASE WHEN MINUTES(v.created_at, v.starts_at) < 3 * 1440 THEN 0
                WHEN MINUTES(v.created_at, v.starts_at) < 8 * 1440 THEN 1
                WHEN MINUTES(v.created_at, v.starts_at) < 15 * 1440 THEN 2
                WHEN MINUTES(v.created_at, v.starts_at) < 29 * 1440 THEN 3
                ELSE 4 END AS lead_group,
           COUNT(*) AS booked,
           SUM(CASE WHEN v.status IN ('arrived', 'in_prep', 'infusing', 'in_session',
                                      'recovering', 'discharged') THEN 1 ELSE 0 END) AS came,
           SUM(CASE WHEN v.status = 'no_show' THEN 1 ELSE 0 END) AS missed,
           SUM(CASE WHEN v.status = 'cancelled' AND v.late_cancel THEN 1 ELSE 0 END) AS late,
           SUM(CASE WHEN v.status = 'cancelled' AND NOT v.late_cancel THEN 1 ELSE 0 END) AS early,
           SUM(CASE WHEN v.status = 'cancelled'
                    THEN MINUTES(v.created_at, v.given_up) / 1440 ELSE 0 END) AS clog_days
    FROM (
      SELECT a.status, a.late_cancel, a.created_at, a.starts_at,
             COALESCE((SELECT MAX(j.at) FROM clinic_journal j
                       WHERE j.action = 'visit.cancelled'
                         AND j.subject = 'appointment:' || CAST(a.id AS text)),
                      a.updated_at) AS given_up
      FROM scheduling_appointment a
      WHERE a.site_id = :site AND a.starts_at >= :from AND a.starts_at < :to
    ) v
    GROUP BY 1
    ORDER BY 1
    """,
)
QUERIES = (LEAD_TIMES,)


@dataclass(frozen=True, slots=True)
class LeadGroup:
    """Visits that were booked about as long ahead. `late` and `early` were cancelled, with less
    notice than the site asks for or with enough; `clog` are days that they stood on the book."""

    group: int
    booked: int
    came: int
    missed: int
    late: int
    early: int
    clog: tuple[float, ...]

    @property
    def name(self) -> str:
        return GROUPS[self.group] if self.group >= 0 else "all"

    @property
    def expected(self) -> int:
        """Those who stood on the book when the day came."""
        return self.came + self.missed + self.late

    @property
    def missed_percent(self) -> float | None:
        return 100 * self.missed / self.expected if self.expected else None

    @property
    def late_percent(self) -> float | None:
        return 100 * self.late / self.expected if self.expected else None

    @property
    def clog_days(self) -> float:
        return sum(self.clog)

    @property
    def clog_mean(self) -> float | None:
        return fmean(self.clog) if self.clog else None

    @property
    def clog_median(self) -> float | None:
        return median(self.clog) if self.clog else None


@dataclass(frozen=True, slots=True)
class Attendance:
    """By lead time, and all together."""

    rows: tuple[LeadGroup, ...]
    whole: LeadGroup

    @property
    def is_empty(self) -> bool:
        """Whether nobody was to come yet, and nobody gave up."""
        return not self.whole.expected and not self.whole.early


def attendance(*, site: Site, first: date, last: date, now: datetime) -> Attendance:
    """Visits planned for the site dates from first to last: one query."""
    start, end = map(moment, range_of(site, first, last))
    own = Journal.objects.filter(
        action="visit.cancelled",
        subject=Concat(Value("appointment:"), Cast(OuterRef("pk"), CharField())),
    )
    visits = (
        Appointment.objects.filter(site=site, starts_at__gte=start, starts_at__lt=end)
        .annotate(given_up=Coalesce(Subquery(own.order_by("-at").values("at")[:1]), "updated_at"))
        .values_list("status", "late_cancel", "created_at", "starts_at", "given_up")
    )
    groups: dict[int, list[tuple[str, bool, float]]] = {}
    for status, late, created, starts, given_up in visits:
        lead = (starts - created).total_seconds() / 60
        group = sum(lead >= days * DAY for days in LEADS)
        stood = (given_up - created).total_seconds() / 60 / DAY
        groups.setdefault(group, []).append((status, late, stood))
    return Attendance(
        rows=tuple(_group(group, groups[group]) for group in sorted(groups)),
        whole=_group(-1, [one for members in groups.values() for one in members]),
    )


def _group(group: int, visits: list[tuple[str, bool, float]]) -> LeadGroup:
    cancelled = [one for one in visits if one[0] == Status.CANCELLED]
    return LeadGroup(
        group=group,
        booked=len(visits),
        came=sum(status not in (*AHEAD, *GONE) for status, _, _ in visits),
        missed=sum(status == Status.NO_SHOW for status, _, _ in visits),
        late=sum(late for _, late, _ in cancelled),
        early=sum(not late for _, late, _ in cancelled),
        clog=tuple(stood for _, _, stood in cancelled),
    )
