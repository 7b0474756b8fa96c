"""Practitioner: who works here. PractitionerRole: what they do at one site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet

from api.fhir.kinds import Listed, Parameter, Rows, Shown, Stored, at, by_pk, keep, where
from api.fhir.resources import checked
from api.fhir.systems import CAPABILITY, ROLE, coding, system
from api.fhir.values import plain, reference, token
from api.permissions import sites_for
from clinic.finding import fold
from clinic.models import Site, Staff

if TYPE_CHECKING:
    from api.fhir.doors import FhirDoor

ROLES = {
    "prescriber": "Prescriber",
    "therapist": "Therapist",
    "monitoring_nurse": "Monitoring nurse",
}


def _begins(field: str, value: str) -> Q:
    return Q(**{f"{field}__istartswith": plain(value).strip()})


def _licence(value: str) -> Q:
    """A licence by its number; the system is that of its kind."""
    said, number = token(value)
    if said is None:
        return Q(credentials__number=number) if number else Q(pk__in=[])
    kind = said.removeprefix(system("sid/"))
    if kind == said:
        return Q(pk__in=[])
    return Q(credentials__kind=kind, **({"credentials__number": number} if number else {}))


def of_reach(door: FhirDoor) -> QuerySet[Staff]:
    """Staff of the sites where the caller may see staff."""
    reach = sites_for(door.client, "see_staff")
    rows = Staff.objects.prefetch_related("sites", "credentials")
    return rows if reach.everywhere else rows.filter(sites__in=reach.sites).distinct()


class Practitioners(Stored):
    type = "Practitioner"
    reads = "see_staff"
    says = "Who works at the client's sites; licences as qualifications and identifiers."
    parameters = {
        "_id": by_pk(),
        "identifier": Parameter("token", "The number of a licence.", where(_licence)),
        "name": Parameter(
            "string",
            "The beginning of the given or family name.",
            where(lambda v: _begins("given_name", v) | _begins("family_name", v)),
        ),
        "family": Parameter(
            "string", "The family name.", where(lambda v: _begins("family_name", v))
        ),
        "given": Parameter("string", "The given name.", where(lambda v: _begins("given_name", v))),
        "active": Parameter(
            "token",
            "Whether they work here now.",
            where(lambda v: Q(active={"true": True, "false": False}.get(token(v)[1]))),
        ),
    }
    sorts = {"family": "family_name", "given": "given_name", "_id": "pk"}

    def rows(self, door: FhirDoor) -> Rows:
        return of_reach(door).order_by("pk").distinct()

    def show(self, door: FhirDoor, rows: Sequence[Any]) -> list[Shown]:
        return [show_practitioner(row) for row in rows]


def show_practitioner(staff: Staff) -> Shown:
    licences = [one for one in staff.credentials.all() if one.number]
    return checked(
        {
            "resourceType": "Practitioner",
            "id": str(staff.pk),
            "identifier": [
                {"system": system(f"sid/{one.kind}"), "value": one.number} for one in licences
            ],
            "active": staff.active,
            "name": [
                {
                    "use": "official",
                    "family": staff.family_name,
                    "given": [staff.given_name],
                    "prefix": [staff.title],
                    "text": staff.name,
                }
            ],
            "qualification": [
                {
                    "code": {"text": one.kind.replace("_", " ")},
                    "period": {
                        "start": one.valid_from.isoformat() if one.valid_from else "",
                        "end": one.expires_on.isoformat(),
                    },
                }
                for one in staff.credentials.all()
            ],
        }
    )


@dataclass(frozen=True, slots=True)
class RoleAt:
    """Somebody at one of the sites they work at."""

    staff: Staff
    site: Site

    @property
    def id(self) -> str:
        return f"{self.staff.pk}-{self.site.pk}"


def _is(kind: str, text: str, id: str) -> bool:
    return reference(text, [kind]) == (kind, id) or reference(text, [kind]) == ("", id)


def _does(row: RoleAt, text: str) -> bool:
    said, code = token(text)
    return said in (None, system(ROLE)) and code in row.staff.roles


def _can(row: RoleAt, text: str) -> bool:
    said, code = token(text)
    return said in (None, system(CAPABILITY)) and code in row.staff.skills


class PractitionerRoles(Listed):
    type = "PractitionerRole"
    reads = "see_staff"
    says = "Each member of staff at each of their sites."
    parameters = {
        "_id": Parameter("token", "The logical id.", keep(lambda row, v: row.id == v)),
        "practitioner": Parameter(
            "reference",
            "Who it is.",
            keep(lambda row, v: _is("Practitioner", v, str(row.staff.pk))),
            frozenset({"Practitioner"}),
        ),
        "location": Parameter(
            "reference",
            "The site.",
            keep(lambda row, v: _is("Location", v, f"site-{row.site.pk}")),
            frozenset({"Location"}),
        ),
        "role": Parameter("token", "prescriber, therapist or monitoring_nurse.", keep(_does)),
        "specialty": Parameter("token", "A skill that a step may ask for.", keep(_can)),
        "active": Parameter(
            "token",
            "Whether they work here now.",
            keep(lambda row, v: str(row.staff.active).lower() == token(v)[1]),
        ),
        "practitioner.name": Parameter(
            "string",
            "A part of the name.",
            keep(lambda row, v: f" {fold(plain(v))}" in f" {fold(row.staff.name)}"),
        ),
    }
    includes = {"practitioner": at("practitioner"), "location": at("location")}

    def rows(self, door: FhirDoor) -> list[RoleAt]:
        """2 to 4 queries."""
        reach = sites_for(door.client, "see_staff")
        return [
            RoleAt(staff, site)
            for staff in of_reach(door).order_by("pk")
            for site in sorted(staff.sites.all(), key=lambda one: one.pk)
            if site in reach
        ]

    def show(self, door: FhirDoor, rows: Sequence[Any]) -> list[Shown]:
        return [show_role(row) for row in rows]


def show_role(row: RoleAt) -> Shown:
    roles = [coding(ROLE, role, ROLES.get(role, "")) for role in row.staff.roles]
    return checked(
        {
            "resourceType": "PractitionerRole",
            "id": row.id,
            "active": row.staff.active,
            "practitioner": {
                "reference": f"Practitioner/{row.staff.pk}",
                "display": row.staff.name,
            },
            "code": [{"coding": [role], "text": role["display"]} for role in roles],
            "specialty": [
                {"coding": [coding(CAPABILITY, skill)], "text": skill} for skill in row.staff.skills
            ],
            "location": [{"reference": f"Location/site-{row.site.pk}", "display": row.site.name}],
        }
    )
