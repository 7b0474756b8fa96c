"""A plan of recovery bettered while people look at it: worked out without locks, kept under one.

A worker takes a recovery for a while (`improving_until`); one that died leaves it to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from clinic.models import Site
from clinic.spans import minute, minute_up
from clinic.transactions import durable
from scheduling.daybook.repairs import held_by, problem_of, visits_of
from scheduling.models import Appointment, Recovery
from scheduling.planner.repair_problem import Loss, Problem, RepairPlan
from scheduling.planner.repair_search import improve
from scheduling.services.losses import days_of
from scheduling.services.recovering import (
    IMPROVED_FOR,
    open_items_of,
    proposed,
    remember,
)

SECONDS = 12.0
"""How long a plan is bettered, all days together."""


def improve_recovery(
    *, recovery: int, seconds: float = SECONDS, clock: Callable[[], datetime]
) -> int:
    """Better the plan of a recovery nobody has accepted yet; its version then."""
    row = _take(recovery=recovery, now=clock())
    if row is None:
        return 0
    plans = _searched(row, seconds, clock())
    return _finish(recovery=recovery, version=row.version, plans=plans, now=clock())


def waiting_recoveries(*, now: datetime) -> list[int]:
    """Those that somebody was to better and nobody does any more."""
    rows = Recovery.objects.filter(status=Recovery.State.IMPROVING, improving_until__lte=now)
    return list(rows.values_list("pk", flat=True))


@durable
def _take(*, recovery: int, now: datetime) -> Recovery | None:
    row = Recovery.objects.select_for_update(of=("self",)).get(pk=recovery)
    if row.status != Recovery.State.IMPROVING:
        return None
    if row.measures.get("taken") and row.improving_until and row.improving_until > now:
        return None
    row.measures = {**row.measures, "taken": True}
    row.improving_until = now + IMPROVED_FOR
    row.save(update_fields=["measures", "improving_until"])
    return row


Plans = list[tuple[Problem, RepairPlan]]


def _searched(row: Recovery, seconds: float, now: datetime) -> Plans:
    """A plan for each day with a visit that waits, everybody else of the day beside it."""
    site = Site.objects.select_related("organisation").get(pk=row.site_id)
    waiting = open_items_of(row)
    mine = Appointment.objects.filter(pk__in=waiting, site=site)
    days = days_of(mine, site)
    loss = Loss(None, row.cause, minute(row.starts_at), minute_up(row.ends_at))
    found = []
    for day in days:
        visits = visits_of(site, day)
        held = held_by(visits)
        remember(row, held)
        problem = problem_of(
            site=site, day=day, loss=loss, visits=visits, held=held, affected=waiting, now=now
        )
        found.append((problem, improve(problem, seconds=seconds / len(days))))
    return found


@durable
def _finish(*, recovery: int, version: int, plans: Plans, now: datetime) -> int:
    """Keep the plan if it is better and nobody decided meanwhile; it is ready either way."""
    row = Recovery.objects.select_for_update(of=("self",)).get(pk=recovery)
    if row.status != Recovery.State.IMPROVING or row.version != version:
        return row.version
    site = Site.objects.get(pk=row.site_id)
    moves, stranded = proposed(plans, site)
    waiting = open_items_of(row)
    better = (len(stranded), len(moves)) < (len(row.stranded), len(row.moves))
    whole = waiting <= {item["appointment"] for item in [*moves, *stranded]}
    if better and whole:
        row.moves, row.stranded, row.version = moves, stranded, row.version + 1
    row.status, row.improving_until = Recovery.State.READY, None
    row.measures = {**row.measures, "taken": False}
    row.updated_at = now
    row.save()
    return row.version
