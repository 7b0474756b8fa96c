"""Patients. Names travel in bodies only, so finding one is a POST."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from api.permissions import patients_of, visible_patients
from api.rest import shapes, versions
from api.rest.doors import Door
from api.rest.pages import PAGING, page, paging
from api.rest.places import OF_SITE
from clinic.finding import find_patients, likely_duplicates
from clinic.models import Patient, Site
from clinic.services.patients import PatientFacts, create_patient
from scheduling.services.attention import correct_patient

BY_NAME = ("family_name", "given_name", "pk")


class PatientDoor(Door):
    """What writing a patient needs."""

    def facts(self, body: dict[str, Any]) -> PatientFacts:
        """The body as what the service takes."""
        if "site" in body:
            named = body.pop("site")
            body["home_site"] = self.site("site", named) if named is not None else None
        return PatientFacts(**body)  # type: ignore[typeddict-item]

    def only_site(self) -> Site | None:
        """The home of a new patient of a client that has one site."""
        return self.sites().first() if len(self.reach().sites) == 1 else None


class Patients(PatientDoor):
    actions = {"GET": "see_patients", "POST": "manage_patients"}
    queries = {"GET": OF_SITE | paging(name=BY_NAME, birth_date=("birth_date", "pk"), id=("pk",))}
    bodies = {"POST": shapes.PatientBody}
    answers = {
        "GET": (200, shapes.listed(shapes.PatientShape)),
        "POST": (201, shapes.NewPatientShape),
    }

    def get(self, request: Request) -> Response:
        """Patients of the client's sites, by name."""
        rows = visible_patients(self.client, Patient.objects.all())
        if site := self.filtered(self.sites(), "site"):
            rows = rows.filter(home_site=site)
        return page(request, self.asked, rows.order_by(*BY_NAME), show_patient)

    def create(self, request: Request, **at: str) -> Response:
        """Add a patient; likely duplicates are told, an MRN in use is 409."""
        facts = self.facts(self.body())
        facts.setdefault("home_site", self.only_site())
        patient = create_patient(actor=self.actor, now=self.now, **facts)
        mine = patients_of(self.reach(), Patient.objects.all())
        twins = [str(other.pk) for other in likely_duplicates(patient, mine)]
        return Response(
            show_patient(patient) | {"possible_duplicates": twins},
            status=201,
            headers={"Location": f"{request.path}/{patient.pk}"},
        )


class OnePatient(PatientDoor):
    actions = {"GET": "see_patients", "PATCH": "manage_patients"}
    bodies = {"PATCH": shapes.PatientBody}
    headers_of = {"GET": versions.READ, "PATCH": versions.CHANGE}
    answers = {"GET": (200, shapes.PatientShape), "PATCH": (200, shapes.PatientShape)}

    def get(self, request: Request, id: str) -> Response:
        """A patient."""
        patient = self.at(visible_patients(self.client, Patient.objects.all()), id)
        return versions.read(request, show_patient(patient), f"patient:{patient.pk}")

    def patch(self, request: Request, id: str) -> Response:
        """Correct what the body names; the rest stays.

        With another acuity booked visits are monitored anew; 422 when nobody can.
        """
        patient = self.at(patients_of(self.reach(), Patient.objects.all()), id)
        facts = self.facts(self.body(partial=True))
        subject = f"patient:{patient.pk}"
        seen = versions.seen(request, show_patient(patient), subject)
        changed = correct_patient(
            patient=patient.pk, seen=seen, actor=self.actor, now=self.now, **facts
        )
        return versions.with_tag(show_patient(changed), subject)


class PatientSearch(Door):
    actions = {"POST": "see_patients"}
    queries = {"POST": PAGING}
    bodies = {"POST": shapes.SearchBody}
    answers = {"POST": (200, shapes.listed(shapes.PatientShape))}
    answers_once = False

    def create(self, request: Request, **at: str) -> Response:
        """Find patients by parts of the name, birth date, telephone or MRN."""
        rows = find_patients(self.body()["q"], visible_patients(self.client, Patient.objects.all()))
        return page(request, self.asked, rows, show_patient)


def show_patient(patient: Patient) -> dict[str, Any]:
    home = patient.home_site_id
    return {
        "id": str(patient.pk),
        "mrn": patient.mrn,
        "given_name": patient.given_name,
        "family_name": patient.family_name,
        "birth_date": patient.birth_date.isoformat(),
        "phone": patient.phone,
        "email": patient.email,
        "acuity": patient.acuity,
        "site": None if home is None else str(home),
    }
