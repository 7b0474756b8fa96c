"""Example prices, packages sold, and the charges of a demo's visits, deterministic by its rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from billing.errors import MoneyRefused
from billing.models import Capture, Charge, Diagnoses, PackageOffer, Policy, Price, PriceList
from billing.services.charging import capture_visit
from billing.services.packages import sell_package, take_deposit
from billing.services.reviewing import approve_charges, post_charges
from clinic.journal import Actor
from clinic.models import Site
from clinic.transactions import writing
from scheduling import catalogue
from scheduling.models import Appointment, Protocol, Series, Status

ACTOR = Actor(name="load_demo", door="command")
PRICES = {
    "96365": 39_500, "96366": 12_500, "96374": 21_500, "96372": 6_500, "J3490": 4_500,
    "G2082": 98_500, "G2083": 139_500, "S0013": 1_150, "J0013": 1_150,
    "90832": 11_500, "90834": 15_500, "90837": 21_500, "90833": 8_500, "90836": 10_500,
    "90838": 13_500, "90791": 24_500, "90792": 32_500, "99202": 11_500, "99203": 16_500,
    "99204": 24_500, "99205": 31_500, "99212": 8_500, "99213": 13_500, "99214": 18_500,
    "99215": 24_500, "96127": 1_500,
}  # fmt: skip
OFFERS: tuple[tuple[str, str, dict[str, int], int, int, int], ...] = (
    ("KARE course (example)", "aud-kare", {"infusion": 3, "therapy": 7}, 289_000, 49_000, 3),
    ("Six infusions (example)", "depression-induction", {"infusion": 6}, 234_000, 39_000, 3),
    ("Six infusions, PTSD (example)", "ptsd-induction", {"infusion": 6}, 234_000, 39_000, 3),
    ("Three boosters (example)", "", {"infusion": 3}, 114_000, 0, 1),
)
"""Name, protocol, visits by kind, price, deposit, most parts."""
USUAL = {
    "aud": "F10.20",
    "dep": "F33.2",
    "pts": "F43.10",
    "mai": "F33.1",
    "kap": "F33.1",
    "esk": "F33.2",
}
SETTLED_AFTER = timedelta(hours=26)


def fill(*, now: datetime) -> None:
    """Prices and rules at every site, packages for a third of the series, charges of what is over.

    Charges older than a day are approved and entered; the others wait for review.
    """
    with writing():
        _write_prices(now)
    _sell(now)
    over = Appointment.objects.filter(
        status__in=(Status.DISCHARGED, Status.NO_SHOW, Status.CANCELLED), starts_at__lte=now
    ).select_related("protocol_version")
    visits = list(over.order_by("starts_at", "pk"))
    with writing():
        Capture.objects.bulk_create(
            Capture(appointment=visit, answers=answers)
            for visit in visits
            if visit.status == Status.DISCHARGED and (answers := _answers(visit))
        )
    for visit in visits:
        charges = capture_visit(appointment=visit.pk, actor=ACTOR, now=now)
        if charges and visit.ends_at < now - SETTLED_AFTER:
            _settle(charges, now)


def _write_prices(now: datetime) -> None:
    first = date(now.year - 1, 1, 1)
    for site in Site.objects.all():
        listed = PriceList.objects.create(
            site=site, name="Standard prices (example)", valid_from=first
        )
        Price.objects.bulk_create(
            Price(price_list=listed, code=code, cents=cents) for code, cents in PRICES.items()
        )
        PackageOffer.objects.bulk_create(
            PackageOffer(
                site=site, name=name, protocol_key=key, covers=covers, cents=cents,
                deposit_cents=deposit, instalments=parts, valid_from=first,
            )
            for name, key, covers, cents, deposit, parts in OFFERS
        )  # fmt: skip
        policy, _ = Policy.objects.get_or_create(site=site)
        policy.deposit_cents, policy.refund_keeps_percent = 25_000, 10
        policy.late_cancel_cents, policy.no_show_cents = 5_000, 7_500
        policy.legal_name = policy.legal_name or f"{site.organisation.name} (example)"
        policy.tax_id = policy.tax_id or "00-0000000"
        policy.footer = "Invented clinic: nothing here is owed."
        policy.save()
    Diagnoses.objects.bulk_create(
        Diagnoses(protocol=one, codes=[USUAL[one.key[:3]]], by=ACTOR.name, at=now)
        for one in Protocol.objects.order_by("pk")
        if one.key[:3] in USUAL
    )


def _sell(now: datetime) -> None:
    offers = {
        (one.site_id, one.protocol_key): one for one in PackageOffer.objects.select_related("site")
    }
    rows = Series.objects.select_related("patient", "site", "protocol_version__protocol")
    for number, series in enumerate(rows.order_by("pk")):
        sold_at = min(series.created_at, now)
        facts: dict[str, Any] = {
            "patient": series.patient, "series": series, "key": f"demo:{series.pk}",
            "actor": ACTOR, "now": sold_at,
        }  # fmt: skip
        offer = offers.get((series.site_id, series.protocol_version.protocol.key))
        if offer and number % 3 == 0:
            parts = 1 if number % 2 else offer.instalments
            paid = offer.cents if parts == 1 else offer.deposit_cents
            sell_package(offer=offer, parts=parts, paid_cents=paid, method="card", **facts)
        elif number % 7 == 1:
            take_deposit(site=series.site, cents=25_000, method="card", **facts)


def _answers(visit: Appointment) -> dict[str, Any]:
    """What clinicians said of a visit; every fifth visit still lacks it."""
    if visit.pk % 5 == 0:
        return {}
    step = catalogue.step_of(visit.protocol_version.definition, visit.step) or {}
    if visit.protocol_version.definition["key"].startswith("esketamine"):
        return {"esketamine_mg": 84, "drug_units": 84}
    said: dict[str, dict[str, Any]] = {
        "consult": {"em": "99204", "established": False, "em_minutes": 50},
        "review": {"em": "99213", "established": True, "em_minutes": 25, "scales": 2},
        "dosing": {"route": "im"},
    }
    return said.get(str(step.get("kind")), {})


def _settle(charges: list[Charge], now: datetime) -> None:
    ids = [one.pk for one in charges]
    try:
        approve_charges(charges=ids, actor=ACTOR, now=now)
        post_charges(charges=ids, actor=ACTOR, now=now)
    except MoneyRefused:
        return  # Something has to be answered first: it stays on the worklist.
