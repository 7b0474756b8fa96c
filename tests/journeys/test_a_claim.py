"""A biller enters a card, claims what was charged, puts right what is wrong, and sends it."""

from __future__ import annotations

from playwright.sync_api import expect

from billing.models import Charge, Claim, ClaimBatch, Coverage, Policy
from billing.services.insuring import save_payer
from clinic.models import Staff
from tests.billing.test_x12 import complaints
from tests.cast import DESK, NOW, patient
from tests.journeys.test_everybody_can_use_it import barriers
from tests.money.insured import CLINIC_NPI, FRIDAY, Of, charged, put, sends


def test_a_biller_brings_a_card_to_a_file(enter, live_server, clinic):
    pia = patient("Pia", home_site=clinic)
    Policy.objects.create(
        site=clinic, legal_name="Juniper LLC", tax_id="12-3456789", npi=CLINIC_NPI
    )
    priya = Staff.objects.get(given_name="Priya")
    sends(clinic, priya)
    save_payer(facts={"name": "Made Up Health", "payer_id": "99999"}, actor=DESK, now=NOW)
    biller = enter("biller")

    biller.goto(f"{live_server.url}/patients/{pia.pk}/insurance")
    biller.get_by_role("link", name="Add a coverage").first.click()
    biller.get_by_label("Payer").select_option("Made Up Health")
    biller.get_by_label("Member ID").fill("XMU 100 200")
    biller.get_by_label("Valid from").fill("2026-01-01")
    biller.get_by_label("The patient signed").check()
    assert barriers(biller) == []
    biller.get_by_role("button", name="Save").click()
    expect(biller.get_by_role("heading", name="Made Up Health")).to_be_visible()

    entry = put(pia, clinic, "charge", [(Of.RECEIVABLE, Of.REVENUE, 25_000)], on=FRIDAY)
    made = charged(pia, clinic, own=True, posted=False, diagnoses=())
    card = Coverage.objects.get()
    Charge.objects.filter(pk=made.pk).update(coverage=card, entry=entry, state="billed")

    biller.goto(f"{live_server.url}/sites/{clinic.pk}/billing/claims")
    expect(biller.get_by_text("1 charge of $250.00 waits to be claimed.")).to_be_visible()
    biller.get_by_role("button", name="Make the claims").click()
    expect(biller.get_by_text("Made: 1 claim. 1 to put right.")).to_be_visible()
    biller.get_by_role("link", name=Claim.objects.get().control).click()

    expect(biller.get_by_text("Give 1 to 12 diagnoses, the main one first.")).to_be_visible()
    assert barriers(biller) == []
    biller.get_by_role("textbox", name="Diagnoses").fill("F33.2")
    biller.get_by_role("button", name="Save and look again").click()
    expect(biller.get_by_text("Give 1 to 12 diagnoses")).to_have_count(0)

    biller.get_by_role("link", name="Sex and address").first.click()
    biller.get_by_label("Sex on the card").select_option("F")
    biller.get_by_label("Street").fill("2 Pretend Road")
    biller.get_by_label("City").fill("Springfield")
    biller.get_by_label("State").fill("ma")
    biller.get_by_label("ZIP").fill("01102")
    biller.get_by_role("button", name="Save").click()

    biller.goto(f"{live_server.url}/claims/{Claim.objects.get().pk}")
    biller.get_by_role("link", name="The clinician’s numbers").first.click()
    biller.get_by_label("NPI").fill("1003000126")
    biller.get_by_role("button", name="Save").click()

    biller.goto(f"{live_server.url}/sites/{clinic.pk}/billing/claims")
    biller.get_by_role("button", name="Look again").click()
    expect(biller.get_by_text("Looked at again: 1 claim changed.")).to_be_visible()
    biller.get_by_role("button", name="Write a file").click()
    expect(biller.get_by_role("heading", name="Files of claims")).to_be_visible()
    with biller.expect_download() as download:
        biller.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == f"837P-{clinic.pk}-2026-12-07-1.txt"
    assert complaints(ClaimBatch.objects.get().text) == ""

    biller.goto(f"{live_server.url}/claims/{Claim.objects.get().pk}")
    biller.get_by_label("Paid by the insurer").fill("150")
    biller.get_by_label("Taken off by contract").fill("60.00")
    biller.get_by_label("Number of the check or transfer").fill("EFT 1")
    biller.get_by_role("button", name="Post it").click()
    expect(biller.get_by_role("cell", name="$40.00")).to_be_visible()
    assert barriers(biller) == []
    biller.goto(f"{live_server.url}/sites/{clinic.pk}/billing/months/receivables")
    expect(biller.get_by_role("row", name=f"MRN {pia.mrn} $40.00")).to_be_visible()
    assert barriers(biller) == []
