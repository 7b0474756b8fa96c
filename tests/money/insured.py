"""Patients with insurance, and what they were charged. Everybody and every payer is invented."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from billing.models import (
    Authorisation,
    Charge,
    Claim,
    Coverage,
    Entry,
    Filing,
    PatientDetails,
    Payer,
    Policy,
    Posting,
    ProviderNumber,
)
from billing.services.claim_files import send_claims
from billing.services.claiming import make_claims
from billing.services.ledger import Leg, enter, open_account
from clinic.models import Patient, Site, Staff
from clinic.transactions import writing
from tests.cast import DESK, MONDAY, NOW, patient, prescriber, site, therapist

Of = Posting.Of
BY = {"actor": DESK, "now": NOW}
FRIDAY = MONDAY - timedelta(days=3)
CLINIC_NPI, PRIYA_NPI, ANA_NPI = "1234567893", "1003000126", "1245319599"
STREET = {"line": "2 Pretend Road", "city": "Springfield", "state": "MA", "zip": "01102"}


def filing_site(name: str = "Juniper House", **facts: Any) -> Site:
    """A site that can file claims; Priya, its prescriber, answers for its nurses."""
    made = site(name)
    Policy.objects.create(
        site=made, legal_name="Juniper House LLC", tax_id="12-3456789", npi=CLINIC_NPI
    )
    priya, ana = prescriber("Priya", made), therapist("Ana", made)
    ProviderNumber.objects.create(staff=priya, npi=PRIYA_NPI, taxonomy="2084P0800X", letters="MD")
    ProviderNumber.objects.create(staff=ana, npi=ANA_NPI, taxonomy="103T00000X", letters="PhD")
    sends(made, priya, **facts)
    return made


def sends(at_site: Site, supervisor: Staff | None, **facts: Any) -> Filing:
    given = {
        "line": "1 Invented Street",
        "city": "Springfield",
        "state": "MA",
        "zip": "01101-0001",
        "sender_id": "JUNIPER01",
        "receiver_name": "Invented Clearing House",
        "receiver_id": "INVENTED",
        "contact": "Billing Desk",
        "phone": "5550100100",
    }
    return Filing.objects.create(site=at_site, supervisor=supervisor, **{**given, **facts})


def payer(name: str = "Made Up Health", **facts: Any) -> Payer:
    made, _ = Payer.objects.get_or_create(name=name, defaults={"payer_id": "99999", **facts})
    return made


def insured(
    name: str = "Pia",
    *,
    at_site: Site | None = None,
    by: Payer | None = None,
    sex: str = "F",
    **facts: Any,
) -> Patient:
    """A patient of a site with an address and a coverage that is in order."""
    who = patient(name, home_site=at_site)
    PatientDetails.objects.create(patient=who, sex=sex, **STREET)
    covers(who, by or payer(), **facts)
    return who


def covers(who: Patient, by: Payer, **facts: Any) -> Coverage:
    given: dict[str, Any] = {
        "member_id": f"XMU{who.pk:06}",
        "holder": {"signed": True},
        "first": date(2026, 1, 1),
    }
    return Coverage.objects.create(patient=who, payer=by, **{**given, **facts})


def coverage(who: Patient) -> Coverage:
    return Coverage.objects.select_related("payer").get(patient=who)


def allowed(of: Coverage, **facts: Any) -> Authorisation:
    given = {"number": "A-100", "first": date(2026, 11, 1), "last": date(2027, 1, 31)}
    return Authorisation.objects.create(coverage=of, **{**given, **facts})


def charged(
    who: Patient,
    at_site: Site,
    code: str = "96365",
    cents: int = 25_000,
    *,
    on: date = FRIDAY,
    posted: bool = True,
    own: bool = False,
    diagnoses: Sequence[str] = ("F33.2",),
    **facts: Any,
) -> Charge:
    """An approved charge, in the ledger unless told not to; `own` is not the insurer's."""
    made = Charge.objects.create(
        patient=who,
        site=at_site,
        on=on,
        code=code,
        what=facts.pop("what", "Infusion, the first hour"),
        cents=cents,
        reason="Told by a test.",
        diagnoses=list(diagnoses),
        state="approved",
        coverage=None if own else coverage(who),
        created_at=timezone.now(),
        **facts,
    )
    if posted:
        made.entry = put(who, at_site, "charge", [(Of.RECEIVABLE, Of.REVENUE, cents)], on=on)
        made.state = "billed"
        made.save()
    return made


def put(
    who: Patient, at_site: Site, kind: str, legs: Sequence[tuple[Any, ...]], **more: Any
) -> Entry:
    """One entry in a transaction of its own."""
    with writing():
        account = open_account(who)
        moved = [Leg(*leg) for leg in legs]
        return enter(account=account, kind=kind, site=at_site, legs=moved, memo=kind, **more, **BY)


def claimed(who, at_site, *codes, **facts) -> Claim:
    """The one claim of a patient's charges."""
    for code in codes or ("96365",):
        charged(who, at_site, code, **facts)
    (made,) = make_claims(site=at_site, **BY)
    return made


def sent(who, at_site, **facts) -> Claim:
    made = claimed(who, at_site, **facts)
    send_claims(site=at_site, **BY)
    made.refresh_from_db()
    return made


def said(claim: Claim) -> str:
    claim.refresh_from_db()
    return " ".join(one["message"] for one in claim.problems)
