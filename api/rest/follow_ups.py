"""What is due after and around a series: calls, measures, visits, tasks."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.permissions import patients_of
from api.reading import a_date
from api.rest import shapes
from api.rest.doors import Door
from api.rest.pages import PAGING, page
from api.rest.parsing import Parameter, naming
from clinic.models import Patient
from scheduling.models import FollowUp
from scheduling.selectors.follow_ups import follow_ups


class FollowUpShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    patient = serializers.CharField()
    series = serializers.CharField(allow_null=True)
    site = serializers.CharField()
    kind = serializers.ChoiceField(FollowUp.Kind.choices)
    name = serializers.CharField()
    measures = serializers.ListField(child=serializers.CharField())
    opens_on = serializers.DateField(help_text="Site date from which it can be done.")
    due_on = serializers.DateField()
    closes_on = serializers.DateField(help_text="Overdue after this site date.")
    state = serializers.ChoiceField(FollowUp.State.choices)
    overdue = serializers.BooleanField()
    appointment = serializers.CharField(allow_null=True, help_text="The visit booked for it.")


def _state(text: str) -> str:
    if text not in FollowUp.State.values:
        raise ValueError(f"It must be one of: {' '.join(FollowUp.State.values)}.")
    return text


QUERY = {
    "site": naming("Only those of this site."),
    "patient": naming("Only this patient's."),
    "due_before": Parameter(
        a_date, "Only those due before this site date.", {"type": "string", "format": "date"}
    ),
    "state": Parameter(
        _state,
        "Only those in these states; several by commas. Without it: due and booked.",
        {"type": "array", "items": {"type": "string", "enum": FollowUp.State.values}},
        many=True,
    ),
}


class FollowUpsDoor(Door):
    actions = {"GET": "see_follow_ups"}
    queries = {"GET": QUERY | PAGING}
    answers = {"GET": (200, shapes.listed(FollowUpShape))}

    def get(self, request: Request) -> Response:
        """Overdue first, then as they are due."""
        site = self.filtered(self.sites(), "site")
        patient = self.filtered(patients_of(self.reach(), Patient.objects.all()), "patient")
        rows = follow_ups([site] if site else list(self.sites()), now=self.now)
        rows = rows.filter(state__in=self.asked.get("state") or ["due", "booked"])
        if patient:
            rows = rows.filter(patient=patient)
        if "due_before" in self.asked:
            rows = rows.filter(due_on__lt=self.asked["due_before"])
        return page(request, self.asked, rows, show)


def show(row: Any) -> dict[str, Any]:
    """A follow-up as contract v1 has it; `overdue` is told by the selector."""
    return {
        "id": str(row.pk),
        "patient": str(row.patient_id),
        "series": str(row.series_id) if row.series_id else None,
        "site": str(row.site_id),
        "kind": row.kind,
        "name": row.name,
        "measures": row.measures,
        "opens_on": row.opens_on.isoformat(),
        "due_on": row.due_on.isoformat(),
        "closes_on": row.closes_on.isoformat(),
        "state": row.state,
        "overdue": row.overdue,
        "appointment": str(row.appointment_id) if row.appointment_id else None,
    }
