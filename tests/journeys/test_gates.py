"""Before preparation: what is open is said, recorded beside the chair, or set aside."""

import time_machine
from playwright.sync_api import expect

from scheduling.models import GateAnswer, ProtocolVersion
from scheduling.services.booking import book_visit
from tests.cast import DESK, MONDAY, NOW, at, patient
from tests.journeys.test_everybody_can_use_it import barriers


def booked(clinic, name: str = "Olga"):
    maintenance = ProtocolVersion.objects.get(protocol__key="maintenance")
    return book_visit(
        patient=patient(name, home_site=clinic),
        site=clinic,
        version=maintenance,
        step="inf1",
        starts_at=at(MONDAY, "08:00"),
        actor=DESK,
        now=NOW,
    )


def test_nobody_is_prepared_before_every_gate_is_recorded(desk, live_server, clinic):
    visit = booked(clinic)
    with time_machine.travel(at(MONDAY, "08:05"), tick=True):
        desk.goto(f"{live_server.url}/visits/{visit.pk}")
        desk.get_by_role("button", name="Arrived", exact=True).click()
        expect(desk.locator(".visit-body .status").first).to_contain_text("Arrived")
        desk.get_by_role("button", name="Start prep", exact=True).click()
        expect(desk.locator("#toasts")).to_contain_text("Not yet:")
        expect(desk.locator(".visit-body .status").first).to_contain_text("Arrived")

        desk.get_by_role("button", name="Record: Blood pressure").click()
        desk.get_by_label("Systolic").fill("171")
        assert barriers(desk) == []
        desk.get_by_label("Diastolic").fill("88")
        desk.keyboard.press("Enter")
        expect(desk.locator(".gate.bad")).to_contain_text("Not so: 171/88")
        desk.get_by_role("button", name="Record: Blood pressure").click()
        desk.get_by_label("Systolic").fill("138")
        desk.get_by_label("Diastolic").fill("84")
        desk.keyboard.press("Enter")
        expect(desk.locator(".gate", has_text="Blood pressure")).to_contain_text("138/84")

        while (plain := desk.get_by_role("button", name=": yes")).count():
            left = plain.count()
            plain.first.click()
            expect(plain).to_have_count(left - 1)
        while (more := desk.get_by_role("button", name="Record: ")).count():
            left = more.count()
            more.first.click()
            answer = desk.locator("#gates")
            answer.get_by_text("Yes", exact=True).or_(answer.get_by_text("Negative")).click()
            for label, typed in (("Who takes them home", "Esther"), ("Telephone", "555 01000")):
                if answer.get_by_label(label).count():
                    answer.get_by_label(label).fill(typed)
            answer.get_by_role("button", name="Record it").click()
            expect(more).to_have_count(left - 1)
        expect(desk.locator("#gates")).to_contain_text("All so")
        desk.get_by_role("button", name="Start prep", exact=True).click()
        expect(desk.locator(".visit-body .status").first).to_contain_text("In prep")
    assert GateAnswer.objects.filter(key="blood_pressure").count() == 2
