"""Somebody, a room or a site is out: what that touches, what is mended at once, what is proposed.

`call_out` frees what is out in its own transaction, lets other nurses and rooms step in where no
patient notices, and keeps a plan for the rest. A task betters that plan until somebody accepts it,
whole or in parts; what is accepted is judged anew under lock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from clinic.journal import Actor, record
from clinic.models import Site
from clinic.services.absences import (
    delete_absence,
    delete_outage,
    write_absence,
    write_outage,
)
from clinic.services.facts import Pen
from clinic.spans import minute, minute_up, moment
from clinic.transactions import durable
from scheduling import daybook
from scheduling.daybook.repairs import ENDED, held_by, problem_of, visits_of
from scheduling.errors import PlanStale, Refused
from scheduling.models import Appointment, Claim, Recovery, Status
from scheduling.models.series import AHEAD
from scheduling.planner.plans import Refusal
from scheduling.planner.repair import quick
from scheduling.planner.repair_problem import Loss, Problem, Repaired, RepairPlan, Stranded
from scheduling.services.booking import guarded
from scheduling.services.entries import publish
from scheduling.services.losses import (
    Out,
    days_of,
    free,
    give_back,
    local,
    make_way,
    out_of,
    rewrite,
    touched,
    unattended,
)
from scheduling.services.moving import move_to
from scheduling.services.placing import repack

IMPROVED_FOR = timedelta(seconds=90)
"""How long a worker may take to better a plan before another one looks after it."""
Item = dict[str, Any]


@guarded
@durable
def call_out(
    *,
    staff: int | None = None,
    room: int | None = None,
    site: int | None = None,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Recovery:
    """Somebody, a room or a whole site is out for [starts_at, ends_at), from this moment on.

    Every visit it touches is in one of the recovery's lists: `reassigned` is done already, `moves`
    and `stranded` wait for somebody to accept them and stand as uncovered until then.
    DoesNotExist; django's ValidationError by field.
    """
    out = out_of(staff=staff, room=room, site=site, starts_at=starts_at, ends_at=ends_at)
    for place in out.sites:
        daybook.close_site(place)
    affected = touched(out)
    before = {place.pk: _book(place, out.loss, affected) for place in out.sites}
    absence = outage = None
    if out.resource is None:
        outage = write_outage(
            out.sites[0],
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
            pen=Pen("outage", actor, now),
        )
    else:
        absence = write_absence(
            out.resource,
            out.sites[0] if room is not None else None,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
            pen=Pen("absence", actor, now),
        )
    kept = free(out, affected)
    home = _home(out, before, affected)
    recovery = Recovery.objects.create(
        site=home,
        absence=absence,
        outage=outage,
        cause=f"{out.loss.name}: {reason}"[:200] if reason else out.loss.name,
        starts_at=starts_at,
        ends_at=ends_at,
        measures={"freed": kept},
        created_by=actor.name,
        created_at=now,
        updated_at=now,
    )
    plans = [
        plan
        for place in out.sites
        for plan in _plans(place, before[place.pk], out.loss, affected, now)
    ]
    _keep(recovery, plans, affected, actor, now)
    record(
        actor=actor,
        now=now,
        action="recovery.opened",
        subject=f"recovery:{recovery.pk}",
        site=home,
        after={
            "affected": recovery.affected,
            "reassigned": [item["appointment"] for item in recovery.reassigned],
            "moves": [item["appointment"] for item in recovery.moves],
            "stranded": [item["appointment"] for item in recovery.stranded],
        },
    )
    return recovery


@guarded
@durable
def accept_recovery(
    *,
    recovery: int,
    version: int | None = None,
    only: Collection[int] | None = None,
    actor: Actor,
    now: datetime,
) -> list[Appointment]:
    """Do what is proposed, or only for these visits; the visits that it is about, as they are then.

    Moves are judged anew under lock; stranded visits are to be rebooked and hold nothing. Asked
    again, the answer is the same and nothing changes. Recovery.DoesNotExist; PlanStale when the
    version is another one or a place is gone meanwhile: ask `replan` and look again.
    """
    row = Recovery.objects.select_for_update(of=("self",)).get(pk=recovery)
    site = Site.objects.select_related("organisation").get(pk=row.site_id)
    wanted = set(only) if only is not None else None
    open_items = {item["appointment"] for item in [*row.moves, *row.stranded]} - set(row.accepted)
    todo = open_items if wanted is None else open_items & wanted
    if version is not None and version != row.version and todo:
        raise PlanStale([_changed(row)])
    if row.status == Recovery.State.STALE and todo:
        raise PlanStale([_changed(row)])
    if todo:
        daybook.close_site(site)
        _move([item for item in row.moves if item["appointment"] in todo], site, actor, now)
        _strand([item for item in row.stranded if item["appointment"] in todo], actor, now)
        row.accepted = sorted({*row.accepted, *todo})
        if not open_items - todo:
            row.status, row.accepted_by, row.accepted_at = Recovery.State.ACCEPTED, actor.name, now
            row.improving_until = None
        row.updated_at = now
        row.save()
        record(
            actor=actor,
            now=now,
            action="recovery.accepted",
            subject=f"recovery:{row.pk}",
            site=site,
            after={"visits": sorted(todo), "status": row.status},
        )
    elif not open_items and row.status in (Recovery.State.IMPROVING, Recovery.State.READY):
        row.status, row.accepted_by, row.accepted_at = Recovery.State.ACCEPTED, actor.name, now
        row.save()
    told = row.accepted if wanted is None else [id for id in row.accepted if id in wanted]
    return list(Appointment.objects.filter(pk__in=told).order_by("starts_at", "pk"))


@guarded
@durable
def replan(*, recovery: int, actor: Actor, now: datetime) -> Recovery:
    """A fresh plan for what is still open, as the book stands now. Recovery.DoesNotExist."""
    row = Recovery.objects.select_for_update(of=("self",)).get(pk=recovery)
    site = Site.objects.select_related("organisation").get(pk=row.site_id)
    daybook.close_site(site)
    plans = _open_plans(row, site, now)
    _replace(row, plans, site, now)
    row.status = Recovery.State.READY
    row.save()
    return row


@guarded
@durable
def come_back(*, recovery: int, actor: Actor, now: datetime) -> Recovery:
    """They are well again, or the room is mended: the absence goes, and with it what is open.

    Visits that still wait get back what they lost where nobody has it meanwhile.
    """
    row = Recovery.objects.select_for_update(of=("self",)).get(pk=recovery)
    site = Site.objects.select_related("organisation").get(pk=row.site_id)
    daybook.close_site(site)
    if row.absence is not None:
        absence, row.absence = row.absence, None
        row.save(update_fields=["absence"])
        delete_absence(absence, site, Pen("absence", actor, now))
    if row.outage is not None:
        outage, row.outage = row.outage, None
        row.save(update_fields=["outage"])
        delete_outage(outage, Pen("outage", actor, now))
    waiting = Appointment.objects.filter(pk__in=row.affected, status=Status.UNCOVERED)
    for visit in waiting.order_by("starts_at"):
        try:
            with transaction.atomic():
                give_back(row.measures.get("freed", []), [visit.pk])
        except IntegrityError:
            continue
        _stands(visit, Status.BOOKED, "visit.covered", actor, now)
    publish([visit.pk for visit in waiting], now=now)
    row.status, row.improving_until, row.updated_at = Recovery.State.STALE, None, now
    row.save()
    return row


# Plans ------------------------------------------------------------------------------------------

Book = tuple[list[Appointment], dict[int, list[Claim]]]
"""The visits of a day, and what they held."""


def _book(site: Site, loss: Loss, affected: Collection[int]) -> dict[date, Book]:
    """The days that are touched, as they stood before: their visits and what they held."""
    first, last = (moment(at).astimezone(site.zone).date() for at in (loss.start, loss.end - 1))
    touched_here = Appointment.objects.filter(pk__in=affected, site=site)
    found: dict[date, Book] = {}
    for day in days_of(touched_here, site):
        if first - timedelta(days=1) <= day <= last:
            visits = visits_of(site, day)
            found[day] = (visits, held_by(visits))
    return found


def _plans(
    site: Site,
    book: Mapping[date, Book],
    loss: Loss,
    affected: set[int],
    now: datetime,
) -> Iterator[tuple[Problem, Site, RepairPlan]]:
    """A quick plan for each day; what loses the clinician it must have on site counts too."""
    for day, (visits, held) in book.items():
        problem = problem_of(
            site=site, day=day, loss=loss, visits=visits, held=held, affected=affected, now=now
        )
        if alone := unattended(problem) - affected:
            affected |= alone
            problem = problem_of(
                site=site, day=day, loss=loss, visits=visits, held=held, affected=affected, now=now
            )
        yield problem, site, quick(problem)


def _open_plans(row: Recovery, site: Site, now: datetime) -> list[tuple[Problem, RepairPlan]]:
    """Plans for the visits that still wait, as they stand; nobody else moves for them."""
    open_items = {item["appointment"] for item in [*row.moves, *row.stranded]} - set(row.accepted)
    waiting = Appointment.objects.filter(pk__in=open_items).exclude(status__in=ENDED)
    visits = list(waiting.select_related("patient", "series", "protocol_version"))
    held = held_by(visits)
    _remember(row, held)
    loss = Loss(None, row.cause, minute(row.starts_at), minute_up(row.ends_at))
    plans = []
    for day, ids in days_of(visits, site).items():
        own = [visit for visit in visits if visit.pk in ids]
        problem = problem_of(
            site=site, day=day, loss=loss, visits=own, held=held, affected=set(ids), now=now
        )
        plans.append((problem, quick(problem)))
    return plans


def _remember(row: Recovery, held: dict[int, list[Claim]]) -> None:
    """What a visit lost belongs to the place it was booked with."""
    for resource, lane, low, high, role, turnover, skills, visit in row.measures.get("freed", []):
        if visit in held and not any(
            claim.resource_id == resource and claim.start_minute == low for claim in held[visit]
        ):
            held[visit].append(
                Claim(
                    resource_id=resource,
                    lane=lane,
                    start_minute=low,
                    end_minute=high,
                    role=role,
                    turnover_minutes=turnover,
                    skills=skills,
                    appointment_id=visit,
                )
            )


def _keep(
    row: Recovery,
    plans: Sequence[tuple[Problem, Site, RepairPlan]],
    affected: set[int],
    actor: Actor,
    now: datetime,
) -> None:
    """Apply what nobody notices, mark what waits, and keep the rest as proposals."""
    kept = list(row.measures.get("freed", []))
    cost, waiting = 0, set[int]()
    for problem, site, plan in plans:
        mended = {one.visit: (one.place, one.monitoring) for one in (*plan.reassigned, *plan.kept)}
        waits = {one.visit for one in plan.moves} | {one.visit for one in plan.stranded}
        waits &= affected
        kept += make_way(waits, mended)
        rewrite(mended)
        repacked = repack(plan.repacked, problem.diary)
        publish([*mended, *repacked], now=now)
        row.reassigned += [_item(one, site) for one in plan.reassigned]
        row.moves += [_item(one, site) for one in plan.moves]
        row.stranded += [_stranded(one, problem, site) for one in plan.stranded]
        cost, waiting = cost + plan.measures.cost, waiting | waits
    told = {item["appointment"] for item in [*row.reassigned, *row.moves, *row.stranded]}
    row.reassigned += [_untouched(id) for id in sorted(affected - told)]
    row.affected = sorted(affected)
    for visit in Appointment.objects.filter(pk__in=waiting, status__in=AHEAD):
        _stands(visit, Status.UNCOVERED, "visit.uncovered", actor, now)
    publish(waiting, now=now)
    open_items = bool(row.moves or row.stranded)
    row.status = Recovery.State.IMPROVING if open_items else Recovery.State.READY
    row.improving_until = now + IMPROVED_FOR if open_items else None
    row.measures = {**row.measures, "freed": kept, "cost": cost}
    row.save()


def _replace(
    row: Recovery, plans: Sequence[tuple[Problem, RepairPlan]], site: Site, now: datetime
) -> None:
    done = set(row.accepted)
    row.moves = [item for item in row.moves if item["appointment"] in done]
    row.stranded = [item for item in row.stranded if item["appointment"] in done]
    for problem, plan in plans:
        row.moves += [_item(one, site) for one in (*plan.reassigned, *plan.moves)]
        row.stranded += [_stranded(one, problem, site) for one in plan.stranded]
    row.measures = {**row.measures, "cost": sum(plan.measures.cost for _, plan in plans)}
    row.version += 1
    row.updated_at = now


def _item(one: Repaired, site: Site) -> Item:
    """A visit with another nurse, room, clinician or time: what doors show, and the place."""
    start = one.place.start
    return {
        "appointment": one.visit,
        "from": local(start - one.shift, site),
        "to": local(start, site),
        "reason": one.reason,
        "place": {
            "start": start,
            "rooms": [
                [claim.resource, list(claim.lanes)]
                for claim in one.place.claims
                if claim.kind == "room"
            ],
            "clinicians": list(
                dict.fromkeys(c.resource for c in one.place.claims if c.kind == "staff")
            ),
        },
    }


def _stranded(one: Stranded, problem: Problem, site: Site) -> Item:
    return {
        "appointment": one.visit,
        "from": local(problem.by_id[one.visit].place.start, site),
        "to": None,
        "reason": one.reason,
        "options": [
            {"kind": way.kind, "words": way.words, "start": local(way.start, site)}
            for way in one.ways
        ],
    }


def _untouched(visit: int) -> Item:
    row = Appointment.objects.select_related("site").get(pk=visit)
    at = row.starts_at.astimezone(row.site.zone).isoformat()
    return {"appointment": visit, "from": at, "to": at, "reason": "Nothing changes for it."}


def _home(out: Out, before: Mapping[int, Mapping[date, Book]], affected: set[int]) -> Site:
    """The site with most of what is touched."""
    counts = {
        place.pk: sum(len(book[0]) for book in before[place.pk].values()) for place in out.sites
    }
    return max(out.sites, key=lambda place: (counts[place.pk], -place.pk))


# Doing it ---------------------------------------------------------------------------------------


def _move(items: Sequence[Item], site: Site, actor: Actor, now: datetime) -> None:
    """Each visit to its place, judged as the book stands; PlanStale when one cannot be there."""
    gone: list[Refusal] = []
    ids = [item["appointment"] for item in items]
    Claim.objects.filter(appointment__in=ids).exclude(role=Claim.Role.PATIENT).delete()
    for item in items:
        try:
            move_to(
                item["appointment"],
                item["place"],
                reason=item["reason"],
                because="recovery",
                actor=actor,
                now=now,
            )
        except Refused as no:
            gone += no.refusals
    if gone:
        raise PlanStale(gone)


def _strand(items: Sequence[Item], actor: Actor, now: datetime) -> None:
    """To be rebooked: they hold nothing any more. Whoever is in the chair stays there."""
    ids = [item["appointment"] for item in items]
    ahead = list(Appointment.objects.filter(pk__in=ids, status__in=AHEAD))
    Claim.objects.filter(appointment__in=ahead).delete()
    for visit in ahead:
        _stands(visit, Status.TO_REBOOK, "visit.to_rebook", actor, now)
    publish(ids, now=now)


def _stands(visit: Appointment, to: Status, action: str, actor: Actor, now: datetime) -> None:
    before = visit.status
    visit.status = to
    visit.updated_at = now
    if to == Status.TO_REBOOK:
        visit.sequence += 1
    visit.save(update_fields=["status", "sequence", "updated_at"])
    record(
        actor=actor,
        now=now,
        action=action,
        subject=f"appointment:{visit.pk}",
        site=visit.site_id,
        before={"status": before},
        after={"status": to},
    )


def _changed(row: Recovery) -> Refusal:
    message = f"This plan was replaced: look at version {row.version} before you accept it."
    return Refusal("plan_is_current", f"recovery:{row.pk}", message)
