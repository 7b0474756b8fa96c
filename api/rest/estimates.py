"""Good faith estimates: which are due, asking for one, and issuing it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import unknown
from api.permissions import patients_of, require
from api.rest.doors import Door
from api.rest.pages import PAGING, page
from api.rest.papers import PaperDoor
from api.rest.parsing import Body, Identifier, Parameter, a_date, naming
from api.rest.shapes import MoneyShape, listed
from billing.models import Document, Estimate
from billing.money import Money
from billing.services.documents import issue_estimate
from billing.services.estimating import ask_for_estimate
from clinic.models import Patient
from scheduling.models import Appointment, Series


class EstimateBody(Body):
    series = Identifier(required=False, help_text="An estimate of the whole series.")
    appointment = Identifier(required=False, help_text="Of one visit that is of no series.")


class EstimateLineShape(serializers.Serializer[Any]):
    date = serializers.DateField()
    step = serializers.CharField(allow_blank=True, help_text="Empty for a package.")
    what = serializers.CharField()
    code = serializers.CharField(allow_blank=True)
    units = serializers.IntegerField()
    amount = MoneyShape()
    provider = serializers.CharField(allow_blank=True)
    from_package = serializers.BooleanField(help_text="Paid by a package: its amount is 0.00.")
    problem = serializers.CharField(allow_blank=True, help_text="Why there is no price.")


class EstimateShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    patient = serializers.CharField()
    site = serializers.CharField()
    series = serializers.CharField(allow_null=True)
    appointment = serializers.CharField(allow_null=True)
    version = serializers.IntegerField()
    state = serializers.ChoiceField(Estimate.State.choices)
    rule = serializers.CharField(help_text="Why it is due when it is, or why it is not.")
    asked_for = serializers.BooleanField()
    due_on = serializers.DateField(allow_null=True)
    overdue = serializers.BooleanField()
    total = MoneyShape()
    lines = EstimateLineShape(many=True)
    number = serializers.CharField(allow_null=True, help_text="Once it was issued.")


def _state(text: str) -> str:
    if text not in Estimate.State.values:
        raise ValueError(f"It must be one of: {' '.join(Estimate.State.values)}.")
    return text


STATES = {"type": "string", "enum": list(Estimate.State.values)}
QUERY = {
    "site": naming("Only those of this site."),
    "patient": naming("Only this patient’s."),
    "series": naming("Only those of this series."),
    "state": Parameter(_state, "How they stand.", STATES),
    "due_before": Parameter(
        a_date, "Due before this site date.", {"type": "string", "format": "date"}
    ),
}


class Estimates(Door):
    actions = {"GET": "see_balance", "POST": "take_payments"}
    queries = {"GET": QUERY | PAGING}
    bodies = {"POST": EstimateBody}
    answers = {"GET": (200, listed(EstimateShape)), "POST": (201, EstimateShape)}

    def get(self, request: Request) -> Response:
        """Estimates by when they are due, those that are not due last."""
        rows = _rows().filter(self.reach().q())
        if site := self.filtered(self.sites(), "site"):
            rows = rows.filter(site=site)
        mine = patients_of(self.reach(), Patient.objects.all())
        if patient := self.filtered(mine, "patient"):
            rows = rows.filter(patient=patient)
        if series := self.filtered(Series.objects.filter(self.reach().q()), "series"):
            rows = rows.filter(series=series)
        if "state" in self.asked:
            rows = rows.filter(state=self.asked["state"])
        if "due_before" in self.asked:
            rows = rows.filter(due_on__lt=self.asked["due_before"])
        return page(request, self.asked, rows.order_by("-pk"), self._show)

    def create(self, request: Request, **at: str) -> Response:
        """The patient asks for an estimate: it is due within three business days."""
        body = self.body()
        if ("series" in body) == ("appointment" in body):
            raise unknown("series", "Give a series or an appointment, one of the two.")
        about: dict[str, int] = {}
        if "series" in body:
            series = self.named(Series.objects.filter(self.reach().q()), "series", body["series"])
            about["series"] = series.pk
        else:
            visits = Appointment.objects.filter(self.reach().q())
            about["visit"] = self.named(visits, "appointment", body["appointment"]).pk
        made = ask_for_estimate(**about, actor=self.actor, now=self.now)
        return Response(
            self._show(_rows().get(pk=made.pk)),
            status=201,
            headers={"Location": f"{request.path}/{made.pk}"},
        )

    def _show(self, row: Estimate) -> dict[str, Any]:
        return show_estimate(row, self.now.astimezone(row.site.zone).date())


class OneEstimate(Door):
    actions = {"GET": "see_balance"}
    answers = {"GET": (200, EstimateShape)}

    def get(self, request: Request, id: str) -> Response:
        """An estimate."""
        row = self.at(_rows().filter(self.reach().q()), id)
        return Response(show_estimate(row, self.now.astimezone(row.site.zone).date()))


class EstimateIssuing(Door):
    actions = {"POST": "take_payments"}
    answers = {"POST": (200, EstimateShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Issue an estimate, numbered; one issued already stays as it is."""
        row = self.at(_rows().filter(self.reach().q()), at["id"])
        require(self.client, "take_payments", row.site_id)
        issue_estimate(estimate=row.pk, actor=self.actor, now=self.now)
        return Response(
            show_estimate(_rows().get(pk=row.pk), self.now.astimezone(row.site.zone).date())
        )


class EstimatePaper(PaperDoor):
    def document(self, id: str) -> Document | None:
        """An issued estimate as a PDF."""
        return self.at(_rows().filter(self.reach().q()), id).document


def show_estimate(row: Estimate, today: date) -> dict[str, Any]:
    currency = row.document.facts["currency"] if row.document else "USD"
    due = row.state == Estimate.State.DUE and row.due_on is not None
    return {
        "id": str(row.pk),
        "patient": str(row.patient_id),
        "site": str(row.site_id),
        "series": str(row.series_id) if row.series_id else None,
        "appointment": str(row.appointment_id) if row.appointment_id else None,
        "version": row.version,
        "state": row.state,
        "rule": row.rule,
        "asked_for": row.asked_for,
        "due_on": row.due_on.isoformat() if row.due_on else None,
        "overdue": bool(due and row.due_on and row.due_on < today),
        "total": Money(row.cents, currency).json(),
        "lines": [_line(line, currency) for line in row.lines],
        "number": row.document.facts["number"] if row.document else None,
    }


def _line(line: dict[str, Any], currency: str) -> dict[str, Any]:
    return {
        "date": line["on"],
        "step": line["step"],
        "what": line["what"],
        "code": line["code"],
        "units": line["units"],
        "amount": Money(line["cents"], currency).json(),
        "provider": line["provider"],
        "from_package": line["packaged"],
        "problem": line["problem"],
    }


def _rows() -> QuerySet[Estimate]:
    return Estimate.objects.select_related("site", "document")
