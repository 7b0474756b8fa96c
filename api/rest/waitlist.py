"""Who waits for a place, and taking what they were offered."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import unknown
from api.permissions import patients_of, require
from api.reading import an_id
from api.rest import shapes
from api.rest.doors import Door
from api.rest.pages import PAGING, page
from api.rest.parsing import Body, ClockTime, Day, Flag, Identifier, Number, Parameter, Text
from api.rest.showing import local, show_appointment
from clinic.models import Patient
from scheduling.models import Appointment, Offer, Series, WaitlistEntry
from scheduling.selectors import visits
from scheduling.selectors.protocols import current_versions
from scheduling.services.offering import accept_offer, offer_by
from scheduling.services.waiting import STANDING, join_waitlist

WISHES = (
    "not_before",
    "not_after",
    "weekdays",
    "earliest",
    "latest",
    "notice_minutes",
    "urgent",
    "note",
)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class WaitBody(Body):
    appointment = Identifier(required=False, help_text="Wait for an earlier time of this visit.")
    patient = Identifier(required=False, help_text="With site and protocol: for a series or step.")
    site = Identifier(required=False)
    protocol = Text(required=False, max_length=60)
    step = Text(required=False, max_length=40, help_text="One visit; else the whole series.")
    series = Identifier(required=False, help_text="The series that lacks the step.")
    not_before = Day(required=False)
    not_after = Day(required=False)
    weekdays = serializers.ListField(
        child=serializers.ChoiceField(DAYS), required=False, default=list
    )
    earliest = ClockTime(required=False)
    latest = ClockTime(required=False)
    notice_minutes = Number(required=False, default=120, min_value=0, max_value=20_160)
    urgent = Flag(required=False, default=False)
    note = Text(required=False, allow_blank=True, default="", max_length=200)


class OfferShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    state = serializers.ChoiceField(Offer.State.choices)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class WaitShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    patient = serializers.CharField()
    site = serializers.CharField()
    protocol = serializers.CharField()
    step = serializers.CharField(allow_blank=True, help_text="Empty: the whole series.")
    series = serializers.CharField(allow_null=True)
    appointment = serializers.CharField(allow_null=True)
    not_before = serializers.DateField()
    not_after = serializers.DateField()
    weekdays = serializers.ListField(child=serializers.CharField())
    notice_minutes = serializers.IntegerField()
    urgent = serializers.BooleanField()
    state = serializers.ChoiceField(WaitlistEntry.State.choices)
    offer = OfferShape(allow_null=True, help_text="The open offer, which holds its place.")


QUERY = {
    "site": Parameter(an_id, "Only those who wait at this site."),
    "patient": Parameter(an_id, "Only this patient's."),
}


class Waitlist(Door):
    actions = {"GET": "see_waitlist", "POST": "manage_waitlist"}
    queries = {"GET": QUERY | PAGING}
    bodies = {"POST": WaitBody}
    answers = {"GET": (200, shapes.listed(WaitShape)), "POST": (201, WaitShape)}

    def get(self, request: Request) -> Response:
        """Those who wait or have an offer, urgent ones first, then as they joined."""
        site = self.filtered(self.sites(), "site")
        patient = self.filtered(patients_of(self.reach(), Patient.objects.all()), "patient")
        rows = _rows().filter(self.reach().q(), state__in=STANDING)
        if site:
            rows = rows.filter(site=site)
        if patient:
            rows = rows.filter(patient=patient)
        return page(request, self.asked, rows, show)

    def create(self, request: Request, **at: str) -> Response:
        """Put somebody on the list. What is free for them is offered by a worker."""
        body = self.body()
        about = self._visit(body) if "appointment" in body else self._plan(body)
        wait = join_waitlist(**about, **_wishes(body), actor=self.actor, now=self.now)
        return Response(show(_rows().get(pk=wait.pk)), status=201)

    def _visit(self, body: dict[str, Any]) -> dict[str, Any]:
        rows = Appointment.objects.filter(self.reach().q()).select_related(
            "patient", "site", "protocol_version", "series"
        )
        visit = self.named(rows, "appointment", body["appointment"])
        return {
            "patient": visit.patient,
            "site": visit.site,
            "version": visit.protocol_version,
            "appointment": visit,
        }

    def _plan(self, body: dict[str, Any]) -> dict[str, Any]:
        for field in ("patient", "site", "protocol"):
            if field not in body:
                raise unknown(field, "Give an appointment, or a patient, site and protocol.")
        site = self.site("site", body["site"])
        patients = patients_of(self.reach(), Patient.objects.all())
        patient = self.named(patients, "patient", body["patient"])
        version = current_versions().filter(protocol__key=body["protocol"]).first()
        if version is None:
            raise unknown("protocol", "There is no such protocol in use.")
        series = None
        if "series" in body:
            own = Series.objects.filter(patient=patient, site=site, status="active")
            series = self.named(own, "series", body["series"])
            version = series.protocol_version
        return {
            "patient": patient,
            "site": site,
            "version": version,
            "series": series,
            "step": body.get("step", ""),
        }


class OfferAcceptance(Door):
    actions = {"POST": "manage_waitlist"}
    answers = {"POST": (200, shapes.AppointmentShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Take an offer, by its secret or its id: its place is booked, the hold used up."""
        token = at["token"]
        by_id = Offer.objects.filter(pk=int(token)).first() if _is_id(token) else None
        offer = by_id or offer_by(token)
        if offer is None or offer.entry.site_id not in self.reach():
            raise Http404
        require(self.client, "manage_waitlist", offer.entry.site_id)
        visit = accept_offer(offer=offer.pk, actor=self.actor, now=self.now)
        return Response(show_appointment(visits().get(pk=visit.pk)))


def show(row: WaitlistEntry) -> dict[str, Any]:
    zone = row.site.zone
    offer = next((one for one in row.offers.all() if one.state == Offer.State.OPEN), None)
    return {
        "id": str(row.pk),
        "patient": str(row.patient_id),
        "site": str(row.site_id),
        "protocol": row.protocol_version.protocol.key,
        "step": row.step,
        "series": str(row.series_id) if row.series_id else None,
        "appointment": str(row.appointment_id) if row.appointment_id else None,
        "not_before": row.not_before.isoformat(),
        "not_after": row.not_after.isoformat(),
        "weekdays": row.weekdays,
        "notice_minutes": row.notice_minutes,
        "urgent": row.urgent,
        "state": row.state,
        "offer": offer
        and {
            "id": str(offer.pk),
            "state": offer.state,
            "starts_at": local(offer.starts_at, zone),
            "ends_at": local(offer.ends_at, zone),
            "expires_at": local(offer.expires_at, zone),
        },
    }


def _rows() -> Any:
    return WaitlistEntry.objects.select_related(
        "site", "protocol_version__protocol"
    ).prefetch_related("offers")


def _wishes(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in WISHES if name in body}


def _is_id(token: str) -> bool:
    return token.isascii() and token.isdecimal() and len(token) < 19
