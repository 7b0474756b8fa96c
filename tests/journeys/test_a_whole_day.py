"""A whole day with twelve patients: whatever goes wrong is on the right board, in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import Page, expect

from clinic.models import Site
from scheduling.errors import Refused
from scheduling.models import Appointment, ProtocolVersion
from scheduling.services.booking import book_visit
from scheduling.services.gates import record_gate
from scheduling.services.progress import set_status
from scheduling.services.rounds import record_vitals
from tests.cast import DESK, MONDAY, NOW, all_met, at, patient
from tests.journeys.conftest import somebody

MINUTE = timedelta(minutes=1)
NAMES = "Una Bea Cleo Dora Edda Fay Gil Hal Ivo Jon Kim Lou".split()
FINE = {"systolic": 124, "diastolic": 78, "heart_rate": 72, "spo2": 98, "sedation": 1}


@pytest.fixture
def day(clinic: Site) -> dict[str, Appointment]:
    """Twelve infusions, each as early as chairs and nurses allow."""
    version = ProtocolVersion.objects.get(protocol__key="maintenance")
    booked: dict[str, Appointment] = {}
    start = at(MONDAY, "08:00")
    while len(booked) < len(NAMES):
        assert start < at(MONDAY, "15:00"), f"only {len(booked)} fit"
        name = NAMES[len(booked)]
        who = patient(name, home_site=clinic) if name not in booked else booked[name].patient
        while True:
            try:
                booked[name] = book_visit(
                    patient=who,
                    site=clinic,
                    version=version,
                    step="inf1",
                    starts_at=start,
                    actor=DESK,
                    now=NOW,
                )
                break
            except Refused:
                start += 10 * MINUTE
                assert start < at(MONDAY, "15:00"), f"only {len(booked)} fit"
    return booked


@pytest.fixture
def screen(new_context, live_server) -> Callable[[str], Page]:
    """The screen of somebody of a role."""

    def signed_in(role: str) -> Page:
        client = Client()
        client.force_login(somebody(role))
        there = new_context()
        session = client.cookies["sessionid"].value
        there.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        return there.new_page()

    return signed_in


def step(visit: Appointment, to: str, when: datetime) -> None:
    if to in ("in_prep", "discharged"):
        all_met(visit, now=when, leaving=to == "discharged")
    set_status(appointment=visit.pk, to=to, actor=DESK, now=when)


def rounds(visit: Appointment, infused: datetime, *skipped: int) -> None:
    for number, minutes in enumerate((0, 15, 30, 45, 60, 90)):
        if minutes not in skipped:
            moment = infused + minutes * MINUTE
            record_vitals(
                appointment=visit.pk,
                key=f"{visit.pk:08d}-0000-4000-8000-{number:012d}",
                taken_at=moment,
                values=FINE,
                actor=DESK,
                now=moment,
            )


def treated(visit: Appointment, *, late: int = 0) -> None:
    """From the door to the street as planned, or so many minutes later."""
    begun = visit.starts_at + late * MINUTE
    for to, minutes in (("arrived", 0), ("in_prep", 10), ("infusing", 30)):
        step(visit, to, begun + minutes * MINUTE)
    rounds(visit, begun + 30 * MINUTE)
    for to, minutes in (("recovering", 70), ("discharged", 140)):
        step(visit, to, begun + minutes * MINUTE)


def test_twelve_patients_and_everything_that_went_wrong_was_seen(day, clinic, live_server, screen):
    desk, charge, nurse = screen("front_desk"), screen("charge_nurse"), screen("nurse")
    live = f"{live_server.url}/sites/{clinic.pk}/live"
    una, bea, cleo, dora, edda, fay, gil, *others = day.values()

    with time_machine.travel(una.starts_at + 7 * MINUTE, tick=True):
        desk.goto(live)
        expect(desk.locator(".of-late")).to_contain_text("Una Sample")
        expect(desk.locator(f"#live-{una.pk}")).to_contain_text("7 min late")
    treated(una, late=15)

    with time_machine.travel(bea.starts_at + 9 * MINUTE, tick=True):
        desk.goto(live)
        expect(desk.locator(f"#live-{bea.pk}")).to_contain_text("9 min late")
    treated(bea, late=12)

    with time_machine.travel(cleo.starts_at + 31 * MINUTE, tick=True):
        desk.goto(live)
        desk.locator(f"#live-{cleo.pk}-no-show").click()
        expect(desk.locator(".of-done")).to_contain_text("Cleo Sample")
        expect(desk.locator("#toasts")).to_contain_text("no show")

    for to, minutes in (("arrived", 0), ("in_prep", 10), ("infusing", 30)):
        step(dora, to, dora.starts_at + minutes * MINUTE)
    with time_machine.travel(dora.starts_at + 100 * MINUTE, tick=True):
        desk.goto(live)
        expect(desk.locator(f"#live-{dora.pk}")).to_contain_text("Runs over 30 min")
        nurse.goto(f"{live_server.url}/sites/{clinic.pk}/rounds")
        expect(nurse.locator(f"#round-{dora.pk}")).to_contain_text("Overdue")
    rounds(dora, dora.starts_at + 30 * MINUTE)
    step(dora, "recovering", dora.starts_at + 125 * MINUTE)
    step(dora, "discharged", dora.starts_at + 190 * MINUTE)

    with time_machine.travel(edda.starts_at + 2 * MINUTE, tick=True):
        set_status(appointment=edda.pk, to="arrived", actor=DESK, now=edda.starts_at)
        all_met(edda, now=edda.starts_at)
        nurse.goto(f"{live_server.url}/visits/{edda.pk}")
        nurse.get_by_role("button", name="Correct: Blood pressure").click()
        nurse.get_by_label("Systolic").fill("172")
        nurse.get_by_label("Diastolic").fill("96")
        nurse.keyboard.press("Enter")
        expect(nurse.locator(".gate.bad")).to_contain_text("Not so: 172/96")
        nurse.get_by_role("button", name="Start prep", exact=True).click()
        expect(nurse.locator("#toasts")).to_contain_text("Not yet: Blood pressure")
    treated_from_here(edda, 20)

    for to, minutes in (("arrived", 0), ("in_prep", 10), ("infusing", 30)):
        step(fay, to, fay.starts_at + minutes * MINUTE)
    infused = fay.starts_at + 30 * MINUTE
    rounds(fay, infused, 30, 45, 60, 90)
    with time_machine.travel(infused + 46 * MINUTE, tick=True):
        charge.goto(f"{live_server.url}/sites/{clinic.pk}/rounds")
        expect(charge.locator(f"#round-{fay.pk}")).to_contain_text("1 missed")
    step(fay, "recovering", fay.starts_at + 80 * MINUTE)
    step(fay, "discharged", fay.starts_at + 145 * MINUTE)

    with time_machine.travel(gil.starts_at + 3 * MINUTE, tick=True):
        set_status(appointment=gil.pk, to="arrived", actor=DESK, now=gil.starts_at)
        all_met(gil, now=gil.starts_at)
        record_gate(
            appointment=gil.pk, gate="escort", outcome="unmet", actor=DESK, now=gil.starts_at
        )
        charge.goto(f"{live_server.url}/visits/{gil.pk}")
        charge.get_by_role("button", name="Start prep", exact=True).click()
        expect(charge.locator("#toasts")).to_contain_text("Not yet: Escort")
        charge.get_by_role("button", name="Go on without: Escort").click()
        charge.get_by_label("Why it is right to go on").fill("Her sister is on her way")
        charge.get_by_role("button", name="Go on without it").click()
        expect(charge.locator("#gates")).to_contain_text("Set aside: Her sister is on her way")
        charge.get_by_role("button", name="Start prep", exact=True).click()
        expect(charge.locator(".visit-body .status").first).to_contain_text("In prep")
    gil.refresh_from_db()
    for to, minutes in (("infusing", 30), ("recovering", 70), ("discharged", 140)):
        step(gil, to, gil.starts_at + minutes * MINUTE)

    for one in others:
        treated(one)
    with time_machine.travel(at(MONDAY, "17:30"), tick=True):
        desk.goto(live)
        expect(desk.locator(".of-done .live-card")).to_have_count(12)
        expect(desk.locator(".of-here")).to_contain_text("Nobody is here.")
    ended = Appointment.objects.values_list("status", flat=True)
    assert sorted(ended) == ["discharged"] * 11 + ["no_show"]


def treated_from_here(visit: Appointment, late: int) -> None:
    """The pressure came down: the rest of the visit, so many minutes later."""
    begun = visit.starts_at + late * MINUTE
    for to, minutes in (("in_prep", 10), ("infusing", 30), ("recovering", 70), ("discharged", 140)):
        step(visit, to, begun + minutes * MINUTE)
