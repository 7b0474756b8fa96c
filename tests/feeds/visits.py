"""A small clinic for the calendar tests: visits are written as claims, without the planner."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from clinic.journal import Actor
from clinic.models import Grant, Organisation, Patient, Resource, Room, Site, Staff, User
from clinic.spans import minute
from clinic.transactions import writing
from scheduling.models import (
    Appointment,
    AppointmentPhase,
    Claim,
    Protocol,
    ProtocolVersion,
    Status,
)
from scheduling.services.entries import publish

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
DESK = Actor(name="desk@clinic.example", door="desk")
DEFINITION = {"steps": [{"key": "inf1", "name": "Infusion 1"}, {"key": "th1", "name": "Therapy 1"}]}


def a_site(name: str = "Harbour Ketamine Clinic", zone: str = "America/New_York") -> Site:
    organisation, _ = Organisation.objects.get_or_create(name="Harbour")
    return Site.objects.create(
        organisation=organisation, name=name, neutral_name="Main Street", time_zone=zone
    )


def a_room(site: Site, name: str = "Infusion Room 4") -> Room:
    resource = Resource.objects.create(kind=Resource.Kind.ROOM)
    return Room.objects.create(resource=resource, site=site, name=name, capabilities=["infusion"])


def a_person(site: Site, name: str = "Ines Alba", role: str = "monitoring_nurse") -> Staff:
    given, family = name.split()
    resource = Resource.objects.create(kind=Resource.Kind.STAFF)
    staff = Staff.objects.create(
        resource=resource, given_name=given, family_name=family, roles=[role]
    )
    staff.sites.add(site)
    return staff


def a_patient(name: str = "Pia Kern") -> Patient:
    given, family = name.split()
    resource = Resource.objects.create(kind=Resource.Kind.PATIENT)
    return Patient.objects.create(
        resource=resource,
        mrn=f"M{resource.pk}",
        given_name=given,
        family_name=family,
        birth_date=date(1980, 1, 1),
        created_at=NOW,
        updated_at=NOW,
    )


def a_user(role: str, site: Site | None = None, email: str = "ana@clinic.example") -> User:
    user = User.objects.create(username=email, email=email)
    Grant.objects.create(user=user, role=role, site=site)
    return user


def a_version() -> ProtocolVersion:
    protocol, _ = Protocol.objects.get_or_create(key="aud-kare")
    version, _ = ProtocolVersion.objects.get_or_create(
        protocol=protocol,
        version=1,
        defaults={"name": "AUD", "definition": DEFINITION, "created_at": NOW},
    )
    return version


def a_visit(
    site: Site,
    patient: Patient,
    claims: dict[Staff | Room, list[tuple[str, str]]],
    *,
    day: date = date(2026, 12, 1),
    step: str = "inf1",
    now: datetime = NOW,
) -> Appointment:
    """A visit whose rooms and people hold these local times, ("09:00", "10:30"), of a day."""
    spans = [_span(site, day, *span) for held in claims.values() for span in held]
    starts_at, ends_at = min(s for s, _ in spans), max(e for _, e in spans)
    with writing():
        visit = Appointment.objects.create(
            patient=patient,
            site=site,
            protocol_version=a_version(),
            step=step,
            starts_at=starts_at,
            ends_at=ends_at,
            created_at=now,
            updated_at=now,
        )
        AppointmentPhase.objects.create(
            appointment=visit, position=0, name="infuse", starts_at=starts_at, ends_at=ends_at
        )
        hold_claims(visit, claims, day)
        publish([visit.pk], now=now)
    return visit


def hold_claims(
    visit: Appointment, claims: dict[Staff | Room, list[tuple[str, str]]], day: date
) -> None:
    for who, held in claims.items():
        room = isinstance(who, Room)
        turnover = who.turnover_minutes if room else 0
        for span in held:
            starts_at, ends_at = _span(visit.site, day, *span)
            Claim.objects.create(
                resource_id=who.pk,
                lane=0,
                start_minute=minute(starts_at),
                end_minute=minute(ends_at) + turnover,
                turnover_minutes=turnover,
                role=Claim.Role.ROOM if room else Claim.Role.NURSE,
                appointment=visit,
            )


def change_claims(
    visit: Appointment,
    claims: dict[Staff | Room, list[tuple[str, str]]],
    *,
    day: date = date(2026, 12, 1),
    now: datetime = NOW + timedelta(hours=1),
) -> None:
    """The visit is moved, covered by somebody else, or cancelled (no claims)."""
    with writing():
        visit.claims.all().delete()
        if not claims:
            Appointment.objects.filter(pk=visit.pk).update(status=Status.CANCELLED)
        hold_claims(visit, claims, day)
        publish([visit.pk], now=now)


def _span(site: Site, day: date, starts: str, ends: str) -> tuple[datetime, datetime]:
    first, last = time.fromisoformat(starts), time.fromisoformat(ends)
    return datetime.combine(day, first, site.zone), datetime.combine(day, last, site.zone)
