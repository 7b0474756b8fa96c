"""Invented patients."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from clinic.finding import search_key
from clinic.models import Patient, Resource, Site
from scheduling.demo.names import Names

AREAS = ("212", "315", "518", "585", "607", "646", "716", "718", "845", "914", "312", "773")
WISHES: tuple[dict[str, Any], ...] = (
    {"earliest": "09:00", "latest": "12:00"},
    {"earliest": "13:00"},
    {"weekdays": ["mon", "wed", "fri"]},
    {"weekdays": ["tue", "thu"], "earliest": "10:00"},
)


def make_patients(
    wanted: list[tuple[Site, int, datetime]], *, names: Names, rng: Random, today: date
) -> list[Patient]:
    """One patient for each (home site, acuity, when they were added)."""
    resources = Resource.objects.bulk_create(Resource(kind="patient") for _ in wanted)
    return Patient.objects.bulk_create(
        _patient(number, resource, *facts, names=names, rng=rng, today=today)
        for number, (resource, facts) in enumerate(zip(resources, wanted, strict=True))
    )


def _patient(
    number: int,
    resource: Resource,
    site: Site,
    acuity: int,
    added: datetime,
    *,
    names: Names,
    rng: Random,
    today: date,
) -> Patient:
    given, family = names.next()
    mrn = f"LF-{10_000 + number}"
    escort = names.next() if rng.random() < 0.7 else None
    return Patient(
        resource=resource,
        mrn=mrn,
        given_name=given,
        family_name=family,
        birth_date=today - timedelta(days=rng.randrange(19 * 365, 78 * 365)),
        home_site=site,
        phone=_phone(number, rng),
        email=f"{given}.{family}{number}@example.com".lower(),
        acuity=acuity,
        preferences=dict(rng.choice(WISHES)) if rng.random() < 0.25 else {},
        escort_name=" ".join(escort) if escort else "",
        escort_phone=_phone(number + 40, rng) if escort else "",
        no_text=rng.random() < 0.08,
        no_email=rng.random() < 0.08,
        is_demo=True,
        search_key=search_key(given_name=given, family_name=family, mrn=mrn),
        created_at=added,
        updated_at=added,
    )


def _phone(number: int, rng: Random) -> str:
    """A number from the block kept for fiction."""
    return f"+1{rng.choice(AREAS)}55501{number % 100:02d}"
