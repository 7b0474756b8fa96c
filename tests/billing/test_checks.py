"""What is wrong with a claim is said before it goes out, in words that say what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest

from billing.checks import diagnosis_problem, is_ein, is_npi, scrub
from billing.claim import Claim, DrugGiven
from billing.money import Money
from tests.billing import generated
from tests.billing.cast import ADA, BEN, HARBOUR, INES, ON, PLAN, claim, line

TODAY = ON + timedelta(days=7)


def found(one: Claim, **more: object) -> list[str]:
    return [finding.message for finding in scrub(one, today=TODAY, **more)]  # type: ignore[arg-type]


def test_a_good_claim_has_nothing_wrong():
    assert found(claim(), filing_days=90) == []
    assert found(claim(patient=BEN, relationship="child")) == []


@pytest.mark.parametrize("npi", ["1234567893", "2000000010", "2999999990"])
def test_a_good_npi(npi: str):
    assert is_npi(npi)


@pytest.mark.parametrize(
    "npi",
    [
        "1234567890",
        "123456789",
        "12345678930",
        "3234567893",
        "",
        "123456789a",
        "１２３４５６７８９３",
    ],
)
def test_a_bad_npi(npi: str):
    assert not is_npi(npi)


def test_one_wrong_digit_is_always_found():
    good = generated.npi(Random(1))
    for at in range(10):
        for digit in set("0123456789") - {good[at]}:
            assert not is_npi(good[:at] + digit + good[at + 1 :])


@pytest.mark.parametrize(
    ("tax_id", "good"),
    [
        ("12-3456789", True),
        ("123456789", True),
        ("00-3456789", False),
        ("12-345678", False),
        ("1-23456789", False),
        ("12 3456789", False),
        ("", False),
    ],
)
def test_the_shape_of_an_ein(tax_id: str, good: bool):
    assert is_ein(tax_id) is good


@pytest.mark.parametrize(
    "code", ["F10.20", "F32.A", "F33.2", "F43.10", "F41.1", "M1A.0710", "C7A.00", "Z79.899", "F54"]
)
def test_a_plausible_diagnosis(code: str):
    assert diagnosis_problem(code) == ""


@pytest.mark.parametrize(
    "code", ["", "F1020", "f10.20", "F10.", "10.20", "FF0.20", "F10.20000", "F10,20", "303.90"]
)
def test_an_implausible_diagnosis(code: str):
    assert "with the dot" in diagnosis_problem(code)


@pytest.mark.parametrize("code", ["F10.2", "F32", "F33", "F43.1", "F41"])
def test_a_heading_is_no_diagnosis(code: str):
    assert "heading" in diagnosis_problem(code)


STREET = HARBOUR.address
MISTAKES = [
    (claim(number=""), "Give the claim a number"),
    (claim(number="A" * 21), "Give the claim a number"),
    (claim(number="ct-1"), "capitals"),
    (claim(billing=replace(HARBOUR, name=" ")), "name of the practice"),
    (claim(billing=replace(HARBOUR, npi="12")), "NPI of the practice: ten digits"),
    (claim(billing=replace(HARBOUR, tax_id="12-3")), "nine digits: 12-3456789"),
    (claim(billing=replace(HARBOUR, tax_id="1", tax_id_kind="SY")), "tax ID as nine digits"),
    (claim(billing=replace(HARBOUR, address=replace(STREET, city=""))), "street and city"),
    (claim(billing=replace(HARBOUR, address=replace(STREET, state="Mass"))), "two capitals"),
    (claim(rendering=replace(INES, npi="2000000011")), "NPI of the clinician has a wrong check"),
    (claim(rendering=replace(INES, given_name="")), "clinician's given and family name"),
    (claim(coverage=replace(PLAN, member_id=" ")), "on the insurance card"),
    (claim(coverage=replace(PLAN, payer_id="")), "its ID for electronic claims"),
    (claim(coverage=replace(PLAN, insured=replace(ADA, family_name=""))), "the person insured"),
    (claim(coverage=replace(PLAN, insured=replace(ADA, sex="X"))), "F, M or U"),
    (claim(patient=BEN), "how the patient is related"),
    (claim(relationship="child"), "clear the relationship"),
    (claim(patient=replace(BEN, given_name=""), relationship="child"), "name of the patient"),
    (claim(diagnoses=()), "Give 1 to 12 diagnoses"),
    (claim(diagnoses=("F3320",)), "with the dot"),
    (claim(place="00"), "11 is an office"),
    (claim(lines=(), total=Money(0)), "1 to 50 lines"),
    (claim(line("9636")), "five characters"),
    (claim(line(units=0)), "write 1 or more"),
    (claim(line(units=-1)), "write 1 or more"),
    (claim(line(cents=0)), "has no charge"),
    (claim(line(pointers=())), "Point 96365 at"),
    (claim(line(pointers=(0,))), "there is none"),
    (claim(line(pointers=(1, 1))), "one diagnosis twice"),
    (claim(line(modifiers=("25", "25"))), "each once"),
    (claim(line(modifiers=("2",))), "two characters, such as 25"),
    (claim(line(drug=DrugGiven("12", Decimal(1)))), "11 digits (5-4-2)"),
    (claim(line(drug=DrugGiven("00000-1234-01", Decimal(0)))), "how much of the drug"),
    (claim(line(charge=Money(1, "EUR")), total=Money(1, "EUR")), "in US dollars"),
    (claim(total=Money(289_99)), "come to $290.00 and the claim says $289.99"),
    (claim(paid=Money(290_01)), "paid $290.01 of $290.00"),
    (claim(paid=Money(-1)), "paid -$0.01"),
    (claim(frequency="8"), "number that the payer gave"),
    (claim(signature_on_file=False), "patient's signature"),
    (claim(coverage=replace(PLAN, insured=replace(ADA, birth_date=date(2099, 1, 1)))), "to come"),
]


@pytest.mark.parametrize(("one", "words"), MISTAKES, ids=[words for _, words in MISTAKES])
def test_a_mistake_is_found_and_says_what_to_do(one: Claim, words: str):
    assert any(words in message for message in found(one))


@pytest.mark.parametrize(("days", "late"), [(6, True), (7, False), (8, False), (None, False)])
def test_a_claim_is_filed_in_time(days: int | None, late: bool):
    assert bool(found(claim(), filing_days=days)) is late


def test_a_replacement_is_not_held_to_the_first_filing():
    again = claim(frequency="7", original_reference="ICN1")
    assert found(again, filing_days=1) == []


def test_a_finding_names_its_place_in_the_claim():
    [finding] = scrub(claim(line(), line(units=0)), today=TODAY)
    assert finding.part == "lines[2].units"
