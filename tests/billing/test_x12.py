"""Claims as 837P: an independent validator takes every one, and each part is where it belongs."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyx12.params import params
from pyx12.x12n_document import x12n_document

from billing.checks import scrub
from billing.claim import Claim, DrugGiven
from billing.money import Money
from billing.x12 import Envelope, Party, write
from billing.x12_text import Unwritable, amount, clean
from tests.billing import generated
from tests.billing.cast import ADA, BEN, HARBOUR, PLAN, claim, line

TODAY = date(2026, 3, 10)
ENVELOPE = Envelope(
    Party("Harbour Infusion Clinic", "HARBOUR01"),
    Party("Invented Clearing House", "INVENTED"),
    datetime(2026, 3, 10, 9, 5),  # noqa: DTZ001
    interchange=17,
    group=18,
    transaction=19,
    contact="Billing Desk",
    phone="(555) 010-0100",
    test=True,
)


def written(*claims: Claim) -> list[str]:
    """The segments of the interchange."""
    return write(claims, ENVELOPE).split("~")[:-1]


def complaints(text: str) -> str:
    """What pyx12 says of an interchange; empty where it takes it.

    Its answer alone does not do: segments it objects to are named in the acknowledgement only.
    """
    acknowledgement = io.StringIO()
    taken = x12n_document(params(), io.StringIO(text), acknowledgement, None)
    said = re.findall(r"(?:IK3|IK4|AK9)\*[^~]*", acknowledgement.getvalue())
    wrong = [one for one in said if not one.startswith("AK9*A")]
    return "" if taken and not wrong else "\n".join(wrong or ["refused"])


def test_two_hundred_invented_claims_pass_an_independent_validator():
    claims = generated.claims(200, seed=837)
    assert [finding for one in claims for finding in scrub(one, today=TODAY)] == []
    assert complaints(write(claims, ENVELOPE)) == ""


@pytest.mark.parametrize("seed", range(8))
def test_a_claim_alone_passes_too(seed: int):
    assert complaints(write(generated.claims(1, seed), ENVELOPE)) == ""


@pytest.mark.parametrize(
    "broken",
    [
        lambda text: text.replace("NM1*IL*1", "NM1*ILL*1"),
        lambda text: text.replace("CLM*CT-1", "CLM*"),
        lambda text: re.sub(r"SE\*\d+", "SE*3", text),
        lambda text: re.sub(r"N3\*[^~]*~", "", text, count=1),
    ],
)
def test_the_validator_does_refuse_what_is_broken(broken):
    assert complaints(write([claim()], ENVELOPE)) == ""
    assert complaints(broken(write([claim()], ENVELOPE))) != ""


def test_a_claim_is_written_loop_by_loop():
    one = claim(
        line("99214", 180_00, modifiers=("25",)),
        line("96365", 250_50, pointers=(1, 2)),
        diagnoses=("F33.2", "F41.1"),
        authorisation="A-77",
        paid=Money(20_00),
    )
    assert written(one) == [
        "ISA*00*          *00*          *ZZ*HARBOUR01      *ZZ*INVENTED       "
        "*260310*0905*^*00501*000000017*0*T*:",
        "GS*HC*HARBOUR01*INVENTED*20260310*0905*18*X*005010X222A1",
        "ST*837*0019*005010X222A1",
        "BHT*0019*00*17*20260310*0905*CH",
        "NM1*41*2*HARBOUR INFUSION CLINIC*****46*HARBOUR01",
        "PER*IC*BILLING DESK*TE*5550100100",
        "NM1*40*2*INVENTED CLEARING HOUSE*****46*INVENTED",
        "HL*1**20*1",
        "PRV*BI*PXC*261QM0850X",
        "NM1*85*2*HARBOUR INFUSION CLINIC*****XX*1234567893",
        "N3*1 INVENTED STREET",
        "N4*SPRINGFIELD*MA*011010001",
        "REF*EI*123456789",
        "HL*2*1*22*0",
        "SBR*P*18*G-100******CI",
        "NM1*IL*1*EXAMPLE*ADA****MI*XMU123456789",
        "N3*2 PRETEND ROAD",
        "N4*SPRINGFIELD*MA*01102",
        "DMG*D8*19800517*F",
        "NM1*PR*2*MADE UP HEALTH*****PI*99999",
        "CLM*CT-1*430.5***11:B:1*Y*A*Y*Y",
        "AMT*F5*20",
        "REF*G1*A-77",
        "HI*ABK:F332*ABF:F411",
        "NM1*82*1*MOREAU*INES****XX*2000000010",
        "PRV*PE*PXC*2084P0800X",
        "LX*1",
        "SV1*HC:99214:25*180*UN*1***1",
        "DTP*472*D8*20260303",
        "LX*2",
        "SV1*HC:96365*250.5*UN*1***1:2",
        "DTP*472*D8*20260303",
        "SE*31*0019",
        "GE*1*18",
        "IEA*1*000000017",
    ]


def test_a_patient_who_is_not_the_person_insured_has_a_level_of_their_own():
    segments = written(claim(patient=BEN, relationship="spouse"))
    assert [one for one in segments if one.startswith("HL")] == [
        "HL*1**20*1",
        "HL*2*1*22*1",
        "HL*3*2*23*0",
    ]
    assert "SBR*P**G-100******CI" in segments
    assert "PAT*01" in segments
    assert "NM1*QC*1*EXAMPLE*BEN" in segments


def test_practices_come_once_and_levels_count_on():
    other = replace(HARBOUR, name="Second Clinic")
    segments = written(claim(), claim(number="CT-2", billing=other), claim(number="CT-3"))
    levels = [one for one in segments if one.startswith("HL")]
    assert levels == ["HL*1**20*1", "HL*2*1*22*0", "HL*3*1*22*0", "HL*4**20*1", "HL*5*4*22*0"]


def test_a_drug_without_a_code_has_words_and_its_national_code():
    drug = DrugGiven("00000-1234-01", Decimal("0.50"))
    segments = written(claim(line("J3490", 40_00, description="Ketamine, 40 mg", drug=drug)))
    assert "SV1*HC:J3490:::::KETAMINE, 40 MG*40*UN*1***1" in segments
    at = segments.index("LIN**N4*00000123401")
    assert segments[at + 1] == "CTP****0.5*ML"


def test_to_replace_a_claim_names_the_payers_number():
    segments = written(claim(frequency="7", original_reference="ICN1"))
    assert "REF*F8*ICN1" in segments
    assert any(":B:7*" in one for one in segments if one.startswith("CLM"))


@settings(deadline=None)
@given(st.text(max_size=80))
def test_no_text_can_break_out_of_its_element(text: str):
    assert not re.search(r"[*:^~\n]", clean(text, 60))
    assert clean(clean(text, 60), 60) == clean(text, 60)
    segments = written(claim(coverage=replace(PLAN, insured=replace(ADA, given_name=text))))
    assert len(segments) == len(written(claim()))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Łucja Żak", "LUCJA ZAK"),
        ("Bjørn Straße", "BJORN STRASSE"),
        ("García*López", "GARCIA LOPEZ"),
        ("O’Invented", "O'INVENTED"),
        ("  two   spaces ", "TWO SPACES"),
    ],
)
def test_names_are_written_in_the_letters_that_claims_have(text: str, said: str):
    assert clean(text, 60) == said


def test_a_name_of_which_nothing_is_left_is_refused():
    unread = replace(PLAN, insured=replace(ADA, family_name="王"))
    with pytest.raises(Unwritable, match="write it in Latin"):
        written(claim(coverage=unread))


@pytest.mark.parametrize(
    ("cents", "said"), [(250_00, "250"), (250_50, "250.5"), (12_34, "12.34"), (5, "0.05"), (0, "0")]
)
def test_amounts_have_no_zeros_that_say_nothing(cents: int, said: str):
    assert amount(Money(cents)) == said


def test_a_file_without_claims_is_refused():
    with pytest.raises(ValueError, match="1 to 5000"):
        write([], ENVELOPE)


@pytest.mark.parametrize(
    "wrong", [{"interchange": 0}, {"group": 10**9}, {"transaction": -1}, {"phone": "none"}]
)
def test_an_envelope_needs_its_numbers_and_somebody_to_ask(wrong):
    with pytest.raises(ValueError, match=r"Number files|telephone"):
        replace(ENVELOPE, **wrong)


def test_a_party_without_an_id_is_named():
    with pytest.raises(Unwritable, match="The id of Harbour Infusion Clinic"):
        write([claim()], replace(ENVELOPE, sender=Party("Harbour Infusion Clinic", "")))


WRONG = {
    "check digit": claim(billing=replace(HARBOUR, npi="1234567890")),
    "make them equal": claim(total=Money(1)),
    "there is none": claim(line(pointers=(3,))),
    "heading of ICD-10-CM": claim(diagnoses=("F32",)),
    "before the patient's birth": claim(line(on=date(1970, 1, 1))),
    "on a day to come": claim(line(on=date(2030, 1, 1))),
    "write the drug and the dose": claim(line("J3490")),
    "twice; keep one": claim(diagnoses=("F33.2", "F33.2")),
    "PO box": claim(billing=replace(HARBOUR, address=replace(HARBOUR.address, line="PO Box 1"))),
    "authorises beforehand": claim(needs_authorisation=True),
    "Say who treated": claim(rendering=None),
    "all nine digits": claim(
        billing=replace(HARBOUR, address=replace(HARBOUR.address, zip="01101"))
    ),
    "this one was due by 1 Jun 2026": claim(),
}


@pytest.mark.parametrize("words", WRONG)
def test_our_checks_find_what_the_validator_lets_through(words: str):
    late = date(2026, 6, 2) if "due by" in words else TODAY
    assert complaints(write([WRONG[words]], ENVELOPE)) == ""
    found = scrub(WRONG[words], today=late, filing_days=90)
    assert any(words in finding.message for finding in found)
