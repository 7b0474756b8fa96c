"""What must be so before a visit begins and before it ends."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.permissions import require, visible_visits
from api.rest import shapes
from api.rest.doors import Door
from api.rest.parsing import Body, Day, Number, Text
from scheduling.models import Appointment, GateAnswer
from scheduling.planner.gates import Stands
from scheduling.selectors.gates import gates_of
from scheduling.services.gates import override_gate, record_gate


class GateBody(Body):
    gate = Text(max_length=80, help_text="The key of the gate, as the list has it.")
    outcome = serializers.ChoiceField(
        GateAnswer.Outcome.choices,
        required=False,
        help_text="Of a blood pressure the numbers tell. `overridden` takes a reason.",
    )
    on = Day(required=False, help_text="When it was so; today unless told.")
    until = Day(required=False, help_text="The last day on which it holds.")
    systolic = Number(required=False, min_value=1, max_value=400)
    diastolic = Number(required=False, min_value=1, max_value=400)
    name = Text(max_length=100, required=False, help_text="Of the escort.")
    phone = Text(max_length=40, required=False)
    reason = Text(max_length=200, required=False)


class GateShape(serializers.Serializer[Any]):
    gate = serializers.CharField()
    name = serializers.CharField()
    moment = serializers.ChoiceField(["prep", "discharge"])
    open = serializers.BooleanField(help_text="It stops the visit from going on.")
    why = serializers.CharField()
    outcome = serializers.ChoiceField(GateAnswer.Outcome.choices, allow_null=True)


class Gates(Door):
    actions = {"GET": "see_care", "POST": "record_gates"}
    bodies = {"POST": GateBody}
    answers = {
        "GET": (200, shapes.listed(GateShape)),
        "POST": (200, shapes.listed(GateShape)),
    }

    def get(self, request: Request, id: str) -> Response:
        """Every gate of a visit as it stands."""
        return self._standing(self.at(visible_visits(self.client, Appointment.objects.all()), id))

    def create(self, request: Request, **at: str) -> Response:
        """Say how one gate stands; the last answer counts. All of them as they stand then."""
        visit = self.at(Appointment.objects.filter(self.reach().q()), at["id"])
        body = self.body()
        if body.get("outcome") == GateAnswer.Outcome.OVERRIDDEN:
            require(self.client, "override_rules", visit.site)
            override_gate(
                appointment=visit.pk,
                gate=body["gate"],
                reason=body.get("reason", ""),
                actor=self.actor,
                now=self.now,
            )
        else:
            record_gate(appointment=visit.pk, actor=self.actor, now=self.now, **body)
        return self._standing(visit)

    def _standing(self, visit: Appointment) -> Response:
        results = [show(one) for one in gates_of(visit, now=self.now)]
        return Response({"count": len(results), "next": None, "previous": None, "results": results})


def show(one: Stands) -> dict[str, Any]:
    return {
        "gate": one.gate.key,
        "name": one.gate.name,
        "moment": one.gate.moment,
        "open": one.open,
        "why": one.why,
        "outcome": one.answer.outcome if one.answer else None,
    }
