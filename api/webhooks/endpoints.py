"""Endpoints: add, change, give a new secret, turn off and on, remove, send again what died."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from api.webhooks.events import BY_NAME
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from api.webhooks.signing import new_secret, sealed
from clinic.journal import Actor, record
from clinic.outward import Unreachable, judged
from clinic.transactions import durable

OVERLAP = timedelta(hours=24)
State = WebhookEndpoint.State
Sent = WebhookDelivery.State


class NotReplayable(Exception):
    """It is on its way already: there is nothing to send again."""

    def __init__(self) -> None:
        super().__init__("This event is on its way already.")


def standing() -> QuerySet[WebhookEndpoint]:
    """Those that were not removed."""
    return WebhookEndpoint.objects.filter(removed_at=None).select_related("site")


def check_url(url: str) -> None:
    """ValidationError unless events may be sent there: https, and not inside the network.

    It looks up the name of the host: to be asked before a transaction, not in it.
    """
    try:
        parts, _, _ = judged(url)
    except Unreachable as error:
        raise ValidationError({"url": str(error)}) from None
    if parts.scheme != "https" and not _is_inside(url):
        raise ValidationError({"url": "Give an address that begins with https://."})


def create_endpoint(
    *,
    url: str,
    description: str = "",
    site: int | None,
    types: Sequence[str] = (),
    detail: str = WebhookEndpoint.Detail.IDS,
    actor: Actor,
    now: datetime,
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint, told of what happens from now on, and its secret, which is shown once.

    django's ValidationError by field.
    """
    check_url(url)
    secret = new_secret()
    row = WebhookEndpoint(
        url=url,
        description=description,
        site_id=site,
        types=_types(types),
        detail=detail,
        secret=sealed(secret),
        created_by=actor.name,
        created_at=now,
    )
    return _add(row=row, actor=actor, now=now), secret


@durable
def _add(*, row: WebhookEndpoint, actor: Actor, now: datetime) -> WebhookEndpoint:
    row.full_clean()
    row.save()
    _note("added", row, actor, now)
    return row


def change_endpoint(
    *,
    endpoint: int,
    url: str | None = None,
    description: str | None = None,
    types: Sequence[str] | None = None,
    detail: str | None = None,
    active: bool | None = None,
    actor: Actor,
    now: datetime,
) -> WebhookEndpoint:
    """Change what is given; `active` turns it on, with all that waits due at once, or off.

    django's ValidationError by field; WebhookEndpoint.DoesNotExist when it was removed.
    """
    if url is not None:
        check_url(url)
    changes = {
        "url": url,
        "description": description,
        "types": None if types is None else _types(types),
        "detail": detail,
    }
    given = {field: value for field, value in changes.items() if value is not None}
    return _change(endpoint=endpoint, given=given, active=active, actor=actor, now=now)


@durable
def _change(
    *,
    endpoint: int,
    given: Mapping[str, object],
    active: bool | None,
    actor: Actor,
    now: datetime,
) -> WebhookEndpoint:
    row = _locked(endpoint)
    before = {field: getattr(row, field) for field in given}
    for field, value in given.items():
        setattr(row, field, value)
    row.full_clean()
    row.save()
    if changed := [field for field in given if before[field] != given[field]]:
        _note("changed", row, actor, now, fields=changed)
    if active is True and row.state != State.ACTIVE:
        _turn_on(row, actor, now)
    elif active is False and row.state == State.ACTIVE:
        stop(row, State.PAUSED, actor, now)
    return row


@durable
def rotate_secret(*, endpoint: int, actor: Actor, now: datetime) -> tuple[WebhookEndpoint, str]:
    """A new secret, shown once; the old one signs beside it for a day.

    WebhookEndpoint.DoesNotExist when it was removed.
    """
    row, secret = _locked(endpoint), new_secret()
    row.old_secret, row.old_until = row.secret, now + OVERLAP
    row.secret = sealed(secret)
    row.save(update_fields=["secret", "old_secret", "old_until"])
    _note("rotated", row, actor, now)
    return row, secret


@durable
def remove_endpoint(*, endpoint: int, actor: Actor, now: datetime) -> None:
    """Nothing is sent there any more. WebhookEndpoint.DoesNotExist when it was removed before."""
    row = _locked(endpoint)
    row.removed_at, row.state = now, State.PAUSED
    row.save(update_fields=["removed_at", "state"])
    _note("removed", row, actor, now)


@durable
def replay_one(*, delivery: int, actor: Actor, now: datetime) -> WebhookDelivery:
    """Send an event again by the same id, whether it died or was delivered. NotReplayable."""
    row = WebhookDelivery.objects.select_for_update(of=("self",)).get(pk=delivery)
    if row.state not in (Sent.DEAD, Sent.DELIVERED):
        raise NotReplayable
    _again(WebhookDelivery.objects.filter(pk=row.pk), now)
    _note("replayed", row.endpoint, actor, now, events=1)
    row.refresh_from_db()
    return row


@durable
def replay_dead(*, endpoint: int, actor: Actor, now: datetime) -> int:
    """Send again all that died, in order; how many. WebhookEndpoint.DoesNotExist."""
    row = _locked(endpoint)
    count = _again(WebhookDelivery.objects.filter(endpoint=row, state=Sent.DEAD), now)
    if count:
        _note("replayed", row, actor, now, events=count)
    return count


def stop(row: WebhookEndpoint, state: State, actor: Actor, now: datetime) -> None:
    """Nothing is sent until somebody turns it on; what happens meanwhile waits."""
    row.state = state
    row.save(update_fields=["state"])
    _note("stopped", row, actor, now, state=state)


def _turn_on(row: WebhookEndpoint, actor: Actor, now: datetime) -> None:
    row.state, row.failures = State.ACTIVE, 0
    row.failing_since = row.resting_until = None
    row.save(update_fields=["state", "failures", "failing_since", "resting_until"])
    WebhookDelivery.objects.filter(endpoint=row, state=Sent.WAITING).update(
        due_at=now, first_tried_at=None, attempts=0
    )
    _note("turned_on", row, actor, now)


def _again(rows: QuerySet[WebhookDelivery], now: datetime) -> int:
    return rows.update(
        state=Sent.WAITING,
        attempts=0,
        first_tried_at=None,
        due_at=now,
        delivered_at=None,
        status=None,
        answer="",
        reason="",
    )


def _locked(endpoint: int) -> WebhookEndpoint:
    rows = WebhookEndpoint.objects.select_for_update(of=("self",), no_key=True)
    return rows.get(pk=endpoint, removed_at=None)


def _types(names: Sequence[str]) -> list[str]:
    """Each once, in the table's order; ValidationError for one that there is not."""
    for name in names:
        if name not in BY_NAME:
            raise ValidationError({"types": f"There is no event type “{name[:60]}”."})
    return [name for name in BY_NAME if name in names]


def _is_inside(url: str) -> bool:
    """Whether an address is one that the clinic opened for its own network."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 80}" in settings.PRIVATE_ADDRESSES


def _note(what: str, row: WebhookEndpoint, actor: Actor, now: datetime, **more: object) -> None:
    """The host alone: the rest of an address may be a secret of its own."""
    record(
        actor=actor,
        now=now,
        action=f"webhook.{what}",
        subject=f"webhook:{row.pk}",
        site=row.site_id,
        after={"host": urlsplit(row.url).hostname, **more},
    )
