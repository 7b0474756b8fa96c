"""Visits: read, book one, say where it stands, cancel it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Q
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import unknown
from api.permissions import patients_of, visible_visits
from api.reading import DATE, a_date, an_instant
from api.rest import shapes, versions
from api.rest.doors import Door
from api.rest.pages import page, paging
from api.rest.parsing import Body, Instant, Parameter, naming
from api.rest.showing import show_appointment
from clinic.models import Patient, Room, Site, Staff
from scheduling.models import Appointment, Status
from scheduling.selectors import visits
from scheduling.selectors.protocols import current_versions
from scheduling.services.booking import book_visit
from scheduling.services.cancelling import cancel_visit
from scheduling.services.progress import set_status

BOUND = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}"}


def _bound(text: str) -> date | datetime:
    """A date, or an instant whose + may have come as a space, as in a form."""
    return a_date(text) if DATE.fullmatch(text) else an_instant(text.replace(" ", "+"))


def _status(text: str) -> str:
    if text not in Status.values:
        raise ValueError(f"It must be one of: {' '.join(Status.values)}.")
    return text


QUERY = {
    "site": naming("Only visits at this site."),
    "from": Parameter(
        _bound, "Visits on or after this site date; or ending after this instant.", BOUND
    ),
    "to": Parameter(
        _bound, "Visits on or before this site date; or starting before this instant.", BOUND
    ),
    "patient": naming("Only this patient's."),
    "staff": naming("Only those that this person takes part in."),
    "room": naming("Only those in this room."),
    "status": Parameter(
        _status,
        "Only those that stand so; several by commas.",
        {"type": "array", "items": {"type": "string", "enum": Status.values}},
        many=True,
    ),
}


class Appointments(Door):
    actions = {"GET": "see_day", "POST": "book_visit"}
    queries = {
        "GET": QUERY | paging(starts_at=("starts_at", "pk"), updated_at=("updated_at", "pk"))
    }
    bodies = {"POST": shapes.AppointmentBody}
    answers = {
        "GET": (200, shapes.listed(shapes.AppointmentShape)),
        "POST": (201, shapes.AppointmentShape),
    }

    def get(self, request: Request) -> Response:
        """Visits in time order."""
        site = self.filtered(self.sites(), "site")
        patient = self.filtered(patients_of(self.reach(), Patient.objects.all()), "patient")
        staff = self.filtered(Staff.objects.all(), "staff")
        room = self.filtered(Room.objects.filter(self.reach().q()), "room")
        rows = visits(
            sites=[site] if site else None,
            patient=patient.pk if patient else None,
            staff=staff.pk if staff else None,
            room=room.pk if room else None,
            statuses=self.asked.get("status"),
        )
        rows = visible_visits(self.client, rows).filter(self.overlap(site))
        return page(request, self.asked, rows, show_appointment)

    def overlap(self, site: Site | None) -> Q:
        """Visits that overlap the time asked for, dates being those of the visit's own site."""
        first, last = self.asked.get("from"), self.asked.get("to")
        if site is None and any(type(bound) is date for bound in (first, last)):
            anywhere = Q(pk__in=[])
            for each in self.sites():
                anywhere |= Q(site=each) & self.overlap(each)
            return anywhere
        overlap = Q()
        if first is not None:
            overlap &= Q(ends_at__gt=_instant(first, site))
        if last is not None:
            overlap &= Q(starts_at__lt=_instant(last, site, days=1))
        return overlap

    def create(self, request: Request, **at: str) -> Response:
        """Book one visit of a protocol, in the patient's running series if it lacks that step."""
        body = self.body()
        site = self.site("site", body["site"])
        patients = patients_of(self.reach(), Patient.objects.all())
        patient = self.named(patients, "patient", body["patient"])
        key, _, step = body["step"].partition("/")
        version = current_versions().filter(protocol__key=key).first()
        if version is None or step not in (s["key"] for s in version.definition["steps"]):
            raise unknown("step", "There is no such step of a protocol in use.")
        visit = book_visit(
            patient=patient,
            site=site,
            version=version,
            step=step,
            starts_at=body["starts_at"],
            actor=self.actor,
            now=self.now,
        )
        headers = {"Location": f"{request.path}/{visit.pk}"}
        return Response(_shown(visit.pk), status=201, headers=headers)


class OneAppointment(Door):
    actions = {"GET": "see_day"}
    headers_of = {"GET": versions.READ}
    answers = {"GET": (200, shapes.AppointmentShape)}

    def get(self, request: Request, id: str) -> Response:
        """A visit with its phases and what they claim."""
        visit = self.at(visible_visits(self.client, visits()), id)
        return versions.read(request, show_appointment(visit), f"appointment:{visit.pk}")


class AppointmentCancelling(Door):
    actions = {"POST": "cancel_visit"}
    headers_of = {"POST": versions.CHANGE}
    bodies = {"POST": shapes.CancelVisitBody}
    answers = {"POST": (200, shapes.AppointmentShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Cancel a visit that has not begun, and free all it holds."""
        visit = self.at(Appointment.objects.filter(self.reach().q()), at["id"])
        body = self.body()
        seen = seen_of(request, visit.pk)
        cancel_visit(appointment=visit.pk, seen=seen, actor=self.actor, now=self.now, **body)
        return versions.with_tag(_shown(visit.pk), f"appointment:{visit.pk}")


class StatusBody(Body):
    to = serializers.ChoiceField(Status.choices)
    at = Instant(required=False, help_text="When that was; now unless told. Not to come.")


class AppointmentStatus(Door):
    actions = {"POST": "run_day"}
    headers_of = {"POST": versions.CHANGE}
    bodies = {"POST": StatusBody}
    answers = {"POST": (200, shapes.AppointmentShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Say where a visit stands; 422 tells what is possible from where it stands now."""
        visit = self.at(Appointment.objects.filter(self.reach().q()), at["id"])
        body = self.body()
        seen = seen_of(request, visit.pk)
        set_status(appointment=visit.pk, seen=seen, actor=self.actor, now=self.now, **body)
        return versions.with_tag(_shown(visit.pk), f"appointment:{visit.pk}")


def seen_of(request: Request, visit: int) -> int | None:
    """What the caller has seen of a visit; read anew only when they say so."""
    if "If-Match" not in request.headers:
        return None
    return versions.seen(request, _shown(visit), f"appointment:{visit}")


def _shown(visit: int) -> dict[str, Any]:
    return show_appointment(visits().get(pk=visit))


def _instant(bound: date | datetime, site: Site | None, days: int = 0) -> datetime:
    """An instant as it is; a date as the site's midnight, `days` later."""
    if isinstance(bound, datetime):
        return bound
    zone = site.zone if site else UTC
    return datetime.combine(bound + timedelta(days=days), time(), tzinfo=zone)
