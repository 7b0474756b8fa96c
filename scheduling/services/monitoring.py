"""Who watches whom on a day: give, swap, balance, and sign for a patient taken over.

Each is one transaction that locks the nurse pool of the day and judges again what it read before.
Patients change nurses between phases only; phases begun stay. Errors: Appointment.DoesNotExist and
the like; `Refused` with the rule for every phase; `PlanStale` when the day was changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from clinic.journal import Actor, record
from clinic.models import Site, Staff
from clinic.spans import minute
from clinic.transactions import durable
from scheduling.daybook.monitoring import Monitoring, open_monitoring
from scheduling.errors import PlanStale, Refused
from scheduling.models import Appointment, HandOver
from scheduling.planner.cover import Placement
from scheduling.planner.monitoring import Wanted, hand_overs, reassign
from scheduling.planner.plans import Refusal
from scheduling.selectors.monitoring import Plan, open_plan, standing
from scheduling.services.booking import guarded
from scheduling.services.nursing import Given, kept, write_nurses

EARLY = timedelta(minutes=15)
"""How long before a hand-over it may be signed."""


@guarded
@durable
def give_monitoring(
    *,
    appointment: int,
    at: datetime,
    nurse: int,
    until: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> list[Given]:
    """Give a visit's patient to a nurse from a phase boundary on, up to `until` or its end.

    What changed hands. Phases without a nurse are covered by it too.
    """
    visit = Appointment.objects.select_related("site__organisation").get(pk=appointment)
    monitoring = _open(visit.site, _day(visit), now)
    tasks = [
        task
        for task in monitoring.of(visit.pk)
        if task.start >= minute(at) and (until is None or task.start < minute(until))
    ]
    if not tasks:
        raise Refused([_none(f"No phase that needs a nurse begins at {_clock(visit.site, at)}.")])
    wanted = {task: nurse for task in tasks if task.nurse != nurse}
    placed = _judged(wanted, monitoring)
    _write(placed, monitoring, "monitoring.given", f"appointment:{visit.pk}", actor=actor, now=now)
    return kept(placed, before=False)


@guarded
@durable
def swap_nurses(
    *,
    site: int,
    day: date,
    first: int,
    second: int,
    since: datetime,
    until: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> list[Given]:
    """Two nurses take over each other's patients, in phases that begin from `since` to `until`."""
    place = Site.objects.select_related("organisation").get(pk=site)
    monitoring = _open(place, day, now)
    other = {first: second, second: first}
    wanted = {
        task: other[task.nurse]
        for task in monitoring.tasks
        if task.nurse in other
        and not task.pinned
        and task.start >= minute(since)
        and (until is None or task.start < minute(until))
    }
    if first == second or not wanted:
        raise Refused([_none("Neither of them has a patient whose phase begins then.")])
    placed = _judged(wanted, monitoring)
    _write(placed, monitoring, "monitoring.swapped", _subject(place), actor=actor, now=now)
    return kept(placed, before=False)


@guarded
@durable
def balance(*, site: int, day: date, plan: str, actor: Actor, now: datetime) -> list[Given]:
    """Do what `selectors.monitoring.preview_balance` has shown; `plan` is its token.

    PlanStale when anybody's monitoring differs from what the plan was made on.
    """
    place = Site.objects.select_related("organisation").get(pk=site)
    chosen: Plan = open_plan(plan, site=site, day=day)
    monitoring = _open(place, day, now)
    if standing(monitoring) != chosen.seen:
        raise PlanStale([_stale()])
    wanted = _tasks_of(chosen.given, monitoring)
    if not wanted:
        raise Refused([_none("It is as even as it can be.")])
    placed = _judged(wanted, monitoring)
    _write(placed, monitoring, "monitoring.balanced", _subject(place), actor=actor, now=now)
    return kept(placed, before=False)


@durable
def sign_hand_over(
    *,
    appointment: int,
    at: datetime,
    note: str = "",
    signer: int | None = None,
    actor: Actor,
    now: datetime,
) -> HandOver:
    """Who takes a patient over says so; signed already, it is left as it is.

    `signer` is the nurse (staff id) who signs; None for whoever is in charge and signs for them.
    """
    visit = Appointment.objects.select_related("site__organisation").get(pk=appointment)
    monitoring = _open(visit.site, _day(visit), now)
    found = [one for one in hand_overs(monitoring.of(visit.pk)) if one.at == minute(at)]
    if not found:
        raise Refused([_none("Nobody takes this patient over then; somebody changed it.")])
    [over] = found
    if signer is not None and signer != over.taker:
        taker = Staff.objects.get(pk=over.taker)
        raise Refused([Refusal("taker_signs", taker.name, f"{taker.name} takes over and signs.")])
    if at - now > EARLY:
        said = f"It is at {_clock(visit.site, at)}; sign it when the patient changes hands."
        raise Refused([Refusal("hand_over_is_due", "hand-over", said)])
    row, made = HandOver.objects.get_or_create(
        appointment=visit,
        at=at,
        giver_id=over.giver,
        taker_id=over.taker,
        defaults={"note": note.strip(), "signed_by": actor.name, "signed_at": now},
    )
    if made:
        record(
            actor=actor,
            now=now,
            action="hand_over.signed",
            subject=f"appointment:{visit.pk}",
            site=visit.site,
            after={"at": at.isoformat(), "giver": over.giver, "taker": over.taker},
        )
    return row


# Taken back -------------------------------------------------------------------------------------


def give_back(
    before: Sequence[Given], site: Site, subject: str, *, actor: Actor, now: datetime
) -> None:
    """Phases as they were before a change, inside the transaction of `undoing`."""
    days = {
        visit.starts_at.astimezone(site.zone).date()
        for visit in Appointment.objects.filter(pk__in={one[0] for one in before})
    }
    for day in sorted(days):
        monitoring = _open(site, day, now)
        wanted = _tasks_of(before, monitoring)
        if any(one[3] is None for one in before):
            raise Refused([_none("These phases had no nurse before; give them to another.")])
        placed = _judged(wanted, monitoring)
        _write(placed, monitoring, "monitoring.restored", subject, actor=actor, now=now)


# Steps ------------------------------------------------------------------------------------------


def _open(site: Site, day: date, now: datetime) -> Monitoring:
    return open_monitoring(site=site, day=day, now=now)


def _judged(wanted: Wanted, monitoring: Monitoring) -> tuple[Placement, ...]:
    placed = reassign(wanted, monitoring.tasks, monitoring.diary)
    if isinstance(placed, list):
        raise Refused(placed)
    return placed


def _write(
    placed: Sequence[Placement],
    monitoring: Monitoring,
    action: str,
    subject: str,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    if not placed:
        return
    record(
        actor=actor,
        now=now,
        action=action,
        subject=subject,
        site=monitoring.site,
        before={"day": monitoring.day.isoformat(), "given": kept(placed, before=True)},
        after={"day": monitoring.day.isoformat(), "given": kept(placed, before=False)},
    )
    write_nurses(placed, monitoring, actor=actor, now=now)


def _tasks_of(given: Iterable[Given], monitoring: Monitoring) -> Wanted:
    """The phases that a plan or the journal names, by the nurse it names."""
    wanted = {(visit, start): nurse for visit, start, _, nurse in given}
    return {
        task: nurse
        for task in monitoring.tasks
        if (nurse := wanted.get((int(task.visit.partition(":")[2]), task.start))) is not None
        and nurse != task.nurse
    }


def _day(visit: Appointment) -> date:
    return visit.starts_at.astimezone(visit.site.zone).date()


def _clock(site: Site, at: datetime) -> str:
    return f"{at.astimezone(site.zone):%H:%M}"


def _subject(site: Site) -> str:
    return f"monitoring:{site.pk}"


def _none(said: str) -> Refusal:
    return Refusal("phase_is_there", "phase", said)


def _stale() -> Refusal:
    said = "Somebody changed who watches whom meanwhile. Look at a fresh balance."
    return Refusal("plan_is_fresh", "balance", said)


__all__ = [
    "balance",
    "give_back",
    "give_monitoring",
    "sign_hand_over",
    "swap_nurses",
]
