"""Claims in files, and what payers answer, in the ledger."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from billing.errors import MoneyRefused
from billing.models import (
    Claim,
    ClaimBatch,
    ControlNumber,
    Coverage,
    Entry,
    Filing,
    Policy,
    Posting,
)
from billing.selectors import balances, owed
from billing.services.claim_answers import record_denied, record_paid, take_back_answer
from billing.services.claim_files import send_claims
from billing.services.claiming import (
    make_claims,
    recheck_claims,
    reopen_claim,
)
from clinic.models import Staff
from tests.billing.test_x12 import complaints
from tests.cast import DESK, NOW, site
from tests.money.insured import (
    BY,
    STREET,
    allowed,
    charged,
    claimed,
    coverage,
    filing_site,
    insured,
    payer,
    put,
    sends,
    sent,
)
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)


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
