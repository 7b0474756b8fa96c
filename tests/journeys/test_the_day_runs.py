"""The day runs in a browser: step by step, a no-show booked again, a cancellation's outlook."""

from datetime import timedelta

import time_machine
from django.utils import timezone
from playwright.sync_api import expect

from clinic.models import Patient
from scheduling.models import Appointment, ProtocolVersion, StatusChange
from scheduling.services.booking import book_series, book_visit
from tests.cast import DESK, MONDAY, NOW, all_met, at, days_after, kare_times, patient, token


def test_a_visit_goes_on_a_no_show_is_rebooked_and_a_cancellation_says_what_is_left(
    desk, live_server, clinic
):
    versions = {one.protocol.key: one for one in ProtocolVersion.objects.all()}
    alone = book_visit(
        patient=patient("Olga", home_site=clinic),
        site=clinic,
        version=versions["maintenance"],
        step="inf1",
        starts_at=at(MONDAY, "08:00"),
        actor=DESK,
        now=NOW,
    )
    pia = patient("Pia", home_site=clinic)
    times = kare_times(days_after(MONDAY, -1))
    series = book_series(token=token(pia, versions["aud-kare"], clinic, times), actor=DESK, now=NOW)

    with time_machine.travel(at(MONDAY, "09:45"), tick=True):
        desk.goto(f"{live_server.url}/visits/{alone.pk}")
        for does, stands in [
            ("Arrived", "Arrived"),
            ("Start prep", "In prep"),
            ("Start infusion", "Infusing"),
            ("To recovery", "Recovering"),
            ("Discharge", "Discharged"),
        ]:
            if does in ("Start prep", "Discharge"):
                late = timedelta(hours=1) if does == "Discharge" else timedelta()
                StatusChange.objects.filter(to="recovering").update(at=timezone.now() - late)
                all_met(alone, now=timezone.now(), leaving=does == "Discharge")
            desk.get_by_role("button", name=does, exact=True).click()
            expect(desk.locator(".visit-body .status").first).to_contain_text(stands)

        screening = series.appointments.get(step="screening")
        desk.goto(f"{live_server.url}/visits/{screening.pk}")
        desk.get_by_role("button", name="Did not come").click()
        expect(desk.locator("#toasts")).to_contain_text("must be booked again by")
        dialog = desk.locator("#modal")
        expect(dialog.get_by_role("heading", name="Book Screening")).to_be_visible()
        dialog.locator(".offer").first.click()
        expect(desk.locator("#toasts")).to_contain_text("Booked: Screening")
        again = Appointment.objects.get(series=series, step="screening", status="booked")
        assert again.starts_at > at(MONDAY, "09:45")

        last = series.appointments.get(step="th7")
        desk.goto(f"{live_server.url}/visits/{last.pk}")
        desk.get_by_role("button", name="Cancel visit…").click()
        desk.get_by_label("Weather").check(force=True)
        desk.get_by_role("button", name="Cancel the visit").click()
        expect(desk.locator("#toasts")).to_contain_text("Therapy 7 must be booked again by")
        expect(dialog.locator(".offer").first).to_be_visible()
    last.refresh_from_db()
    assert (last.status, last.cancel_kind, last.late_cancel) == ("cancelled", "weather", False)
    assert Patient.objects.count() == 2
