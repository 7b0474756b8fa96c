"""Patient: demographics, and no more of a person than booking needs.

mrn = identifier of system sid/mrn; names, birthDate, telecom (phone, email) as they are; the home
site = managingOrganization, as an identifier of system sid/site. Acuity and notes are not told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from api.errors import wrong
from api.fhir.kinds import Asked, Narrow, Parameter, Rows, Shown, Stored, by_pk, versions, where
from api.fhir.resources import checked
from api.fhir.systems import MRN, SITE, identifier, standard, system
from api.fhir.values import plain, token, when
from api.permissions import visible_patients
from api.reading import a_date
from clinic.finding import fold
from clinic.models import Patient
from clinic.services.patients import international

if TYPE_CHECKING:
    from api.fhir.doors import FhirDoor

NAME = frozenset({"exact", "contains"})


def _name(*fields: str) -> Narrow:
    """Names that begin so, however accented or written; `:contains` and `:exact` as they say."""

    def narrow(door: FhirDoor, rows: Rows, asked: Asked) -> Rows:
        fits = Q(pk__in=[])
        for value in asked.values:
            said = plain(value).strip()
            for field in fields:
                if asked.modifier == "exact":
                    fits |= Q(**{field: said})
                elif asked.modifier == "contains":
                    fits |= Q(**{f"{field}__icontains": said})
                else:
                    fits |= Q(**{f"{field}__istartswith": said})
            if not asked.modifier and fold(said):
                folded = Q()
                for word in fold(said).split():
                    folded &= Q(search_key__contains=f" {word}")
                fits |= folded if len(fields) > 1 else Q()
        return rows.filter(fits)

    return narrow


def _identifier(value: str) -> Q:
    said, code = token(value)
    if said not in (None, system(MRN)):
        return Q(pk__in=[])
    return Q(mrn=code) if code else ~Q(mrn="")


def _phone(value: str) -> Q:
    said = token(value)[1]
    return Q(phone=said) | Q(phone=international(said, "US")) if said else Q(pk__in=[])


def _telecom(value: str) -> Q:
    said, code = token(value)
    email = Q(email__iexact=code) if code else Q(pk__in=[])
    return {None: _phone(code) | email, "phone": _phone(code), "email": email}.get(
        said, Q(pk__in=[])
    )


class Patients(Stored):
    type = "Patient"
    reads = "see_patients"
    says = "Patients of the client's sites. Names are best asked for by POST Patient/_search."
    parameters = {
        "_id": by_pk(),
        "_lastUpdated": Parameter(
            "date", "When it was last changed.", where(lambda v: when(v).q("updated_at"))
        ),
        "identifier": Parameter("token", "The MRN.", where(_identifier)),
        "name": Parameter(
            "string", "A part of the name.", _name("given_name", "family_name"), NAME
        ),
        "family": Parameter("string", "The family name.", _name("family_name"), NAME),
        "given": Parameter("string", "The given name.", _name("given_name"), NAME),
        "birthdate": Parameter(
            "date", "The birth date.", where(lambda v: when(v).day_q("birth_date"))
        ),
        "phone": Parameter("token", "The telephone number.", where(_phone)),
        "email": Parameter(
            "token", "The e-mail address.", where(lambda v: Q(email__iexact=token(v)[1]))
        ),
        "telecom": Parameter("token", "Telephone or e-mail.", where(_telecom)),
        "active": Parameter(
            "token",
            "All are.",
            where(lambda v: ~Q(pk__in=[]) if token(v)[1] == "true" else Q(pk__in=[])),
        ),
    }
    sorts = {
        "family": "family_name",
        "given": "given_name",
        "birthdate": "birth_date",
        "_id": "pk",
        "_lastUpdated": "updated_at",
    }

    def rows(self, door: FhirDoor) -> Rows:
        return visible_patients(door.client, Patient.objects.select_related("home_site")).order_by(
            "pk"
        )

    def show(self, door: FhirDoor, rows: Sequence[Any]) -> list[Shown]:
        known = versions("patient", [row.pk for row in rows])
        return [show_patient(row, known[row.pk]) for row in rows]


def show_patient(patient: Patient, version: str) -> Shown:
    home = patient.home_site
    return checked(
        {
            "resourceType": "Patient",
            "id": str(patient.pk),
            "meta": {"versionId": version, "lastUpdated": patient.updated_at.isoformat()},
            "identifier": [
                {"use": "usual", "type": {"coding": [standard("v2-0203", "MR")]}}
                | identifier(MRN, patient.mrn)
            ],
            "active": True,
            "name": [
                {
                    "use": "official",
                    "family": patient.family_name,
                    "given": [patient.given_name],
                    "text": patient.name,
                }
            ],
            "telecom": [
                {"system": "phone", "value": patient.phone} if patient.phone else {},
                {"system": "email", "value": patient.email} if patient.email else {},
            ],
            "birthDate": patient.birth_date.isoformat(),
            "managingOrganization": {
                "identifier": identifier(SITE, home.pk),
                "display": home.name,
            }
            if home
            else {},
        }
    )


def facts_in(resource: dict[str, Any]) -> dict[str, Any]:
    """What a Patient says that is kept here; the rest of it is left out. 400 for what is missing.

    `site` is the home site's id, None where the resource says none.
    """
    if resource.get("active") is False or "deceasedDateTime" in resource:
        raise wrong("Patient.active", "Only patients that are active can be kept here.")
    if resource.get("deceasedBoolean"):
        raise wrong("Patient.deceased", "Only patients that are alive can be kept here.")
    name = _official(resource.get("name", []))
    return {
        "given_name": " ".join(name.get("given", [])),
        "family_name": name.get("family", ""),
        "birth_date": _born(resource.get("birthDate")),
        "mrn": _identified(resource.get("identifier", []), MRN),
        "phone": _reached(resource.get("telecom", []), "phone"),
        "email": _reached(resource.get("telecom", []), "email"),
        "site": _home(resource.get("managingOrganization", {})),
    }


def _official(names: list[dict[str, Any]]) -> dict[str, Any]:
    """The official name, else the usual one, else the first; 400 without both parts."""
    ranked = sorted(names, key=lambda one: {"official": 0, "usual": 1}.get(one.get("use", ""), 2))
    if not ranked or not ranked[0].get("family") or not ranked[0].get("given"):
        raise wrong("Patient.name", "A family name and a given name are needed.")
    return ranked[0]


def _born(text: str | None) -> date:
    try:
        return a_date(text or "")
    except ValueError as error:
        raise wrong("Patient.birthDate", str(error)) from None


def _identified(identifiers: list[dict[str, Any]], name: str) -> str:
    found = (one.get("value", "") for one in identifiers if one.get("system") == system(name))
    return next(found, "")


def _reached(telecom: list[dict[str, Any]], how: str) -> str:
    """The telephone number or e-mail address of the highest rank that is not old."""
    ways = [one for one in telecom if one.get("system") == how and one.get("use") != "old"]
    ways.sort(key=lambda one: one.get("rank", 100))
    return str(ways[0].get("value", "")) if ways else ""


def _home(organisation: dict[str, Any]) -> str | None:
    named = organisation.get("identifier", {})
    return named.get("value") if named.get("system") == system(SITE) else None
