"""Charges to review as the desk shows them: a visit a card, everything to look at on top."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser

from api.desk import words
from api.desk.people import shown_names
from api.desk.words import Sign
from billing.models import Charge
from billing.selectors.charges import VisitCharges, pays
from clinic.models import User

STANDS: Mapping[str, Sign] = {
    "review": Sign("To review", "clipboard-list", "warn"),
    "approved": Sign("Approved", "check", "good"),
    "entered": Sign("In the ledger", "receipt"),
    "void": Sign("Void", "ban"),
}
STATES: Mapping[str, Sign] = {
    "proposed": Sign("Proposed", "circle-dot", "warn"),
    "approved": Sign("Approved", "check", "good"),
    "billed": Sign("Billed", "circle-check", "good"),
    "void": Sign("Void", "ban"),
}


KINDS: Mapping[str, tuple[str, str]] = {
    "infusion": ("infusion", "infusions"),
    "dosing": ("dosing", "dosings"),
    "therapy": ("therapy session", "therapy sessions"),
    "screening": ("screening", "screenings"),
    "consult": ("consult", "consults"),
    "review": ("review", "reviews"),
}
"""Kinds of step: one, several."""


def covered(covers: Mapping[str, int]) -> str:
    """3 infusions, 7 therapy sessions; a step of its own by its key."""
    return ", ".join(
        words.count(number, *KINDS.get(kind, (kind, kind))) for kind, number in covers.items()
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A charge of a card."""

    charge: Charge
    look: Sign
    changeable: bool
    voidable: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A visit of the worklist."""

    group: VisitCharges
    name: str
    starts: datetime | None
    paid_by: str
    lines: list[Line]
    stops: list[str]
    notes: list[str]

    @property
    def title(self) -> str:
        """The step of the visit, or what is charged without one."""
        return self.group.step or self.group.charges[0].what


def cards(user: User | AnonymousUser, groups: Iterable[VisitCharges]) -> list[Card]:
    """The cards of some visits, with patients called as the viewer may call them."""
    groups = list(groups)
    names = shown_names(user, [group.patient for group in groups])  # type: ignore[arg-type]
    return [_card(group, names[group.patient.pk]) for group in groups]


def _card(group: VisitCharges, name: str) -> Card:
    visit = group.visit
    live = [one for one in group.charges if one.state != Charge.State.VOID]
    payers = dict.fromkeys(pays(one) for one in live or group.charges)
    if group.draw and not live:
        payers = dict.fromkeys([group.draw.prepaid.name])
    flags = dict.fromkeys(
        (flag["text"], flag["stops"])
        for flag in [*group.flags, *(flag for one in live for flag in one.flags)]
    )
    return Card(
        group=group,
        name=name,
        starts=visit.starts_at.astimezone(visit.site.zone) if visit else None,
        paid_by=" and ".join(payers),
        lines=[_line(one) for one in group.charges],
        stops=[text for text, stops in flags if stops],
        notes=[text for text, stops in flags if not stops],
    )


def _line(charge: Charge) -> Line:
    live = charge.state != Charge.State.VOID
    return Line(
        charge=charge,
        look=STATES[charge.state],
        changeable=live and charge.entry_id is None and charge.state != Charge.State.BILLED,
        voidable=live and charge.document_id is None,
    )
