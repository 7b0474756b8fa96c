"""Packages that can be sold, packages and deposits of patients, and charges."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import unknown, wrong
from api.permissions import patients_of, require
from api.rest import shapes
from api.rest.doors import Door
from api.rest.pages import PAGING, page
from api.rest.parsing import Body, Identifier, Number, Text, naming
from api.rest.shapes import MoneyShape
from api.rest.showing import local
from billing.models import Charge, PackageOffer, Prepaid
from billing.money import Money, NotMoney
from billing.selectors.charges import pays
from billing.selectors.prices import valid_on
from billing.services.packages import refund_unearned, sell_package, take_deposit
from clinic.models import Patient
from scheduling.models import Series

METHODS = ("cash", "card", "check")


@extend_schema_field(
    {
        "type": "object",
        "properties": {
            "amount": {"type": "string", "pattern": "^[0-9]{1,9}\\.[0-9]{2}$"},
            "currency": {"type": "string", "enum": ["USD"]},
        },
        "required": ["amount", "currency"],
        "additionalProperties": False,
    }
)
class MoneyField(serializers.Field[Money, Any, dict[str, str], Any]):
    """{"amount": "12.34", "currency": "USD"}."""

    def to_internal_value(self, data: Any) -> Money:
        try:
            return Money.from_json(data)
        except NotMoney as no:
            raise serializers.ValidationError(str(no)) from None

    def to_representation(self, value: Money) -> dict[str, str]:
        return value.json()


class PackageBody(Body):
    patient = Identifier()
    site = Identifier()
    offer = Identifier(required=False, help_text="Sell this package.")
    deposit = MoneyField(required=False, help_text="Instead of an offer: take this deposit.")
    series = Identifier(required=False, help_text="The series that it is for.")
    parts = Number(required=False, default=1, min_value=1, max_value=24)
    paid = MoneyField(required=False, help_text="Paid with the sale.")
    method = serializers.ChoiceField(METHODS, required=False, default="card")


class EndBody(Body):
    reason = Text(max_length=150)
    method = serializers.ChoiceField(METHODS)


class InstalmentShape(serializers.Serializer[Any]):
    due_on = serializers.DateField()
    amount = MoneyShape()


class PackageShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    kind = serializers.ChoiceField(Prepaid.Kind.choices)
    patient = serializers.CharField()
    site = serializers.CharField()
    series = serializers.CharField(allow_null=True)
    offer = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    state = serializers.ChoiceField(Prepaid.State.choices)
    covers = serializers.DictField(child=serializers.IntegerField())
    drawn = serializers.DictField(child=serializers.IntegerField())
    price = MoneyShape()
    paid = MoneyShape()
    left = MoneyShape(help_text="Paid, and neither earned nor given back.")
    instalments = InstalmentShape(many=True)
    sold_at = serializers.DateTimeField()


class OfferedShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    site = serializers.CharField()
    name = serializers.CharField()
    protocol = serializers.CharField(allow_blank=True)
    covers = serializers.DictField(child=serializers.IntegerField())
    price = MoneyShape()
    deposit = MoneyShape()
    parts = serializers.IntegerField(help_text="In how many parts it may be paid.")


class ChargeShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    kind = serializers.ChoiceField(Charge.Kind.choices)
    patient = serializers.CharField()
    site = serializers.CharField()
    appointment = serializers.CharField(allow_null=True)
    on = serializers.DateField()
    code = serializers.CharField()
    what = serializers.CharField()
    units = serializers.IntegerField()
    modifiers = serializers.ListField(child=serializers.CharField())
    diagnoses = serializers.ListField(child=serializers.CharField())
    amount = MoneyShape()
    state = serializers.ChoiceField(Charge.State.choices)
    pays = serializers.CharField(help_text="Patient, the insurer, or the package.")
    reason = serializers.CharField(help_text="Why this code and these units.")
    flags = serializers.ListField(child=serializers.CharField(), help_text="To look at.")


QUERY = {"site": naming("Only of this site."), "patient": naming("Only this patient's.")}


class PackageOffers(Door):
    actions = {"GET": "see_balance"}
    queries = {"GET": {"site": QUERY["site"]} | PAGING}
    answers = {"GET": (200, shapes.listed(OfferedShape))}

    def get(self, request: Request) -> Response:
        """The packages that can be sold today."""
        rows = PackageOffer.objects.filter(valid_on(self.now.date()), self.reach().q())
        if site := self.filtered(self.sites(), "site"):
            rows = rows.filter(site=site)
        return page(request, self.asked, rows.order_by("pk"), show_offer)


class Packages(Door):
    actions = {"GET": "see_balance", "POST": "take_payments"}
    queries = {"GET": QUERY | PAGING}
    bodies = {"POST": PackageBody}
    answers = {"GET": (200, shapes.listed(PackageShape)), "POST": (201, PackageShape)}

    def get(self, request: Request) -> Response:
        """Packages and deposits, the newest first."""
        return page(request, self.asked, _of(self, _packages()), show_package)

    def create(self, request: Request, **at: str) -> Response:
        """Sell a package, or take a deposit; unearned until visits are delivered."""
        body = self.body()
        site = self.site("site", body["site"])
        patients = patients_of(self.reach(), Patient.objects.all())
        patient = self.named(patients, "patient", body["patient"])
        series = None
        if "series" in body:
            own = Series.objects.filter(patient=patient, site=site)
            series = self.named(own, "series", body["series"])
        sent = request.headers.get("Idempotency-Key")
        facts: dict[str, Any] = {
            "patient": patient,
            "series": series,
            "method": body["method"],
            "key": f"rest:{self.client.id}:{sent or uuid4()}"[:100],
            "actor": self.actor,
            "now": self.now,
        }
        if ("offer" in body) == ("deposit" in body):
            raise unknown("offer", "Give an offer to sell, or a deposit to take.")
        if "deposit" in body:
            made = take_deposit(site=site, cents=_cents("deposit", body["deposit"]), **facts)
        else:
            offers = PackageOffer.objects.filter(site=site).select_related("site")
            offer = self.named(offers, "offer", body["offer"])
            paid = _cents("paid", body["paid"]) if "paid" in body else 0
            made = sell_package(offer=offer, parts=body["parts"], paid_cents=paid, **facts)
        return Response(show_package(_packages().get(pk=made.pk)), status=201)


class PackageEnding(Door):
    actions = {"POST": "manage_billing"}
    bodies = {"POST": EndBody}
    answers = {"POST": (200, PackageShape)}

    def create(self, request: Request, **at: str) -> Response:
        """End it: what is not earned goes back, less what the site's policy keeps."""
        row = self.at(_packages().filter(self.reach().q()), at["id"])
        require(self.client, "manage_billing", row.site_id)
        body = self.body()
        key = f"end:{row.pk}:rest"
        refund_unearned(prepaid=row.pk, **body, key=key, actor=self.actor, now=self.now)
        return Response(show_package(_packages().get(pk=row.pk)))


class Charges(Door):
    actions = {"GET": "see_billing"}
    queries = {"GET": QUERY | PAGING}
    answers = {"GET": (200, shapes.listed(ChargeShape))}

    def get(self, request: Request) -> Response:
        """Charges proposed, approved, billed and void, as they were in time."""
        rows = Charge.objects.select_related("prepaid", "coverage__payer")
        return page(request, self.asked, _of(self, rows.order_by("pk")), show_charge)


def show_package(row: Prepaid) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "patient": str(row.patient_id),
        "site": str(row.site_id),
        "series": str(row.series_id) if row.series_id else None,
        "offer": str(row.offer_id) if row.offer_id else None,
        "name": row.name,
        "state": row.state,
        "covers": row.covers,
        "drawn": row.drawn,
        "price": Money(row.cents).json(),
        "paid": Money(row.paid_cents).json(),
        "left": Money(row.left_cents).json(),
        "instalments": [
            {"due_on": one["due_on"], "amount": Money(one["cents"]).json()}
            for one in row.instalments
        ],
        "sold_at": local(row.sold_at, row.site.zone),
    }


def show_offer(row: PackageOffer) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "site": str(row.site_id),
        "name": row.name,
        "protocol": row.protocol_key,
        "covers": row.covers,
        "price": Money(row.cents).json(),
        "deposit": Money(row.deposit_cents).json(),
        "parts": row.instalments,
    }


def show_charge(row: Charge) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "patient": str(row.patient_id),
        "site": str(row.site_id),
        "appointment": str(row.appointment_id) if row.appointment_id else None,
        "on": row.on.isoformat(),
        "code": row.code,
        "what": row.what,
        "units": row.units,
        "modifiers": row.modifiers,
        "diagnoses": row.diagnoses,
        "amount": Money(row.cents).json(),
        "state": row.state,
        "pays": pays(row),
        "reason": row.reason,
        "flags": [flag["text"] for flag in row.flags],
    }


def _packages() -> Any:
    return Prepaid.objects.select_related("site").order_by("-pk")


def _of(door: Door, rows: Any) -> Any:
    """The rows of the caller's sites, of the site and patient asked for."""
    rows = rows.filter(door.reach().q())
    if site := door.filtered(door.sites(), "site"):
        rows = rows.filter(site=site)
    patients = patients_of(door.reach(), Patient.objects.all())
    if patient := door.filtered(patients, "patient"):
        rows = rows.filter(patient=patient)
    return rows


def _cents(field: str, money: Money) -> int:
    if money.currency != "USD" or money.cents <= 0:
        raise wrong(field, "Give more than nothing, in USD.")
    return money.cents
