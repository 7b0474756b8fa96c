"""Time off: asked for, answered, taken back. Approved, it is an absence like any other.

Each is one transaction. Errors: TimeOff.DoesNotExist; django's ValidationError by field;
`AlreadyAnswered` for a request that is not waiting any more; `WouldBreakVisits` with the booked
visits that need the person then. In none of them is anything saved.

Why somebody is off is between them and who decides: neither the absence nor the journal has it.
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError

from clinic.journal import Actor
from clinic.models import Absence, Staff, TimeOff
from clinic.services.absences import delete_absence, write_absence
from clinic.services.facts import Pen
from clinic.transactions import durable
from scheduling.services.around import Around
from scheduling.services.keeping import sites_of, visits_fit
from scheduling.services.recovering import give_back_all, restore_lost

SAID = "Time off"
STANDING = (TimeOff.State.ASKED, TimeOff.State.APPROVED)


class AlreadyAnswered(Exception):
    """Somebody else decided first, or the request was withdrawn, or the time is over."""

    def __init__(self, request: TimeOff) -> None:
        super().__init__(f"This request was {request.get_state_display().lower()} already.")
        self.request = request


@durable
def ask_time_off(
    *,
    staff: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> TimeOff:
    """Somebody asks to be off for [starts_at, ends_at); it blocks nothing until it is approved."""
    pen = Pen("time_off", actor, now)
    row = _new(_in_hand(staff), starts_at, ends_at, reason, now)
    _note("asked", row, pen)
    return row


@durable
def give_time_off(
    *,
    staff: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str = "",
    plan_around: bool = False,
    actor: Actor,
    now: datetime,
) -> TimeOff:
    """Somebody is off: asked and approved in one, at a time at which no visit needs them.

    With `plan_around` also where visits do: a recovery is opened over them.
    """
    pen = Pen("time_off", actor, now)
    row = _new(_in_hand(staff), starts_at, ends_at, reason, now)
    _grant(row, "", pen, plan_around=plan_around)
    return row


@durable
def approve_time_off(
    *,
    time_off: int,
    answer: str = "",
    plan_around: bool = False,
    actor: Actor,
    now: datetime,
) -> TimeOff:
    """The person is off; refused while booked visits need them.

    With `plan_around` a recovery is opened over those visits instead.
    """
    row = _waiting(time_off, now)
    _grant(row, answer, Pen("time_off", actor, now), plan_around=plan_around)
    return row


@durable
def decline_time_off(*, time_off: int, answer: str, actor: Actor, now: datetime) -> TimeOff:
    """No, with a word on why."""
    row = _waiting(time_off, now)
    if not answer.strip():
        raise ValidationError({"answer": "Say in a word why not; they will read it."})
    _answer(row, TimeOff.State.DECLINED, answer, Pen("time_off", actor, now))
    _note("declined", row, Pen("time_off", actor, now))
    return row


@durable
def withdraw_time_off(*, time_off: int, actor: Actor, now: datetime) -> TimeOff:
    """The request is taken back; approved, the person works as their week says again."""
    row = _in_hand_request(time_off)
    if row.state not in STANDING or row.ends_at <= now:
        raise AlreadyAnswered(row)
    absence, row.state, row.absence = row.absence, TimeOff.State.WITHDRAWN, None
    row.save(update_fields=["state", "absence"])
    if absence:
        waiting = give_back_all(absence)
        delete_absence(absence, None, Pen("absence", actor, now))
        for recovery in waiting:
            restore_lost(recovery, actor, now)
    _note("withdrawn", row, Pen("time_off", actor, now))
    return row


def _new(
    person: Staff, starts_at: datetime, ends_at: datetime, reason: str, now: datetime
) -> TimeOff:
    row = TimeOff(
        staff=person,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.strip(),
        asked_at=now,
    )
    if ends_at <= starts_at:
        raise ValidationError({"last": "It ends before it begins."})
    if ends_at <= now:
        raise ValidationError({"first": "That is over; choose a time to come."})
    row.full_clean()
    theirs = TimeOff.objects.filter(staff=person, state__in=STANDING)
    if theirs.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
        raise ValidationError(
            {"first": "Time off in these days is asked for or approved already; withdraw it first."}
        )
    row.save()
    return row


def _grant(row: TimeOff, answer: str, pen: Pen, *, plan_around: bool) -> None:
    who = row.staff
    around = Around(who.pk, who.name, f"{who.name}: {SAID.lower()}", pen.actor, pen.now)
    with visits_fit(
        sites_of(row.staff_id),
        now=pen.now,
        start=row.starts_at,
        end=row.ends_at,
        otherwise=around if plan_around else None,
    ):
        row.absence = around.absence = _absence(row, pen)
    _answer(row, TimeOff.State.APPROVED, answer, pen)
    _note("approved", row, pen)


def _absence(row: TimeOff, pen: Pen) -> Absence:
    return write_absence(
        row.staff.resource,
        None,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        reason=SAID,
        pen=Pen("absence", pen.actor, pen.now),
    )


def _answer(row: TimeOff, state: TimeOff.State, answer: str, pen: Pen) -> None:
    row.state, row.answer = state, answer.strip()
    row.decided_at, row.decided_by = pen.now, pen.actor.name
    row.full_clean()
    row.save()


def _in_hand(staff: int) -> Staff:
    """The person, kept from other edits until this one ends, so that requests do not overlap."""
    people = Staff.objects.select_for_update(of=("self",), no_key=True)
    return people.select_related("resource").get(pk=staff)


def _in_hand_request(time_off: int) -> TimeOff:
    """The request, kept from others. Its absence is not joined: while one waits for the lock,
    PostgreSQL brings the locked row up to date and not what is joined to it."""
    requests = TimeOff.objects.select_for_update(of=("self",))
    return requests.select_related("staff__resource").get(pk=time_off)


def _waiting(time_off: int, now: datetime) -> TimeOff:
    row = _in_hand_request(time_off)
    if row.state != TimeOff.State.ASKED or row.ends_at <= now:
        raise AlreadyAnswered(row)
    return row


def _note(what: str, row: TimeOff, pen: Pen) -> None:
    after = {"staff": row.staff_id, "starts_at": row.starts_at, "ends_at": row.ends_at}
    pen.note(what, row, None, None, {key: str(value) for key, value in after.items()})
