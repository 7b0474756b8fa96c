"""Who answers for a visit, as documents name them: name, what they are, their NPI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from billing.models import ProviderNumber
from clinic.models import Staff
from scheduling.models import Appointment, Claim

CLINICIANS = (Claim.Role.PRESCRIBER, Claim.Role.THERAPIST)


@dataclass(frozen=True, slots=True)
class Provider:
    """A clinician on paper. `title` is what they are (MD, LCSW); texts may be empty."""

    staff: int
    name: str
    title: str
    npi: str

    @property
    def facts(self) -> dict[str, Any]:
        return {"name": self.name, "title": self.title, "npi": self.npi}


def providers_of(visits: Iterable[Appointment]) -> Mapping[int, Provider]:
    """Who answers for each visit, by its id; none for one where that cannot be told.

    The prescriber or therapist who is there; where only nurses are, the prescriber of another
    visit of the series, as the one who ordered it. Three queries.
    """
    wanted = list(visits)
    courses = {visit.series_id for visit in wanted if visit.series_id}
    rows = Claim.objects.filter(role__in=CLINICIANS).order_by("start_minute", "pk")
    own: dict[int, int] = {}
    ordering: dict[int, int] = {}
    here = rows.filter(appointment__in=[visit.pk for visit in wanted])
    for visit, staff in here.values_list("appointment", "resource"):
        own.setdefault(visit, staff)
    of_courses = rows.filter(appointment__series__in=courses, role=Claim.Role.PRESCRIBER)
    for series, staff in of_courses.values_list("appointment__series", "resource"):
        ordering.setdefault(series, staff)
    answers = {
        visit.pk: own.get(visit.pk) or ordering.get(visit.series_id or 0, 0) for visit in wanted
    }
    known = providers(set(answers.values()))
    return {visit: known[staff] for visit, staff in answers.items() if staff in known}


def providers(staff: Iterable[int]) -> Mapping[int, Provider]:
    """Staff by id, as documents name them: two queries."""
    people = Staff.objects.filter(pk__in=list(staff))
    numbers = ProviderNumber.objects.in_bulk([one.pk for one in people])
    found = {}
    for one in people:
        number = numbers.get(one.pk)
        title = number.letters if number and number.letters else one.title
        found[one.pk] = Provider(one.pk, one.name, title, number.npi if number else "")
    return found
