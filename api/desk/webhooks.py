"""How webhooks read at the desk: the form, the states, the log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Count

from api.desk.forms import DeskForm
from api.desk.words import Sign
from api.webhooks.events import BY_NAME, EventType
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from clinic.models import Site

State = WebhookEndpoint.State
Sent = WebhookDelivery.State

STATES: dict[str, Sign] = {
    State.ACTIVE: Sign("On", "circle-check", "good"),
    State.PAUSED: Sign("Paused", "ban"),
    State.FAILING: Sign("Stopped", "circle-x", "bad"),
    State.GONE: Sign("Stopped", "circle-x", "bad"),
}
FAILS = Sign("Failing", "triangle-alert", "warn")
SENT: dict[str, Sign] = {
    Sent.WAITING: Sign("To leave", "hourglass"),
    Sent.SENDING: Sign("Leaving", "refresh-cw", "live"),
    Sent.DELIVERED: Sign("Delivered", "check", "good"),
    Sent.DEAD: Sign("Not delivered", "circle-x", "bad"),
}
TRIED = Sign("Trying again", "refresh-cw", "warn")
STANDS = {
    "dead": (Sign("Not delivered", "circle-x", "bad"), (Sent.DEAD,)),
    "waiting": (Sign("To leave", "hourglass"), (Sent.WAITING, Sent.SENDING)),
    "delivered": (Sign("Delivered", "check", "good"), (Sent.DELIVERED,)),
}
DETAILS = {
    "ids": "Ids and times only",
    "full": "Steps, protocols and statuses too: they say what somebody is treated for",
}
GROUPS = {
    "series": "Series",
    "appointment": "Appointments",
    "absence": "Absences",
    "outage": "Closed sites",
    "recovery": "Recoveries",
    "waitlist": "Waitlist",
    "offer": "Offers",
    "follow_up": "Follow-ups",
    "patient": "Patients",
}


class EndpointForm(DeskForm):
    """Where to, about what, and in which detail. Without a type ticked, about everything."""

    url = forms.CharField(
        label="Address",
        max_length=500,
        widget=forms.TextInput(
            {"inputmode": "url", "autocomplete": "off", "placeholder": "https://"}
        ),
    )
    description = forms.CharField(
        label="What it is for",
        max_length=100,
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    site = forms.TypedChoiceField(
        label="Of which site", coerce=int, empty_value=None, required=False
    )
    detail = forms.ChoiceField(label="What it is told", widget=forms.RadioSelect())
    types = forms.MultipleChoiceField(
        required=False, choices=[(name, name) for name in BY_NAME], label="Which events"
    )

    def __init__(
        self, *args: Any, places: Sequence[Site], every: bool, details: Iterable[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = [(site.pk, site.name) for site in places]
        site = self.fields["site"]
        assert isinstance(site, forms.ChoiceField)
        site.choices = [("", "Every site"), *choices] if every else choices
        site.required = not every
        detail = self.fields["detail"]
        assert isinstance(detail, forms.ChoiceField)
        detail.choices = [(name, DETAILS[name]) for name in details]


def groups() -> list[tuple[str, list[EventType]]]:
    """The event types by what they are about."""
    return [
        (label, [one for one in BY_NAME.values() if one.name.partition(".")[0] == group])
        for group, label in GROUPS.items()
    ]


@dataclass(frozen=True, slots=True)
class Shown:
    """An endpoint as it is listed; times are those of the clock on the wall."""

    endpoint: WebhookEndpoint
    name: str
    host: str
    sign: Sign
    dead: int
    waiting: int
    last: datetime | None
    failing_since: datetime | None


def shown(rows: Sequence[WebhookEndpoint], zone: ZoneInfo) -> list[Shown]:
    """With how many events wait or died, in one query for all."""
    counts: dict[tuple[int, str], int] = {}
    found = WebhookDelivery.objects.filter(endpoint__in=rows).exclude(state=Sent.DELIVERED)
    for pk, state, number in (
        found.order_by().values_list("endpoint", "state").annotate(Count("pk"))
    ):
        counts[pk, state] = number
    return [
        Shown(
            endpoint=row,
            name=row.description or host(row.url),
            host=host(row.url),
            sign=FAILS if row.state == State.ACTIVE and row.failing_since else STATES[row.state],
            dead=counts.get((row.pk, Sent.DEAD), 0),
            waiting=counts.get((row.pk, Sent.WAITING), 0) + counts.get((row.pk, Sent.SENDING), 0),
            last=_at(row.last_delivered_at, zone),
            failing_since=_at(row.failing_since, zone),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Line:
    """A delivery in the log."""

    delivery: WebhookDelivery
    about: str
    sign: Sign
    created: datetime
    delivered: datetime | None
    due: datetime | None
    body: str
    again: bool


def line_of(row: WebhookDelivery, zone: ZoneInfo) -> Line:
    waits = row.state == Sent.WAITING
    kind = BY_NAME.get(row.type)
    return Line(
        delivery=row,
        about=kind.about if kind else "",
        sign=TRIED if waits and row.attempts else SENT[row.state],
        created=row.created_at.astimezone(zone),
        delivered=_at(row.delivered_at, zone),
        due=_at(row.due_at if waits and row.attempts else None, zone),
        body=json.dumps(json.loads(row.body), indent=2),
        again=row.state in (Sent.DEAD, Sent.DELIVERED),
    )


def host(url: str) -> str:
    return urlsplit(url).hostname or url


def _at(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return moment.astimezone(zone) if moment else None
