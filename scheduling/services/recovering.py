"""Somebody, a room or a site is out: what that touches, what is mended at once, what is proposed.

`call_out` frees what is out in its own transaction, lets other nurses and rooms step in where no
patient notices, and keeps a plan for the rest. A task betters that plan until somebody accepts it,
whole or in parts; what is accepted is judged anew under lock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from clinic.journal import Actor, record
from clinic.models import Absence, Outage, Room, Site
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
from scheduling.errors import PlanStale, Refused
from scheduling.models import Appointment, Claim, Recovery, Status
from scheduling.planner.plans import Refusal
from scheduling.planner.repair import quick
from scheduling.planner.repair_problem import Loss
from scheduling.services.booking import guarded
from scheduling.services.entries import publish
from scheduling.services.losses import Out, free, give_back, out_of, touched, yield_to
from scheduling.services.moving import move_to
from scheduling.services.remedies import (
    AT_ONCE,
    SOON,
    Book,
    Item,
    Remedy,
    attended_books,
    books_of,
    close_sites,
    keep,
    lost_items,
    open_items,
    problems_now,
    remedies,
    since,
    stands,
    with_companions,
)

OPEN = (Recovery.State.IMPROVING, Recovery.State.READY)


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
    books = _books(out, affected, person=staff)
    absence, outage = _written(out, starts_at, ends_at, reason, Pen("absence", actor, now))
    row = Recovery(
        site=_home(books, out.sites),
        absence=absence,
        outage=outage,
        cause=f"{out.loss.name}: {reason}"[:200] if reason else out.loss.name,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    return _opened(row, out.loss, books, affected, actor, now)


def open_over(
    breaks: Iterable[int],
    *,
    resource: int | None,
    name: str,
    site: Site,
    cause: str,
    absence: Absence | None = None,
    actor: Actor,
    now: datetime,
) -> Recovery:
    """A recovery over visits that an edit of facts broke, within its transaction.

    The visits lose the resource that was edited, or all but their patient's time where it was the
    site; with an absence only while that lasts. The sites are closed to others already.
    """
    affected = set(breaks)
    books = books_of(affected)
    rows = Appointment.objects.filter(pk__in=affected)
    low = max(minute_up(now), min(minute(at) for at in rows.values_list("starts_at", flat=True)))
    high = max(minute_up(at) for at in rows.values_list("ends_at", flat=True))
    if absence:
        low, high = max(low, minute(absence.starts_at)), minute_up(absence.ends_at)
    row = Recovery(
        site=_home(books, [site]),
        absence=absence,
        cause=cause[:200],
        starts_at=moment(low),
        ends_at=moment(max(high, low + 1)),
    )
    return _opened(row, Loss(resource, name, low, max(high, low + 1)), books, affected, actor, now)


def accept_recovery(
    *,
    recovery: int,
    version: int | None = None,
    only: Collection[int] | None = None,
    actor: Actor,
    now: datetime,
) -> list[Appointment]:
    """Do what is proposed, or only for these visits; the visits that it is about, as they are then.

    With `only`, those that have to move for them come along (an item's "with").
    Moves are judged anew under lock; stranded visits are to be rebooked and hold nothing. Asked
    again, the answer is the same and nothing changes. Recovery.DoesNotExist; PlanStale when the
    version is another one, or when a place is gone meanwhile: another plan was made then.
    """
    try:
        return _accept(recovery=recovery, version=version, only=only, actor=actor, now=now)
    except PlanStale:
        raise
    except Refused as gone:
        fresh = replan(recovery=recovery, actor=actor, now=now)
        raise PlanStale([_changed(fresh), *gone.refusals]) from gone


@guarded
@durable
def _accept(
    *,
    recovery: int,
    version: int | None,
    only: Collection[int] | None,
    actor: Actor,
    now: datetime,
) -> list[Appointment]:
    row = _in_hand(recovery)
    close_sites(row)
    waiting = open_items(row)
    wanted = None if only is None else with_companions(row, only)
    todo = waiting if wanted is None else waiting & wanted
    if todo and version not in (None, row.version):
        raise PlanStale([_changed(row)])
    moves = [item for item in row.moves if item["appointment"] in todo]
    _strand([item for item in row.stranded if item["appointment"] in todo], actor, now)
    _move(row, moves, waiting - todo, actor, now)
    row.accepted = sorted({*row.accepted, *todo})
    if waiting == todo and row.status in OPEN:
        row.status, row.accepted_by, row.accepted_at = Recovery.State.ACCEPTED, actor.name, now
        row.improving_until = None
    if todo:
        row.updated_at = now
        record(
            actor=actor,
            now=now,
            action="recovery.accepted",
            subject=f"recovery:{row.pk}",
            site=row.site_id,
            after={"visits": sorted(todo), "status": row.status},
        )
    row.save()
    told = row.accepted if wanted is None else [id for id in row.accepted if id in wanted]
    return list(Appointment.objects.filter(pk__in=told).order_by("starts_at", "pk"))


@guarded
@durable
def replan(*, recovery: int, actor: Actor, now: datetime) -> Recovery:
    """A fresh plan for what is still open, as the book stands now. Recovery.DoesNotExist."""
    row = _in_hand(recovery)
    close_sites(row)
    _plan_anew(row, actor, now)
    return row


@guarded
@durable
def come_back(*, recovery: int, actor: Actor, now: datetime) -> Recovery:
    """They are well again, or the room is mended: the absence goes, and with it what is open.

    Visits that still wait get back what they lost where nobody has it meanwhile; for others there
    is a fresh plan.
    """
    row = _in_hand(recovery)
    close_sites(row)
    absence, outage = row.absence, row.outage
    row.absence = row.outage = None
    row.save(update_fields=["absence", "outage"])
    if absence:
        room = Room.objects.filter(pk=absence.resource_id).select_related("site").first()
        delete_absence(absence, room.site if room else None, Pen("absence", actor, now))
    if outage:
        delete_outage(outage, Pen("outage", actor, now))
    restore_lost(row, actor, now)
    return row


def restore_lost(row: Recovery, actor: Actor, now: datetime) -> None:
    """The cause of a recovery is gone: its visits get back what they lost, within a transaction."""
    waiting = open_items(row)
    visits = Appointment.objects.filter(pk__in=waiting).order_by("starts_at", "pk")
    for visit in visits:
        try:
            with transaction.atomic():
                give_back(row.measures.get("freed", []), [visit.pk])
        except IntegrityError:
            continue  # somebody else has it: a fresh plan looks for another place
        waiting.discard(visit.pk)
        if visit.status == Status.UNCOVERED:
            stands(visit, Status.BOOKED, "visit.covered", actor, now)
    publish([visit.pk for visit in visits], now=now)
    if waiting:
        _drop_items(row, set(row.affected) - waiting)
        _plan_anew(row, actor, now)
    else:
        row.status, row.improving_until, row.updated_at = Recovery.State.STALE, None, now
        row.save()


def give_back_all(absence: Absence) -> list[Recovery]:
    """The recoveries that wait because of an absence, in hand, for `restore_lost` once it is gone.

    Their sites are closed to others; within an open transaction.
    """
    rows = Recovery.objects.select_for_update(of=("self",)).filter(absence=absence, status__in=OPEN)
    found = list(rows.order_by("pk"))
    for row in found:
        close_sites(row)
        row.absence = None
        row.save(update_fields=["absence"])
    return found


# What they share --------------------------------------------------------------------------------


def _in_hand(recovery: int) -> Recovery:
    return Recovery.objects.select_for_update(of=("self",)).get(pk=recovery)


def _written(
    out: Out, starts_at: datetime, ends_at: datetime, reason: str, pen: Pen
) -> tuple[Absence | None, Outage | None]:
    if out.resource is None:
        pen = Pen("outage", pen.actor, pen.now)
        [site] = out.sites
        outage = write_outage(site, starts_at=starts_at, ends_at=ends_at, reason=reason, pen=pen)
        return None, outage
    room = Room.objects.filter(pk=out.resource.pk).select_related("site").first()
    absence = write_absence(
        out.resource,
        room.site if room else None,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        pen=pen,
    )
    return absence, None


def _books(out: Out, affected: Collection[int], *, person: int | None) -> list[Book]:
    """The days that are touched, as they stand, those included that only need somebody there."""
    books = {(book.site.pk, book.day): book for book in books_of(affected)}
    for site in out.sites if person is not None else ():
        first, last = (
            moment(at).astimezone(site.zone).date() for at in (out.loss.start, out.loss.end - 1)
        )
        for book in attended_books(site, person or 0, first, last):
            books.setdefault((site.pk, book.day), book)
    return [books[key] for key in sorted(books)]


def _home(books: Sequence[Book], sites: Sequence[Site]) -> Site:
    """The site with most of what is touched."""
    counts: dict[int, int] = {}
    for book in books:
        counts[book.site.pk] = counts.get(book.site.pk, 0) + len(book.visits)
    known = {site.pk: site for site in (*sites, *(book.site for book in books))}
    return max(known.values(), key=lambda site: (counts.get(site.pk, 0), -site.pk))


def _opened(
    row: Recovery,
    loss: Loss,
    books: Sequence[Book],
    affected: set[int],
    actor: Actor,
    now: datetime,
) -> Recovery:
    """Free what is lost, plan the days, and keep the plan; the row is new."""
    freed = free(loss.resource, (loss.start, loss.end), affected)
    row.created_by, row.created_at, row.updated_at = actor.name, now, now
    row.measures = {
        "freed": freed,
        "since": since(row, freed),
        "name": loss.name,
        "resource": loss.resource,
    }
    found, later = remedies(books, loss, affected, now)
    row.save()
    keep(row, found, affected=affected, later=later, actor=actor, now=now)
    _await(row, now)
    record(
        actor=actor,
        now=now,
        action="recovery.opened",
        subject=f"recovery:{row.pk}",
        site=row.site,
        after={
            "affected": row.affected,
            "reassigned": [item["appointment"] for item in row.reassigned],
            "moves": [item["appointment"] for item in row.moves],
            "stranded": [item["appointment"] for item in row.stranded],
            "status": row.status,
        },
    )
    return row


def _await(row: Recovery, now: datetime) -> None:
    """Saved, and a worker expected to better it where something is proposed."""
    proposed = bool(row.moves or row.stranded)
    row.status = Recovery.State.IMPROVING if proposed else Recovery.State.READY
    row.improving_until = now + SOON if proposed else None
    row.save()


def _plan_anew(row: Recovery, actor: Actor, now: datetime) -> None:
    """Quick plans for what still waits, in place of those that were."""
    waiting = lost_items(row)
    found = [Remedy(site, task, quick(task)) for site, task in problems_now(row, now)[:AT_ONCE]]
    row.moves = [item for item in row.moves if not item.get("for_others")]
    keep(row, found, affected=waiting, actor=actor, now=now)
    row.version += 1
    _await(row, now)
    record(
        actor=actor,
        now=now,
        action="recovery.replanned",
        subject=f"recovery:{row.pk}",
        site=row.site_id,
        after={
            "version": row.version,
            "moves": [item["appointment"] for item in row.moves],
            "stranded": [item["appointment"] for item in row.stranded],
        },
    )


def _drop_items(row: Recovery, settled: Collection[int]) -> None:
    """What is settled without a proposal is listed as unchanged by the next plan."""
    done = set(settled) - set(row.accepted)
    row.moves = [item for item in row.moves if item["appointment"] not in done]
    row.stranded = [item for item in row.stranded if item["appointment"] not in done]


# Doing it ---------------------------------------------------------------------------------------


def _move(
    row: Recovery, items: Sequence[Item], waits: Collection[int], actor: Actor, now: datetime
) -> None:
    """Each visit to its place, judged as the book stands; Refused when one cannot be there.

    Visits that wait on keep what they have, but not against one that finds its place.
    """
    gone: list[Refusal] = []
    ids = [item["appointment"] for item in items]
    Claim.objects.filter(appointment__in=ids).exclude(role=Claim.Role.PATIENT).delete()
    uncovered = Appointment.objects.filter(pk__in=waits, status=Status.UNCOVERED)
    waiting = list(uncovered.values_list("pk", flat=True))
    let_go = list(row.measures.get("freed", []))
    for item in items:
        let_go += _make_room(item, waiting) if waiting else []
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
        raise Refused(gone)
    publish(waiting, now=now)
    row.measures = {**row.measures, "freed": let_go}


def _make_room(item: Item, waiting: Collection[int]) -> list[list[object]]:
    place = item["place"]
    visit = Appointment.objects.get(pk=item["appointment"])
    minutes = minute_up(visit.ends_at) - minute(visit.starts_at)
    rooms = dict(place["rooms"])
    turnover = Room.objects.filter(pk__in=rooms).values_list("turnover_minutes", flat=True)
    span = (place["start"], place["start"] + minutes + max(turnover, default=0))
    return yield_to({**rooms, **dict.fromkeys(place["clinicians"], ())}, span, waiting)


def _strand(items: Sequence[Item], actor: Actor, now: datetime) -> None:
    """To be rebooked: they hold nothing any more. Whoever is in the chair stays there."""
    ids = [item["appointment"] for item in items]
    waiting = list(Appointment.objects.filter(pk__in=ids, status=Status.UNCOVERED))
    Claim.objects.filter(appointment__in=waiting).delete()
    for visit in waiting:
        stands(visit, Status.TO_REBOOK, "visit.to_rebook", actor, now)
    publish(ids, now=now)


def _changed(row: Recovery) -> Refusal:
    message = f"This plan was replaced: look at version {row.version} before you accept it."
    return Refusal("plan_is_current", f"recovery:{row.pk}", message)
