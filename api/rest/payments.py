"""Payments: taken at the desk of another system, listed, and given back."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import Problem
from api.once import HEADER
from api.permissions import patients_of
from api.rest import shapes
from api.rest.doors import Door
from api.rest.pages import PAGING, page
from api.rest.parsing import Body, Identifier, Parameter, Text, naming
from api.rest.showing import local
from billing.models import Payment, Refund
from billing.money import Money, NotMoney
from billing.processing import processor
from billing.services.online import currency_of
from billing.services.paying import AT_THE_DESK, take_payment
from billing.services.refunding import refund_payment
from clinic.models import Patient, Site


class MoneyBody(Body):
    amount = serializers.RegexField(
        r"^[0-9]{1,9}(\.[0-9]{2})?\Z", help_text="As text, as in 12.34."
    )
    currency = Text(max_length=3, help_text="ISO 4217; that of the site.")


class PaymentBody(Body):
    patient = Identifier()
    site = Identifier(help_text="Where it was taken.")
    method = serializers.ChoiceField([method.value for method in AT_THE_DESK])
    amount = MoneyBody()
    prepaid = Identifier(
        required=False, allow_null=True, help_text="The package or deposit that it pays for."
    )
    reference = Text(
        max_length=80, required=False, allow_blank=True, help_text="A check’s number, a slip’s."
    )


class RefundBody(Body):
    amount = MoneyBody()
    reason = Text(max_length=150)


class PaidShape(serializers.Serializer[Any]):
    amount = serializers.RegexField(r"^[0-9]+\.[0-9]{2}$")
    currency = serializers.CharField()


class PaymentShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    patient = serializers.CharField()
    site = serializers.CharField()
    method = serializers.ChoiceField(Payment.Method.choices)
    state = serializers.ChoiceField(Payment.State.choices, help_text="failed: taken back as well.")
    amount = PaidShape()
    refunded = PaidShape()
    prepaid = serializers.CharField(allow_null=True)
    reference = serializers.CharField(allow_blank=True)
    received_at = serializers.DateTimeField(allow_null=True)


def _state(text: str) -> str:
    if text not in Payment.State.values:
        raise ValueError(f"It must be one of: {' '.join(Payment.State.values)}.")
    return text


QUERY = {
    "site": naming("Only those taken at this site."),
    "patient": naming("Only this patient's."),
    "state": Parameter(
        _state,
        "Only those in this state.",
        {"type": "string", "enum": Payment.State.values},
    ),
}


class MoneyDoor(Door):
    """What moves money does it once for an Idempotency-Key, also when the answer was never kept."""

    def key(self) -> str:
        given = self.request.headers.get(HEADER, "") or secrets.token_urlsafe(24)
        said = f"{self.client.id} {self.request.path} {given}"
        return f"rest-{sha256(said.encode()).hexdigest()}"


class Payments(MoneyDoor):
    actions = {"GET": "see_balance", "POST": "take_payments"}
    queries = {"GET": QUERY | PAGING}
    bodies = {"POST": PaymentBody}
    answers = {"GET": (200, shapes.listed(PaymentShape)), "POST": (201, PaymentShape)}

    def get(self, request: Request) -> Response:
        """Payments, newest first."""
        site = self.filtered(self.sites(), "site")
        patient = self.filtered(patients_of(self.reach(), Patient.objects.all()), "patient")
        rows = _rows().filter(self.reach().q()).order_by("-pk")
        if site:
            rows = rows.filter(site=site)
        if patient:
            rows = rows.filter(patient=patient)
        if "state" in self.asked:
            rows = rows.filter(state=self.asked["state"])
        return page(request, self.asked, rows, show)

    def create(self, request: Request, **at: str) -> Response:
        """Take money by cash, card or check. What is more than is owed stays as a credit."""
        body = self.body()
        site = self.site("site", body["site"])
        patients = patients_of(self.reach(), Patient.objects.all())
        patient = self.named(patients, "patient", body["patient"])
        prepaid = None
        if body.get("prepaid"):
            prepaid = self.named(patient.prepaid.all(), "prepaid", body["prepaid"]).pk
        made = take_payment(
            patient=patient.pk,
            site=site,
            method=body["method"],
            cents=cents_of(body["amount"], site),
            key=self.key(),
            prepaid=prepaid,
            reference=body.get("reference", ""),
            actor=self.actor,
            now=self.now,
        )
        return Response(show(_rows().get(pk=made.pk)), status=201)


class PaymentRefund(MoneyDoor):
    actions = {"POST": "manage_billing"}
    bodies = {"POST": RefundBody}
    answers = {"POST": (201, PaymentShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Give part or all of a payment back, the way it came; never more than came."""
        row = self.at(_rows().filter(self.reach().q()), at["id"])
        body = self.body()
        made = refund_payment(
            payment=row.pk,
            cents=cents_of(body["amount"], row.site),
            reason=body["reason"],
            key=self.key(),
            processor=processor(),
            actor=self.actor,
            now=self.now,
        )
        if made.state == Refund.State.FAILED:
            refusal = {"rule": "refund_was_taken", "subject": "money", "message": made.reason}
            raise Problem("refused", made.reason, refusals=[refusal])
        return Response(show(_rows().get(pk=row.pk)), status=201)


def cents_of(money: dict[str, str], site: Site) -> int:
    """Cents of a body's money; 422 when it is in another currency than the site's."""
    try:
        read = Money.from_json(dict(money))
    except NotMoney as wrong:
        raise Problem("malformed", str(wrong), errors=[("amount", str(wrong))]) from wrong
    if read.currency != (own := currency_of(site)):
        message = f"This site takes {own}."
        refusal = {"rule": "currency_of_the_site", "subject": "money", "message": message}
        raise Problem("refused", message, refusals=[refusal])
    return read.cents


def show(row: Payment) -> dict[str, Any]:
    currency = currency_of(row.site)
    return {
        "id": str(row.pk),
        "patient": str(row.patient_id),
        "site": str(row.site_id),
        "method": row.method,
        "state": row.state,
        "amount": Money(row.cents, currency).json(),
        "refunded": Money(row.refunded_cents, currency).json(),
        "prepaid": str(row.prepaid_id) if row.prepaid_id else None,
        "reference": row.reference,
        "received_at": local(row.received_at, row.site.zone) if row.received_at else None,
    }


def _rows() -> Any:
    return Payment.objects.select_related("site__billing_policy", "site__organisation")
