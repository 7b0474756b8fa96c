"""What webhooks send, in the OpenAPI document: `webhooks` of OpenAPI 3.1, an event type each."""

from __future__ import annotations

from typing import Any

from api.webhooks.events import BY_NAME, TEST, EventType

ID = {"type": ["string", "null"]}
TIME = {"type": "string", "format": "date-time"}
SPAN = {"starts_at": TIME, "ends_at": TIME}
IDS = (
    *("site", "patient", "series", "appointment", "wait", "offer", "follow_up"),
    *("absence", "outage", "recovery", "staff", "room", "endpoint"),
)
FULL = {"type": "string", "description": "Told to endpoints of detail full only."}
VISIT = {
    "type": "object",
    "properties": {"appointment": ID, "starts_at": TIME},
    "required": ["appointment"],
    "additionalProperties": False,
}
DATA = {
    "type": "object",
    "description": "Ids and times; which of them depends on the type.",
    "properties": dict.fromkeys(IDS, ID)
    | SPAN
    | {
        "previous": {"type": "object", "properties": SPAN, "additionalProperties": False},
        "expires_at": TIME,
        "due_on": {"type": "string", "format": "date"},
        "appointments": {"type": "array", "items": {"anyOf": [VISIT, {"type": "string"}]}},
    }
    | dict.fromkeys(("protocol", "step", "status", "kind"), FULL),
    "additionalProperties": False,
}
EVENT = {
    "type": "object",
    "required": ["type", "timestamp", "data"],
    "properties": {
        "type": {"type": "string", "enum": [*BY_NAME, TEST]},
        "timestamp": TIME | {"description": "When it happened, with the offset of the site."},
        "data": {"$ref": "#/components/schemas/WebhookData"},
    },
    "additionalProperties": False,
}
SCHEMAS = {"WebhookEvent": EVENT, "WebhookData": DATA}
HEADERS = {
    "webhook-id": "The same at every attempt: keep those you have seen.",
    "webhook-timestamp": "Seconds since 1970, of this attempt.",
    "webhook-signature": "v1, and base64; two, separated by a space, for a day after a rotation.",
}


def add_webhooks(document: dict[str, Any]) -> None:
    """Tell in the document what is sent to endpoints."""
    document["components"]["schemas"] |= SCHEMAS
    document["webhooks"] = {one.name: {"post": _sent(one)} for one in BY_NAME.values()}


def _sent(one: EventType) -> dict[str, Any]:
    event = {"$ref": "#/components/schemas/WebhookEvent"}
    this = {"properties": {"type": {"const": one.name}}}
    return {
        "operationId": f"webhook_{one.name.replace('.', '_')}",
        "summary": one.about.rstrip("."),
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": about,
                "schema": {"type": "string"},
            }
            for name, about in HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"allOf": [event, this]}}},
        },
        "responses": {
            "2XX": {"description": "It is taken, and not sent again."},
            "410": {"description": "Nothing is sent there any more."},
            "default": {"description": "It is sent again later, for a day."},
        },
    }
