"""A series is booked, its estimate is due by itself, issued, and on paper in the patient's hand."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from billing.models import Document, Estimate
from billing.services.documents import drawn
from billing.tasks import refresh_estimates
from clinic.models import Journal
from config.followups import FOLLOWUPS, estimate_soon
from tests.cast import MONDAY, patient
from tests.journeys.test_everybody_can_use_it import barriers
from tests.money.papers import booked, charge, known, priced


def test_an_estimate_is_due_issued_and_downloaded(enter, clinic, live_server):
    priced(clinic)
    known(clinic)
    pia = patient("Pia", home_site=clinic)
    booked(pia, clinic, MONDAY + timedelta(days=21))
    entry = Journal.objects.get(action="series.booked")
    assert estimate_soon in FOLLOWUPS[entry.action]
    refresh_estimates(entry.pk)

    desk = enter("front_desk")
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/estimates")
    expect(desk.get_by_text("due within 3 business days of the booking")).to_be_visible()
    assert barriers(desk) == []
    desk.get_by_role("button", name="Open the estimate of Pia Sample").click()
    expect(desk.locator("#modal").get_by_text("Expected total")).to_be_visible()
    assert barriers(desk) == []
    desk.keyboard.press("Escape")
    desk.get_by_role("button", name="Issue the estimate of Pia Sample").press("Enter")
    expect(desk.get_by_role("link", name="Print GFE-00001")).to_be_visible()
    assert Estimate.objects.get().state == "issued"

    address = desk.get_by_role("link", name="Print GFE-00001").get_attribute("href")
    paper = desk.request.get(f"{live_server.url}{address}")
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.body() == drawn(Document.objects.get())

    desk.get_by_role("link", name="Pia Sample").click()
    expect(desk.get_by_role("heading", name="Documents of Pia Sample")).to_be_visible()
    expect(desk.get_by_text("GFE-00001").first).to_be_visible()
    assert barriers(desk) == []


def test_the_biller_invoices_a_visit_and_takes_it_back(enter, clinic, live_server):
    pia = patient("Pia", home_site=clinic)
    charge(pia, clinic)
    charge(pia, clinic, 50_00, code="J3490", what="Ketamine, as an unclassified drug")
    biller = enter("biller")
    biller.goto(f"{live_server.url}/patients/{pia.pk}/documents")
    biller.get_by_role("button", name="Invoice…").click()
    expect(biller.get_by_text("J3490 Ketamine")).to_be_visible()
    assert barriers(biller) == []
    biller.get_by_role("button", name="Issue", exact=True).click()
    biller.get_by_role("button", name="Correct INV-00001").click()
    biller.get_by_label("J3490 Ketamine").uncheck()
    biller.get_by_label("Why").fill("The drug was not given")
    assert barriers(biller) == []
    biller.get_by_role("button", name="Take back and issue anew").click()
    expect(biller.get_by_text("Corrects INV-00001")).to_be_visible()
    assert sorted(Document.objects.values_list("kind", "cents")) == [
        ("credit", -500_00),
        ("invoice", 450_00),
        ("invoice", 500_00),
    ]
