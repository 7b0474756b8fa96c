"""What must be so before a patient is prepared and before they leave, judged on the visit's day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from scheduling.planner.gates import (
    Answer,
    Stands,
    blocks_at,
    gates_of,
    minutes_observed,
    missing,
    stands,
)

DAY = date(2026, 12, 8)
NOW = datetime(2026, 12, 8, 15, 0, tzinfo=UTC)
PHASES = [
    {"name": "prep", "minutes": 20},
    {"name": "infuse", "minutes": 40},
    {"name": "recover", "minutes": 60},
    {"name": "discharge", "minutes": 10},
]


def infusion(*gates: dict, phases=PHASES) -> dict:
    return {"kind": "infusion", "gates": list(gates), "phases": phases}


def one(gate: dict, *answers: Answer) -> Stands:
    [found, *_] = stands(gates_of(infusion(gate)), answers, day=DAY, now=NOW)
    return found


def test_a_gate_is_open_until_something_is_recorded_of_it():
    assert one({"kind": "fasting", "hours": 6}).why == "Not recorded yet."
    assert not one({"kind": "fasting"}, Answer("fasting", "met", DAY)).open


def test_what_is_not_so_blocks_and_says_what_was_found():
    found = one({"kind": "breath_test"}, Answer("breath_test", "unmet", DAY, said="0.4"))
    assert found.open
    assert found.why == "Not so: 0.4."


def test_the_last_answer_counts():
    found = one(
        {"kind": "breath_test"},
        Answer("breath_test", "unmet", DAY),
        Answer("breath_test", "met", DAY),
    )
    assert not found.open


def test_a_consent_has_to_be_in_date_on_the_day_of_the_visit():
    signed = DAY - timedelta(days=300)
    until = Answer("consent", "met", signed, until=DAY)
    assert not one({"kind": "consent"}, until).open
    over = Answer("consent", "met", signed, until=DAY - timedelta(days=1))
    assert one({"kind": "consent"}, over).why == "In date until 7 Dec 2026 only."


@pytest.mark.parametrize(("before", "is_open"), [(0, False), (7, False), (8, True)])
def test_a_pregnancy_test_holds_for_as_many_days_as_the_protocol_says(before, is_open):
    answer = Answer("pregnancy_test", "met", DAY - timedelta(days=before))
    assert one({"kind": "pregnancy_test", "within_days": 7}, answer).open is is_open


def test_what_does_not_apply_to_a_patient_is_never_too_old():
    answer = Answer("pregnancy_test", "not_applicable", DAY - timedelta(days=90))
    assert not one({"kind": "pregnancy_test", "within_days": 0}, answer).open


def test_two_forms_are_two_gates():
    forms = [{"kind": "form", "note": "REMS enrolment"}, {"kind": "form", "note": "Screening"}]
    found = stands(
        gates_of(infusion(*forms)),
        [Answer("form:Screening", "met", DAY)],
        day=DAY,
        now=NOW,
    )
    assert [gate.gate.name for gate in missing(found, "prep")] == ["Form: REMS enrolment"]


def test_whoever_needs_an_escort_leaves_with_one():
    gates = gates_of(infusion({"kind": "escort"}))
    assert [g.key for g in gates if g.moment == "discharge"] == ["baseline", "observed", "escorted"]
    assert [g.key for g in gates_of(infusion()) if g.kind == "escorted"] == []


@pytest.mark.parametrize(
    ("minutes", "is_open", "why"),
    [(59, True, "1 min of 60 min are left."), (60, False, "60 min observed.")],
)
def test_a_patient_is_observed_to_the_last_minute(minutes, is_open, why):
    found = stands(
        gates_of(infusion()),
        [],
        day=DAY,
        now=NOW,
        observed_from=NOW - timedelta(minutes=minutes),
        observe=timedelta(minutes=60),
    )
    [observed] = [one for one in found if one.gate.kind == "observed"]
    assert (observed.open, observed.why) == (is_open, why)


def test_observation_is_what_lies_between_the_infusion_and_the_discharge():
    assert minutes_observed(infusion()) == ("recovering", 60)
    spray = [
        {"name": "prep", "minutes": 20},
        {"name": "dose and observe", "minutes": 120},
        {"name": "discharge", "minutes": 10},
    ]
    assert minutes_observed(infusion(phases=spray)) == ("infusing", 120)


def test_gates_stop_preparation_and_discharge_of_an_infusion_and_no_session():
    assert (blocks_at("in_prep", "infusion"), blocks_at("discharged", "dosing")) == (
        "prep",
        "discharge",
    )
    assert blocks_at("arrived", "infusion") is None
    assert blocks_at("discharged", "therapy") is None
