"""How a patient is called, by the viewer's right: the name, or initials."""

from __future__ import annotations

from api.desk import words
from api.permissions import may
from clinic.models import Patient, Site, User


def shown_name(user: User, patient: Patient, site: Site | int | None = None) -> str:
    """`Pia Wren`, or `P. W.` for who may not see names at that site (without one: anywhere)."""
    if may(user, "see_names", site):
        return patient.name
    return words.dotted(patient)
