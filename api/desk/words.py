"""How the desk says things: dates, spans of time, statuses and kinds, always in the same words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import phonenumbers

from clinic.models import Patient
from scheduling.models import Status


@dataclass(frozen=True, slots=True)
class Sign:
    """A word and an icon; `tone` is only the third sign: "", good, live, warn or bad."""

    word: str
    icon: str
    tone: str = ""


STATUSES: dict[str, Sign] = {
    Status.BOOKED: Sign("Booked", "calendar"),
    Status.CONFIRMED: Sign("Confirmed", "calendar-check"),
    Status.ARRIVED: Sign("Arrived", "door-open", "live"),
    Status.IN_PREP: Sign("In prep", "clipboard-list", "live"),
    Status.INFUSING: Sign("Infusing", "droplets", "live"),
    Status.IN_SESSION: Sign("In session", "users", "live"),
    Status.RECOVERING: Sign("Recovering", "heart-pulse", "live"),
    Status.DISCHARGED: Sign("Discharged", "circle-check", "good"),
    Status.NO_SHOW: Sign("No-show", "circle-x", "bad"),
    Status.CANCELLED: Sign("Cancelled", "ban"),
    Status.UNCOVERED: Sign("No nurse", "triangle-alert", "bad"),
    Status.TO_REBOOK: Sign("To rebook", "repeat", "warn"),
}

# Twelve kinds of step share three hues: what is infused, what is talked, what is assessed.
HUES = {
    "infusion": "infusion",
    "dosing": "infusion",
    "therapy": "therapy",
    "preparation": "therapy",
    "integration": "therapy",
}
HUE_ICONS = {"infusion": "droplets", "therapy": "brain", "assess": "clipboard-list"}


def hue(kind: str) -> str:
    """infusion, therapy or assess."""
    return HUES.get(kind, "assess")


def day(value: date | datetime) -> str:
    """Tue 8 Dec."""
    return f"{value:%a} {value.day} {value:%b}"


def day_and_year(value: date | datetime) -> str:
    """Tue 8 Dec 2026."""
    return f"{day(value)} {value.year}"


def born(value: date) -> str:
    """2 Feb 1984."""
    return f"{value.day} {value:%b} {value.year}"


def clock(value: datetime) -> str:
    """09:00."""
    return f"{value:%H:%M}"


def count(number: int, one: str, many: str = "") -> str:
    """1 visit, 2 visits."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def distance(days: int) -> str:
    """today, tomorrow, in 3 days, 2 days ago."""
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}
    if days in near:
        return near[days]
    return f"in {days} days" if days > 0 else f"{-days} days ago"


def dotted(patient: Patient) -> str:
    """P. W., for who may not see names."""
    return f"{patient.given_name[:1]}. {patient.family_name[:1]}."


def telephone(number: str) -> str:
    """(617) 555-0100 for +16175550100; what is no E.164 number stays as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)


def phase(name: str) -> str:
    """infuse -> Infuse; dose_and_observe -> Dose and observe."""
    return name.replace("_", " ").replace("-", " ").capitalize()
