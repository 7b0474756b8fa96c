"""A plan of recovery bettered while people look at it: worked out without locks, kept under one.

A worker takes a recovery for a while (`improving_until`); one that died leaves it to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from clinic import revision
from clinic.journal import Actor, record
from clinic.models import Site
from clinic.spans import moment
from clinic.transactions import durable
from scheduling.errors import SlotTaken
from scheduling.models import Appointment, Claim, Recovery
from scheduling.planner.repair_problem import Problem, RepairPlan
from scheduling.planner.repair_search import improve
from scheduling.services.booking import guarded
from scheduling.services.remedies import (
    IMPROVED_FOR,
    Remedy,
    close_sites,
    disruption,
    disruption_of,
    keep,
    open_items,
    problems_now,
)

SECONDS = 15.0
"""How long a plan is bettered, all days together."""
WORKER = Actor(name="recovery", door="worker")


def improve_recovery(
    *, recovery: int, seconds: float = SECONDS, clock: Callable[[], datetime]
) -> int:
    """Better the plan of a recovery that nobody has accepted yet; its version then, 0 when there
    is nothing to better or somebody is at it. Each better plan is kept as soon as it is found."""
    name = uuid4().hex
    row = _take(recovery=recovery, name=name, now=clock())
    if row is None:
        return 0
    tasks = problems_now(row, clock())
    for done, (site, problem) in enumerate(tasks):
        _Search(recovery, name, site, problem, clock).run(seconds / len(tasks))
        if not _progress(recovery=recovery, name=name, done=done + 1, of=len(tasks), now=clock()):
            break
    return _finish(recovery=recovery, name=name, now=clock())


def waiting_recoveries(*, now: datetime) -> list[int]:
    """Those that somebody was to better and nobody does any more."""
    rows = Recovery.objects.filter(status=Recovery.State.IMPROVING, improving_until__lte=now)
    return list(rows.order_by("pk").values_list("pk", flat=True))


class _Stopped(Exception):
    """Somebody decided, or changed the book: what is searched for is not wanted any more."""


class _Search:
    """One day bettered: plans are kept as they are found, until the book is another one."""

    def __init__(
        self, recovery: int, name: str, site: Site, problem: Problem, clock: Callable[[], datetime]
    ) -> None:
        self.recovery, self.name, self.clock = recovery, name, clock
        self.site, self.problem = site, problem
        self.book = _stamp(site, problem)

    def run(self, seconds: float) -> None:
        try:
            best = improve(self.problem, seconds=seconds, on_better=self._keep)
            self._keep(best)
        except _Stopped:
            return

    def _keep(self, plan: RepairPlan) -> None:
        """Once more for a plan that is kept already: that changes nothing."""
        remedy = Remedy(self.site, self.problem, plan)
        try:
            stands = _better(
                recovery=self.recovery,
                name=self.name,
                remedy=remedy,
                book=self.book,
                now=self.clock(),
            )
        except SlotTaken as taken:
            raise _Stopped from taken
        if stands is None:
            raise _Stopped
        self.book = stands


@durable
def _take(*, recovery: int, name: str, now: datetime) -> Recovery | None:
    row = Recovery.objects.select_for_update(of=("self",)).get(pk=recovery)
    if row.status != Recovery.State.IMPROVING:
        return None
    if row.measures.get("worker") and row.improving_until and row.improving_until > now:
        return None
    row.measures = {**row.measures, "worker": name}
    row.improving_until = now + IMPROVED_FOR
    row.save(update_fields=["measures", "improving_until"])
    return row


@guarded
@durable
def _better(
    *, recovery: int, name: str, remedy: Remedy, book: frozenset[object], now: datetime
) -> frozenset[object] | None:
    """Keep a plan where it is better than what is proposed; how the book stands then.

    None when somebody decided meanwhile, or changed the book.
    """
    row = _mine(recovery, name)
    if row is None:
        return None
    close_sites(row)
    if _stamp(remedy.site, remedy.problem) != book:
        return None
    affected = {visit.id for visit in remedy.problem.affected}
    if disruption_of(remedy.problem, remedy.plan) >= disruption(row, remedy.problem.by_id):
        return book
    keep(row, [remedy], affected=affected, actor=WORKER, now=now)
    row.version += 1
    row.save()
    record(
        actor=WORKER,
        now=now,
        action="recovery.bettered",
        subject=f"recovery:{row.pk}",
        site=row.site_id,
        after={"version": row.version, "cost": row.measures["cost"]},
    )
    return _stamp(remedy.site, remedy.problem)


@durable
def _progress(*, recovery: int, name: str, done: int, of: int, now: datetime) -> bool:
    """How many days are done, for people to see; False when nobody waits for it any more."""
    row = _mine(recovery, name)
    if row is None:
        return False
    row.measures = {**row.measures, "days": [done, of]}
    row.improving_until = now + IMPROVED_FOR
    row.save(update_fields=["measures", "improving_until"])
    return True


@durable
def _finish(*, recovery: int, name: str, now: datetime) -> int:
    """It is as good as it gets; at once in force where nothing is left to decide."""
    row = _mine(recovery, name)
    if row is None:
        return Recovery.objects.get(pk=recovery).version
    row.measures = {**row.measures, "worker": ""}
    row.status, row.improving_until, row.updated_at = Recovery.State.READY, None, now
    row.save()
    return row.version


def _mine(recovery: int, name: str) -> Recovery | None:
    """The recovery while this worker is the one who betters it."""
    row = Recovery.objects.select_for_update(of=("self",)).get(pk=recovery)
    waits = row.status == Recovery.State.IMPROVING and open_items(row)
    return row if waits and row.measures.get("worker") == name else None


def _stamp(site: Site, problem: Problem) -> frozenset[object]:
    """How a day stands: its claims, where its visits stand, and the facts it rests on."""
    low, high = problem.diary.start, problem.diary.start + problem.diary.length
    claims = Claim.objects.filter(start_minute__gte=low, start_minute__lt=high)
    visits = Appointment.objects.filter(
        site=site, starts_at__gte=moment(low), starts_at__lt=moment(high)
    )
    facts = ("facts", revision.current())
    return frozenset(
        [
            facts,
            *claims.values_list("resource", "lane", "start_minute", "end_minute", "appointment"),
            *visits.values_list("pk", "status", "starts_at"),
        ]
    )
