"""Claims to insurers: what was claimed, how it stands, and making one from approved charges."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import unknown
from api.permissions import patients_of
from api.rest import shapes
from api.rest.doors import Door
from api.rest.pages import PAGING, page
from api.rest.parsing import Body, Identifier, Parameter, an_id, naming
from api.rest.shapes import MoneyShape
from billing.errors import MoneyRefused
from billing.models import Charge, Claim
from billing.money import Money
from billing.selectors.claims import last_day, whole_claims
from billing.services.claiming import make_claims
from clinic.models import Patient

STATES = tuple(state.value for state in Claim.State)


def _a_state(text: str) -> str:
    if text not in STATES:
        raise ValueError(f"It must be one of: {' '.join(STATES)}.")
    return text


class InsuranceClaimBody(Body):
    charges = serializers.ListField(
        child=Identifier(),
        min_length=1,
        max_length=50,
        help_text="Approved charges of one visit that name a coverage and are in no claim yet.",
    )


class ClaimProblemShape(serializers.Serializer[Any]):
    part = serializers.CharField(help_text="The place in the claim: lines[2].units.")
    message = serializers.CharField()


class ClaimLineShape(serializers.Serializer[Any]):
    charge = serializers.CharField()
    code = serializers.CharField()
    units = serializers.IntegerField()
    modifiers = serializers.ListField(child=serializers.CharField())
    diagnoses = serializers.ListField(child=serializers.CharField())
    amount = MoneyShape()


class ClaimAnswerShape(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["paid", "denied"])
    on = serializers.DateField()
    paid = MoneyShape()
    adjusted = MoneyShape(help_text="What the contract takes off.")
    patient = MoneyShape(help_text="What is left to the patient.")
    counts = serializers.BooleanField(help_text="false: it was taken back or corrected.")


class InsuranceClaimShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    number = serializers.CharField(help_text="Ours; it comes back with the payer's answer.")
    patient = serializers.CharField()
    site = serializers.CharField()
    payer = serializers.CharField()
    state = serializers.ChoiceField(Claim.State.choices)
    on = serializers.DateField()
    file_by = serializers.DateField(help_text="The payer's last day for it.")
    total = MoneyShape()
    lines = ClaimLineShape(many=True)
    problems = ClaimProblemShape(many=True, help_text="What to put right before it can be sent.")
    answers = ClaimAnswerShape(many=True)


QUERY = {
    "site": naming("Only claims of this site."),
    "patient": naming("Only this patient's."),
    "state": Parameter(_a_state, "Only of this state.", {"type": "string", "enum": [*STATES]}),
}


class Claims(Door):
    actions = {"GET": "see_billing", "POST": "manage_billing"}
    queries = {"GET": QUERY | PAGING}
    bodies = {"POST": InsuranceClaimBody}
    answers = {"GET": (200, shapes.listed(InsuranceClaimShape)), "POST": (201, InsuranceClaimShape)}

    def get(self, request: Request) -> Response:
        """Claims, the newest first."""
        site = self.filtered(self.sites(), "site")
        patient = self.filtered(patients_of(self.reach(), Patient.objects.all()), "patient")
        rows = whole_claims().filter(self.reach().q()).order_by("-id")
        if site:
            rows = rows.filter(site=site)
        if patient:
            rows = rows.filter(patient=patient)
        if "state" in self.asked:
            rows = rows.filter(state=self.asked["state"])
        return page(request, self.asked, rows, show)

    def create(self, request: Request, **at: str) -> Response:
        """Claim charges of one visit. What is wrong with the claim is in its `problems`."""
        charges = self._charges(self.body()["charges"])
        made = make_claims(
            site=charges[0].site,
            charges=[charge.pk for charge in charges],
            actor=self.actor,
            now=self.now,
        )
        return Response(show(whole_claims().get(pk=made[0].pk)), status=201)

    def _charges(self, given: list[str]) -> list[Charge]:
        """Of this caller's sites, and all of one claim."""
        rows = Charge.objects.filter(self.reach().q()).select_related("site")
        ids = [_number(one) for one in given]
        found = list(rows.filter(pk__in=ids))
        if len(found) < len(set(ids)):
            raise unknown("charges", "There is no charge with one of these ids.")
        if len({(one.site_id, one.coverage_id, one.appointment_id, one.on) for one in found}) > 1:
            raise MoneyRefused(
                "one_claim_a_visit",
                "A claim is of one visit and one coverage: claim each visit by itself.",
            )
        return found


class OneClaim(Door):
    actions = {"GET": "see_billing"}
    answers = {"GET": (200, InsuranceClaimShape)}

    def get(self, request: Request, id: str) -> Response:
        """One claim."""
        return Response(show(self.at(whole_claims().filter(self.reach().q()), id)))


def show(claim: Claim) -> dict[str, Any]:
    return {
        "id": str(claim.pk),
        "number": claim.control,
        "patient": str(claim.patient_id),
        "site": str(claim.site_id),
        "payer": claim.coverage.payer.name,
        "state": claim.state,
        "on": claim.on.isoformat(),
        "file_by": last_day(claim).isoformat(),
        "total": Money(claim.cents).json(),
        "lines": [
            {
                "charge": str(one.charge_id),
                "code": one.charge.code,
                "units": one.charge.units,
                "modifiers": one.charge.modifiers,
                "diagnoses": one.charge.diagnoses,
                "amount": Money(one.charge.cents).json(),
            }
            for one in claim.claimed.all()
        ],
        "problems": claim.problems,
        "answers": [
            {
                "kind": one.kind,
                "on": one.on.isoformat(),
                "paid": Money(one.paid_cents).json(),
                "adjusted": Money(one.adjusted_cents).json(),
                "patient": Money(one.patient_cents).json(),
                "counts": one.back_on is None,
            }
            for one in claim.answers.all()
        ],
    }


def _number(text: str) -> int:
    try:
        return an_id(text)
    except ValueError:
        raise unknown("charges", "There is no charge with one of these ids.") from None
