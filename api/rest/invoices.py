"""Invoices: issuing one for what was approved, and reading what was issued."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.permissions import patients_of
from api.rest.doors import Door
from api.rest.pages import PAGING, page
from api.rest.papers import PaperDoor
from api.rest.parsing import Body, Identifier, naming
from api.rest.shapes import MoneyShape, listed
from billing.models import Charge, Document
from billing.money import Money
from billing.services.invoicing import issue_invoice
from clinic.models import Patient


class InvoiceBody(Body):
    patient = Identifier()
    site = Identifier()
    charges = serializers.ListField(
        child=Identifier(),
        required=False,
        min_length=1,
        max_length=500,
        help_text="Approved charges that no invoice has; without it: all of them.",
    )


class InvoiceLineShape(serializers.Serializer[Any]):
    date = serializers.DateField()
    what = serializers.CharField()
    code = serializers.CharField(allow_blank=True)
    units = serializers.IntegerField()
    amount = MoneyShape()
    from_package = serializers.BooleanField()


class InvoiceShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    number = serializers.CharField()
    patient = serializers.CharField()
    site = serializers.CharField()
    date = serializers.DateField()
    lines = InvoiceLineShape(many=True)
    total = MoneyShape(help_text="Of all lines.")
    due = MoneyShape(help_text="Less what packages and payments had settled when it was issued.")
    over_estimate = MoneyShape(allow_null=True, help_text="By how much, where it may be disputed.")
    replaces = serializers.CharField(allow_null=True, help_text="The invoice it corrects.")
    credited = serializers.BooleanField(help_text="Taken back by a credit note.")


QUERY = {
    "site": naming("Only those of this site."),
    "patient": naming("Only this patient’s."),
}


class Invoices(Door):
    actions = {"GET": "see_balance", "POST": "manage_billing"}
    queries = {"GET": QUERY | PAGING}
    bodies = {"POST": InvoiceBody}
    answers = {"GET": (200, listed(InvoiceShape)), "POST": (201, InvoiceShape)}

    def get(self, request: Request) -> Response:
        """Invoices, the newest first."""
        rows = _rows().filter(self.reach().q())
        if site := self.filtered(self.sites(), "site"):
            rows = rows.filter(site=site)
        mine = patients_of(self.reach(), Patient.objects.all())
        if patient := self.filtered(mine, "patient"):
            rows = rows.filter(patient=patient)
        return page(request, self.asked, rows.order_by("-pk"), show_invoice)

    def create(self, request: Request, **at: str) -> Response:
        """Invoice a patient for what was approved; 422 when there is nothing."""
        body = self.body()
        site = self.site("site", body["site"])
        mine = patients_of(self.reach(), Patient.objects.all())
        patient = self.named(mine, "patient", body["patient"])
        charges = None
        if "charges" in body:
            own = Charge.objects.filter(patient=patient, site=site)
            charges = [self.named(own, "charges", one).pk for one in body["charges"]]
        made = issue_invoice(
            patient=patient, site=site, charges=charges, actor=self.actor, now=self.now
        )
        return Response(
            show_invoice(_rows().get(pk=made.pk)),
            status=201,
            headers={"Location": f"{request.path}/{made.pk}"},
        )


class OneInvoice(Door):
    actions = {"GET": "see_balance"}
    answers = {"GET": (200, InvoiceShape)}

    def get(self, request: Request, id: str) -> Response:
        """An invoice."""
        return Response(show_invoice(self.at(_rows().filter(self.reach().q()), id)))


class InvoicePaper(PaperDoor):
    def document(self, id: str) -> Document | None:
        """An invoice as a PDF."""
        return self.at(_rows().filter(self.reach().q()), id)


def show_invoice(row: Document) -> dict[str, Any]:
    facts = row.facts
    currency, over = facts["currency"], facts["over"]
    credited = any(one.kind == Document.Kind.CREDIT for one in row.corrected_by.all())
    return {
        "id": str(row.pk),
        "number": facts["number"],
        "patient": str(row.patient_id),
        "site": str(row.site_id),
        "date": row.on.isoformat(),
        "lines": [
            {
                "date": line["on"],
                "what": line["what"],
                "code": line["code"],
                "units": line["units"],
                "amount": Money(line["cents"], currency).json(),
                "from_package": line["covered"],
            }
            for line in facts["lines"]
        ],
        "total": Money(facts["total_cents"], currency).json(),
        "due": Money(facts["due_cents"], currency).json(),
        "over_estimate": Money(over["by_cents"], currency).json() if over else None,
        "replaces": str(row.corrects_id) if row.corrects_id else None,
        "credited": credited,
    }


def _rows() -> QuerySet[Document]:
    rows = Document.objects.filter(kind=Document.Kind.INVOICE)
    return rows.prefetch_related("corrected_by")
