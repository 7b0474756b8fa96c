"""Every list page of the desk asks as many questions of a full clinic as of a small one.

To add a page: a line in PAGES. What a page lists and `grow` does not make yet: a line there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from api.permissions import ROLES
from billing.models import Estimate
from clinic.finding import search_key
from clinic.models import (
    Absence,
    Closure,
    Credential,
    Grant,
    Patient,
    Resource,
    Room,
    Site,
    Staff,
    TimeOff,
    User,
    WeeklyHours,
)
from clinic.spans import minute
from scheduling.daybook.facts import facts
from scheduling.models import (
    Appointment,
    AppointmentPhase,
    Claim,
    FollowUp,
    Message,
    Protocol,
    ProtocolVersion,
    Series,
    WaitlistEntry,
)
from tests.cast import FAR, MONDAY, NOW, at, organisation, protocol, site

pytestmark = pytest.mark.django_db

FEW, MANY = 10, 1_000
DAY = MONDAY + timedelta(days=1)

# who asks | the name of the address and what else it takes | most queries
PAGES = {
    "day by rooms": ("front_desk", "day", {"day": DAY}, "?by=rooms", 20),
    "day by clinicians": ("front_desk", "day", {"day": DAY}, "?by=clinicians", 22),
    "day by nurses": ("charge_nurse", "day", {"day": DAY}, "?by=nurses&view=list", 22),
    "live rooms": ("front_desk", "live-rooms", {}, "", 18),
    "cover": ("charge_nurse", "cover", {"day": DAY}, "?view=list", 22),
    "week": ("manager", "site-week", {"day": DAY}, "?by=nurses", 24),
    "month": ("front_desk", "site-month", {"day": DAY}, "", 18),
    "free times": ("front_desk", "free", {}, "?therapist=any&nurse=2&minutes=120", 14),
    "series": ("front_desk", "series-list", {}, "", 18),
    "series by stand": ("nurse", "series-list", {}, "?stand=overdue&sort=name&page=2", 18),
    "patients": ("front_desk", "patients", {}, "", 18),
    "patients by flag": ("prescriber", "patients", {}, "?risk=1&acuity=1&sort=name", 18),
    "follow-ups": ("front_desk", "follow-ups", {}, "?stand=open", 16),
    "waitlist": ("front_desk", "waitlist", {}, "", 16),
    "messages": ("front_desk", "messages", {}, "?stand=sent", 14),
    "words of messages": ("manager", "message-words", {}, "", 14),
    "reports": ("manager", "reports", {}, "?from=2026-12-07&to=2026-12-11", 40),
    "report on chairs": ("manager", "report", {"report": "utilisation"}, "", 24),
    "report on series": ("manager", "report", {"report": "series"}, "", 18),
    "hours": ("manager", "hours", {}, "", 20),
    "time off": ("charge_nurse", "time-off", {}, "", 20),
    "capacity": ("manager", "capacity", {}, "", 20),
    "import": ("manager", "import", {}, "", 16),
    "rooms": ("manager", "rooms", {}, "", 16),
    "staff": ("manager", "staff-list", {}, "", 18),
    "credentials": ("manager", "credentials", {}, "", 16),
    "sign-ins": ("administrator", "sign-ins", {}, "", 16),
    "sites": ("administrator", "sites", {}, "", 16),
    "protocols": ("prescriber", "protocols", {}, "", 16),
    "estimates": ("front_desk", "estimates", {}, "", 20),
    "estimates as a file": ("biller", "estimates-file", {}, "", 14),
}


def grow(where: Site, version: ProtocolVersion, first: int, last: int) -> None:
    """So many more of everything that a list of the desk can hold, numbered from first to last.

    Each patient has a series of two visits; the first is on DAY, with a room, a therapist and a
    nurse of its own.
    """
    numbers = range(first, last)

    def resources(kind: str) -> list[int]:
        made = Resource.objects.bulk_create(Resource(kind=kind) for _ in numbers)
        return [one.pk for one in made]

    rooms, nurses, therapists, patients = map(resources, ("room", "staff", "staff", "patient"))
    stamps = {"created_at": NOW, "updated_at": NOW}
    Room.objects.bulk_create(
        Room(resource_id=pk, site=where, name=f"Room {n}", capabilities=["infusion"])
        for n, pk in zip(numbers, rooms, strict=True)
    )
    for role, family, people in (
        ("monitoring_nurse", "Nurse", nurses),
        ("therapist", "Therapist", therapists),
    ):
        named = zip(numbers, people, strict=True)
        Staff.objects.bulk_create(
            Staff(resource_id=pk, given_name=f"{family} {n}", family_name="Many", roles=[role])
            for n, pk in named
        )
        of_site = Staff.sites.through
        of_site.objects.bulk_create(of_site(staff_id=pk, site=where) for pk in people)
        kind = "nursing_licence" if family == "Nurse" else "therapy_licence"
        Credential.objects.bulk_create(
            Credential(staff_id=pk, kind=kind, expires_on=FAR if pk % 2 else date(2026, 12, 20))
            for pk in people
        )
        WeeklyHours.objects.bulk_create(
            WeeklyHours(
                staff_id=pk, site=where, weekday=DAY.weekday(), starts=time(8), ends=time(18)
            )
            for pk in people
        )
    TimeOff.objects.bulk_create(
        TimeOff(staff_id=pk, starts_at=at(FAR, "08:00"), ends_at=at(FAR, "09:00"), asked_at=NOW)
        for pk in nurses
    )
    Absence.objects.bulk_create(
        Absence(resource_id=pk, starts_at=at(DAY, "17:00"), ends_at=at(DAY, "18:00"))
        for pk in [*rooms, *nurses]
    )
    Closure.objects.bulk_create(
        Closure(site=where, first=day, last=day, reason="Painting")
        for n in numbers
        if (day := MONDAY + timedelta(days=400 + n))
    )
    Site.objects.bulk_create(
        Site(organisation=organisation(), name=f"House {n}", time_zone="America/New_York")
        for n in numbers
    )
    protocols = Protocol.objects.bulk_create(Protocol(key=f"kare-{n}") for n in numbers)
    ProtocolVersion.objects.bulk_create(
        ProtocolVersion(
            protocol=one,
            version=1,
            name=f"Kare {one.key}",
            definition=version.definition | {"key": one.key},
            created_at=NOW,
        )
        for one in protocols
    )
    Patient.objects.bulk_create(
        Patient(
            resource_id=pk,
            mrn=f"MANY-{n}",
            given_name=f"Pia {n}",
            family_name="Many",
            birth_date=date(1980, 2, 29),
            home_site=where,
            acuity=1 + n % 6,
            search_key=search_key(given_name=f"Pia {n}", family_name="Many", mrn=f"MANY-{n}"),
            **stamps,
        )
        for n, pk in zip(numbers, patients, strict=True)
    )
    series = Series.objects.bulk_create(
        Series(
            patient_id=patient,
            protocol_version=version,
            site=where,
            therapist_id=therapist,
            d0=DAY,
            **stamps,
        )
        for patient, therapist in zip(patients, therapists, strict=True)
    )
    visits = Appointment.objects.bulk_create(
        Appointment(
            series=one,
            patient_id=one.patient_id,
            site=where,
            protocol_version=version,
            step=step,
            starts_at=at(day, "09:00"),
            ends_at=at(day, "10:00"),
            **stamps,
        )
        for step, day in (("inf1", DAY), ("th2", DAY + timedelta(days=1)))
        for one in series
    )
    AppointmentPhase.objects.bulk_create(
        AppointmentPhase(
            appointment=visit,
            position=0,
            name="infuse",
            starts_at=visit.starts_at,
            ends_at=visit.ends_at,
        )
        for visit in visits
    )
    Message.objects.bulk_create(
        Message(
            key=f"booked:{one.pk}:email",
            kind="booked",
            channel="email",
            patient_id=one.patient_id,
            site=where,
            body="Hello",
            state="sent",
            due_at=NOW,
            created_at=NOW,
        )
        for one in series
    )
    FollowUp.objects.bulk_create(
        FollowUp(
            patient_id=one.patient_id,
            site=where,
            series=one,
            protocol_version=version,
            key="call",
            kind="telephone",
            name="Call",
            opens_on=MONDAY,
            due_on=MONDAY,
            closes_on=FAR,
            **stamps,
        )
        for one in series
    )
    Estimate.objects.bulk_create(
        Estimate(
            patient_id=one.patient_id,
            site=where,
            series=one,
            due_on=MONDAY,
            rule="Booked today",
            made_at=NOW,
        )
        for one in series
    )
    WaitlistEntry.objects.bulk_create(
        WaitlistEntry(
            patient_id=one.patient_id,
            site=where,
            protocol_version=version,
            series=one,
            appointment=visit,
            step=visit.step,
            not_before=MONDAY,
            not_after=FAR,
            **stamps,
        )
        for one, visit in zip(series, visits[len(series) :], strict=True)
    )
    start = minute(at(DAY, "09:00"))
    Claim.objects.bulk_create(
        Claim(
            resource_id=pk,
            lane=0,
            start_minute=start,
            end_minute=start + 60,
            role=role,
            appointment=visit,
        )
        for *of_visit, visit in zip(
            rooms, nurses, therapists, patients, visits[: len(series)], strict=True
        )
        for pk, role in zip(
            of_visit, ("room", "monitoring_nurse", "therapist", "patient"), strict=True
        )
    )


class Clinic:
    """One site that grows, and how many questions each page asked of it."""

    def __init__(self) -> None:
        self.version = protocol("aud-kare")
        self.site = site(nurse_lanes=4)
        self.browsers = {role: self._somebody(role) for role in ROLES}
        self.rows = 0

    def _somebody(self, role: str) -> Browser:
        user = User.objects.create(username=role, email=f"{role}@clinic.example")
        Grant.objects.create(user=user, role=role)
        browser = Browser()
        browser.force_login(user)
        return browser

    def asked(self, rows: int) -> dict[str, int]:
        """By page, how many queries it takes once there are so many rows.

        What the daybook remembers of the clinic's facts, and what a session does, is read before.
        """
        grow(self.site, self.version, self.rows, rows)
        self.rows = rows
        facts(self.site, MONDAY - timedelta(days=64), MONDAY + timedelta(days=128))
        for browser in self.browsers.values():
            browser.get(reverse("desk:switch", args=[self.site.pk]))
            browser.get(reverse("desk:day", args=[self.site.pk, MONDAY]))
        counts = {}
        for name, (role, address, kwargs, query, _) in PAGES.items():
            with CaptureQueriesContext(connection) as queries:
                answer = self.browsers[role].get(self.path(address, kwargs) + query)
            assert answer.status_code == 200, f"{name}: {answer.status_code}"
            counts[name] = len(queries)
        return counts

    def path(self, address: str, kwargs: dict[str, object]) -> str:
        try:
            return reverse(f"desk:{address}", kwargs={"site": self.site.pk, **kwargs})
        except NoReverseMatch:
            return reverse(f"desk:{address}", kwargs=kwargs)


@pytest.fixture(scope="module")
def counts(django_db_setup, django_db_blocker) -> Iterator[tuple[dict[str, int], dict[str, int]]]:
    """Of each page, at few rows and at many; made once and rolled back."""
    with django_db_blocker.unblock(), transaction.atomic(), time_machine.travel(NOW, tick=False):
        clinic = Clinic()
        yield clinic.asked(FEW), clinic.asked(MANY)
        transaction.set_rollback(True)


@pytest.mark.parametrize("name", PAGES)
def test_a_list_asks_as_much_of_a_thousand_rows_as_of_ten(name, counts):
    few, many = counts
    most = PAGES[name][-1]
    assert few[name] == many[name] <= most
