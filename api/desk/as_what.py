"""What somebody may do, in words: a role at a site, and what each role allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from api.permissions import ACTIONS
from clinic.models import Grant
from clinic.services.access import Right


@dataclass(frozen=True, slots=True)
class Offer:
    """A role, and where."""

    role: str
    where: str


def offers(rights: Iterable[Right], names: dict[int, str]) -> list[Offer]:
    """`Nurse` at `Juniper House`, `Administrator` at `every site`; roles in their order."""
    return [
        Offer(Grant.Role(role).label, names.get(site, "") if site else "every site")
        for role, site in rights
    ]


def allowed_by_role() -> list[tuple[str, str, list[str]]]:
    """(role, label, what it allows) for each role, in the order of the table."""
    return [
        (
            role.value,
            str(role.label),
            [
                action.allows[:1].upper() + action.allows[1:]
                for action in ACTIONS.values()
                if role.value in action.roles and action.name != "see_sites"
            ],
        )
        for role in Grant.Role
    ]
