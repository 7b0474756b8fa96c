"""Every address by every role and by machines, at the own site and at another: the one table.

An address that is not in the table fails. To add one: a line in a table of `walk/` or in MACHINES,
and where it has a parameter of a new kind, its value in `World.things`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import get_resolver

from api.permissions import ROLES, SCOPES
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from api.webhooks.signing import new_secret, sealed
from billing.models import (
    Charge,
    ClaimBatch,
    Coverage,
    Document,
    Estimate,
    PackageOffer,
    Payment,
    Prepaid,
)
from billing.models import Claim as BilledClaim
from billing.services.claiming import make_claims
from billing.services.estimating import refresh_estimate
from billing.services.invoicing import issue_invoice
from billing.services.packages import sell_package
from billing.services.paying import take_payment
from billing.services.pricing import save_price_list
from clinic.models import (
    AvailabilityException,
    Grant,
    ImportDraft,
    Invitation,
    Journal,
    OnCall,
    Patient,
    Site,
    Staff,
    TimeOff,
    User,
)
from clinic.sealing import seal
from clinic.services.importing import start_import
from clinic.services.invitations import invite
from scheduling.models import (
    Appointment,
    CalendarFeed,
    ExternalCalendar,
    Message,
    Offer,
    Recovery,
    Series,
)
from scheduling.selectors import propose_series
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_visit
from scheduling.services.drafting import open_draft
from scheduling.services.feeds import create_feed
from scheduling.services.follow_ups import refresh_follow_ups
from scheduling.services.offering import offer_opening
from scheduling.services.recovering import call_out
from scheduling.services.time_off import ask_time_off
from scheduling.services.waiting import join_waitlist
from tests.cast import DESK, MONDAY, NOW, house, kare_times, off, patient, protocol, staff, token
from tests.doors.callers import Caller, caller
from tests.money.insured import allowed, charged, covers, insured, payer
from tests.money.papers import charge, priced
from tests.money.visits import offer, price_list

pytestmark = pytest.mark.django_db

# Somebody of each role with a grant at Here: x may, . may not; a file for each area of the desk.
# Whoever may at Here may not at There, where the address names a thing of There.
PEOPLE = Path(__file__).parent / "walk"

# What a client of Here gets with the scope; without it 403. A client of There finds nothing:
# "none": a list without anything of Here; "no": 403, 404, or 422 and 400 where the body or the
# query names Here; "same": nothing in it belongs to a site.
MACHINES = """
scope              | with | There | address
sites:read         | 200  | none  | GET    /api/v1/sites
sites:read         | 200  | none  | GET    /api/v1/rooms
staff:read         | 200  | none  | GET    /api/v1/staff
sites:read         | 200  | same  | GET    /api/v1/protocols
patients:read      | 200  | none  | GET    /api/v1/patients
patients:write     | 201  | no    | POST   /api/v1/patients
patients:read      | 200  | none  | POST   /api/v1/patients/search
patients:read      | 200  | no    | GET    /api/v1/patients/<str:id>
patients:write     | 200  | no    | PATCH  /api/v1/patients/<str:id>
series:write       | 200  | no    | POST   /api/v1/proposals
series:write       | 200  | no    | POST   /api/v1/proposals/<str:token>/hold
waitlist:write     | 201  | no    | POST   /api/v1/waitlist
waitlist:read      | 200  | none  | GET    /api/v1/waitlist
waitlist:write     | 200  | no    | POST   /api/v1/offers/<str:token>/accept
follow-ups:read    | 200  | none  | GET    /api/v1/follow-ups
billing:write      | 201  | no    | POST   /api/v1/estimates
billing:read       | 200  | none  | GET    /api/v1/estimates
billing:read       | 200  | no    | GET    /api/v1/estimates/<str:id>
billing:write      | 200  | no    | POST   /api/v1/estimates/<str:id>/issue
billing:read       | 200  | no    | GET    /api/v1/estimates/<str:id>/pdf
billing:write      | 201  | no    | POST   /api/v1/invoices
billing:read       | 200  | none  | GET    /api/v1/invoices
billing:read       | 200  | no    | GET    /api/v1/invoices/<str:id>
billing:read       | 200  | no    | GET    /api/v1/invoices/<str:id>/pdf
appointments:write | 200  | no    | POST   /api/v1/appointments/<str:id>/move
appointments:write | 200  | no    | POST   /api/v1/appointments/<str:id>/status
appointments:read  | 200  | no    | GET    /api/v1/appointments/<str:id>/gates
appointments:write | 400  | no    | POST   /api/v1/appointments/<str:id>/gates
series:read        | 200  | none  | GET    /api/v1/series
series:write       | 201  | no    | POST   /api/v1/series
series:read        | 200  | no    | GET    /api/v1/series/<str:id>
series:write       | 422  | no    | POST   /api/v1/series/<str:id>/extend
series:write       | 200  | no    | POST   /api/v1/series/<str:id>/cancel
appointments:read  | 200  | none  | GET    /api/v1/appointments
appointments:write | 201  | no    | POST   /api/v1/appointments
appointments:read  | 200  | no    | GET    /api/v1/appointments/<str:id>
appointments:write | 200  | no    | POST   /api/v1/appointments/<str:id>/cancel
coverage:read      | 200  | no    | GET    /api/v1/coverage
reports:read       | 200  | no    | GET    /api/v1/reports/utilisation
billing:read       | 200  | none  | GET    /api/v1/payments
billing:write      | 201  | no    | POST   /api/v1/payments
billing:write      | 201  | no    | POST   /api/v1/payments/<str:id>/refund
billing:read       | 200  | none  | GET    /api/v1/claims
billing:read       | 200  | no    | GET    /api/v1/claims/<str:id>
billing:write      | 201  | no    | POST   /api/v1/claims
absences:write     | 201  | no    | POST   /api/v1/absences
absences:read      | 200  | no    | GET    /api/v1/recoveries/<str:id>
absences:write     | 200  | no    | POST   /api/v1/recoveries/<str:id>/accept
billing:read       | 200  | none  | GET    /api/v1/package-offers
billing:read       | 200  | none  | GET    /api/v1/packages
billing:write      | 201  | no    | POST   /api/v1/packages
billing:write      | 200  | no    | POST   /api/v1/packages/<str:id>/end
billing:read       | 200  | none  | GET    /api/v1/charges
feeds:read         | 200  | none  | GET    /api/v1/calendar-feeds
feeds:write        | 201  | no    | POST   /api/v1/calendar-feeds
feeds:write        | 204  | no    | DELETE /api/v1/calendar-feeds/<str:id>
feeds:write        | 200  | no    | POST   /api/v1/calendar-feeds/<str:id>/rotate
webhooks:read      | 200  | same  | GET    /api/v1/webhook-event-types
webhooks:read      | 200  | none  | GET    /api/v1/webhook-endpoints
webhooks:write     | 201  | no    | POST   /api/v1/webhook-endpoints
webhooks:read      | 200  | no    | GET    /api/v1/webhook-endpoints/<str:id>
webhooks:write     | 200  | no    | PATCH  /api/v1/webhook-endpoints/<str:id>
webhooks:write     | 204  | no    | DELETE /api/v1/webhook-endpoints/<str:id>
webhooks:write     | 200  | no    | POST   /api/v1/webhook-endpoints/<str:id>/rotate
webhooks:write     | 200  | no    | POST   /api/v1/webhook-endpoints/<str:id>/test
webhooks:read      | 200  | no    | GET    /api/v1/webhook-endpoints/<str:id>/deliveries
webhooks:write     | 200  | no    | POST   /api/v1/webhook-endpoints/<str:id>/replay
webhooks:write     | 200  | no    | POST   /api/v1/webhook-deliveries/<str:id>/replay
"""

# Open to anybody: they show nobody, or ask for a secret of their own.
ANYBODY = (
    "/healthz",
    "/readyz",
    "/api/schema/",
    "/api/docs/",
    "/o/token/",
    "/feeds/<str:secret>.ics",
    "/welcome/<str:secret>",
    "/follow-ups/<str:secret>",
    "/offers/<str:secret>",
    "/pay/<str:secret>",
    "/stripe/webhook",
)
# The doors of FHIR have a table of their own: tests/fhir/test_permissions.py.
FHIR = "/fhir/"
# Pages of the packages that sign people in (allauth guards its own), and the admin's pages.
SIGN_IN, ADMIN = "/account/", "/admin/"

DENIED = {403, 404}
HERE, THERE = "Here", "There"


def lines(table: str) -> Iterator[list[str]]:
    for line in table.strip().splitlines()[1:]:
        yield [part.strip() for part in line.split("|")]


PEOPLE_LINES = [
    (address, marks.split())
    for area in sorted(PEOPLE.glob("*.txt"))
    for marks, address in lines(area.read_text())
]
MACHINE_LINES = [
    (address, scope, int(status), there) for scope, status, there, address in lines(MACHINES)
]


class World:
    """Two sites, each with a patient in the middle of a series, and somebody of each role."""

    def __init__(self) -> None:
        version = protocol("aud-kare")
        protocol("maintenance")
        self.sites: dict[str, Site] = {name: house(name=name) for name in (HERE, THERE)}
        self.series: dict[str, Series] = {}
        self.people: dict[str, User] = {}
        self.asking: User | None = None
        for name, where in self.sites.items():
            who = patient(f"Pia {name}", home_site=where)
            proposal = token(who, version, where, kare_times())
            self.series[name] = book_series(token=proposal, actor=DESK, now=NOW)
            last = self.series[name].appointments.get(step="th7")
            cancel_visit(appointment=last.pk, reason="to be booked again", actor=DESK, now=NOW)
            refresh_follow_ups(series=self.series[name].pk, now=NOW)

    def person(self, role: str) -> User:
        """Somebody of a role at Here; the therapist is the one of Pia's series."""
        user = User.objects.create(username=role, email=f"{role}@clinic.example", is_staff=True)
        Grant.objects.create(user=user, role=role, site=self.sites[HERE])
        own = staff(role, self.sites[HERE], roles=[])
        if role == Grant.Role.THERAPIST:
            own = Staff.objects.get(pk=self.series[HERE].therapist_id)
        own.user = user
        own.save()
        self.people[role] = user
        return user

    def patient(self, name: str) -> Patient:
        return self.series[name].patient

    def visit(self, name: str) -> Appointment:
        return self.series[name].appointments.get(step="th1")

    def feed(self, name: str, of: Staff | None = None) -> CalendarFeed:
        """A calendar address of somebody's, or of a site."""
        owner = {"resource": of.pk} if of else {"site": self.sites[name].pk}
        return create_feed(**owner, detail="busy", user=None, actor=DESK, now=NOW)[0]

    def draft(self, name: str) -> ImportDraft:
        """A file of patients brought in by whoever of Here asks, or by somebody of There."""
        own = self.asking if name == HERE else None
        user = own or User.objects.get_or_create(username="t", email="t@there.example")[0]
        return start_import(
            kind="patients",
            site=self.sites[name],
            user=user,
            text="given name,family name,birth date\nNils,New,1990-01-01",
            file_name="",
            now=NOW,
        )

    def time_off(self, name: str, of: Staff | None = None) -> TimeOff:
        """A request of somebody's, on a day on which nothing is booked."""
        return ask_time_off(
            staff=(of or self.newcomer(name)).pk,
            starts_at=NOW + timedelta(days=400),
            ends_at=NOW + timedelta(days=401),
            actor=DESK,
            now=NOW,
        )

    def calendar(self, name: str, of: Staff | None = None) -> ExternalCalendar:
        """Somebody's, at an address that is not asked."""
        return ExternalCalendar.objects.create(
            staff=of or self.newcomer(name),
            sealed_address=seal("https://127.0.0.1/x.ics"),
            added_at=NOW,
            last_read_at=NOW,
            last_good_at=NOW,
            covers_to=NOW,
        )

    def day_off(self, name: str) -> AvailabilityException:
        return AvailabilityException.objects.create(
            staff=self.newcomer(name),
            site=self.sites[name],
            date=MONDAY,
            starts=time(12),
            ends=time(13),
        )

    def on_call(self, name: str) -> OnCall:
        return OnCall.objects.create(
            staff=self.newcomer(name),
            site=self.sites[name],
            starts_at=NOW,
            ends_at=NOW + timedelta(hours=12),
        )

    def recovery(self, name: str) -> Recovery:
        """Of a room, on a day on which nothing is booked."""
        return call_out(
            room=self.sites[name].rooms.all()[0].pk,
            starts_at=NOW + timedelta(days=400),
            ends_at=NOW + timedelta(days=401),
            reason="",
            actor=DESK,
            now=NOW,
        )

    def offer(self, name: str) -> Offer:
        """Of an earlier session to whoever waits for one."""
        visit = self.series[name].appointments.get(step="th6")
        wait = join_waitlist(
            patient=visit.patient,
            site=visit.site,
            version=visit.protocol_version,
            appointment=visit,
            actor=DESK,
            now=NOW,
        )
        made = offer_opening(wait=wait.pk, actor=DESK, now=NOW)
        return made or Offer.objects.filter(entry__appointment=visit).latest("pk")

    def colleague(self, name: str) -> User:
        """Somebody who signs in as a nurse of a site."""
        user, _ = User.objects.get_or_create(username=f"c-{name}", email=f"c@{name}.example")
        Grant.objects.get_or_create(user=user, role="nurse", site=self.sites[name])
        return user

    def invitation(self, name: str) -> Invitation:
        grants = [{"role": "nurse", "site": self.sites[name].pk}]
        return invite(email=f"new@{name}.example", grants=grants, actor=DESK, now=NOW)[0]

    def webhook(self, name: str) -> WebhookEndpoint:
        """One that leads inside the network, where nothing is sent."""
        return WebhookEndpoint.objects.create(
            url="https://127.0.0.1/hook",
            site=self.sites[name],
            secret=sealed(new_secret()),
            created_by="somebody",
            created_at=NOW,
        )

    def webhook_delivery(self, name: str) -> WebhookDelivery:
        """An event that could not be delivered."""
        return self.webhook(name).deliveries.create(
            event="evt_1",
            type="patient.created",
            key="patient:1",
            body="{}",
            state="dead",
            due_at=NOW,
            created_at=NOW,
        )

    def message(self, name: str) -> Message:
        """One that could not be sent."""
        return Message.objects.create(
            key=f"x:{Message.objects.count()}",
            kind="booked",
            channel="email",
            patient=self.patient(name),
            site=self.sites[name],
            body="Hello",
            state="failed",
            due_at=NOW,
            created_at=NOW,
        )

    def charge(self, name: str) -> Charge:
        """A fee that somebody owes."""
        return Charge.objects.create(
            kind="fee",
            patient=self.patient(name),
            site=self.sites[name],
            on=MONDAY,
            code="NOSHOW",
            what="Missed visit",
            cents=1,
            created_at=NOW,
        )

    def package_offer(self, name: str) -> PackageOffer:
        return offer(self.sites[name])

    def package(self, name: str) -> Prepaid:
        """One that is running."""
        facts = {"patient": self.patient(name), "offer": self.package_offer(name)}
        return sell_package(**facts, key=f"s{Prepaid.objects.count()}", actor=DESK, now=NOW)

    def price_change(self, name: str) -> Journal:
        """Of prices that were others before."""
        listed = price_list(self.sites[name])
        facts = {"name": "Later", "valid_from": MONDAY, "prices": {}, "price_list": listed.pk}
        save_price_list(site=self.sites[name], **facts, actor=DESK, now=NOW)
        return Journal.objects.get(subject=f"price_list:{listed.pk}")

    def estimate(self, name: str) -> Estimate:
        """The newest of a site's series, with every price it needs."""
        where = self.sites[name]
        if not where.price_lists.exists():
            priced(where)
        refresh_estimate(series=self.series[name].pk, now=NOW)
        return self.series[name].estimates.latest("version")

    def invoice(self, name: str) -> Document:
        """Of a charge that was approved just now."""
        charge(self.patient(name), self.sites[name])
        return issue_invoice(patient=self.patient(name), site=self.sites[name], actor=DESK, now=NOW)

    def payment(self, name: str) -> Payment:
        """Of $50.00 that a patient of a site brought in cash."""
        return take_payment(
            patient=self.patient(name).pk,
            site=self.sites[name],
            method="cash",
            cents=5_000,
            key=f"walk-{Payment.objects.count()}",
            actor=DESK,
            now=NOW,
        )

    def coverage(self, name: str) -> Coverage:
        """A card of a site's patient."""
        return covers(self.patient(name), payer())

    def claimable(self, name: str) -> Charge:
        """What was charged to a patient with one card, and waits to be claimed."""
        number = Charge.objects.count()
        who = insured(f"Q{name}{number}", at_site=self.sites[name])
        return charged(who, self.sites[name])

    def claim(self, name: str) -> BilledClaim:
        made = make_claims(
            site=self.sites[name], charges=[self.claimable(name).pk], actor=DESK, now=NOW
        )
        return made[0]

    def batch(self, name: str) -> ClaimBatch:
        """A file as it might have been written."""
        number = ClaimBatch.objects.count() + 1
        return ClaimBatch.objects.create(
            site=self.sites[name],
            on=MONDAY,
            number=number,
            interchange=number,
            count=1,
            cents=1,
            text="ISA",
            is_test=True,
            made_at=NOW,
            made_by="DESK",
        )

    def newcomer(self, name: str) -> Staff:
        """Somebody at a site whom no visit needs."""
        return staff("Nina", self.sites[name], roles=["monitoring_nurse"])

    def proposal(self, name: str) -> str:
        where, per = self.sites[name], patient(f"Per {name}", home_site=self.sites[name])
        found = propose_series(
            patient=per, protocol_key="aud-kare", site=where, not_before=MONDAY, now=NOW
        )
        return found.offers[0].token

    def fill(self, address: str, name: str, user: User | None = None) -> str:
        """The path of an address with the things of a site put in (of `user`, on /me pages)."""
        self.asking = user
        if address.startswith("/api/v1/offers/"):
            address = address.replace("<str:token>", str(self.offer(name).pk))
        if "<str:token>" in address:
            address = address.replace("<str:token>", self.proposal(name))
        for start, thing in {
            "/series/": lambda: self.series[name].pk,
            "/visits/": lambda: self.visit(name).pk,
            "/patients/": lambda: self.patient(name).pk,
            "/me/feeds/": lambda: (
                self.feed(name, of=user.staff if user and name == HERE else None).pk
            ),
            "/me/calendars/": lambda: (
                self.calendar(name, of=user.staff if user and name == HERE else None).pk
            ),
            "/me/time-off/": lambda: (
                self.time_off(name, of=user.staff if user and name == HERE else None).pk
            ),
            "/api/v1/patients/": lambda: self.patient(name).pk,
            "/api/v1/series/": lambda: self.series[name].pk,
            "/api/v1/appointments/": lambda: self.visit(name).pk,
            "/api/v1/calendar-feeds/": lambda: self.feed(name).pk,
            "/api/v1/packages/": lambda: self.package(name).pk,
            "/claims/": lambda: self.claim(name).pk,
            "/api/v1/claims/": lambda: self.claim(name).pk,
            "/api/v1/recoveries/": lambda: self.recovery(name).pk,
            "/api/v1/webhook-endpoints/": lambda: self.webhook(name).pk,
            "/api/v1/webhook-deliveries/": lambda: self.webhook_delivery(name).pk,
            "/api/v1/estimates/": lambda: self.estimate(name).pk,
            "/api/v1/invoices/": lambda: self.invoice(name).pk,
            "/api/v1/payments/": lambda: self.payment(name).pk,
        }.items():
            if address.startswith(start) and ("<int:pk>" in address or "<str:id>" in address):
                pk = str(thing())
                address = address.replace("<int:pk>", pk).replace("<str:id>", pk)
        for mark, thing in self.things(name).items():
            if mark in address:
                address = address.replace(mark, str(thing()))
        return address

    def things(self, name: str) -> dict[str, Callable[[], object]]:
        """What stands for a parameter of an address, made or found at a site when it is asked."""
        where = self.sites[name]
        return {
            "<int:recovery>": lambda: self.recovery(name).pk,
            "<int:wait>": lambda: self.offer(name).entry_id,
            "<int:offer>": lambda: self.offer(name).pk,
            "<int:follow_up>": lambda: self.series[name].follow_ups.filter(kind="telephone")[0].pk,
            "<int:endpoint>": lambda: self.webhook(name).pk,
            "<int:webhook_delivery>": lambda: self.webhook_delivery(name).pk,
            "<int:payment>": lambda: self.payment(name).pk,
            "<int:message>": lambda: self.message(name).pk,
            "<slug:message_kind>": lambda: "reminder",
            "<slug:channel>": lambda: "email",
            "<int:site>": lambda: where.pk,
            "<int:charge>": lambda: self.charge(name).pk,
            "<int:prepaid>": lambda: self.package(name).pk,
            "<int:price_list>": lambda: price_list(where).pk,
            "<int:package_offer>": lambda: self.package_offer(name).pk,
            "<int:change>": lambda: self.price_change(name).pk,
            "<int:usual_of>": lambda: self.series[name].protocol_version.protocol_id,
            "<int:patient>": lambda: self.patient(name).pk,
            "<int:visit>": lambda: self.visit(name).pk,
            "<int:series>": lambda: self.series[name].pk,
            "<int:room>": lambda: where.rooms.all()[0].pk,
            "<int:room_absence>": lambda: off(where.rooms.all()[0], MONDAY).pk,
            "<int:closure>": lambda: (
                where.closures.create(first=MONDAY, last=MONDAY, reason="x", opens_anyway=True).pk
            ),
            "<int:absence>": lambda: off(where.rooms.all()[0], MONDAY).pk,
            "<int:staff>": lambda: staff("Nina", where, roles=["monitoring_nurse"]).pk,
            "<int:draft>": lambda: self.draft(name).pk,
            "<int:credential>": lambda: self.newcomer(name).credentials.all()[0].pk,
            "<int:user>": lambda: self.colleague(name).pk,
            "<int:invitation>": lambda: self.invitation(name).pk,
            "<slug:kind>": lambda: "patients",
            "<slug:start_step>": lambda: "check",
            "<slug:report>": lambda: "utilisation",
            "<int:time_off>": lambda: self.time_off(name).pk,
            "<int:exception>": lambda: self.day_off(name).pk,
            "<int:on_call>": lambda: self.on_call(name).pk,
            "<slug:protocol>": lambda: "aud-kare",
            "<slug:draft>": lambda: open_draft(key="aud-kare", actor=DESK, now=NOW).key,
            "<int:estimate>": lambda: self.estimate(name).pk,
            "<int:document>": lambda: self.invoice(name).pk,
            "<slug:paper_kind>": lambda: "invoice",
            "<int:coverage>": lambda: self.coverage(name).pk,
            "<int:authorisation>": lambda: allowed(self.coverage(name)).pk,
            "<slug:payer>": lambda: payer().pk,
            "<int:batch>": lambda: self.batch(name).pk,
            "<slug:figures>": lambda: "receivables",
            "<day:day>": lambda: "2026-12-08",
            "<slug:step>": lambda: "th7",
        }

    def body(self, address: str, name: str) -> dict[str, Any]:
        """What a machine sends to an address, about the things of a site."""
        where, who = str(self.sites[name].pk), str(self.patient(name).pk)
        named = {"given_name": "Nina", "family_name": "New", "birth_date": "1990-01-01"}
        wanted = {"patient": who, "site": where, "protocol": "maintenance"}
        return {
            "POST   /api/v1/patients": named | {"site": where},
            "POST   /api/v1/patients/search": {"q": "sample"},
            "PATCH  /api/v1/patients/<str:id>": {"acuity": 2},
            "POST   /api/v1/proposals": wanted | {"not_before": "2026-12-08"},
            "POST   /api/v1/appointments": {
                "patient": who,
                "site": where,
                "step": "maintenance/inf1",
                "starts_at": "2026-12-11T13:00:00-05:00",
            },
            "POST   /api/v1/payments": {
                "patient": who,
                "site": where,
                "method": "cash",
                "amount": {"amount": "12.34", "currency": "USD"},
            },
            "POST   /api/v1/payments/<str:id>/refund": {
                "amount": {"amount": "1.00", "currency": "USD"},
                "reason": "Too much",
            },
            "POST   /api/v1/waitlist": {"appointment": str(self.visit(name).pk)},
            "POST   /api/v1/absences": {
                "room": str(self.sites[name].rooms.all()[0].pk),
                "starts_at": "2027-03-01T08:00:00-05:00",
                "ends_at": "2027-03-01T09:00:00-05:00",
            },
            "POST   /api/v1/appointments/<str:id>/status": {"to": "confirmed"},
            "POST   /api/v1/appointments/<str:id>/gates": {"gate": "consent", "outcome": "met"},
            "POST   /api/v1/appointments/<str:id>/move": {
                "starts_at": self.visit(name).starts_at.isoformat()
            },
            "POST   /api/v1/packages": {
                "patient": who,
                "site": where,
                "deposit": {"amount": "10.00", "currency": "USD"},
            },
            "POST   /api/v1/packages/<str:id>/end": {"reason": "Moves away", "method": "cash"},
            "POST   /api/v1/claims": {"charges": [str(self.claimable(name).pk)]},
            "POST   /api/v1/calendar-feeds": {"site": where, "detail": "busy"},
            "POST   /api/v1/webhook-endpoints": {"site": where, "url": "https://93.184.216.34/"},
            "PATCH  /api/v1/webhook-endpoints/<str:id>": {"description": "Records"},
            "POST   /api/v1/estimates": {"series": str(self.series[name].pk)},
            "POST   /api/v1/invoices": {
                "patient": who,
                "site": where,
                "charges": [str(charge(self.patient(name), self.sites[name]).pk)],
            },
        }.get(address) or (
            {"proposal": self.proposal(name)}
            if address == "POST   /api/v1/series"
            else {"reason": "moves away"}
            if address.endswith("/cancel")
            else {}
        )


@pytest.fixture
def world() -> Iterator[World]:
    with time_machine.travel(NOW, tick=False):
        yield World()


def addresses(patterns: list[Any] | None = None, before: str = "/") -> Iterator[str]:
    """Every address that the resolver knows."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        here = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from addresses(pattern.url_patterns, here)
        else:
            yield here


def ask(browser: Browser, address: str, path: str) -> HttpResponse:
    method = address.split()[0].lower()
    return getattr(browser, method)(path)


def to_sign_in(answer: HttpResponse) -> bool:
    return answer.status_code == 302 and answer["Location"].startswith("/account/login")


def test_no_address_is_left_out_of_the_table():
    told = {line[0].split()[1] for line in [*PEOPLE_LINES, *MACHINE_LINES]}
    known = {at for at in addresses() if not at.startswith((SIGN_IN, ADMIN, FHIR))}
    assert known == told | set(ANYBODY)


def test_people_at_their_own_site_and_at_another(world):
    browsers = {role: signed_in(world.person(role)) for role in ROLES}
    wrong = []
    for address, marks in PEOPLE_LINES:
        path = address.split()[1]
        if not to_sign_in(ask(Browser(), address, world.fill(path, HERE))):
            wrong.append(f"{address} lets anybody in")
        for role, mark in zip(ROLES, marks, strict=True):
            here = ask(browsers[role], address, world.fill(path, HERE, world.people[role]))
            refused = here.status_code in DENIED or to_sign_in(here)
            if refused != (mark == ".") or here.status_code in (405, 500):
                wrong.append(f"{address} at the own site: {role} gets {here.status_code}")
            if "<int:" in path:
                there = ask(browsers[role], address, world.fill(path, THERE))
                if there.status_code not in DENIED:
                    wrong.append(f"{address} at another: {role} gets {there.status_code}")
    assert wrong == []


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def listed(answer: HttpResponse) -> set[str]:
    return {row["id"] for row in answer.json()["results"]}


def test_machines_with_and_without_the_scope_and_of_another_site(world):
    world.feed(HERE)
    world.webhook(HERE)
    world.package(HERE)
    world.charge(HERE)
    world.payment(HERE)
    world.claim(HERE)
    wrong = []
    for address, scope, status, there in MACHINE_LINES:
        mine = caller(f"{scope} of Here", scopes=[scope], sites=[world.sites[HERE]])
        blind = caller(f"not {scope}", scopes=set(SCOPES) - {scope})
        here = call(world, mine, address)
        without = call(world, blind, address)
        foreign = call(world, caller("Of There", sites=[world.sites[THERE]]), address)
        if here.status_code != status:
            wrong.append(f"{address}: {here.status_code} with {scope}")
        if without.status_code != 403:
            wrong.append(f"{address}: {without.status_code} without {scope}")
        if not finds_nothing(there, here, foreign):
            wrong.append(f"{address}: {foreign.status_code} for a client of another site")
    assert wrong == []


def finds_nothing(there: str, here: HttpResponse, foreign: HttpResponse) -> bool:
    """Whether a client of There got what the table says."""
    if there == "no":
        return foreign.status_code in {*DENIED, 422, 400}
    if there == "none":
        return bool(listed(here)) and not listed(here) & listed(foreign)
    return bool(foreign.json() == here.json())


def call(world: World, machine: Caller, address: str) -> HttpResponse:
    """Ask at an address of the table about the things of Here."""
    method, pattern = address.split()
    path = world.fill(pattern, HERE).removeprefix("/api/v1/")
    if method == "GET":
        here = {"site": world.sites[HERE].pk}
        asks = {
            "coverage": here | {"date": "2026-12-08"},
            "reports/utilisation": here | {"from": "2026-12-07", "to": "2026-12-11"},
        }
        return machine.get(path, **asks.get(path, {}))
    if method == "DELETE":
        return machine.delete(path)
    send = machine.patch if method == "PATCH" else machine.post
    return send(path, world.body(address, HERE))


def test_a_machine_needs_a_token_and_a_session_is_none(world):
    desk = signed_in(world.person("front_desk"))
    for address, *_ in MACHINE_LINES:
        path = world.fill(address.split()[1], HERE)
        for browser in (Browser(), desk):
            assert ask(browser, address, path).status_code == 401, address


def test_anybody_may_ask_for_what_shows_nobody():
    User.objects.create(username="boss", email="boss@clinic.example")
    for path in ("/healthz", "/readyz", "/api/schema/", "/api/docs/", "/account/login/"):
        assert Browser().get(path).status_code == 200
    assert Browser().get("/feeds/no-such-secret.ics").status_code == 404
    assert Browser().get("/welcome/no-such-secret").status_code == 404
    assert Browser().post("/o/token/").status_code == 400


def test_the_admin_is_for_administrators_of_every_site(world):
    pages = [at for at in addresses() if at.startswith(ADMIN) and "<" not in at and "(" not in at]
    pages = [page for page in pages if page not in ("/admin/login/", "/admin/logout/")]
    assert pages
    everywhere = User.objects.create(username="boss", email="boss@clinic.example", is_staff=True)
    Grant.objects.create(user=everywhere, role=Grant.Role.ADMINISTRATOR)
    browsers = {role: signed_in(world.person(role)) for role in ROLES}
    for page in pages:
        assert Browser().get(page).status_code == 302
        # The nearest to being let in walks all pages; the others the first.
        for role in ROLES if page == "/admin/" else ["administrator"]:
            assert browsers[role].get(page).status_code in {302, *DENIED}, f"{role} at {page}"
    assert signed_in(everywhere).get("/admin/").status_code == 200


def test_the_admin_holds_no_patient():
    held = {at.split("/")[3] for at in addresses() if at.count("/") > 3 and at.startswith(ADMIN)}
    assert not held & {"patient", "appointment", "series", "claim", "hold", "authenticator"}
