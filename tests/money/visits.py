"""Visits that are over, and a site with prices, for the tests of money."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from billing.models import PackageOffer, Price, PriceList
from billing.services.pricing import set_diagnoses
from clinic.models import Patient, Site
from scheduling.models import (
    Appointment,
    AppointmentPhase,
    Protocol,
    ProtocolVersion,
    Series,
    StatusChange,
)
from tests.cast import DESK, MONDAY, NOW, at, protocol

BY = {"actor": DESK, "now": NOW}
PRICES = {
    "96365": 30_000, "96366": 9_000, "96374": 15_000, "J3490": 5_000, "90837": 20_000,
    "90834": 15_000, "90832": 10_000, "90792": 40_000,
}  # fmt: skip
LATER = NOW + timedelta(days=1)


def kare() -> ProtocolVersion:
    """The protocol of three infusions, with its usual diagnosis."""
    version = ProtocolVersion.objects.filter(protocol__key="aud-kare").first() or protocol()
    set_diagnoses(of=Protocol.objects.get(key="aud-kare"), codes=["F10.20"], **BY)
    return version


def price_list(where: Site, prices: dict[str, int] | None = None, **facts: Any) -> PriceList:
    facts.setdefault("name", "Standard")
    facts.setdefault("valid_from", date(2026, 1, 1))
    made = PriceList.objects.create(site=where, **facts)
    for code, cents in (PRICES if prices is None else prices).items():
        Price.objects.create(price_list=made, code=code, cents=cents)
    return made


def offer(where: Site, **facts: Any) -> PackageOffer:
    """Three infusions and seven therapy sessions for $5,000."""
    wanted = {
        "name": "KARE course",
        "covers": {"infusion": 3, "therapy": 7},
        "cents": 500_000,
        "instalments": 4,
        "valid_from": date(2026, 1, 1),
    }
    return PackageOffer.objects.create(site=where, **wanted | facts)


def course(who: Patient, where: Site, version: ProtocolVersion | None = None) -> Series:
    return Series.objects.create(
        patient=who,
        protocol_version=version or kare(),
        site=where,
        d0=MONDAY,
        created_at=NOW,
        updated_at=NOW,
    )


def visit(
    who: Patient,
    where: Site,
    step: str = "inf1",
    *,
    series: Series | None = None,
    version: ProtocolVersion | None = None,
    starts: datetime | None = None,
    **facts: Any,
) -> Appointment:
    """A visit as booked, with its planned phases and without claims."""
    version = version or (series.protocol_version if series else kare())
    begins = starts or at(MONDAY, "09:00")
    steps = {one["key"]: one for one in version.definition["steps"]}
    planned = [(one["name"], one["minutes"]) for one in steps[step]["phases"]]
    made = Appointment.objects.create(
        series=series,
        patient=who,
        site=where,
        protocol_version=version,
        step=step,
        starts_at=begins,
        ends_at=begins + timedelta(minutes=sum(minutes for _, minutes in planned)),
        created_at=NOW,
        updated_at=NOW,
        **facts,
    )
    moment = begins
    for position, (name, minutes) in enumerate(planned):
        end = moment + timedelta(minutes=minutes)
        AppointmentPhase.objects.create(
            appointment=made, position=position, name=name, starts_at=moment, ends_at=end
        )
        moment = end
    return made


def over(made: Appointment, minutes: int = 40, *, stop: bool = True) -> Appointment:
    """The visit took place: so many minutes of infusion or session, then home.

    Without `stop` nobody recorded when the infusion ended.
    """
    infused = made.step.startswith(("inf", "dosing", "visit"))
    begins = made.starts_at
    went = [("arrived", 0)]
    if infused:
        went += [("in_prep", 10), ("infusing", 30)]
        went += [("recovering", 30 + minutes)] if stop else []
        went += [("discharged", 100 + minutes)]
    else:
        went += [("in_session", 5), ("discharged", 5 + minutes)]
    StatusChange.objects.bulk_create(
        StatusChange(appointment=made, to=to, at=begins + timedelta(minutes=after), by="Ines")
        for to, after in went
    )
    made.status = "discharged"
    made.save()
    return made


@cache
def moments() -> tuple[datetime, ...]:
    """Mornings a week apart."""
    return tuple(at(MONDAY, "09:00") + timedelta(days=7 * number) for number in range(12))
