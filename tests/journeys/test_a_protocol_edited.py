"""A protocol becomes version 2 by keyboard alone, while a series on version 1 runs on."""

from playwright.sync_api import Locator, Page, expect

from scheduling.models import Appointment, ProtocolVersion, Series
from scheduling.services.booking import book_series
from tests.cast import DESK, NOW, kare_times, patient, token
from tests.journeys.test_everybody_can_use_it import barriers


def reach(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Press Tab until something has the focus."""
    expect(wanted).to_be_visible()
    for _ in range(150):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"Tab never reaches {wanted}")


def test_a_protocol_becomes_version_2_while_a_series_on_version_1_runs_on(
    enter, live_server, clinic
):
    first = ProtocolVersion.objects.get(protocol__key="aud-kare")
    proposal = token(patient("Pia"), first, clinic, kare_times())
    running = book_series(token=proposal, actor=DESK, now=NOW)
    visits = list(Appointment.objects.filter(series=running).order_by("pk").values())
    patient("Per")

    page = enter("prescriber")
    keys = page.keyboard
    page.goto(f"{live_server.url}/")
    expect(page.locator(".rail")).to_be_visible()
    keys.press("g")
    keys.press("m")
    reach(page, page.get_by_role("link", name="Protocols"))
    keys.press("Enter")
    reach(page, page.get_by_role("button", name="Edit AUD, three weekly"))
    keys.press("Enter")
    reach(page, page.locator(".ruler-names").get_by_role("link", name="Infusion 2"))
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Infusion 2")).to_be_visible()

    reach(page, page.get_by_label("Earliest"))
    keys.type("9")
    wrong = page.locator("#fault-gaps-0-limits-0, .row-fault .error").filter(has_text="cannot be")
    expect(wrong.first).to_be_visible()
    reach(page, page.get_by_label("Ideal"))
    keys.type("9")
    reach(page, page.get_by_label("Latest"))
    keys.type("10")
    expect(page.get_by_text("Nothing to put right")).to_be_visible()
    expect(wrong).to_have_count(0)
    assert barriers(page) == []

    reach(page, page.get_by_role("link", name="Compare and make a version"), "Shift+Tab")
    keys.press("Enter")
    expect(page.locator(".compare-table ins")).to_have_text(
        "9 to 10 days after Infusion 1, ideally 9"
    )
    expect(page.get_by_text("1 series runs on version 1 and keeps it.")).to_be_visible()
    assert barriers(page) == []
    reach(page, page.get_by_role("button", name="Make version 2"))
    keys.press("Enter")
    expect(page.get_by_text("Version 2 is made.")).to_be_visible()

    running.refresh_from_db()
    assert running.protocol_version == first
    assert list(Appointment.objects.filter(series=running).order_by("pk").values()) == visits
    keys.press("b")
    expect(page.locator("#choose")).to_be_focused()
    keys.type("Per")
    expect(page.locator("#choose-list [role=option][aria-selected=true]")).to_contain_text("Per")
    keys.press("Enter")
    expect(page.locator("input[name=protocol]").first).to_be_focused()
    keys.press("Space")
    expect(page.locator(".proposal")).not_to_have_count(0)
    reach(page, page.locator("input[name=focus]:checked"))
    keys.press("Enter")
    expect(page.locator(".paper-visits")).to_be_visible()
    booked = Series.objects.get(patient__given_name="Per")
    assert booked.protocol_version.version == 2
    days = {one.step: one.starts_at.date() for one in booked.appointments.all()}
    assert (days["inf2"] - days["inf1"]).days in (9, 10)
