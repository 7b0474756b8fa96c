"""The patients whose pages somebody opened last, as ids in their session."""

from __future__ import annotations

from api.desk.frame import Asked
from api.desk.people import shown_names
from api.permissions import visible_patients
from clinic.models import Patient

KEPT = 8


def note_recent(request: Asked, patient: int) -> None:
    """A patient's page was opened."""
    known: list[int] = request.session.get("recent", [])
    if known[:1] != [patient]:
        request.session["recent"] = [patient, *(pk for pk in known if pk != patient)][:KEPT]


def recent_patients(request: Asked) -> list[tuple[Patient, str]]:
    """(patient, name as one may see it), the newest first; only those one may still see."""
    known: list[int] = request.session.get("recent", [])
    if not known:
        return []
    mine = visible_patients(request.user, Patient.objects.filter(pk__in=known))
    found = {patient.pk: patient for patient in mine}
    names = shown_names(request.user, list(found.values()))
    return [(found[pk], names[pk]) for pk in known if pk in found]
