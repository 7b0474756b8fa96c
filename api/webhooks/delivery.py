"""Let events reach their endpoints: at least once, by one id, in order within a series.

An event is taken, marked and committed, sent outside any transaction, and marked again. A worker
that dies between the marks leaves a row whose lease runs out; it is sent again by the same id.
See docs/decisions/0038.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex

from django.db.models import Exists, OuterRef, Q

from api.webhooks import signing
from api.webhooks.endpoints import stop
from api.webhooks.events import TEST
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from api.webhooks.outbox import anybody, spread_all
from clinic.journal import Actor
from clinic.outward import Limits, Unreachable, send
from clinic.transactions import durable

State = WebhookDelivery.State
AHEAD = (State.WAITING, State.SENDING)
LEASE = timedelta(seconds=60)
TRIED_FOR = timedelta(hours=24)
KEPT = timedelta(days=30)
BACK_OFF = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 14_400, 14_400)
)
SPREAD = 0.25
# An endpoint that failed so often in a row is asked by one event at a time, after these rests.
FAILS_AS_A_WHOLE = 3
RESTS = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 120))
LIMITS = Limits(seconds=15.0, bytes=4_096, redirects=0, whole=False)
ANSWER_KEPT = 512
AT_MOST = 2_000
GONE = 410
SYSTEM = Actor(name="webhooks", door="task")

_leaving = WebhookDelivery.objects.filter(endpoint=OuterRef("pk"), state=State.SENDING)
log = logging.getLogger("chairtime.webhooks")
Clock = Callable[[], datetime]
Dice = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Taken:
    """An event marked as being sent, and the secrets that sign it: new, and old for a day."""

    delivery: WebhookDelivery
    url: str
    sealed: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: a status and the start of the answer, or why there was none."""

    status: int | None = None
    answer: str = ""
    reason: str = ""

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def send_due(*, clock: Clock, dice: Dice, at_most: int = AT_MOST) -> int:
    """Spread what happened and send what is due, one after another; how many arrived.

    `clock` is asked anew for each; `dice` gives 0 to 1 and spreads the next attempts.
    """
    spread_all(now=clock())
    if not anybody():
        return 0
    take_up_lost(now=clock())
    arrived = 0
    for _ in range(at_most):
        taken = take_next(now=clock())
        if taken is None:
            break
        row = taken.delivery
        outcome = post(taken.url, taken.sealed, row.event, row.body, now=clock())
        if not outcome.arrived:
            log.warning("Webhook delivery %s: %s", row.pk, outcome.reason)
        note_outcome(
            delivery=row.pk, attempt=row.attempts, outcome=outcome, dice=dice(), now=clock()
        )
        arrived += outcome.arrived
    return arrived


def send_test(*, endpoint: WebhookEndpoint, clock: Clock) -> Outcome:
    """Send `webhook.test` at once, also to one that is stopped; nothing of it is kept."""
    now = clock()
    told = {
        "type": TEST,
        "timestamp": now.isoformat(timespec="seconds"),
        "data": {"endpoint": str(endpoint.pk)},
    }
    body = json.dumps(told, separators=(",", ":"))
    return post(endpoint.url, sealed(endpoint, now), f"evt_test_{token_hex(8)}", body, now=now)


def post(url: str, by: tuple[bytes, ...], event: str, body: str, *, now: datetime) -> Outcome:
    """Outside any transaction: what is remote may be slow."""
    try:
        headers = signing.signed(event, body, [signing.opened(one) for one in by], now=now)
        headers |= {"Content-Type": "application/json", "User-Agent": "Chairtime-Webhooks/1"}
        answer = send("POST", url, headers=headers, body=body.encode(), limits=LIMITS)
    except (Unreachable, signing.Unreadable) as error:
        return Outcome(reason=str(error))
    except Exception as error:
        log.exception("A webhook could not be sent.")
        return Outcome(reason=f"It could not be sent ({type(error).__name__}).")
    text = answer.body.decode("utf-8", "replace").replace("\x00", "\ufffd")[:ANSWER_KEPT]
    return Outcome(answer.status, text, _why(answer.status))


def sealed(endpoint: WebhookEndpoint, now: datetime) -> tuple[bytes, ...]:
    """Its secret, and for a day after a rotation the old one."""
    by = [bytes(endpoint.secret)]
    if endpoint.old_secret and endpoint.old_until and now < endpoint.old_until:
        by.append(bytes(endpoint.old_secret))
    return tuple(by)


@durable
def take_up_lost(*, now: datetime) -> int:
    """Events whose worker died while it sent them: due again, by the same id."""
    lost = WebhookDelivery.objects.select_for_update(of=("self",), skip_locked=True).filter(
        state=State.SENDING, leased_until__lte=now
    )
    ids = list(lost.values_list("pk", flat=True))
    return WebhookDelivery.objects.filter(pk__in=ids).update(
        state=State.WAITING, due_at=now, leased_until=None
    )


@durable
def take_next(*, now: datetime) -> Taken | None:
    """The next event that is due, marked as being sent from now on; None when there is none.

    An earlier one of the same series that is not settled keeps it back. Two workers cannot take
    two of one series: what one of them has is still ahead for the other until it is settled.
    """
    asked = WebhookEndpoint.objects.filter(
        Q(resting_until=None) | Q(resting_until__lte=now),
        # One that fails may hang: it is given one worker, not all of them.
        Q(failures=0) | ~Exists(_leaving),
        state=WebhookEndpoint.State.ACTIVE,
        removed_at=None,
    )
    endpoints = {row.pk: row for row in asked}
    ahead = WebhookDelivery.objects.filter(
        endpoint=OuterRef("endpoint"), key=OuterRef("key"), pk__lt=OuterRef("pk"), state__in=AHEAD
    )
    due = WebhookDelivery.objects.select_for_update(of=("self",), skip_locked=True).filter(
        ~Exists(ahead), endpoint__in=list(endpoints), state=State.WAITING, due_at__lte=now
    )
    row = due.order_by("due_at", "pk").first()
    if row is None:
        return None
    endpoint = endpoints[row.endpoint_id]
    row.state, row.attempts, row.leased_until = State.SENDING, row.attempts + 1, now + LEASE
    row.first_tried_at = row.first_tried_at or now
    row.save(update_fields=["state", "attempts", "leased_until", "first_tried_at"])
    return Taken(row, endpoint.url, sealed(endpoint, now))


@durable
def note_outcome(
    *, delivery: int, attempt: int, outcome: Outcome, dice: float, now: datetime
) -> bool:
    """Settle an attempt; False when its lease ran out and another one has the event.

    An endpoint that answers 410, or fails for a day without one success, is stopped.
    """
    rows = WebhookEndpoint.objects.select_for_update(of=("self",), no_key=True)
    endpoint = rows.get(deliveries=delivery)
    mine = WebhookDelivery.objects.filter(pk=delivery, attempts=attempt)
    row = mine.filter(state__in=AHEAD if outcome.arrived else [State.SENDING]).first()
    if row is None:
        return False
    row.status, row.answer, row.reason = outcome.status, outcome.answer, outcome.reason[:200]
    row.leased_until = None
    if outcome.arrived:
        row.state, row.delivered_at = State.DELIVERED, now
        row.save()
        _answers(endpoint, now)
        return True
    gone = outcome.status == GONE
    over = row.first_tried_at is not None and now >= row.first_tried_at + TRIED_FOR
    if gone or over:
        row.state = State.DEAD
    else:
        pause = BACK_OFF[min(attempt, len(BACK_OFF)) - 1] * (1 + SPREAD * dice)
        row.state = State.WAITING
        row.due_at = min(now + pause, (row.first_tried_at or now) + TRIED_FOR)
    row.save()
    _fails(endpoint, gone, now)
    return True


@durable
def forget_old(*, now: datetime) -> int:
    """Delete deliveries of a month ago, and endpoints removed as long ago; how many deliveries."""
    old = now - KEPT
    settled = WebhookDelivery.objects.exclude(state=State.SENDING)
    count, _ = settled.filter(created_at__lte=old).delete()
    WebhookEndpoint.objects.filter(removed_at__lte=old).delete()
    return count


def _answers(endpoint: WebhookEndpoint, now: datetime) -> None:
    """It is reached. What waits because it was not is due at once, still in order."""
    if endpoint.failures >= FAILS_AS_A_WHOLE:
        endpoint.deliveries.filter(state=State.WAITING, attempts__gt=0, due_at__gt=now).update(
            due_at=now
        )
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        failures=0, failing_since=None, resting_until=None, last_delivered_at=now
    )


def _fails(endpoint: WebhookEndpoint, gone: bool, now: datetime) -> None:
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    if endpoint.failures >= FAILS_AS_A_WHOLE:
        rest = RESTS[min(endpoint.failures - FAILS_AS_A_WHOLE, len(RESTS) - 1)]
        endpoint.resting_until = now + rest
    endpoint.save(update_fields=["failures", "failing_since", "resting_until"])
    if endpoint.state != WebhookEndpoint.State.ACTIVE:
        return
    if gone:
        stop(endpoint, WebhookEndpoint.State.GONE, SYSTEM, now)
    elif now >= endpoint.failing_since + TRIED_FOR:
        stop(endpoint, WebhookEndpoint.State.FAILING, SYSTEM, now)


def _why(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"It answered {status}: redirects are not followed."
    if status == GONE:
        return "It answered 410: the address is gone, and is not asked again."
    return f"It answered {status}."
