"""A therapist is ill: the charge nurse says so, sees what it touches, accepts; nobody is lost."""

from __future__ import annotations

from playwright.sync_api import expect

from clinic.models import Staff
from scheduling.audit import violations
from scheduling.models import Appointment, ProtocolVersion, Recovery
from scheduling.services.booking import book_series
from tests.cast import DESK, MONDAY, NOW, kare_times, patient, token
from tests.services.test_recovering import CLOCKS


def test_somebody_is_out_and_every_visit_finds_its_way(enter, live_server, clinic):
    kare = ProtocolVersion.objects.get(protocol__key="aud-kare")
    series = [
        book_series(
            token=token(patient(name), kare, clinic, kare_times(clock=clock)), actor=DESK, now=NOW
        )
        for name, clock in zip(("Pia", "Per", "Pol", "Pat"), CLOCKS, strict=True)
    ]
    ill = Staff.objects.get(resource=series[0].therapist_id)
    day = series[0].appointments.get(step="th1").starts_at.astimezone(clinic.zone).date()
    of_them = Appointment.objects.filter(
        claims__resource=ill.pk, claims__role="therapist", starts_at__date=day
    )
    theirs = set(of_them.values_list("pk", flat=True))

    page = enter("charge_nurse")
    page.goto(f"{live_server.url}/sites/{clinic.pk}/day/{MONDAY}")
    page.get_by_role("link", name="Out…").click()
    dialog = page.locator("#modal")
    dialog.get_by_label("Who or what").select_option(label=ill.name)
    dialog.get_by_label("On", exact=True).fill(day.isoformat())
    dialog.get_by_label("Up to and with").fill(MONDAY.isoformat())
    dialog.get_by_role("button", name="Find out what it touches").click()
    expect(dialog.get_by_text("It ends before it begins.")).to_be_visible()
    assert not Recovery.objects.exists()

    dialog.get_by_label("From", exact=True).fill("00:00")
    dialog.get_by_label("Up to and with").fill(day.isoformat())
    dialog.get_by_role("button", name="Find out what it touches").click()
    expect(page.get_by_role("heading", name=ill.name)).to_be_visible()
    assert set(Recovery.objects.get().affected) == theirs

    page.get_by_role("link", name="To the board").click()
    expect(page.get_by_text("Visits wait for a decision.")).to_be_visible()
    page.get_by_role("link", name="See the plan").click()
    page.get_by_role("button", name="Accept all").click()
    expect(page.get_by_text("Accepted by")).to_be_visible()
    expect(page.get_by_role("button", name="Accept all")).to_have_count(0)
    assert not Appointment.objects.filter(status="uncovered").exists()
    assert [one for one in violations(now=NOW) if one.severity == "violation"] == []
