"""Claims: made from charges, judged, corrected, written to a file, and answered by the payer."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest
from django.db import IntegrityError, transaction

from billing.checks import is_npi
from billing.claim_json import from_json, to_json
from billing.errors import MoneyRefused
from billing.models import (
    Charge,
    Claim,
    ClaimBatch,
    ClaimedCharge,
    ControlNumber,
    Coverage,
    Entry,
    Filing,
    PatientDetails,
    Policy,
    Posting,
    ProviderNumber,
)
from billing.selectors import balances, owed
from billing.selectors.claims import claimable, days_left, last_day, waiting, worklist
from billing.services.claim_answers import record_denied, record_paid, take_back_answer
from billing.services.claim_files import send_claims
from billing.services.claiming import (
    amend_claim,
    make_claims,
    recheck_claims,
    reopen_claim,
    void_claim,
)
from clinic.models import Journal, Staff
from scheduling.services.booking import book_series
from tests.billing.test_x12 import complaints
from tests.cast import DESK, MONDAY, NOW, house, kare_times, protocol, site, token
from tests.money.insured import (
    BY,
    FRIDAY,
    STREET,
    allowed,
    charged,
    coverage,
    covers,
    filing_site,
    insured,
    payer,
    put,
    sends,
)
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = MONDAY


def claimed(who, at_site, *codes, **facts) -> Claim:
    """The one claim of a patient's charges."""
    for code in codes or ("96365",):
        charged(who, at_site, code, **facts)
    (made,) = make_claims(site=at_site, **BY)
    return made


def sent(who, at_site, **facts) -> Claim:
    made = claimed(who, at_site, **facts)
    send_claims(site=at_site, **BY)
    made.refresh_from_db()
    return made


def said(claim: Claim) -> str:
    claim.refresh_from_db()
    return " ".join(one["message"] for one in claim.problems)


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


class TestFiles:
    def test_ready_claims_go_into_a_file_and_others_stay(self):
        clinic = filing_site()
        good, bad = insured("Pia", at_site=clinic), insured("Per", at_site=clinic, holder={})
        charged(good, clinic)
        charged(bad, clinic)
        make_claims(site=clinic, **BY)
        batch = send_claims(site=clinic, **BY)
        assert batch.count == 1
        assert complaints(batch.text) == ""
        assert sorted(Claim.objects.values_list("state", flat=True)) == ["draft", "sent"]

    def test_a_claim_whose_rows_changed_is_judged_again_before_it_goes(self):
        clinic = filing_site()
        made = claimed(insured(at_site=clinic), clinic)
        Coverage.objects.update(member_id="")
        with pytest.raises(MoneyRefused, match="No claim is ready"):
            send_claims(site=clinic, **BY)
        made.refresh_from_db()
        assert made.state == "ready"  # nothing was saved

    def test_control_numbers_never_repeat_across_sites_and_days(self):
        here, there = filing_site(), site("There")
        sends(there, Staff.objects.get(given_name="Priya"))
        Policy.objects.create(site=there, legal_name="T", tax_id="12-3456789", npi="1234567893")
        for where, when in ((here, NOW), (there, NOW), (here, NOW), (here, NOW + timedelta(1))):
            charged(insured(f"P{Claim.objects.count()}", at_site=where), where)
            make_claims(site=where, **BY)
            send_claims(site=where, actor=DESK, now=when)
        batches = list(ClaimBatch.objects.order_by("id"))
        assert [one.interchange for one in batches] == [1, 2, 3, 4]
        assert [(one.site_id == here.pk, one.number) for one in batches] == [
            (True, 1),
            (False, 1),
            (True, 2),
            (True, 1),
        ]
        assert all(f"*{one.interchange:09}*" in one.text for one in batches)

    def test_two_who_send_at_once_send_each_claim_once(self):
        clinic = filing_site()
        for name in ("Pia", "Per", "Pat"):
            charged(insured(name, at_site=clinic), clinic)
        make_claims(site=clinic, **BY)
        refused: list[str] = []

        def send() -> None:
            try:
                send_claims(site=clinic, **BY)
            except MoneyRefused as no:
                refused.append(no.rule)

        all_at_once([send] * 3)
        assert ClaimBatch.objects.count() == 1
        assert refused == ["something_is_ready"] * 2
        assert ControlNumber.objects.get(kind="interchange").last == 1

    def test_a_site_that_has_not_said_how_it_files_is_told(self):
        clinic = filing_site()
        claimed(insured(at_site=clinic), clinic)
        Filing.objects.update(receiver_id="")
        with pytest.raises(MoneyRefused, match="Claim details"):
            send_claims(site=clinic, **BY)

    def test_what_was_sent_does_not_change_when_rows_do(self):
        clinic = filing_site()
        made = sent(insured(at_site=clinic), clinic)
        before = made.facts
        Coverage.objects.update(member_id="OTHER")
        recheck_claims(site=clinic, **BY)
        made.refresh_from_db()
        assert (made.state, made.facts) == ("sent", before)

    def test_two_hundred_claims_made_from_charges_pass_an_independent_validator(self):
        clinic = filing_site()
        random = Random(837)
        payers = [payer("Made Up Health"), payer("Medicare of Nowhere", kind="medicare")]
        payers.append(payer("Pretend Assistance", kind="medicaid", rules={"authorises": True}))
        for number in range(200):
            _charge_somebody(clinic, random, number, random.choice(payers))
        made = make_claims(site=clinic, **BY)
        assert len(made) == 200
        assert [one.problems for one in made if one.problems] == []
        batch = send_claims(site=clinic, **BY)
        assert batch.count == 200
        assert complaints(batch.text) == ""
        assert batch.text.count("~CLM*") == 200


def _charge_somebody(clinic, random: Random, number: int, by) -> None:
    names = ("Zoë", "Łucja", "D'Arcy", "José María", "Ng")
    who = insured(
        f"{random.choice(names)}{number}", at_site=clinic, by=by, sex=random.choice("FMU")
    )
    if number % 4 == 0:
        Coverage.objects.filter(patient=who).update(
            holder={
                "signed": True,
                "relationship": random.choice(["spouse", "child", "other"]),
                "given_name": "Sol",
                "family_name": "O'Invented~Müller",
                "birth_date": "1970-05-05",
                "sex": "U",
                **STREET,
            }
        )
    allowed(coverage(who), number=f"A*{number}")
    codes = random.sample(["96365", "96366", "99214", "G2083", "J3490", "96127"], 3)
    for position, code in enumerate(codes):
        charged(
            who,
            clinic,
            code,
            cents=random.randrange(100, 90_000),
            posted=False,
            position=position,
            units=random.randint(1, 3),
            modifiers=["25"] if code == "99214" else [],
            diagnoses=random.sample(["F33.2", "F10.20", "F43.10", "F41.1", "F32.1"], 2),
            what="Ketamine: 35 mg, by vein*",
        )


class TestAnswers:
    def test_paid_and_taken_off_leave_the_patients_share(self):
        clinic = filing_site()
        pia = insured(at_site=clinic)
        made = sent(pia, clinic)
        answer = record_paid(
            claim=made, paid_cents=15_000, adjusted_cents=6_000, reference="EFT 1", **BY
        )
        assert answer.patient_cents == owed(pia) == 4_000
        found = balances(patient=pia)
        assert (found[Posting.Of.CHECK], found[Posting.Of.DISCOUNTS]) == (15_000, 6_000)
        made.refresh_from_db()
        assert made.state == "paid"

    def test_fees_are_never_touched_by_what_a_payer_pays(self):
        clinic = filing_site()
        pia = insured(at_site=clinic)
        put(pia, clinic, "fee", [(Posting.Of.RECEIVABLE, Posting.Of.FEES, 7_500)])
        made = sent(pia, clinic)
        with pytest.raises(MoneyRefused, match="more than was claimed"):
            record_paid(claim=made, paid_cents=26_000, adjusted_cents=0, reference="1", **BY)
        record_paid(claim=made, paid_cents=20_000, adjusted_cents=5_000, reference="1", **BY)
        assert owed(pia) == 7_500
        assert balances(patient=pia)[Posting.Of.FEES] == -7_500

    def test_the_same_answer_twice_moves_money_once(self):
        clinic = filing_site()
        made = sent(insured(at_site=clinic), clinic)
        paid = {"paid_cents": 25_000, "adjusted_cents": 0, "reference": "EFT 1"}
        all_at_once([lambda: record_paid(claim=made, **paid, **BY)] * 3)
        assert Entry.objects.filter(kind="payment").count() == 1

    def test_a_payer_may_pay_nothing_and_leave_all_to_the_patient(self):
        clinic = filing_site()
        pia = insured(at_site=clinic)
        made = sent(pia, clinic)
        record_paid(claim=made, paid_cents=0, adjusted_cents=0, reference="Deductible", **BY)
        assert owed(pia) == 25_000

    def test_an_answer_entered_by_mistake_is_taken_back_and_entered_anew(self):
        clinic = filing_site()
        pia = insured(at_site=clinic)
        made = sent(pia, clinic)
        paid = {"paid_cents": 10_000, "adjusted_cents": 5_000, "reference": "EFT 1"}
        record_paid(claim=made, **paid, **BY)
        take_back_answer(claim=made, reason="Another claim", **BY)
        assert owed(pia) == 25_000
        record_paid(claim=made, **paid, **BY)
        assert owed(pia) == 10_000

    def test_a_denied_claim_is_corrected_and_goes_out_as_a_replacement(self):
        clinic = filing_site()
        pia = insured(at_site=clinic)
        made = sent(pia, clinic)
        record_denied(claim=made, reason="Wrong member ID", **BY)
        assert owed(pia) == 25_000
        reopen_claim(claim=made, payer_number="PN-77", **BY)
        batch = send_claims(site=clinic, **BY)
        assert "REF*F8*PN-77~" in batch.text
        assert f"CLM*{made.control}*250***11:B:7*" in batch.text
        assert complaints(batch.text) == ""

    def test_a_charge_that_is_not_in_the_ledger_cannot_be_paid(self):
        clinic = filing_site()
        made = sent(insured(at_site=clinic), clinic, posted=False)
        with pytest.raises(MoneyRefused, match="Post the charges"):
            record_paid(claim=made, paid_cents=1, adjusted_cents=0, reference="1", **BY)

    def test_a_claim_that_was_not_sent_has_no_answer(self):
        clinic = filing_site()
        made = claimed(insured(at_site=clinic), clinic)
        with pytest.raises(MoneyRefused, match="This claim is ready"):
            record_denied(claim=made, reason="No", **BY)


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
