"""Every type of resource that is spoken here."""

from __future__ import annotations

from collections.abc import Mapping

from api.fhir.appointments import Appointments
from api.fhir.kinds import Kind
from api.fhir.patients import Patients
from api.fhir.people import PractitionerRoles, Practitioners
from api.fhir.places import HealthcareServices, Locations
from api.fhir.responses import Responses
from api.fhir.schedules import Schedules, Slots

KINDS: Mapping[str, Kind] = {
    kind.type: kind
    for kind in (
        Patients(),
        Practitioners(),
        PractitionerRoles(),
        Locations(),
        HealthcareServices(),
        Schedules(),
        Slots(),
        Appointments(),
        Responses(),
    )
}
