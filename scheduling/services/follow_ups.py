"""What is due around a series: kept in step with its visits, told when it opens, done or dropped.

Each is one transaction. Errors: FollowUp.DoesNotExist; `NotDue` for one that is settled already.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.db.models import Q

from clinic.journal import Actor, record
from clinic.models import Journal, Site
from clinic.transactions import durable
from scheduling import catalogue
from scheduling.errors import ProposalUnknown
from scheduling.models import Appointment, FollowUp, ProtocolVersion, Series, Status
from scheduling.models.series import GONE
from scheduling.planner.following import Booster, Due, booster_of, due_points
from scheduling.planner.single import ANYTHING, Wish
from scheduling.services.booking import enter_series, enter_visit, guarded
from scheduling.tokens import link_secret, open_token, secret_hash

SYSTEM = Actor(name="Chairtime", door="task")
OPEN = (FollowUp.State.DUE, FollowUp.State.BOOKED)
FOR_PATIENTS = (FollowUp.Kind.VISIT, FollowUp.Kind.TELEPHONE, FollowUp.Kind.QUESTIONNAIRE)


class NotDue(Exception):
    """Somebody settled it already, or it was taken away with its series."""

    def __init__(self, follow_up: FollowUp) -> None:
        super().__init__(f"“{follow_up.name}” is {follow_up.get_state_display().lower()} already.")
        self.follow_up = follow_up


@durable
def refresh_follow_ups(*, series: int, now: datetime) -> int:
    """Bring what is due around a series up to date with its visits; how many rows changed.

    Idempotent. What is settled stays as it is, whatever happens to the series.
    """
    course = Series.objects.select_for_update(of=("self",), no_key=True).get(pk=series)
    version = ProtocolVersion.objects.get(pk=course.protocol_version_id)
    site = Site.objects.get(pk=course.site_id)
    visits = list(Appointment.objects.filter(series=course).order_by("starts_at"))
    over = {visit.step: visit for visit in visits if visit.status == Status.DISCHARGED}
    wanted = due_points(
        catalogue.extended(version.definition, over),
        d0=course.d0,
        booked_on=course.created_at.astimezone(site.zone).date(),
        discharged={step: _date(visit.starts_at, site) for step, visit in over.items()},
        running=course.status != Series.State.CANCELLED,
        booster=_booster(version),
    )
    known = {row.key: row for row in FollowUp.objects.filter(series=course)}
    changed = [_keep(known[point.key], point, now) for point in wanted if point.key in known]
    fresh = [point for point in wanted if point.key not in known]
    FollowUp.objects.bulk_create(_row(course, point, over, now) for point in fresh)
    keys = {point.key for point in wanted}
    gone = [row for row in known.values() if row.key not in keys and row.state == "due"]
    FollowUp.objects.filter(pk__in=[row.pk for row in gone]).delete()
    return sum(changed) + len(fresh) + len(gone)


@durable
def settle_by_visit(*, visit: int, actor: Actor, now: datetime) -> int:
    """A follow-up whose visit is over is done; one whose visit was given up is due again."""
    rows = FollowUp.objects.select_for_update(of=("self",)).filter(
        appointment=visit, state=FollowUp.State.BOOKED
    )
    stands = Appointment.objects.values_list("status", flat=True).get(pk=visit)
    for row in rows:
        if stands in GONE:
            reopen(row, actor=actor, now=now)
        elif stands == Status.DISCHARGED:
            row.done_at, row.done_by = now, actor.name
            _write(row, FollowUp.State.DONE, row.note, "follow_up.done", actor, now)
    return len(rows)


def follow_up_of(entry: Journal) -> None:
    """What follows from a change of a visit or a series: its follow-ups come up to date."""
    kind, _, number = entry.subject.partition(":")
    id = int(number)
    if kind == "appointment":
        settle_by_visit(visit=id, actor=Actor(name=entry.actor, door=entry.door), now=entry.at)
        found = Appointment.objects.filter(pk=id).values_list("series", flat=True).first()
        if found is None:
            return
        id = found
    refresh_follow_ups(series=id, now=entry.at)


def refresh_changed(*, within: timedelta, now: datetime) -> int:
    """The same for every series booked or changed within that time; how many rows changed.

    Bookings wait for this, so that they are quick; it also finds what a stopped process left.
    """
    changed = Series.objects.filter(
        Q(updated_at__gte=now - within) | Q(appointments__updated_at__gte=now - within)
    )
    ids = changed.order_by().values_list("pk", flat=True).distinct()
    return sum(refresh_follow_ups(series=id, now=now) for id in list(ids))


@durable
def announce_follow_ups(*, now: datetime) -> int:
    """Tell of what patients can do from today on, each once; how many there were."""
    opening = FollowUp.objects.select_for_update(of=("self",)).filter(
        state=FollowUp.State.DUE,
        kind__in=FOR_PATIENTS,
        secret_hash="",
        opens_on__lte=now.date() + timedelta(days=1),
    )
    sites = Site.objects.in_bulk()
    told = [row for row in opening if row.opens_on <= _date(now, sites[row.site_id])]
    for row in told:
        row.secret_hash = secret_hash(link_secret("follow_up", row.pk))
        record(
            actor=SYSTEM,
            now=now,
            action="follow_up.due",
            subject=f"follow_up:{row.pk}",
            site=row.site_id,
            after={"patient": row.patient_id, "due_on": row.due_on.isoformat(), "kind": row.kind},
        )
    FollowUp.objects.bulk_update(told, ["secret_hash"])
    return len(told)


@durable
def finish_follow_up(*, follow_up: int, note: str = "", actor: Actor, now: datetime) -> FollowUp:
    """It is done: the call made, the measure taken, the visit over."""
    return _settle(follow_up, FollowUp.State.DONE, note, actor, now)


@durable
def drop_follow_up(*, follow_up: int, note: str, actor: Actor, now: datetime) -> FollowUp:
    """It will not be done, with a word on why."""
    return _settle(follow_up, FollowUp.State.DROPPED, note, actor, now)


@durable
def reopen_follow_up(*, follow_up: int, actor: Actor, now: datetime) -> FollowUp:
    """It is due again: it was settled by mistake, or its visit was cancelled."""
    row = FollowUp.objects.select_for_update(of=("self",)).get(pk=follow_up)
    if row.state == FollowUp.State.DUE:
        raise NotDue(row)
    reopen(row, actor=actor, now=now)
    return row


@durable
def ask_for_call(*, follow_up: int, wish: str, actor: Actor, now: datetime) -> FollowUp:
    """A patient says when they had best be rung."""
    row = _open_row(follow_up)
    _write(row, row.state, wish, "follow_up.wished", actor, now)
    return row


@guarded
@durable
def book_follow_up_visit(
    *,
    follow_up: int,
    version: ProtocolVersion,
    step: str,
    starts_at: datetime,
    wish: Wish = ANYTHING,
    actor: Actor,
    now: datetime,
) -> Appointment:
    """Book one visit for it. NotDue, and what `booking.book_visit` raises; nothing saved then."""
    row = _due_row(follow_up)
    visit = enter_visit(
        patient=row.patient,
        site=row.site,
        version=version,
        step=step,
        starts_at=starts_at,
        wish=wish,
        actor=actor,
        now=now,
    )
    _link(row, visit, actor, now)
    return visit


@guarded
@durable
def book_follow_up_series(*, follow_up: int, token: str, actor: Actor, now: datetime) -> Series:
    """Book a proposal for it, as a maintenance infusion. As `booking.book_series`, and NotDue."""
    row = _due_row(follow_up)
    if open_token(token, now=now).patient != row.patient_id:
        raise ProposalUnknown
    series = enter_series(token=token, actor=actor, now=now)
    first = Appointment.objects.filter(series=series).order_by("starts_at")[0]
    _link(row, first, actor, now)
    return series


def _link(row: FollowUp, visit: Appointment, actor: Actor, now: datetime) -> None:
    row.appointment = visit
    _write(row, FollowUp.State.BOOKED, row.note, "follow_up.booked", actor, now)


def reopen(row: FollowUp, *, actor: Actor, now: datetime) -> None:
    """Due again, within a transaction that has the row locked."""
    row.appointment, row.done_at, row.done_by = None, None, ""
    _write(row, FollowUp.State.DUE, row.note, "follow_up.reopened", actor, now)


def _settle(id: int, state: FollowUp.State, note: str, actor: Actor, now: datetime) -> FollowUp:
    row = _open_row(id)
    row.done_at, row.done_by = now, actor.name
    _write(row, state, note.strip() or row.note, f"follow_up.{state}", actor, now)
    return row


def _open_row(id: int) -> FollowUp:
    row = FollowUp.objects.select_for_update(of=("self",)).get(pk=id)
    if row.state not in OPEN:
        raise NotDue(row)
    return row


def _due_row(id: int) -> FollowUp:
    row = _open_row(id)
    if row.state != FollowUp.State.DUE:
        raise NotDue(row)
    return row


def _write(row: FollowUp, state: str, note: str, action: str, actor: Actor, now: datetime) -> None:
    before = {"state": row.state}
    row.state, row.note, row.updated_at = FollowUp.State(state), note, now
    row.full_clean(exclude=["series", "patient", "site", "protocol_version", "after"])
    row.save()
    record(
        actor=actor,
        now=now,
        action=action,
        subject=f"follow_up:{row.pk}",
        site=row.site_id,
        before=before,
        after={"state": row.state, "appointment": row.appointment_id},
    )


def _row(course: Series, point: Due, over: Mapping[str, Appointment], now: datetime) -> FollowUp:
    return FollowUp(
        patient_id=course.patient_id,
        site_id=course.site_id,
        series=course,
        protocol_version_id=course.protocol_version_id,
        after=over.get(point.after),
        key=point.key,
        kind=point.kind,
        name=point.name,
        measures=list(point.measures),
        opens_on=point.opens,
        due_on=point.due,
        closes_on=point.closes,
        created_at=now,
        updated_at=now,
    )


def _keep(row: FollowUp, point: Due, now: datetime) -> bool:
    """The dates follow the visit they are counted from, while it is due."""
    days = (point.opens, point.due, point.closes)
    if row.state != FollowUp.State.DUE or (row.opens_on, row.due_on, row.closes_on) == days:
        return False
    row.opens_on, row.due_on, row.closes_on = days
    row.updated_at = now
    row.save(update_fields=["opens_on", "due_on", "closes_on", "updated_at"])
    return True


def _booster(version: ProtocolVersion) -> Booster | None:
    key = version.definition.get("continues", "")
    rows = ProtocolVersion.objects.filter(protocol__key=key, protocol__retired=False)
    newest = rows.order_by("-version").first()
    return booster_of(newest.definition) if newest else None


def _date(at: datetime, site: Site) -> date:
    return at.astimezone(site.zone).date()
