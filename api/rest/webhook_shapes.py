"""What is sent and answered about webhook endpoints."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.rest.parsing import Body, Flag, Identifier, Text
from api.webhooks.models import WebhookDelivery, WebhookEndpoint

TYPES_TOLD = "Of GET webhook-event-types; empty: every type."


class EndpointBody(Body):
    url = Text(max_length=500, help_text="https only, and not inside a private network.")
    description = Text(max_length=100, required=False, allow_blank=True, default="")
    site = Identifier(required=False, help_text="Without it: every site.")
    types = serializers.ListField(
        child=Text(max_length=60),
        required=False,
        default=list,
        max_length=100,
        help_text=TYPES_TOLD,
    )
    detail = serializers.ChoiceField(
        WebhookEndpoint.Detail.choices,
        required=False,
        default="ids",
        help_text="full: steps, protocols and statuses too; it needs appointments:read.",
    )


class EndpointChangeBody(Body):
    url = Text(max_length=500, required=False)
    description = Text(max_length=100, required=False, allow_blank=True)
    types = serializers.ListField(
        child=Text(max_length=60), required=False, max_length=100, help_text=TYPES_TOLD
    )
    detail = serializers.ChoiceField(WebhookEndpoint.Detail.choices, required=False)
    active = Flag(required=False, help_text="On again, or paused; what happens meanwhile waits.")


class EndpointShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    url = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    site = serializers.CharField(allow_null=True, help_text="null: every site.")
    types = serializers.ListField(child=serializers.CharField())
    detail = serializers.ChoiceField(WebhookEndpoint.Detail.choices)
    state = serializers.ChoiceField(WebhookEndpoint.State.choices)
    failing_since = serializers.DateTimeField(allow_null=True)
    last_delivered_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class NewEndpointShape(EndpointShape):
    secret = serializers.CharField(help_text="Shown this once: verify signatures with it.")


class RotatedShape(NewEndpointShape):
    old_secret_until = serializers.DateTimeField(help_text="Until then both secrets sign.")


class TestedShape(serializers.Serializer[Any]):
    arrived = serializers.BooleanField()
    status = serializers.IntegerField(allow_null=True, help_text="null: no answer came.")
    answer = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)


class DeliveryShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    event = serializers.CharField(help_text="The webhook-id, the same at every attempt.")
    type = serializers.CharField()
    state = serializers.ChoiceField(WebhookDelivery.State.choices)
    attempts = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True, help_text="When it is sent next.")
    delivered_at = serializers.DateTimeField(allow_null=True)
    status = serializers.IntegerField(allow_null=True)
    answer = serializers.CharField(allow_blank=True, help_text="At most 512 characters.")
    reason = serializers.CharField(allow_blank=True)


class EventTypeShape(serializers.Serializer[Any]):
    type = serializers.CharField()
    description = serializers.CharField()


class EventTypesShape(serializers.Serializer[Any]):
    results = EventTypeShape(many=True)


class ReplayedShape(serializers.Serializer[Any]):
    replayed = serializers.IntegerField()
