"""Whether what is due after a course is done, and in its window."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from clinic.models import Site
from scheduling.models import FollowUp
from scheduling.selectors.reports.query import Query

KINDS = {
    FollowUp.Kind.VISIT: "Visits",
    FollowUp.Kind.TELEPHONE: "Calls",
    FollowUp.Kind.QUESTIONNAIRE: "Measures",
    FollowUp.Kind.TASK: "Tasks",
}

STANDS = Query(
    "Follow-ups due in these dates, by kind and how they stand.",
    """
    SELECT f.kind,
           COUNT(*) AS due,
           SUM(CASE WHEN f.state = 'done' THEN 1 ELSE 0 END) AS done,
           SUM(CASE WHEN f.state = 'dropped' THEN 1 ELSE 0 END) AS dropped,
           SUM(CASE WHEN f.state = 'booked' THEN 1 ELSE 0 END) AS booked,
           SUM(CASE WHEN f.state = 'due' AND f.closes_on < :today THEN 1 ELSE 0 END) AS overdue,
           SUM(CASE WHEN f.state = 'due' AND f.closes_on >= :today THEN 1 ELSE 0 END) AS open
    FROM scheduling_followup f
    WHERE f.site_id = :site AND f.due_on >= :first AND f.due_on <= :last
    GROUP BY f.kind
    ORDER BY f.kind
    """,
)
DONE = Query(
    "When each one done was done; on the site’s own date it is in time or late.",
    """
    SELECT f.kind, f.closes_on, f.done_at
    FROM scheduling_followup f
    WHERE f.site_id = :site AND f.due_on >= :first AND f.due_on <= :last AND f.state = 'done'
    ORDER BY f.kind, f.done_at
    """,
)
QUERIES = (STANDS, DONE)


@dataclass(frozen=True, slots=True)
class Kind:
    """Follow-ups of one kind: done in time or late, dropped with a reason, overdue, or to come."""

    kind: str
    in_time: int = 0
    late: int = 0
    dropped: int = 0
    overdue: int = 0
    booked: int = 0
    open: int = 0

    @property
    def name(self) -> str:
        return KINDS[FollowUp.Kind(self.kind)] if self.kind else "all"

    @property
    def due(self) -> int:
        return self.settled + self.booked + self.open

    @property
    def settled(self) -> int:
        """Those of which it is known how they ended."""
        return self.in_time + self.late + self.dropped + self.overdue

    @property
    def complete_percent(self) -> float | None:
        """Done, in time or late, of those settled."""
        return 100 * (self.in_time + self.late) / self.settled if self.settled else None


@dataclass(frozen=True, slots=True)
class Completeness:
    """By kind, and all together."""

    rows: tuple[Kind, ...]
    whole: Kind

    @property
    def is_empty(self) -> bool:
        return not self.whole.due


def completeness(*, site: Site, first: date, last: date, now: datetime) -> Completeness:
    """Follow-ups due on the site dates from first to last: one query."""
    today = now.astimezone(site.zone).date()
    counts: dict[str, Counter[str]] = {}
    rows = FollowUp.objects.filter(site=site, due_on__gte=first, due_on__lte=last)
    for kind, state, closes_on, done_at in rows.order_by().values_list(
        "kind", "state", "closes_on", "done_at"
    ):
        done_on = done_at.astimezone(site.zone).date() if done_at else None
        counts.setdefault(kind, Counter())[_stand(state, closes_on, done_on, today)] += 1
    kinds = [kind for kind in KINDS if kind in counts]
    return Completeness(
        rows=tuple(Kind(str(kind), **counts[kind]) for kind in kinds),
        whole=Kind("", **sum(counts.values(), Counter())),
    )


def _stand(state: str, closes_on: date, done_on: date | None, today: date) -> str:
    if state == FollowUp.State.DONE:
        return "late" if done_on and done_on > closes_on else "in_time"
    if state == FollowUp.State.DUE:
        return "overdue" if closes_on < today else "open"
    return state
