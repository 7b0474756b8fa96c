"""Move a visit, or see what that would change."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.rest import versions
from api.rest.appointments import seen_of
from api.rest.doors import Door
from api.rest.parsing import Body, Flag, Instant
from api.rest.showing import local
from scheduling.models import Appointment
from scheduling.selectors.moves import Change, preview_move
from scheduling.services.moving import move_visit


class MoveBody(Body):
    starts_at = Instant(help_text="When the visit is to begin; any offset.")
    cascade = Flag(
        required=False, default=True, help_text="Whether later visits of the series may follow."
    )
    dry_run = Flag(required=False, default=False, help_text="True: nothing is changed.")


class ChangeShape(serializers.Serializer[Any]):
    appointment = serializers.CharField()
    to = serializers.DateTimeField(help_text="When it begins now, with the site's offset.")
    reason = serializers.CharField(
        allow_blank=True, help_text="Why it follows; empty for the visit that was asked for."
    )

    def get_fields(self) -> dict[str, Any]:
        was = serializers.DateTimeField(help_text="When it began before.")
        return {"from": was, **super().get_fields()}


class MovedShape(serializers.Serializer[Any]):
    changed = ChangeShape(many=True, help_text="The visit itself first, then those that follow.")


class AppointmentMoving(Door):
    actions = {"POST": "move_visit"}
    headers_of = {"POST": versions.CHANGE}
    bodies = {"POST": MoveBody}
    answers = {"POST": (200, MovedShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Move a visit alone where its windows allow, else with the later ones that must follow.

        Every gap of the protocol is kept. Outside its window: 422, with the nearest day that works.
        """
        visit = self.at(
            Appointment.objects.select_related("site").filter(self.reach().q()), at["id"]
        )
        body = self.body()
        dry_run = body.pop("dry_run")
        seen = seen_of(request, visit.pk)
        if dry_run:
            changed = preview_move(appointment=visit.pk, now=self.now, **body)
        else:
            changed = move_visit(
                appointment=visit.pk, seen=seen, actor=self.actor, now=self.now, **body
            )
        return Response({"changed": [_shown(change, visit.site.zone) for change in changed]})


def _shown(change: Change, zone: ZoneInfo) -> dict[str, str]:
    return {
        "appointment": str(change.appointment),
        "from": local(change.before[0], zone),
        "to": local(change.after[0], zone),
        "reason": change.reason,
    }
