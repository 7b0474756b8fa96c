"""The doors that write: Patient, and AppointmentResponse as the act that it stands for."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import Problem, unknown, wrong
from api.fhir.appointments import one_visit
from api.fhir.doors import InstanceDoor, TypeDoor, shown_as, version_to_change
from api.fhir.kinds import seen, versions
from api.fhir.patients import facts_in, show_patient
from api.fhir.resources import read_resource
from api.fhir.responses import Part, show_response
from api.fhir.systems import MRN, system
from api.fhir.values import number, reference, token
from api.permissions import patients_of, require, visible_patients
from clinic.journal import ChangedMeanwhile
from clinic.models import Patient, Site
from clinic.services.patients import create_patient, update_patient
from scheduling.models import Appointment, CancelKind, Claim, Status
from scheduling.selectors import visits
from scheduling.services.cancelling import cancel_visit
from scheduling.services.progress import set_status


class PatientDoor(InstanceDoor):
    """Read a patient; correct one with PUT."""

    def put(self, request: Request, id: str) -> Response:
        """Replace what is kept of a patient: telephone and e-mail go when they are left out."""
        version = version_to_change(request)
        resource = read_resource(request.data, "Patient")
        if resource.get("id", id) != id:
            raise Problem("malformed", "The id in the body is another one than in the address.")
        patient = patients_of(self.reach(), Patient.objects.all()).filter(pk=number(id) or 0)
        row = patient.first()
        if row is None:
            raise Http404
        if version != versions("patient", [row.pk])[row.pk]:
            raise Problem("changed-meanwhile", "Somebody changed it; read it again.")
        facts = home_site(self, facts_in(resource))
        try:
            update_patient(
                patient=row.pk, seen=seen(version), actor=self.actor, now=self.now, **facts
            )
        except ChangedMeanwhile:
            raise Problem("changed-meanwhile", "Somebody changed it; read it again.") from None
        return shown_as(shown(row.pk))


class PatientsDoor(TypeDoor):
    """Search patients; add one with POST."""

    def create(self, request: Request, **at: str) -> Response:
        """Add a patient; If-None-Exist with an identifier answers the one who has it already."""
        resource = read_resource(request.data, "Patient")
        if (known := self.known(request.headers.get("If-None-Exist", ""))) is not None:
            return shown_as(shown(known.pk))
        facts = home_site(self, facts_in(resource))
        if facts.get("home_site") is None:
            reach = self.reach()
            facts["home_site"] = (
                Site.objects.filter(reach.q("pk")).first() if len(reach.sites) == 1 else None
            )
        patient = create_patient(actor=self.actor, now=self.now, **facts)
        made = shown(patient.pk)
        return shown_as(made, 201, Location=f"{self.base}/Patient/{patient.pk}")

    def known(self, condition: str) -> Patient | None:
        """The patient of the MRN in the condition; 400 for a condition of another kind."""
        if not condition:
            return None
        name, _, value = unquote(condition.removeprefix("?")).partition("=")
        said, mrn = token(value)
        if name != "identifier" or said not in (None, system(MRN)) or not mrn or "\x00" in mrn:
            raise wrong("If-None-Exist", f"It must be identifier={system(MRN)}|MRN.")
        return visible_patients(self.client, Patient.objects.all()).filter(mrn=mrn).first()


def home_site(door: PatientDoor | PatientsDoor, facts: dict[str, Any]) -> dict[str, Any]:
    """The facts with the home site for its id; left out where the resource says none."""
    named = facts.pop("site")
    if named is None:
        return facts
    site = Site.objects.filter(pk=number(named) or 0).first()
    if site is None:
        raise unknown("Patient.managingOrganization", "There is no site with this identifier.")
    require(door.client, "manage_patients", site)
    return facts | {"home_site": site}


def shown(patient: int) -> dict[str, Any]:
    row = Patient.objects.select_related("home_site").get(pk=patient)
    return show_patient(row, versions("patient", [row.pk])[row.pk])


class ResponsesDoor(TypeDoor):
    """Search how participants stand; POST what one of them answers."""

    def create(self, request: Request, **at: str) -> Response:
        """A patient confirms or cancels the visit; a practitioner who is booked has accepted."""
        resource = read_resource(request.data, "AppointmentResponse")
        visit = self.visit(resource)
        part = _part(visit, resource.get("actor", {}))
        answer = resource.get("participantStatus")
        if answer not in ("accepted", "declined"):
            message = "It must be accepted or declined: nothing here stands as tentative."
            raise _refused("participantStatus", message)
        if part.role == Claim.Role.PATIENT:
            self.act(visit, answer, resource.get("comment", ""))
        elif answer == "declined":
            message = "Who cannot come is reported as an absence, so that their visits are kept."
            raise _refused("participantStatus", message)
        fresh = Part(visits().get(pk=visit.pk), part.resource, part.role)
        location = f"{self.base}/AppointmentResponse/{part.id}"
        return shown_as(show_response(fresh), 201, Location=location)

    def visit(self, resource: dict[str, Any]) -> Appointment:
        try:
            named = reference(
                str(resource.get("appointment", {}).get("reference", "")), ["Appointment"]
            )
        except ValueError as error:
            raise wrong("AppointmentResponse.appointment", str(error)) from None
        visit = one_visit(self, named[1]) if named else None
        if visit is None:
            raise unknown("AppointmentResponse.appointment", "There is no such Appointment here.")
        return visit

    def act(self, visit: Appointment, answer: str, comment: str) -> None:
        if answer == "declined":
            cancel_visit(
                appointment=visit.pk,
                reason=(comment or "The patient declined")[:200],
                kind=CancelKind.PATIENT,
                actor=self.actor,
                now=self.now,
            )
        else:
            set_status(appointment=visit.pk, to=Status.CONFIRMED, actor=self.actor, now=self.now)


def _part(visit: Appointment, actor: dict[str, Any]) -> Part:
    """The participant that answers; 422 for who takes no part."""
    named = "/".join(str(actor.get("reference", "")).split("/")[-2:])
    claims = visits().get(pk=visit.pk).claims.all()
    parts = [Part(visit, visit.patient_id, Claim.Role.PATIENT)]
    parts += [Part(visit, one.resource_id, str(one.role)) for one in claims]
    part = next((one for one in parts if one.actor == named), None)
    if part is None:
        raise unknown("AppointmentResponse.actor", "They take no part in this Appointment.")
    return part


def _refused(element: str, message: str) -> Problem:
    return Problem("refused", message, errors=[(f"AppointmentResponse.{element}", message)])
