"""Insurance in the demo: payers, cards, what was authorised, and claims in every state.

Every payer, number and address is invented; the codes of clinicians are those of nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random

from billing.checks import is_npi
from billing.models import (
    Authorisation,
    Claim,
    Coverage,
    Filing,
    PatientDetails,
    Payer,
    Policy,
    ProviderNumber,
)
from billing.services.claim_answers import record_denied, record_paid
from billing.services.claim_files import send_claims
from billing.services.claiming import make_claims
from clinic.journal import Actor
from clinic.models import Patient, Site, Staff

BY = Actor(name="load_demo", door="command")
PAYERS = (
    ("Example Health Plan", "EX001", "commercial", 90, ["96365", "96366"]),
    ("Pretend Mutual", "EX002", "commercial", 180, False),
    ("Medicare (example)", "EX003", "medicare", 365, False),
)
STREETS = ("Invented Street", "Pretend Road", "Sample Lane", "Nowhere Avenue")
BACK = timedelta(days=120)
EVERY = 4
"""One patient in so many has insurance."""


def insure(*, now: datetime) -> None:
    """Payers, who files at each site, and cards for some patients; once. To run before charges."""
    random = Random("cards")  # noqa: S311 - a demo, not a secret
    if Payer.objects.filter(payer_id=PAYERS[0][1]).exists():
        return
    payers = [
        Payer.objects.create(
            name=name, payer_id=id, kind=kind, timely_filing_days=days, rules={"authorises": asks}
        )
        for name, id, kind, days, asks in PAYERS
    ]
    for site in Site.objects.order_by("pk"):
        _file(site, random)
    fill_coverages(payers, random, now)


def fill(*, now: datetime) -> None:
    """Claims of what was approved for insured patients, some of them answered."""
    random = Random("claims")  # noqa: S311 - a demo, not a secret
    for site in Site.objects.order_by("pk"):
        _claim(site, random, now)


def fill_coverages(payers: Sequence[Payer], random: Random, now: datetime) -> int:
    """A card, an address and where it is needed an authorisation for some patients."""
    people = list(Patient.objects.filter(is_demo=True).order_by("pk"))[::EVERY]
    first = now.date() - BACK
    for number, patient in enumerate(people):
        PatientDetails.objects.create(
            patient=patient,
            sex=random.choice("FMU"),
            line=f"{random.randint(1, 99)} {random.choice(STREETS)}",
            city="Springfield",
            state="MA",
            zip=f"0110{random.randint(1, 9)}",
        )
        payer = payers[number % len(payers)]
        coverage = Coverage.objects.create(
            patient=patient,
            payer=payer,
            member_id="" if number % 9 == 8 else f"EX{random.randrange(10**8):08}",
            holder={"signed": number % 11 != 10},
            first=first,
        )
        if payer.rules["authorises"] and number % 2 == 0:
            Authorisation.objects.create(
                coverage=coverage,
                number=f"A-{1000 + number}",
                codes=payer.rules["authorises"],
                visits_allowed=random.choice((2, 6)),
                first=first,
                last=first + 2 * BACK,
            )
    return len(people)


def _file(site: Site, random: Random) -> None:
    """Who bills at a site; a policy that is there keeps what it says."""
    policy, _ = Policy.objects.get_or_create(site=site)
    policy.legal_name = policy.legal_name or f"{site.name} (example)"[:60]
    policy.tax_id, policy.npi = policy.tax_id or "12-3456789", policy.npi or _npi(random)
    policy.save()
    people = list(Staff.objects.filter(sites=site, active=True).order_by("pk"))
    prescribers = [one for one in people if "prescriber" in one.roles]
    for one in people:
        if {"prescriber", "therapist"} & set(one.roles):
            doctor = "prescriber" in one.roles
            ProviderNumber.objects.get_or_create(
                staff=one,
                defaults={
                    "npi": _npi(random),
                    "taxonomy": "2084P0800X" if doctor else "103T00000X",
                    "letters": "MD" if doctor else "PhD",
                },
            )
    Filing.objects.get_or_create(
        site=site,
        defaults={
            "line": "1 Invented Street",
            "city": "Springfield",
            "state": "MA",
            "zip": "01101-0001",
            "sender_id": "EXAMPLE01",
            "receiver_name": "Example Clearing House",
            "receiver_id": "EXAMPLECH",
            "contact": "Billing desk",
            "phone": "5550100100",
            "supervisor": prescribers[0] if prescribers else None,
        },
    )


def _npi(random: Random) -> str:
    """Ten digits with the right check digit, of a kind that nobody was given."""
    body = f"2{random.randrange(10**8):08}"
    return next(whole for last in "0123456789" if is_npi(whole := body + last))


def _claim(site: Site, random: Random, now: datetime) -> None:
    """Claims of all that waits: some sent and answered, the rest still at the desk."""
    ready = [one for one in make_claims(site=site, actor=BY, now=now) if one.state == "ready"]
    going = ready[: len(ready) * 2 // 3]
    if not going:
        return
    send_claims(site=site, claims=_ids(going), actor=BY, now=now)
    for claim in going[: len(going) // 2]:
        if random.random() < 0.2:
            record_denied(claim=claim, reason="Not covered, says the payer", actor=BY, now=now)
            continue
        paid = claim.cents * random.randint(50, 70) // 100
        record_paid(
            claim=claim,
            paid_cents=paid,
            adjusted_cents=(claim.cents - paid) * 2 // 3,
            reference=f"EXAMPLE-{claim.pk:05}",
            actor=BY,
            now=now,
        )


def _ids(claims: Iterable[Claim]) -> list[int]:
    return [claim.pk for claim in claims]
