"""The people and places of the tests: readable builders, each with believable defaults.

Mornings are in New York unless said otherwise; `NOW` is Monday 7 December 2026, 07:00 there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from clinic.finding import search_key
from clinic.journal import Actor
from clinic.models import (
    Absence,
    Credential,
    OpeningHours,
    Organisation,
    Patient,
    Resource,
    Room,
    Site,
    Staff,
    WeeklyHours,
)
from clinic.spans import minute
from scheduling import catalogue, daybook, tokens
from scheduling.models import Appointment, Protocol, ProtocolVersion
from scheduling.planner.plans import Plan, PlannedVisit, Score
from scheduling.planner.single import place
from scheduling.selectors.gates import gates_of
from scheduling.services.gates import record_gate

NEW_YORK = ZoneInfo("America/New_York")
MONDAY = date(2026, 12, 7)
NOW = datetime(2026, 12, 7, 7, 0, tzinfo=NEW_YORK)
DESK = Actor(name="Dora at the desk", door="desk")
FAR = date(2099, 12, 31)
LICENCES = {
    "prescriber": "medical_licence",
    "therapist": "therapy_licence",
    "monitoring_nurse": "nursing_licence",
}


def at(day: date, clock: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    """A moment on a day in the clinic's clock: at(MONDAY, "09:00")."""
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=zone)


def organisation() -> Organisation:
    return Organisation.objects.get_or_create(name="Juniper Clinics")[0]


def site(
    name: str = "Juniper House",
    *,
    time_zone: str = "America/New_York",
    opens: str = "08:00",
    closes: str = "18:00",
    weekdays: Iterable[int] = range(5),
    nurse_lanes: int = 4,
    holidays: bool = False,
) -> Site:
    """A site, open on weekdays, that keeps no public holidays unless told to."""
    made = Site.objects.create(
        organisation=organisation(),
        name=name,
        time_zone=time_zone,
        nurse_lanes=nurse_lanes,
        keeps_public_holidays=holidays,
    )
    OpeningHours.objects.bulk_create(
        OpeningHours(
            site=made,
            weekday=day,
            opens=time.fromisoformat(opens),
            closes=time.fromisoformat(closes),
        )
        for day in weekdays
    )
    return made


def room(
    name: str,
    at_site: Site,
    *,
    capabilities: Sequence[str] = ("infusion",),
    chairs: int = 1,
    turnover: int = 10,
) -> Room:
    return Room.objects.create(
        resource=Resource.objects.create(kind="room"),
        site=at_site,
        name=name,
        capabilities=list(capabilities),
        chairs=chairs,
        turnover_minutes=turnover,
    )


def staff(
    name: str,
    at_site: Site,
    *,
    roles: Sequence[str],
    hours: tuple[str, str] | None = ("08:00", "18:00"),
    lunch: tuple[str, str] | None = None,
    skills: Sequence[str] = (),
    credentials: Sequence[str] | None = None,
    expires_on: date = FAR,
    max_patients: int | None = None,
    weekdays: Iterable[int] = range(5),
) -> Staff:
    """Somebody with valid licences for their roles, on duty on weekdays in opening hours."""
    made = Staff.objects.create(
        resource=Resource.objects.create(kind="staff"),
        given_name=name,
        family_name="Example",
        roles=list(roles),
        skills=list(skills),
        max_patients=max_patients,
    )
    made.sites.add(at_site)
    kinds = credentials if credentials is not None else [LICENCES[role] for role in roles]
    for kind in kinds:
        Credential.objects.create(staff=made, kind=kind, number="TEST", expires_on=expires_on)
    if hours:
        works(made, at_site, hours=hours, lunch=lunch, weekdays=weekdays)
    return made


def works(
    who: Staff,
    at_site: Site,
    *,
    hours: tuple[str, str],
    lunch: tuple[str, str] | None = None,
    weekdays: Iterable[int] = range(5),
) -> None:
    """Weekly hours at a site."""
    start, end = (time.fromisoformat(clock) for clock in hours)
    breaks = [time.fromisoformat(clock) for clock in lunch] if lunch else [None, None]
    WeeklyHours.objects.bulk_create(
        WeeklyHours(
            staff=who,
            site=at_site,
            weekday=day,
            starts=start,
            ends=end,
            break_starts=breaks[0],
            break_ends=breaks[1],
        )
        for day in weekdays
    )


def nurse(name: str, at_site: Site, **facts) -> Staff:
    """A monitoring nurse with advanced life support (acls)."""
    facts.setdefault("credentials", ["nursing_licence", "acls"])
    return staff(name, at_site, roles=["monitoring_nurse"], **facts)


def therapist(name: str, at_site: Site, **facts) -> Staff:
    return staff(name, at_site, roles=["therapist"], **facts)


def prescriber(name: str, at_site: Site, **facts) -> Staff:
    facts.setdefault("credentials", ["medical_licence", "acls"])
    return staff(name, at_site, roles=["prescriber"], **facts)


def patient(name: str = "Pia", *, acuity: int = 1, **facts) -> Patient:
    mrn = facts.setdefault("mrn", f"T-{name}-{Patient.objects.count() + 1}")
    return Patient.objects.create(
        resource=Resource.objects.create(kind="patient"),
        given_name=name,
        family_name="Sample",
        birth_date=date(1980, 2, 29),
        acuity=acuity,
        search_key=search_key(given_name=name, family_name="Sample", mrn=mrn),
        created_at=NOW,
        updated_at=NOW,
        **facts,
    )


def protocol(key: str = "aud-kare") -> ProtocolVersion:
    """The starter template of that key, as the clinic's first version."""
    return protocol_version(deepcopy(_starters()[key]))


@cache
def _starters() -> dict[str, dict]:
    """The starter templates by key, read once."""
    read = catalogue.read(catalogue.starter_text())
    return {document.definition["key"]: document.definition for document in read}


def protocol_version(definition: dict, version: int = 1) -> ProtocolVersion:
    parent, _ = Protocol.objects.get_or_create(key=definition["key"])
    return ProtocolVersion.objects.create(
        protocol=parent,
        version=version,
        name=definition["name"],
        definition=definition,
        created_at=NOW,
    )


def house(**facts) -> Site:
    """A small clinic that can run every starter protocol: Juniper House with all its people."""
    made = site(**facts)
    room("Room 1", made, capabilities=["infusion"])
    room("Room 2", made, capabilities=["infusion"])
    room("Bay", made, capabilities=["infusion"], chairs=2)
    room("Therapy A", made, capabilities=["therapy", "consult"])
    room("Therapy B", made, capabilities=["therapy", "consult"])
    nurse("Ines", made)
    nurse("Noor", made)
    therapist("Ana", made, skills=["kap"])
    therapist("Theo", made, skills=["kap"])
    prescriber("Priya", made)
    return made


def off(resource: Room | Staff, day: date, start: str = "00:00", end: str = "23:59") -> Absence:
    """A day off, or a room out of service."""
    return Absence.objects.create(
        resource_id=resource.pk, starts_at=at(day, start), ends_at=at(day, end), reason="away"
    )


def days_after(day: date, number: int) -> date:
    return day + timedelta(days=number)


def token(
    who: Patient,
    version: ProtocolVersion,
    where: Site,
    starts: dict[str, datetime],
    *,
    now: datetime = NOW,
    offer: str = "",
) -> str:
    """A proposal of visits at given times, rooms and clinicians chosen as the planner would."""
    protocol = catalogue.protocol(version.definition, version=version.version)
    days = [moment.astimezone(where.zone).date() for moment in starts.values()]
    diary = daybook.read(site=where, first=min(days), last=max(days), now=now, patient=who)
    placed: list[PlannedVisit] = []
    therapist: int | None = None
    for step, moment in sorted(starts.items(), key=lambda item: item[1]):
        visit = place(protocol.step(step), minute(moment), diary, therapist=therapist)
        therapist = therapist or next(
            (claim.resource for claim in visit.claims if claim.role == "therapist"), None
        )
        placed.append(visit)
    draft = tokens.draft(
        plan=Plan(tuple(placed), Score(0, 0), (), therapist),
        protocol=protocol,
        offer=offer or tokens.new_offer(),
        patient=who.pk,
        version=version.pk,
        site=where.pk,
        completed={},
        now=now,
    )
    return tokens.seal(draft)


def kare_times(monday: date = MONDAY, clock: str = "09:00") -> dict[str, datetime]:
    """All eleven visits of aud-kare, legally spaced: D0 is the Thursday ten days on."""
    d0 = monday + timedelta(days=10)
    offsets = {
        "screening": -9,
        "th1": -2,
        "inf1": 0,
        "th2": 1,
        "inf2": 7,
        "th3": 8,
        "inf3": 14,
        "th4": 15,
        "th5": 21,
        "th6": 28,
        "th7": 35,
    }
    return {step: at(d0 + timedelta(days=days), clock) for step, days in offsets.items()}


def all_met(visit: Appointment, *, now: datetime, leaving: bool = False) -> None:
    """Everything is so that its protocol asks of a visit before preparation; or before it ends."""
    for one in gates_of(visit, now=now):
        early = one.gate.moment == "prep"
        if early is leaving or one.gate.kind == "observed":
            continue
        record_gate(
            appointment=visit.pk,
            gate=one.gate.key,
            outcome="met",
            systolic=120,
            diastolic=78,
            name="Esther Escort",
            phone="555 0100",
            actor=DESK,
            now=now,
        )
