"""Claims made up at random from a seed: nobody in them exists."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from billing.checks import is_npi
from billing.claim import (
    RELATIONSHIPS,
    Address,
    BillingProvider,
    Claim,
    Coverage,
    DrugGiven,
    Person,
    RenderingProvider,
    ServiceLine,
    total_of,
)
from billing.money import Money

GIVEN = [
    "Zoë",
    "José María",
    "Łucja",
    "Anna-Lena",
    "D'Arcy",
    "Bjørn",
    "Mei",
    "Siobhán",
    "Ünal",
    "Ng",
]
FAMILY = ["Müller", "O'Invented", "Smith*Jones", "García:López", "Pretend~Person", "Żak", "Ba^ker"]
CITIES = [
    ("Springfield", "MA", "01101"),
    ("Sample City", "CA", "90001"),
    ("Mocktown", "TX", "73301"),
]
DIAGNOSES = ["F33.2", "F32.1", "F41.1", "F43.10", "F10.20", "F33.41", "F32.A", "G89.4", "M79.7"]
DIAGNOSES += ["F43.12", "F40.10", "F42.2", "Z79.899"]
LINES = ["96365", "96366", "96374", "90834", "90837", "99214", "G2083", "96127", "90792", "J3490"]
PLACES = ["11", "10", "02", "22"]


def npi(random: Random) -> str:
    """Ten digits with the right check digit, of the kind that nobody has been given."""
    body = f"2{random.randrange(10**8):08}"
    return next(whole for last in "0123456789" if is_npi(whole := body + last))


def claims(count: int, seed: int) -> list[Claim]:
    random = Random(seed)
    practices = [_practice(random, number) for number in range(3)]
    return [_claim(random, number, random.choice(practices)) for number in range(count)]


def _address(random: Random) -> Address:
    city, state, zip_ = random.choice(CITIES)
    line2 = random.choice(["", "Suite 4", "Floor 2 / Left"])
    return Address(f"{random.randrange(1, 999)} Made-Up Street #3", city, state, zip_, line2)


def _practice(random: Random, number: int) -> BillingProvider:
    address = replace(_address(random), zip=f"01101-{number:04}")
    name = f"Invented Clinic {number} & Søn"
    return BillingProvider(name, npi(random), f"12-345678{number}", address, taxonomy="261QM0850X")


def _person(random: Random) -> Person:
    born = date(1940, 1, 1) + timedelta(days=random.randrange(24_000))
    return Person(
        random.choice(FAMILY),
        random.choice(GIVEN),
        born,
        random.choice(["F", "M", "U"]),
        _address(random),
        middle_name=random.choice(["", "Q"]),
        suffix=random.choice(["", "Jr."]),
    )


def _line(random: Random, on: date, diagnoses: int) -> ServiceLine:
    code = random.choice(LINES)
    pointers = random.sample(range(1, diagnoses + 1), k=min(diagnoses, random.randint(1, 4)))
    described, drug = "", None
    if code == "J3490":
        described = "Ketamine 40 mg, per vial"
        drug = DrugGiven("00000-1234-01", Decimal(random.choice(["1", "0.5", "10.25"])))
    modifiers = tuple(random.sample(["25", "95", "59", "GT"], k=random.randint(0, 4)))
    cents = random.choice([100, 12_34, 250_00, 19_90, 999_999_99])
    units = random.randint(1, 84)
    return ServiceLine(code, units, Money(cents), on, tuple(pointers), modifiers, described, drug)


def _claim(random: Random, number: int, practice: BillingProvider) -> Claim:
    insured = _person(random)
    other = random.random() < 0.3
    patient = replace(_person(random), birth_date=date(1990, 5, 5)) if other else None
    diagnoses = tuple(random.sample(DIAGNOSES, k=random.randint(1, 12)))
    on = date(2026, 1, 5) + timedelta(days=random.randrange(60))
    lines = tuple(_line(random, on, len(diagnoses)) for _ in range(random.randint(1, 8)))
    replaces = random.random() < 0.1
    return Claim(
        number=f"CT-{number:05}",
        billing=practice,
        coverage=Coverage(
            "Made Up Health (East)",
            "99999",
            f"XMU{number:09}",
            insured,
            filing=random.choice(["CI", "BL", "HM", "MB", "MC"]),
            group_number=random.choice(["", "G-77"]),
        ),
        diagnoses=diagnoses,
        lines=lines,
        total=total_of(lines),
        place=random.choice(PLACES),
        rendering=RenderingProvider("Moreau", "Inès", npi(random), "2084P0800X"),
        patient=patient,
        relationship=random.choice(list(RELATIONSHIPS)) if other else "",
        paid=random.choice([Money(0), Money(50)]),
        authorisation=random.choice(["", "AUTH/1234"]),
        frequency="7" if replaces else "1",
        original_reference="ICN123456" if replaces else "",
    )
