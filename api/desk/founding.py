"""How far a clinic's set-up is, read from what there is; nothing of it is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse

from api.desk import words
from clinic.models import OpeningHours, Room, Site, Staff, User
from scheduling import catalogue
from scheduling.models import Protocol, Series
from scheduling.selectors.readiness import Lack, Needs, needs_of

STEPS = (
    ("clinic", "The clinic", "building"),
    ("hours", "Opening hours", "clock"),
    ("protocols", "Treatments", "clipboard-list"),
    ("rooms", "Rooms", "door-open"),
    ("staff", "Staff", "users"),
    ("check", "Ready", "circle-check"),
)
KEYS = tuple(key for key, _, _ in STEPS)
ROLE_NAMES = {
    "prescriber": "prescriber",
    "therapist": "therapist",
    "monitoring_nurse": "nurse",
}
USUAL_WORDS = ("infusion", "therapy", "consult")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the set-up, as the list at the left shows it."""

    key: str
    label: str
    icon: str
    done: bool
    open: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """The steps, and which is next; `booked` once there is a first series."""

    site: Site | None
    steps: tuple[Step, ...]
    booked: bool

    @property
    def next(self) -> str:
        return next((step.key for step in self.steps if not step.done), "check")

    @property
    def complete(self) -> bool:
        """Whether everything that a booking needs is there."""
        return all(step.done for step in self.steps if step.key != "check")


def progress() -> Progress:
    """Seven small queries."""
    site = Site.objects.select_related("organisation").order_by("pk").first()
    booked = Series.objects.exists()
    done = {
        "clinic": site is not None,
        "hours": OpeningHours.objects.exists(),
        "protocols": Protocol.objects.filter(retired=False).exists(),
        "rooms": Room.objects.filter(active=True).exists(),
        "staff": Staff.objects.filter(active=True).exists(),
        "check": booked,
    }
    steps = tuple(
        Step(key, label, icon, done[key], key == "clinic" or site is not None)
        for key, label, icon in STEPS
    )
    return Progress(site, steps, booked)


def nobody_yet() -> bool:
    """Whether the database is empty of people: then somebody founds the clinic."""
    return not User.objects.exists()


def first_treatment(wanted: str = "") -> str:
    """The treatment to suggest while no series was ever booked, `wanted` if it is one; else ""."""
    if Series.objects.exists():
        return ""
    keys = list(Protocol.objects.filter(retired=False).values_list("key", flat=True))
    return wanted if wanted in keys else next(iter(keys), "")


@dataclass(frozen=True, slots=True)
class Card:
    """A treatment of the starter catalogue."""

    key: str
    name: str
    summary: str
    source: str
    visits: int
    needs: str
    chosen: bool


def cards() -> list[Card]:
    """What the starter catalogue offers, those chosen marked."""
    chosen = set(Protocol.objects.filter(retired=False).values_list("key", flat=True))
    return [
        Card(
            key=one.key,
            name=one.name,
            summary=one.definition.get("summary", ""),
            source=one.source,
            visits=len(one.definition["steps"]),
            needs=in_words(needs_of(one.definition)),
            chosen=one.key in chosen,
        )
        for one in catalogue.read(catalogue.starter_text())
    ]


def in_words(needs: Needs) -> str:
    """rooms for consult and infusion; nurse and therapist; ACLS on site"""
    rooms = f"rooms for {_and(sorted(needs.capabilities))}"
    people = _and(sorted(ROLE_NAMES.get(role, role) for role in needs.roles))
    held = f"; {_and(sorted(needs.held)).upper()} on site" if needs.held else ""
    return f"{rooms}; {people}{held}"


def needed(definitions: Sequence[dict]) -> Needs:
    """What several treatments need together."""
    every = [needs_of(definition) for definition in definitions]
    return Needs(
        frozenset().union(*(one.capabilities for one in every)),
        frozenset().union(*(one.roles for one in every)),
        frozenset().union(*(one.skills for one in every)),
        frozenset().union(*(one.held for one in every)),
    )


def said(lack: Lack) -> tuple[str, str]:
    """What is missing in words, and the address that mends it."""
    role = ROLE_NAMES.get(lack.role, lack.role)
    if lack.kind == "room":
        return f"No room is used for “{lack.word}”.", reverse("desk:start-step", args=["rooms"])
    staff = reverse("desk:start-step", args=["staff"])
    if lack.kind == "role":
        return f"There is no {ROLE_NAMES.get(lack.word, lack.word)}.", staff
    if lack.kind == "skill":
        return f"No {role} has the skill “{lack.word}”.", staff
    kind = words.phase(lack.word).lower()
    if role:
        return f"No {role} holds a valid {kind}.", staff
    return f"Nobody holds a valid {kind.upper() if len(kind) < 5 else kind}.", staff


def in_a_year(today: date) -> date:
    return today + timedelta(days=365)


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
