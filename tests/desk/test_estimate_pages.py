"""Estimates and documents at the desk: worklist, file, dialogs, and papers without a name."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest
import time_machine

from billing.models import Document, Estimate
from billing.services.documents import drawn, issue_estimate
from billing.services.estimating import refresh_estimate
from billing.services.invoicing import issue_invoice
from tests.cast import MONDAY, NOW, house, patient
from tests.desk.browsers import person
from tests.money.papers import BY, booked, charge, known, paid, priced

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def now():
    """Monday morning; a test that goes on in time moves it."""
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def clinic():
    made = house()
    priced(made)
    known(made)
    return made


@pytest.fixture
def estimate(clinic) -> Estimate:
    """Due on Thursday 10 December."""
    series = booked(patient("Pia", home_site=clinic), clinic, MONDAY + timedelta(days=21))
    return refresh_estimate(series=series.pk, now=NOW)


def page(browser, estimate: Estimate, query: str = "") -> str:
    return browser.get(f"/sites/{estimate.site_id}/estimates{query}").content.decode()


def test_the_list_says_by_when_and_why(estimate):
    seen = page(person("front_desk"), estimate)
    assert "Pia Sample" in seen
    assert "in 3 days" in seen
    assert "due within 3 business days of the booking" in seen
    assert "$3,340.00" in seen


def test_what_is_late_comes_first(estimate, now):
    now.move_to(NOW + timedelta(days=5))
    seen = page(person("front_desk"), estimate)
    assert "2 days late" in seen
    assert 'aria-current="page"><b>1</b>' in seen


def test_who_may_not_see_names_sees_initials(estimate):
    seen = page(person("biller"), estimate)
    assert "Pia Sample" not in seen
    assert "P. S." in seen


def test_the_file_has_every_estimate_with_its_reason(estimate):
    answer = person("front_desk").get(f"/sites/{estimate.site_id}/estimates.csv")
    header, row = csv.reader(answer.content.decode("utf-8-sig").splitlines())
    assert dict(zip(header, row, strict=True))["Due on"] == "2026-12-10"
    assert answer["Content-Disposition"].endswith('filename="estimates-2026-12-07.csv"')


def test_issued_it_is_numbered_and_its_paper_names_nobody_outside(estimate):
    browser = person("front_desk")
    browser.post(f"/estimates/{estimate.pk}/issue")
    estimate.refresh_from_db()
    assert estimate.state == "issued"
    assert estimate.document is not None
    answer = browser.get(f"/documents/{estimate.document.pk}.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'inline; filename="GFE-00001.pdf"'
    assert "no-store" in answer["Cache-Control"]
    assert answer.content == drawn(estimate.document)


def test_a_lacking_price_is_said_in_the_list_and_the_dialog(clinic, estimate):
    clinic.price_lists.all().delete()
    Estimate.objects.all().delete()
    made = refresh_estimate(series=estimate.series_id, now=NOW)
    browser = person("front_desk")
    assert "No price of 96365" in page(browser, made)
    assert "No price of 96365" in browser.get(f"/estimates/{made.pk}").content.decode()


def test_a_patient_asks_for_one_that_was_not_required(clinic):
    series = booked(patient("Per", home_site=clinic), clinic)
    made = refresh_estimate(series=series.pk, now=NOW)
    browser = person("front_desk")
    assert "Asked for" in page(browser, made, "?stand=not_needed")
    browser.post(f"/estimates/{made.pk}/ask")
    assert Estimate.objects.get(series=series, state="due").asked_for


def test_the_first_estimate_is_made_when_a_patient_asks(clinic):
    series = booked(patient("Per", home_site=clinic), clinic)
    person("front_desk").post(f"/series/{series.pk}/estimate")
    assert Estimate.objects.get(series=series).asked_for


class TestDocumentsOfAPatient:
    @pytest.fixture
    def pia(self, clinic):
        return patient("Pia", home_site=clinic)

    def test_an_empty_list_says_what_will_be_there(self, pia):
        seen = person("manager").get(f"/patients/{pia.pk}/documents").content.decode()
        assert "No document yet" in seen
        assert "<title>Documents · Chairtime</title>" in seen

    def test_the_biller_invoices_what_was_approved(self, clinic, pia):
        kept, left = charge(pia, clinic), charge(pia, clinic, 50_00, code="J3490")
        browser = person("biller")
        at = f"/patients/{pia.pk}/documents/invoice"
        assert "96365 Infusion into a vein" in browser.get(at).content.decode()
        browser.post(at, {"charges": [kept.pk]})
        [made] = Document.objects.all()
        assert made.cents == 450_00
        left.refresh_from_db()
        assert left.state == "approved"
        assert "INV-00001" in browser.get(f"/patients/{pia.pk}/documents").content.decode()

    def test_the_biller_is_warned_before_an_invoice_far_over_its_estimate(self, clinic, pia):
        series = booked(pia, clinic, MONDAY + timedelta(days=21))
        made = refresh_estimate(series=series.pk, now=NOW)
        issue_estimate(estimate=made.pk, **BY)
        charge(pia, clinic, 1_000_00, appointment=series.appointments.get(step="inf1"))
        seen = person("biller").get(f"/patients/{pia.pk}/documents/invoice").content.decode()
        assert "come to $500.00 more than" in seen

    def test_nothing_to_invoice_says_what_to_do_first(self, pia):
        seen = person("biller").get(f"/patients/{pia.pk}/documents/invoice").content.decode()
        assert "Approve the charges of a visit first" in seen

    def test_statement_superbill_and_receipt_are_issued_at_the_desk(self, clinic, pia):
        visit = booked(pia, clinic).appointments.get(step="inf1")
        charge(pia, clinic, appointment=visit)
        issue_invoice(patient=pia, site=clinic, **BY)
        payment = paid(pia, clinic, 100_00)
        browser = person("front_desk")
        span = {"first": "2026-12-01", "last": "2026-12-31"}
        for kind, data in (
            ("statement", span),
            ("superbill", span),
            ("receipt", {"payment": payment.pk}),
        ):
            answer = browser.post(f"/patients/{pia.pk}/documents/{kind}", data)
            assert answer.status_code == 302, kind
        kinds = {one.kind for one in Document.objects.all()}
        assert kinds == {"invoice", "statement", "superbill", "receipt"}

    def test_what_a_superbill_lacks_is_said_in_its_dialog(self, clinic, pia):
        charge(pia, clinic, diagnoses=[])
        answer = person("front_desk").post(
            f"/patients/{pia.pk}/documents/superbill",
            {"first": "2026-12-01", "last": "2026-12-31"},
        )
        assert answer.status_code == 422
        assert "has no diagnosis: add it to the charge" in answer.content.decode()

    def test_an_invoice_is_corrected_by_a_credit_note_and_a_new_one(self, clinic, pia):
        kept = charge(pia, clinic)
        charge(pia, clinic, 50_00, code="J3490")
        old = issue_invoice(patient=pia, site=clinic, **BY)
        browser = person("manager")
        at = f"/documents/{old.pk}/correct"
        assert browser.post(at, {"charges": [kept.pk], "reason": ""}).status_code == 422
        browser.post(at, {"charges": [kept.pk], "reason": "Drug not given"})
        assert sorted(one.facts["number"] for one in Document.objects.all()) == [
            "CRN-00001",
            "INV-00001",
            "INV-00002",
        ]
        seen = browser.get(f"/patients/{pia.pk}/documents").content.decode()
        assert "Taken back by a credit note" in seen
        assert "Corrects INV-00001" in seen
