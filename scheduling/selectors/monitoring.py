"""The monitoring of a day to look at, and a sharing out that would be more even."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from django.core import signing

from clinic.models import Site
from scheduling import daybook
from scheduling.daybook.monitoring import Monitoring, monitoring_of, visits_of
from scheduling.errors import PlanStale
from scheduling.models import HandOver
from scheduling.planner.balance import even
from scheduling.planner.cover import Placement
from scheduling.planner.day import CoverTask
from scheduling.planner.monitoring import Weighed, after, reassign, weigh
from scheduling.planner.plans import Refusal

_signer = signing.Signer(salt="scheduling.balance")


@dataclass(frozen=True, slots=True)
class Plan:
    """A balance to be accepted: what the day looked like, and who is to have what."""

    seen: str
    given: tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """A day before and after; `token` is what `services.monitoring.balance` takes.

    `moved` are the phases that change nurses. Nothing would change where there are none.
    """

    before: Weighed
    after: Weighed
    now: tuple[CoverTask, ...]
    then: tuple[CoverTask, ...]
    moved: tuple[Placement, ...]
    token: str


def read_monitoring(*, site: Site, day: date, now: datetime) -> Monitoring:
    """A site's day: five queries once the facts are known."""
    diary = daybook.read(site=site, first=day, last=day, now=now)
    return monitoring_of(site, day, diary, visits_of(site, day))


def standing(monitoring: Monitoring) -> str:
    """A fingerprint of who has what, and of who is on duty, as far as it can still change."""
    told = [
        (task.visit, task.start, task.end, task.nurse, task.lanes)
        for task in monitoring.tasks
        if not task.pinned
    ]
    return sha256(repr(sorted(told, key=repr)).encode()).hexdigest()[:24]


def refusals_of(
    monitoring: Monitoring, tasks: Sequence[CoverTask]
) -> dict[int, tuple[Refusal, ...]]:
    """For each person who monitors here that day, why they cannot have these phases; () if not."""
    people = [person for person in monitoring.diary.people if person.duty.get("monitoring_nurse")]
    found: dict[int, tuple[Refusal, ...]] = {}
    for person in people:
        answer = reassign(dict.fromkeys(tasks, person.id), monitoring.tasks, monitoring.diary)
        found[person.id] = tuple(answer) if isinstance(answer, list) else ()
    return found


def preview_balance(*, site: Site, day: date, now: datetime) -> Balance:
    """A more even sharing out of the same phases, with no more hand-overs than there are."""
    monitoring = read_monitoring(site=site, day=day, now=now)
    diary = monitoring.diary
    placed = reassign(even(monitoring.tasks, diary), monitoring.tasks, diary)
    if isinstance(placed, list):  # The lanes suffice, but held places lie across them.
        placed = ()
    moved = [one for one in placed if one.nurse != one.task.nurse]
    then = after(monitoring.tasks, placed)
    plan = {
        "site": site.pk,
        "day": day.isoformat(),
        "seen": standing(monitoring),
        "given": [
            [int(one.task.visit.partition(":")[2]), one.task.start, one.task.end, one.nurse]
            for one in moved
        ],
    }
    return Balance(
        before=weigh(monitoring.tasks, diary),
        after=weigh(then, diary),
        now=monitoring.tasks,
        then=tuple(then),
        moved=tuple(moved),
        token=_signer.sign_object(plan, compress=True),
    )


def open_plan(token: str, *, site: int, day: date) -> Plan:
    """What a token says; PlanStale when it is none, or of another day."""
    try:
        told = _signer.unsign_object(token)
    except signing.BadSignature:
        told = {}
    if told.get("site") != site or told.get("day") != day.isoformat():
        said = "This balance is of another day. Look at a fresh one."
        raise PlanStale([Refusal("plan_is_fresh", "balance", said)])
    return Plan(told["seen"], tuple(tuple(one) for one in told["given"]))


def signed(monitoring: Monitoring) -> dict[tuple[int, datetime, int, int], HandOver]:
    """The hand-overs of a day that are signed, by visit, moment, giver and taker: one query."""
    rows = HandOver.objects.filter(appointment__in=monitoring.visits)
    return {(one.appointment_id, one.at, one.giver_id, one.taker_id): one for one in rows}


__all__ = [
    "Balance",
    "Plan",
    "open_plan",
    "preview_balance",
    "read_monitoring",
    "refusals_of",
    "signed",
    "standing",
]
