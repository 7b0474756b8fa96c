"""From the journal to deliveries: kept in the transaction of the change, spread by a worker.

A row of the outbox is committed with its journal row or not at all, and is gone once its event is
lined up for every endpoint that wants it. There is no position in the journal to lose: on
PostgreSQL a row may become visible after one with a higher id. See docs/decisions/0038.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from api.webhooks.events import BY_ACTION
from api.webhooks.models import OutboxEntry, WebhookDelivery, WebhookEndpoint
from api.webhooks.payloads import Event, events_of
from clinic.models import Journal
from clinic.transactions import durable

BATCH = 500


def keep(entries: Iterable[Journal]) -> bool:
    """Keep for webhooks what is told by them, inside the transaction of the change; if anything."""
    kept = [OutboxEntry(journal=entry) for entry in entries if entry.action in BY_ACTION]
    if kept:
        OutboxEntry.objects.bulk_create(kept, batch_size=BATCH)
    return bool(kept)


def anybody() -> bool:
    """Whether there is an endpoint to tell."""
    return WebhookEndpoint.objects.filter(removed_at=None).exists()


def spread_all(*, now: datetime) -> int:
    """Line up what was kept, oldest first; how many events there were."""
    done = 0
    while OutboxEntry.objects.exists():
        spread = spread_some(now=now)
        done += spread
        if spread < BATCH:
            break
    return done


@durable
def spread_some(*, now: datetime) -> int:
    """A batch of it. Whoever comes second waits for the first, so that ids rise with what happened.

    A stopped or paused endpoint is lined up for too: it gets everything once it is turned on.
    """
    kept = OutboxEntry.objects.select_for_update(of=("self",)).select_related("journal__site")
    entries = [row.journal for row in kept.order_by("pk")[:BATCH]]
    if not entries:
        return 0
    endpoints = list(WebhookEndpoint.objects.filter(removed_at=None))
    rows = [
        delivery_of(event, endpoint, now=now)
        for event in (events_of(entries) if endpoints else [])
        for endpoint in endpoints
        if wants(endpoint, event)
    ]
    WebhookDelivery.objects.bulk_create(rows, batch_size=BATCH)
    OutboxEntry.objects.filter(pk__in=[entry.pk for entry in entries]).delete()
    return len(entries)


def wants(endpoint: WebhookEndpoint, event: Event) -> bool:
    """Whether an endpoint is told: its site, its types, and not what was before it."""
    here = endpoint.site_id is None or endpoint.site_id == event.site
    return (
        here
        and (not endpoint.types or event.type in endpoint.types)
        and endpoint.created_at <= event.at
    )


def delivery_of(event: Event, endpoint: WebhookEndpoint, *, now: datetime) -> WebhookDelivery:
    """An event in the detail that the endpoint is told it in, due at once."""
    full = endpoint.detail == WebhookEndpoint.Detail.FULL
    data = event.data | (event.more if full else {})
    told = {"type": event.type, "timestamp": event.timestamp, "data": data}
    return WebhookDelivery(
        endpoint=endpoint,
        event=event.id,
        type=event.type,
        key=event.key,
        body=json.dumps(told, separators=(",", ":")),
        due_at=now,
        created_at=now,
    )
