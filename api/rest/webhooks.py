"""Webhook endpoints: who is told of what happens, how that went, and what is sent again."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import wrong
from api.permissions import NotPermitted, sites_for
from api.rest import shapes
from api.rest.doors import Door
from api.rest.pages import PAGING, page
from api.rest.parsing import Parameter
from api.rest.showing import local
from api.rest.webhook_shapes import (
    DeliveryShape,
    EndpointBody,
    EndpointChangeBody,
    EndpointShape,
    EventTypesShape,
    NewEndpointShape,
    ReplayedShape,
    RotatedShape,
    TestedShape,
)
from api.webhooks import delivery
from api.webhooks.endpoints import (
    change_endpoint,
    create_endpoint,
    remove_endpoint,
    replay_dead,
    replay_one,
    rotate_secret,
    standing,
)
from api.webhooks.events import BY_NAME
from api.webhooks.models import WebhookDelivery, WebhookEndpoint

STATES = WebhookDelivery.State


def _a_state(text: str) -> str:
    if text not in STATES.values:
        raise ValueError(f"It must be one of {', '.join(STATES.values)}.")
    return text


class EndpointDoor(Door):
    """Which endpoints a client reaches: of its sites; those of every site, if it has them all."""

    def endpoints(self) -> QuerySet[WebhookEndpoint]:
        return standing().filter(self.reach().q())

    def one(self, identifier: str) -> WebhookEndpoint:
        found: WebhookEndpoint = self.at(self.endpoints(), identifier)
        return found

    def may_reveal(self, detail: str, site: int | None) -> None:
        """Who may not see what somebody is treated for cannot have it sent."""
        if detail == WebhookEndpoint.Detail.FULL:
            reach = sites_for(self.client, "see_care")
            if not (reach.everywhere if site is None else site in reach):
                raise NotPermitted("see_care")


class EventTypes(Door):
    actions = {"GET": "see_webhooks"}
    answers = {"GET": (200, EventTypesShape)}

    def get(self, request: Request) -> Response:
        """What webhooks tell of."""
        rows = [{"type": one.name, "description": one.about} for one in BY_NAME.values()]
        return Response({"results": rows})


class WebhookEndpoints(EndpointDoor):
    actions = {"GET": "see_webhooks", "POST": "manage_webhooks"}
    queries = {"GET": PAGING}
    bodies = {"POST": EndpointBody}
    answers = {"GET": (200, shapes.listed(EndpointShape)), "POST": (201, NewEndpointShape)}

    def get(self, request: Request) -> Response:
        """Endpoints in use; their secrets are never shown again."""
        return page(request, self.asked, self.endpoints().order_by("pk"), show)

    def create(self, request: Request, **at: str) -> Response:
        """Add an endpoint; it is told of what happens from now on."""
        body = self.body()
        site = self.site("site", body["site"]) if "site" in body else None
        if site is None and not self.reach().everywhere:
            raise wrong("site", "Name one of your sites.")
        self.may_reveal(body["detail"], site.pk if site else None)
        made, secret = create_endpoint(
            url=body["url"],
            description=body["description"],
            site=site.pk if site else None,
            types=body["types"],
            detail=body["detail"],
            actor=self.actor,
            now=self.now,
        )
        return Response(show(made) | {"secret": secret}, status=201)


class OneEndpoint(EndpointDoor):
    actions = {"GET": "see_webhooks", "PATCH": "manage_webhooks", "DELETE": "manage_webhooks"}
    bodies = {"PATCH": EndpointChangeBody}
    answers = {
        "GET": (200, EndpointShape),
        "PATCH": (200, EndpointShape),
        "DELETE": (204, None),
    }

    def get(self, request: Request, id: str) -> Response:
        """An endpoint, and how it does."""
        return Response(show(self.one(id)))

    def patch(self, request: Request, id: str) -> Response:
        """Correct an endpoint, pause it, or turn it on again."""
        found, body = self.one(id), self.body()
        if body.keys() - {"description", "active"}:
            self.may_reveal(body.get("detail", found.detail), found.site_id)
        try:
            row = change_endpoint(endpoint=found.pk, **body, actor=self.actor, now=self.now)
        except WebhookEndpoint.DoesNotExist:
            raise Http404 from None
        return Response(show(row))

    def delete(self, request: Request, id: str) -> Response:
        """Remove an endpoint: nothing is sent there from this moment."""
        try:
            remove_endpoint(endpoint=self.one(id).pk, actor=self.actor, now=self.now)
        except WebhookEndpoint.DoesNotExist:
            raise Http404 from None
        return Response(status=204)


class EndpointRotation(EndpointDoor):
    actions = {"POST": "manage_webhooks"}
    bodies = {"POST": shapes.EmptyBody}
    answers = {"POST": (200, RotatedShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Give an endpoint a new secret; for a day the old one signs too."""
        self.body()
        try:
            found = self.one(at["id"]).pk
            row, secret = rotate_secret(endpoint=found, actor=self.actor, now=self.now)
        except WebhookEndpoint.DoesNotExist:
            raise Http404 from None
        until = {"old_secret_until": _local(row, row.old_until)}
        return Response(show(row) | {"secret": secret} | until)


class EndpointTest(EndpointDoor):
    actions = {"POST": "manage_webhooks"}
    bodies = {"POST": shapes.EmptyBody}
    answers = {"POST": (200, TestedShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Send webhook.test at once, and tell what was answered."""
        self.body()
        said = delivery.send_test(endpoint=self.one(at["id"]), clock=timezone.now)
        return Response(
            {
                "arrived": said.arrived,
                "status": said.status,
                "answer": said.answer,
                "reason": said.reason,
            }
        )


class EndpointDeliveries(EndpointDoor):
    actions = {"GET": "see_webhooks"}
    queries = {
        "GET": {
            "state": Parameter(
                _a_state,
                "Only those that stand so.",
                {"type": "string", "enum": list(STATES)},
            )
        }
        | PAGING
    }
    answers = {"GET": (200, shapes.listed(DeliveryShape))}

    def get(self, request: Request, id: str) -> Response:
        """The log of the last 30 days, newest first."""
        endpoint = self.one(id)
        rows = endpoint.deliveries.order_by("-pk")
        if "state" in self.asked:
            rows = rows.filter(state=self.asked["state"])
        return page(request, self.asked, rows, lambda row: show_delivery(row, endpoint))


class DeadReplay(EndpointDoor):
    actions = {"POST": "manage_webhooks"}
    bodies = {"POST": shapes.EmptyBody}
    answers = {"POST": (200, ReplayedShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Send again all that could not be delivered, in order."""
        self.body()
        try:
            count = replay_dead(endpoint=self.one(at["id"]).pk, actor=self.actor, now=self.now)
        except WebhookEndpoint.DoesNotExist:
            raise Http404 from None
        return Response({"replayed": count})


class DeliveryReplay(EndpointDoor):
    actions = {"POST": "manage_webhooks"}
    bodies = {"POST": shapes.EmptyBody}
    answers = {"POST": (200, DeliveryShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Send one event again, by the same id."""
        self.body()
        rows = WebhookDelivery.objects.filter(endpoint__in=self.endpoints())
        found = self.at(rows, at["id"])
        row = replay_one(delivery=found.pk, actor=self.actor, now=self.now)
        return Response(show_delivery(row, row.endpoint))


def show(row: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "url": row.url,
        "description": row.description,
        "site": str(row.site_id) if row.site_id else None,
        "types": row.types,
        "detail": row.detail,
        "state": row.state,
        "failing_since": _local(row, row.failing_since),
        "last_delivered_at": _local(row, row.last_delivered_at),
        "created_at": _local(row, row.created_at),
    }


def show_delivery(row: WebhookDelivery, endpoint: WebhookEndpoint) -> dict[str, Any]:
    waits = row.state == STATES.WAITING
    return {
        "id": str(row.pk),
        "event": row.event,
        "type": row.type,
        "state": row.state,
        "attempts": row.attempts,
        "created_at": _local(endpoint, row.created_at),
        "due_at": _local(endpoint, row.due_at if waits else None),
        "delivered_at": _local(endpoint, row.delivered_at),
        "status": row.status,
        "answer": row.answer,
        "reason": row.reason,
    }


def _local(row: WebhookEndpoint, at: Any) -> str | None:
    """In the clock of its site; of every site, in UTC."""
    if at is None:
        return None
    return (
        local(at, row.site.zone) if row.site else at.astimezone(UTC).isoformat(timespec="seconds")
    )
