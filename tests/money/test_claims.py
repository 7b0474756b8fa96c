"""Claims: made from charges, judged and corrected; the worklist."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from billing.checks import is_npi
from billing.claim_json import from_json, to_json
from billing.errors import MoneyRefused
from billing.models import (
    Charge,
    Claim,
    ClaimedCharge,
    Coverage,
    PatientDetails,
    Policy,
    ProviderNumber,
)
from billing.selectors.claims import claimable, days_left, last_day, waiting, worklist
from billing.services.claiming import (
    amend_claim,
    make_claims,
    recheck_claims,
    void_claim,
)
from clinic.models import Journal, Staff
from scheduling.services.booking import book_series
from tests.cast import DESK, MONDAY, NOW, house, kare_times, protocol, token
from tests.money.insured import (
    BY,
    FRIDAY,
    STREET,
    allowed,
    charged,
    claimed,
    coverage,
    covers,
    filing_site,
    insured,
    payer,
    said,
    sends,
)
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = MONDAY


class TestMaking:
    def test_the_charges_of_a_visit_become_one_claim_that_is_ready(self):
        clinic = filing_site()
        made = claimed(insured(at_site=clinic), clinic, "96365", "96366")
        assert (made.state, made.cents, made.problems) == ("ready", 50_000, [])
        assert [line["code"] for line in made.facts["lines"]] == ["96365", "96366"]
        assert made.facts["rendering"]["npi"] == "1003000126"
        assert Journal.objects.filter(action="claim.made", subject=f"claim:{made.pk}").exists()

    def test_days_coverages_and_clinicians_part_claims(self):
        clinic = filing_site()
        pia, per = insured("Pia", at_site=clinic), insured("Per", at_site=clinic)
        charged(pia, clinic)
        charged(pia, clinic, on=FRIDAY - timedelta(days=1))
        charged(per, clinic)
        assert len(make_claims(site=clinic, **BY)) == 3

    def test_therapy_is_the_therapists_and_the_rest_the_prescribers(self):
        clinic = house()
        Policy.objects.create(site=clinic, legal_name="J", tax_id="12-3456789", npi="1234567893")
        priya = Staff.objects.get(given_name="Priya")
        sends(clinic, priya)
        pia = insured(at_site=clinic)
        proposal = token(pia, protocol(), clinic, kare_times())
        series = book_series(token=proposal, actor=DESK, now=NOW)
        talk = series.appointments.get(step="th1")
        charged(pia, clinic, "90834", appointment=talk)
        charged(pia, clinic, "99214", appointment=talk)
        made = {one.facts["lines"][0]["code"]: one for one in make_claims(site=clinic, **BY)}
        assert made["99214"].facts["rendering"]["given_name"] == "Priya"
        assert made["90834"].facts["rendering"]["given_name"] in ("Ana", "Theo")

    def test_fees_packages_and_what_is_not_approved_are_never_claimed(self):
        clinic = filing_site()
        pia = insured(at_site=clinic)
        charged(pia, clinic, "FEE", kind="fee", own=True)
        charged(pia, clinic, own=True, position=2)
        waits = charged(pia, clinic, posted=False, position=3)
        Charge.objects.filter(pk=waits.pk).update(state="proposed")
        assert make_claims(site=clinic, **BY) == []
        with pytest.raises(MoneyRefused, match="Only approved charges"):
            make_claims(site=clinic, charges=[waits.pk], **BY)

    def test_the_database_refuses_a_fee_with_a_coverage_and_a_charge_claimed_twice(self):
        clinic = filing_site()
        pia = insured(at_site=clinic)
        made = claimed(pia, clinic)
        charge = Charge.objects.get()
        with pytest.raises(IntegrityError), transaction.atomic():
            ClaimedCharge.objects.create(claim=made, charge=charge)
        with pytest.raises(IntegrityError), transaction.atomic():
            Charge.objects.filter(pk=charge.pk).update(kind="fee")

    def test_a_charge_without_a_price_stays_behind_and_is_told_when_asked_for(self):
        clinic = filing_site()
        free = charged(insured(at_site=clinic), clinic, cents=0, posted=False)
        assert make_claims(site=clinic, **BY) == []
        with pytest.raises(MoneyRefused, match="has no price"):
            make_claims(site=clinic, charges=[free.pk], **BY)

    def test_two_billers_at_once_make_each_claim_once(self):
        clinic = filing_site()
        for name in ("Pia", "Per", "Pat"):
            charged(insured(name, at_site=clinic), clinic)
        all_at_once([lambda: make_claims(site=clinic, **BY)] * 4)
        assert Claim.objects.count() == 3
        assert len(set(Claim.objects.values_list("control", flat=True))) == 3

    def test_a_voided_claim_gives_its_charges_back(self):
        clinic = filing_site()
        made = claimed(insured(at_site=clinic), clinic)
        void_claim(claim=made, reason="Wrong payer", **BY)
        assert claimable(clinic).count() == 1
        (again,) = make_claims(site=clinic, **BY)
        assert again.control != made.control


class TestScrubbing:
    def test_every_problem_is_a_sentence_and_goes_when_it_is_put_right(self):
        clinic = filing_site()
        pia = insured(at_site=clinic)
        PatientDetails.objects.all().delete()
        ProviderNumber.objects.all().delete()
        Policy.objects.update(tax_id="")
        made = claimed(pia, clinic, diagnoses=())
        told = said(made)
        assert made.state == "draft"
        for sentence in (
            "Write the NPI of the clinician: ten digits.",
            "Write the street and city of the person insured.",
            "Give 1 to 12 diagnoses",
            "tax ID as nine digits",
        ):
            assert sentence in told
        PatientDetails.objects.create(patient=pia, sex="F", **STREET)
        ProviderNumber.objects.create(staff=Staff.objects.get(given_name="Priya"), npi="1003000126")
        Policy.objects.update(tax_id="12-3456789")
        amend_claim(claim=made, diagnoses=["f33.2", "F10.20"], **BY)
        assert said(made) == ""
        assert made.state == "ready"
        assert made.facts["diagnoses"] == ["F33.2", "F10.20"]
        assert made.facts["lines"][0]["pointers"] == [1, 2]

    def test_looking_again_tells_how_many_changed(self):
        clinic = filing_site()
        made = claimed(insured(at_site=clinic), clinic)
        Coverage.objects.update(member_id="")
        assert recheck_claims(site=clinic, **BY) == 1
        assert "member ID as it is on the insurance card" in said(made)

    def test_a_code_that_is_no_diagnosis_is_not_written(self):
        clinic = filing_site()
        made = claimed(insured(at_site=clinic), clinic)
        with pytest.raises(MoneyRefused, match="heading of ICD-10-CM"):
            amend_claim(claim=made, diagnoses=["F33"], **BY)

    def test_words_are_asked_for_where_a_code_says_nothing(self):
        clinic = filing_site()
        made = claimed(insured(at_site=clinic), clinic, "J3490", what=" ")
        assert "write the drug and the dose" in said(made)
        words = {Charge.objects.get().pk: "Ketamine 35 mg"}
        amend_claim(claim=made, diagnoses=["F33.2"], words=words, **BY)
        assert said(made) == ""

    def test_who_is_insured_by_a_spouse_is_told_as_such(self):
        clinic = filing_site()
        spouse = {
            "signed": True,
            "relationship": "spouse",
            "given_name": "Sol",
            "family_name": "Sample",
            "birth_date": "1979-03-01",
            "sex": "M",
            **STREET,
        }
        made = claimed(insured(at_site=clinic, holder=spouse), clinic)
        assert (made.facts["relationship"], made.state) == ("spouse", "ready")
        assert made.facts["coverage"]["insured"]["given_name"] == "Sol"

    @pytest.mark.parametrize(
        ("facts", "told"),
        [
            ({"rank": 2}, "pays second"),
            ({"first": date(2026, 12, 6)}, "not valid on 4 Dec 2026"),
            ({"last": date(2026, 12, 1)}, "not valid on 4 Dec 2026"),
            ({"holder": {}}, "signature"),
        ],
    )
    def test_what_a_coverage_lacks_is_told(self, facts, told):
        clinic = filing_site()
        assert told in said(claimed(insured(at_site=clinic, **facts), clinic))

    def test_a_payer_that_authorises_wants_its_number_and_no_visit_beyond_it(self):
        clinic = filing_site()
        strict = payer("Strict Mutual", rules={"authorises": ["96365"]})
        pia = insured(at_site=clinic, by=strict)
        first = claimed(pia, clinic, on=FRIDAY - timedelta(days=2))
        assert "write the number it gave" in said(first)
        allowed(coverage(pia), codes=["96365"], visits_allowed=1)
        recheck_claims(site=clinic, **BY)
        assert said(first) == ""
        assert first.facts["authorisation"] == "A-100"
        second = claimed(pia, clinic)
        assert "allows 1 visits and this is number 2" in said(second)

    def test_a_claim_that_is_late_says_so(self):
        clinic = filing_site()
        made = claimed(insured(at_site=clinic), clinic, on=TODAY - timedelta(days=91))
        assert "takes claims for 90 days" in said(made)


class TestWorklist:
    def test_problems_come_first_then_what_is_due_soonest(self):
        clinic = filing_site()
        for name, ago in (("Pia", 10), ("Per", 80), ("Pat", 5)):
            charged(insured(name, at_site=clinic), clinic, on=TODAY - timedelta(days=ago))
        Coverage.objects.filter(patient__given_name="Pat").update(member_id="")
        make_claims(site=clinic, **BY)
        rows = worklist(clinic, today=TODAY)
        assert [row.claim.patient.given_name for row in rows] == ["Pat", "Per", "Pia"]
        assert [row.left for row in rows] == [85, 10, 80]
        assert rows[1].is_soon
        assert not rows[1].is_late

    def test_what_waits_to_be_claimed_is_counted_with_what_is_nearly_late(self):
        clinic = filing_site()
        pia = insured(at_site=clinic)
        charged(pia, clinic)
        charged(pia, clinic, on=TODAY - timedelta(days=80))
        assert waiting(clinic, today=TODAY) == (2, 50_000, 1)

    def test_the_last_day_is_the_payers(self):
        clinic = filing_site()
        brief = payer("Brief Mutual", timely_filing_days=30)
        made = claimed(insured(at_site=clinic, by=brief), clinic)
        made = Claim.objects.select_related("coverage__payer").get(pk=made.pk)
        assert last_day(made) == FRIDAY + timedelta(days=30)
        assert days_left(made, TODAY) == 27


def test_a_claim_reads_back_from_json_as_it_was():
    clinic = filing_site()
    made = claimed(insured(at_site=clinic), clinic)
    assert to_json(from_json(made.facts)).items() <= made.facts.items()


def test_a_second_coverage_is_known_but_the_first_one_pays():
    clinic = filing_site()
    pia = insured(at_site=clinic)
    covers(pia, payer("Second Mutual"), rank=2)
    assert is_npi("1245319599")
    assert claimable(clinic).count() == 0
