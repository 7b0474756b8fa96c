"""Visits and claims the billing tests tell stories about. Everybody and everything is invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from billing.claim import (
    Address,
    BillingProvider,
    Claim,
    Coverage,
    Person,
    RenderingProvider,
    ServiceLine,
    total_of,
)
from billing.coding import Charges, Done, Phase, propose, starters
from billing.money import Money

RULES = starters()
NURSE, THERAPIST, PRESCRIBER = "monitoring_nurse", "therapist", "prescriber"
ON = date(2026, 3, 3)
HARBOUR_NPI, INES_NPI = "1234567893", "2000000010"
"""The textbook example, and one that begins with 2: none of these has been issued."""


def infused(minutes: int | None, **more: Any) -> Done:
    """An infusion of so many minutes; None where nobody wrote down when it stopped."""
    stop = None if minutes is None else 30 + minutes
    after = 30 + (minutes or 0)
    phases = (
        Phase("prep", 10, 30, frozenset({NURSE})),
        Phase("infuse", 30, stop, frozenset({NURSE})),
        Phase("recover", after, after + 60, frozenset({NURSE})),
    )
    return Done(**{"kind": "infusion", "on": ON, "phases": phases, "diagnoses": ("F33.2",), **more})


def dosed(mg: int | None = None, *, observed: int = 120, **more: Any) -> Done:
    """A dosing: esketamine with its mg, or by another route."""
    phases = (
        Phase("prep", 0, 20, frozenset({NURSE})),
        Phase("dose and observe", 20, 20 + observed, frozenset({NURSE})),
        Phase("discharge", 20 + observed, 30 + observed, frozenset({NURSE})),
    )
    given = {"kind": "dosing", "on": ON, "phases": phases, "diagnoses": ("F33.2",)}
    return Done(**{**given, "esketamine_mg": mg, **more})


def talked(minutes: int | None, **more: Any) -> Done:
    """A session of therapy of so many minutes."""
    phases = (Phase("therapy", 0, minutes, frozenset({THERAPIST})),)
    return Done(**{"kind": "therapy", "on": ON, "phases": phases, "diagnoses": ("F10.20",), **more})


def seen(kind: str = "consult", by: str = PRESCRIBER, **more: Any) -> Done:
    """A consult, review or screening of an hour."""
    phases = (Phase(kind, 0, 60, frozenset({by})),)
    return Done(**{"kind": kind, "on": ON, "phases": phases, "diagnoses": ("F43.10",), **more})


def charges(done: Done) -> Charges:
    return propose(done, RULES)


def billed(done: Done) -> str:
    """`99214-25 96365 96366x2 J3490`: code, modifiers, units above one."""
    return " ".join(
        "-".join((line.code, *line.modifiers)) + (f"x{line.units}" if line.units > 1 else "")
        for line in charges(done).lines
    )


def flags(done: Done) -> str:
    return "\n".join(flag.text for flag in charges(done).flags)


HARBOUR = BillingProvider(
    "Harbour Infusion Clinic",
    HARBOUR_NPI,
    "12-3456789",
    Address("1 Invented Street", "Springfield", "MA", "01101-0001"),
    taxonomy="261QM0850X",
)
INES = RenderingProvider("Moreau", "Ines", INES_NPI, "2084P0800X")
ADA = Person(
    "Example",
    "Ada",
    date(1980, 5, 17),
    "F",
    Address("2 Pretend Road", "Springfield", "MA", "01102"),
)
BEN = Person(
    "Example", "Ben", date(1978, 1, 2), "M", Address("2 Pretend Road", "Springfield", "MA", "01102")
)
PLAN = Coverage("Made Up Health", "99999", "XMU123456789", ADA, group_number="G-100")


def line(code: str = "96365", cents: int = 250_00, **more: Any) -> ServiceLine:
    given = {"code": code, "units": 1, "charge": Money(cents), "on": ON, "pointers": (1,)}
    return ServiceLine(**{**given, **more})


def claim(*lines: ServiceLine, **more: Any) -> Claim:
    """A good claim of Ada's, whose lines add up."""
    lines = lines or (line(), line("J3490", 40_00, description="KETAMINE 40 MG"))
    base = Claim("CT-1", HARBOUR, PLAN, ("F33.2",), lines, total_of(lines), rendering=INES)
    return replace(base, **more)
