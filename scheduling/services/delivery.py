"""Let messages leave, each once: taken, marked as handed over, handed over, marked as sent.

The mark is committed before anything leaves. What happens to a message whose worker dies between
the two marks depends on the way out: one that knows our id may be asked again; of another it is
unknown whether it was sent, and the desk decides. See docs/decisions/0026.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from clinic.journal import Actor, record
from clinic.models import Patient
from clinic.transactions import durable
from scheduling.messaging.adapters import Adapter, NotAccepted, Outgoing, Unsure, adapter_for
from scheduling.messaging.words import VISIT_KINDS
from scheduling.models import Appointment, FollowUp, Message, Offer
from scheduling.services.composing import address, cannot, fact
from scheduling.services.messages import TRIED_FOR, tell_patient
from scheduling.tokens import link_secret

State = Message.State
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
SPREAD = 0.25
AT_MOST = 500
UNKNOWN = "The worker died while it was handed over: it may have been sent, or not."
TOO_LATE = "It could not be sent in time."
PATHS = {"offer": "offers", "follow_up": "follow-ups"}
NEEDS_SOMEBODY = (State.FAILED, State.UNKNOWN, State.SUPPRESSED)

log = logging.getLogger("chairtime.messages")
Clock = Callable[[], datetime]
Dice = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Taken:
    """A message marked as handed over, the attempt that it is, and how it is to leave."""

    message: Message
    adapter: Adapter


class NotSendable(Exception):
    """It is on its way or was sent: there is nothing to send again or to settle."""


def send_due(*, clock: Clock, dice: Dice, at_most: int = AT_MOST) -> int:
    """Send what is due, one after another; how many left.

    `clock` is asked anew for each; `dice` gives 0 to 1 and spreads the next attempts.
    """
    give_up_lost(now=clock())
    sent = 0
    for _ in range(at_most):
        taken = take_next(now=clock())
        if taken is None:
            break
        if isinstance(taken, Taken):
            sent += _hand_over(taken, clock, dice)
        else:
            tell_patient(
                patient=taken.patient_id,
                site=taken.site_id,
                visits=[one["id"] for one in taken.visits],
                now=clock(),
            )
    return sent


def _hand_over(taken: Taken, clock: Clock, dice: Dice) -> bool:
    """Outside any transaction: what is remote may be slow."""
    row = taken.message
    try:
        receipt = taken.adapter.send(outgoing(row))
    except NotAccepted as error:
        close(message=row.pk, attempt=row.attempts, state=State.FAILED, reason=str(error))
        return False
    except Unsure as error:
        close(message=row.pk, attempt=row.attempts, state=State.UNKNOWN, reason=str(error))
        return False
    except Exception as error:
        log.warning("Message %s could not be handed over: %s.", row.pk, type(error).__name__)
        put_back(message=row.pk, attempt=row.attempts, why=error, dice=dice(), now=clock())
        return False
    note_sent(message=row.pk, attempt=row.attempts, reference=receipt.reference, now=clock())
    return True


@durable
def give_up_lost(*, now: datetime) -> int:
    """Messages whose worker died while it handed them over: asked again, or unknown for good."""
    lost = Message.objects.select_for_update(of=("self",), skip_locked=True).filter(
        state=State.SENDING, leased_until__lte=now
    )
    rows = list(lost.order_by("pk"))
    for row in rows:
        person = Patient.objects.only("is_demo").get(pk=row.patient_id)
        if adapter_for(row.channel, demo=person.is_demo).repeatable:
            row.state, row.due_at = State.QUEUED, now
        else:
            row.state, row.reason = State.UNKNOWN, UNKNOWN
        row.leased_until = None
        row.save(update_fields=["state", "reason", "due_at", "leased_until"])
    return len(rows)


@durable
def take_next(*, now: datetime) -> Taken | Message | None:
    """The next message that is due, marked as handed over from now on; None when there is none.

    One that is not to be sent any more is marked so and passed over. A message about visits that
    have changed since is given back as it is, for its patient to be told anew.
    """
    while True:
        due = Message.objects.select_for_update(of=("self",), skip_locked=True).filter(
            state=State.QUEUED, due_at__lte=now
        )
        row = due.order_by("due_at", "pk").first()
        if row is None:
            return None
        patient = Patient.objects.get(pk=row.patient_id)
        if row.not_after and row.not_after <= now:
            row.state, row.reason = State.FAILED, row.reason or TOO_LATE
        elif not (to := address(patient, row.channel)):
            row.state, row.reason = State.SUPPRESSED, cannot(patient, row.channel)
        elif not _is_true(row):
            if row.kind in VISIT_KINDS:
                row.due_at = now + BACK_OFF[0]
                row.save(update_fields=["due_at"])
                return row
            row.state, row.reason = State.WITHDRAWN, "It is not true any more."
        elif not _is_open(row, now):
            row.state, row.reason = State.WITHDRAWN, "It is settled already."
        else:
            row.state, row.to = State.SENDING, to
            row.attempts += 1
            row.leased_until = now + timedelta(seconds=settings.MESSAGE_LEASE_SECONDS)
            row.save(update_fields=["state", "to", "attempts", "leased_until"])
            return Taken(row, adapter_for(row.channel, demo=patient.is_demo))
        row.save(update_fields=["state", "reason"])


@durable
def note_sent(*, message: int, attempt: int, reference: str, now: datetime) -> bool:
    """It was taken over; also when that took so long that it was given up meanwhile."""
    return bool(
        Message.objects.filter(
            pk=message, attempts=attempt, state__in=(State.SENDING, State.UNKNOWN, State.QUEUED)
        ).update(
            state=State.SENT, sent_at=now, receipt=reference[:200], reason="", leased_until=None
        )
    )


@durable
def close(*, message: int, attempt: int, state: State, reason: str) -> bool:
    """It was refused, or nobody knows."""
    return bool(_mine(message, attempt).update(state=state, reason=reason, leased_until=None))


@durable
def put_back(*, message: int, attempt: int, why: Exception, dice: float, now: datetime) -> bool:
    """It was not taken over: tried again after a while, the longer the more often it failed.

    `dice`, 0 to 1, spreads the attempts by a quarter, so that they do not come all at once.
    """
    pause = BACK_OFF[min(attempt, len(BACK_OFF)) - 1] * (1 + SPREAD * dice)
    row = _mine(message, attempt).first()
    if row is None:
        return False
    late = row.not_after is not None and now + pause >= row.not_after
    row.state = State.FAILED if late else State.QUEUED
    row.reason = f"Not taken over ({type(why).__name__})."
    row.due_at, row.leased_until = now + pause, None
    row.save(update_fields=["state", "reason", "due_at", "leased_until"])
    return True


@durable
def send_again(*, message: int, actor: Actor, now: datetime) -> Message:
    """Queue one that failed, or of which nobody knows, as a message of its own; that one.

    NotSendable; django's ValidationError where there is no address to send it to.
    """
    row = _unsettled(message)
    patient = Patient.objects.get(pk=row.patient_id)
    to = address(patient, row.channel)
    if not to:
        raise ValidationError(cannot(patient, row.channel))
    again = Message.objects.create(
        key=f"again:{row.pk}:{row.channel}",
        kind=row.kind,
        channel=row.channel,
        patient=patient,
        site_id=row.site_id,
        appointment_id=row.appointment_id,
        to=to,
        subject=row.subject,
        body=row.body,
        calendar=row.calendar,
        visits=row.visits,
        link=row.link,
        due_at=now,
        not_after=now + TRIED_FOR,
        created_at=now,
    )
    _settle(row, "message.sent_again", actor, now)
    return again


@durable
def settle(*, message: int, actor: Actor, now: datetime) -> Message:
    """Somebody has called the patient, or leaves it. NotSendable."""
    row = _unsettled(message)
    _settle(row, "message.settled", actor, now)
    return row


def _unsettled(message: int) -> Message:
    row = Message.objects.select_for_update(of=("self",)).get(pk=message)
    if row.state not in NEEDS_SOMEBODY or row.settled_at:
        raise NotSendable
    return row


def _settle(row: Message, action: str, actor: Actor, now: datetime) -> None:
    row.settled_at, row.settled_by = now, actor.name
    row.save(update_fields=["settled_at", "settled_by"])
    record(
        actor=actor,
        now=now,
        action=action,
        subject=f"message:{row.pk}",
        site=row.site_id,
        after={"state": row.state},
    )


def _mine(message: int, attempt: int) -> QuerySet[Message]:
    """The row, while this attempt is the one that has it."""
    return Message.objects.filter(pk=message, attempts=attempt, state=State.SENDING)


def _is_true(row: Message) -> bool:
    """Whether the visits are as the message says."""
    if not row.visits:
        return True
    found = Appointment.objects.in_bulk([one["id"] for one in row.visits])
    return all(
        one["id"] in found
        and (now := fact(found[one["id"]]))["live"] == one["live"]
        and now["starts"] == one["starts"]
        for one in row.visits
    )


def _is_open(row: Message, now: datetime) -> bool:
    """Whether what its link opens can still be answered."""
    kind, _, number = row.link.partition(":")
    if kind == "offer":
        offers = Offer.objects.filter(pk=number, state=Offer.State.OPEN)
        return offers.filter(expires_at__gt=now).exists()
    if kind == "follow_up":
        return FollowUp.objects.filter(pk=number, state=FollowUp.State.DUE).exists()
    return True


def outgoing(row: Message) -> Outgoing:
    """As it leaves: its id, the same at every attempt, and its link with the secret in it."""
    kind, _, number = row.link.partition(":")
    body = row.body
    if kind:
        secret = link_secret(kind, int(number))
        body = body.replace("{link}", f"{settings.PUBLIC_URL}/{PATHS[kind]}/{secret}")
    born = f"{row.key} {row.created_at.isoformat()}"
    return Outgoing(
        id=f"{row.pk}-{sha256(born.encode()).hexdigest()[:16]}",
        channel=row.channel,
        to=row.to,
        subject=row.subject,
        body=body,
        calendar=row.calendar,
    )
