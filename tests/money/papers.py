"""What documents are issued of: prices, a policy, charges that were approved, payments."""

from __future__ import annotations

from datetime import date, datetime

from billing.models import Charge, Payment, Policy, PriceList, ProviderNumber
from billing.services.ledger import Leg, Of, enter, open_account
from clinic.models import Patient, Site
from clinic.transactions import writing
from scheduling.models import Appointment, ProtocolVersion, Series
from scheduling.services.booking import book_series
from tests.cast import DESK, MONDAY, NOW, kare_times, protocol, token

BY = {"actor": DESK, "now": NOW}
PRICES = {"96365": 450_00, "J3490": 50_00, "90837": 220_00, "90792": 300_00}


def priced(where: Site, prices: dict[str, int] | None = None, since: date = date(2026, 1, 1)):
    """A list of prices for those who pay themselves."""
    made = PriceList.objects.create(site=where, name="Self-pay", valid_from=since)
    for code, cents in (prices or PRICES).items():
        made.prices.create(code=code, cents=cents)
    return made


def known(where: Site) -> Policy:
    """The clinic as it is named on paper, and its clinicians with their numbers."""
    where.address = "1 Juniper Row"
    where.save()
    for one in where.staff.all():
        ProviderNumber.objects.create(staff=one, npi="1234567893")
    return Policy.objects.create(
        site=where, legal_name="Juniper Health", tax_id="12-3456789", npi="1234567893"
    )


def booked(who: Patient, where: Site, monday: date = MONDAY, now: datetime = NOW) -> Series:
    """All eleven visits of aud-kare; the first is the screening a day after that Monday."""
    version = ProtocolVersion.objects.filter(protocol__key="aud-kare").first()
    starts = kare_times(monday)
    proposal = token(who, version or protocol("aud-kare"), where, starts, now=now)
    return book_series(token=proposal, actor=DESK, now=now)


def charge(who: Patient, where: Site, cents: int = 450_00, **facts) -> Charge:
    """A charge that was approved and is not in the ledger yet."""
    facts.setdefault("code", "96365")
    facts.setdefault("what", "Infusion into a vein, the first hour")
    facts.setdefault("on", MONDAY)
    facts.setdefault("diagnoses", ["F10.20"])
    facts.setdefault("state", "approved")
    return Charge.objects.create(
        patient=who, site=where, cents=cents, reason="Because", created_at=NOW, **facts
    )


def charge_of(visit: Appointment, cents: int, **facts) -> Charge:
    on = visit.starts_at.astimezone(visit.site.zone).date()
    return charge(visit.patient, visit.site, cents, appointment=visit, on=on, **facts)


def paid(who: Patient, where: Site, cents: int, *, key: str = "pay-1", prepaid=None) -> Payment:
    """A card payment that came in."""
    with writing():
        to = Of.UNEARNED if prepaid else Of.RECEIVABLE
        entry = enter(
            account=open_account(who),
            kind="payment",
            site=where,
            legs=[Leg(Of.CARD, to, cents, prepaid)],
            memo="Card",
            **BY,
        )
        return Payment.objects.create(
            patient=who,
            site=where,
            method="card",
            state="received",
            cents=cents,
            key=key,
            prepaid=prepaid,
            entry=entry,
            by="Dora",
            created_at=NOW,
            received_at=NOW,
        )
