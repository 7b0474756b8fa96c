"""Esketamine: its visit codes, its drug code, and payers that take one, the other or both."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from billing.coding import Done, propose
from tests.billing.cast import RULES, billed, charges, dosed, flags


def split_payer() -> Done:
    """Esketamine for a payer that takes the drug and a visit code apart."""
    return dosed(84, payer="commercial", em="99215", em_minutes=55)


def test_esketamine_and_its_drug_are_not_both_sent():
    done = dosed(84, payer="commercial")
    assert billed(done) == "G2083 J0013x84"
    assert charges(done).stopped
    assert "G2083 already includes the drug, and J0013 bills it again" in flags(done)


def test_medicare_pays_the_drug_within_the_visit():
    proposed = charges(dosed(84, payer="medicare"))
    assert [line.code for line in proposed.lines] == ["G2083"]
    assert not proposed.stopped
    assert "Esketamine, 84 mg" in {one.what for one in proposed.dropped}


def test_observation_is_never_billed_beside_esketamine():
    proposed = charges(dosed(56, payer="medicare"))
    assert "Observation after esketamine" in {one.what for one in proposed.dropped}
    assert proposed.units_of("96365") == proposed.units_of("99417") == 0
    assert proposed.lines[0].minutes == 120


@pytest.mark.parametrize(("observed", "stopped"), [(119, True), (120, False), (180, False)])
def test_esketamine_takes_two_hours_of_observation(observed: int, stopped: bool):
    done = dosed(56, payer="medicare", observed=observed)
    assert charges(done).stopped is stopped


def test_esketamine_without_times_asks_how_long_the_patient_stayed():
    assert "is not recorded" in flags(dosed(56, payer="medicare", phases=()))


def test_esketamine_is_for_established_patients():
    new = dosed(56, payer="medicare", established=False)
    assert "established patients" in flags(new)
    assert charges(new).stopped
    assert not charges(replace(new, em="99204")).stopped


def test_esketamine_that_a_pharmacy_supplied_is_billed_as_the_visit():
    supplied = dosed(84, payer="commercial", own_drug=False)
    assert "which a pharmacy supplied" in flags(supplied)
    assert charges(supplied).stopped
    assert billed(replace(supplied, em="99214")) == "99214"
    assert not charges(replace(supplied, em="99214")).stopped


def test_esketamine_in_odd_amounts_or_for_another_diagnosis_is_looked_at():
    assert "devices" in flags(dosed(50, payer="medicare"))
    assert "F32, F33" in flags(dosed(56, payer="medicare", diagnoses=("F43.10",)))
    assert flags(dosed(56, payer="medicare")) == ""


def test_a_payer_that_splits_gets_the_drug_and_the_visit():
    insurer = replace(RULES.payers["commercial"], esketamine="split")
    rules = replace(RULES, payers={**RULES.payers, "commercial": insurer})
    proposed = propose(split_payer(), rules)
    assert [(line.code, line.units) for line in proposed.lines] == [
        ("99215", 1),
        ("99417", 1),
        ("J0013", 84),
    ]
    assert not proposed.stopped
    assert propose(replace(split_payer(), em=None, em_minutes=None), rules).stopped


def test_a_payer_changes_to_the_new_drug_code_on_its_own_date():
    slow = replace(
        RULES.payers["commercial"],
        esketamine_drug=((date(2021, 1, 1), "S0013"), (date(2026, 4, 1), "J0013")),
    )
    rules = replace(RULES, payers={**RULES.payers, "commercial": slow})
    march, april = date(2026, 3, 31), date(2026, 4, 1)
    by_date = {
        on: propose(dosed(56, payer="commercial", on=on), rules).lines[1].code
        for on in (march, april)
    }
    assert by_date == {march: "S0013", april: "J0013"}


def test_a_payer_cannot_take_a_code_before_it_is_valid():
    hasty = replace(RULES.payers["commercial"], esketamine_drug=((date(2025, 1, 1), "J0013"),))
    rules = replace(RULES, payers={**RULES.payers, "commercial": hasty})
    proposed = propose(dosed(56, payer="commercial", on=date(2025, 12, 31)), rules)
    assert [line.code for line in proposed.lines] == ["G2082"]
    assert "no esketamine drug code" in " ".join(flag.text for flag in proposed.flags)
