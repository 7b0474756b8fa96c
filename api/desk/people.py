"""How a patient is called, by the viewer's right: the name, or initials."""

from __future__ import annotations

from collections.abc import Sequence

from api.desk import words
from api.permissions import may, patients_of, sites_for
from clinic.models import Patient, Site, User


def shown_name(user: User, patient: Patient, site: Site | int) -> str:
    """`Pia Wren`, or `P. W.` for who may not see names at that site."""
    return patient.name if may(user, "see_names", site) else words.dotted(patient)


def shown_names(user: User, patients: Sequence[Patient]) -> dict[int, str]:
    """The same by id where no site is given: names of whoever belongs to a site where one may.

    One query at most.
    """
    reach = sites_for(user, "see_names")
    ids = [patient.pk for patient in patients]
    if reach.everywhere or not reach or not ids:
        named = set(ids) if reach else set()
    else:
        mine = patients_of(reach, Patient.objects.filter(pk__in=ids))
        named = set(mine.values_list("pk", flat=True))
    return {
        patient.pk: patient.name if patient.pk in named else words.dotted(patient)
        for patient in patients
    }
