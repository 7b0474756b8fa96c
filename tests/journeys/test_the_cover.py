"""The charge nurse's day: a patient dragged to another nurse, balanced, a float, a sign-off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from scheduling.audit import violations
from scheduling.models import Appointment, HandOver
from scheduling.services.monitoring import give_monitoring
from tests.cast import DESK, NOW, at, nurse
from tests.services.test_monitoring import THURSDAY, infusion, other, watching, who


@pytest.fixture
def pia(clinic) -> Appointment:
    nurse("Lou", clinic, hours=("14:00", "18:00"))
    return infusion(clinic, "Pia", "09:00")


@pytest.fixture
def cover(enter, live_server, clinic, pia) -> Page:
    page = enter("charge_nurse")
    page.goto(f"{live_server.url}/sites/{clinic.pk}/cover/{THURSDAY}?view=board")
    return page


def line(page: Page, name: str):
    return page.locator(f"[data-name='{name} Example']")


def drag(page: Page, name: str, let_go: bool = True) -> None:
    """The first phase of Pia onto somebody's line, whose answer has to be there first."""
    box = page.locator("button.piece").first.bounding_box()
    page.mouse.move(box["x"] + 6, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 20, box["y"] + 30, steps=3)
    target = line(page, name)
    expect(target).to_have_class("cover-line can" if let_go else "cover-line cannot")
    place = target.bounding_box()
    page.mouse.move(place["x"] + 300, place["y"] + place["height"] / 2, steps=3)
    page.mouse.up()


def test_a_patient_is_dragged_balanced_and_signed_for_and_a_float_joins(cover, clinic, pia):
    before = watching(pia)
    [had] = set(before)
    drag(cover, "Lou", let_go=False)
    expect(cover.get_by_text("Lou Example is not on duty Thu 17 Dec 09:10").last).to_be_visible()
    assert watching(pia) == before

    drag(cover, other(had))
    expect(cover.get_by_text(f"Given: Pia Sample to {other(had)} Example.")).to_be_visible()
    assert set(watching(pia)) == {other(had)}

    per = infusion(clinic, "Per", "11:30")
    if set(watching(per)) != {other(had)}:
        first = at(THURSDAY, "11:40")
        to = who(other(had))
        give_monitoring(appointment=per.pk, at=first, nurse=to, actor=DESK, now=NOW)
    cover.get_by_role("button", name="Balance…").click()
    expect(cover.locator(".picture")).to_have_count(2)
    cover.get_by_role("button", name="Change 4 phases").click()
    expect(cover.get_by_text("Balanced: 4 phases changed hands.")).to_be_visible()

    cover.get_by_role("button", name="Float…").click()
    cover.get_by_label("Nurse", exact=True).select_option(f"{who('Lou')}")
    cover.get_by_label("To", exact=True).fill("11:00")
    cover.get_by_role("button", name="Join").click()
    expect(cover.get_by_text("Lou Example joins 09:00–11:00.")).to_be_visible()
    expect(line(cover, "Lou").get_by_text("Float 09:00–11:00")).to_be_visible()
    assert [one for one in violations(now=NOW) if one.severity == "violation"] == []


def test_by_keyboard_a_phase_is_given_with_a_hand_over_that_waits_to_be_signed(cover, pia):
    [had] = set(watching(pia))
    pieces = cover.locator("button.piece")
    pieces.first.focus()
    cover.keyboard.press("ArrowRight")
    cover.keyboard.press("Enter")
    cannot = cover.get_by_role("radio", name="Lou Example")
    expect(cannot).to_be_disabled()
    cover.get_by_role("radio", name=f"{other(had)} Example").focus()
    cover.keyboard.press("Space")
    cover.keyboard.press("Enter")
    expect(cover.get_by_text(f"Given: Pia Sample to {other(had)} Example.")).to_be_visible()
    assert watching(pia) == [had, *[other(had)] * 3]
    cover.get_by_role("button", name="Sign: Pia Sample at 09:30").press("Enter")
    cover.get_by_label("What was told").fill("calm, 128/80")
    cover.get_by_role("button", name="Sign", exact=True).press("Enter")
    expect(cover.get_by_text("sign it when the patient changes hands")).to_be_visible()
    assert not HandOver.objects.exists()
