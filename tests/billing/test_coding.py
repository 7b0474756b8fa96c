"""Charges for a visit: what a person is told, what is dropped, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.coding import Done, MixedTimes, Phase, UnknownPayer, propose
from tests.billing.cast import (
    NURSE,
    RULES,
    THERAPIST,
    billed,
    charges,
    dosed,
    flags,
    infused,
    seen,
    talked,
)

BOSTON = ZoneInfo("America/New_York")


def infused_at(start: datetime, stop: datetime) -> Done:
    return infused(40, phases=(Phase("infuse", start, stop, frozenset({NURSE})),))


def split_payer() -> Done:
    """Esketamine for a payer that takes the drug and a visit code apart."""
    return dosed(84, payer="commercial", em="99215", em_minutes=55)


def test_an_infusion_without_a_stop_time_is_a_push_and_the_nurse_is_asked():
    assert flags(infused(None)) == (
        "The infusion has no stop time: billed as a push (96374). Ask the nurse to complete it."
    )
    assert not charges(infused(None)).stopped


def test_an_infusion_that_stops_before_it_starts_holds_the_charges():
    done = infused(40, phases=(Phase("infuse", 60, 20),))
    assert billed(done) == "96374 J3490"
    assert charges(done).stopped
    assert "stops before it starts" in flags(done)


def test_an_infusion_interrupted_is_added_up():
    parts = (Phase("infuse", 0, 50), Phase("infuse again", 70, 111))
    assert billed(infused(0, phases=parts)) == "96365 96366 J3490"


def test_only_minutes_that_are_known_count_when_one_part_has_no_stop():
    done = infused(0, phases=(Phase("infuse", 0, 50), Phase("infuse again", 70, None)))
    assert billed(done) == "96365 J3490"
    assert "no stop time" in flags(done)


def test_a_visit_without_an_infusion_bills_nothing_and_asks():
    done = infused(40, phases=(Phase("prep", 0, 20),))
    assert billed(done) == ""
    assert charges(done).stopped


def test_iv_start_flush_and_tubing_are_dropped_with_the_reason():
    dropped = {one.what: one for one in charges(infused(40)).dropped}
    assert {"IV start", "Flush of the line", "Tubing and syringes"} <= set(dropped)
    assert dropped["IV start"].reason == "Access to the vein is part of the infusion."
    assert "section 30.5" in dropped["IV start"].source
    assert charges(talked(45)).dropped == ()


def test_watching_after_the_infusion_is_not_infusion_time():
    assert "Recovery, 60 min" in {one.what for one in charges(infused(90)).dropped}
    assert billed(infused(90)) == "96365 J3490"


def test_an_infusion_through_the_hour_that_comes_twice_has_its_real_minutes():
    autumn = datetime(2026, 11, 1, 0, 30, tzinfo=BOSTON)
    assert billed(infused_at(autumn, autumn.replace(hour=2))) == "96365 96366x2 J3490"
    spring = datetime(2026, 3, 8, 1, 30, tzinfo=BOSTON)
    assert billed(infused_at(spring, spring.replace(hour=3))) == "96365 J3490"


def test_a_minute_that_has_only_begun_does_not_count():
    start = datetime(2026, 3, 3, 9, 0, tzinfo=BOSTON)
    almost = timedelta(minutes=15, seconds=59)
    assert billed(infused_at(start, start + almost)) == "96374 J3490"
    assert billed(infused_at(start, start + timedelta(minutes=16))) == "96365 J3490"


def test_times_without_a_zone_are_refused():
    nine = datetime(2026, 3, 3, 9, 0)  # noqa: DTZ001
    with pytest.raises(MixedTimes, match="time zone"):
        charges(infused_at(nine, nine))
    with pytest.raises(MixedTimes, match="both"):
        charges(infused(40, phases=(Phase("infuse", 5, nine),)))


@given(st.integers(0, 24 * 60), st.integers(0, 600))
def test_more_minutes_are_never_fewer_units(minutes: int, more: int):
    less, longer = charges(infused(minutes)), charges(infused(minutes + more))
    assert less.units_of("96366") <= longer.units_of("96366")
    assert less.units_of("96365") <= longer.units_of("96365")


@given(st.integers(16, 24 * 60))
def test_each_hour_of_an_infusion_is_counted_to_the_nearest(minutes: int):
    hours = charges(infused(minutes)).units_of("96366") + 1
    assert hours == max(1, round(minutes / 60 - 1e-9))


@given(st.integers(-5, 400), st.booleans(), st.sampled_from(sorted(RULES.payers)))
def test_psychotherapy_has_one_code_or_none(minutes: int, visit: bool, payer: str):
    done = talked(60, psychotherapy_minutes=minutes, em="99214" if visit else None, payer=payer)
    codes = [line.code for line in charges(done).lines if line.code.startswith("908")]
    assert len(codes) == (1 if minutes >= 16 else 0)
    assert set(codes) <= ({"90833", "90836", "90838"} if visit else {"90832", "90834", "90837"})


@given(st.integers(1, 200), st.integers(0, 200))
def test_more_minutes_of_a_visit_are_never_less_prolonged(minutes: int, more: int):
    short = seen(em="99215", em_minutes=minutes, payer="commercial")
    longer = replace(short, em_minutes=minutes + more)
    assert charges(short).units_of("99417") <= charges(longer).units_of("99417")


def test_too_short_a_session_is_told():
    assert flags(talked(15)) == "15 min of psychotherapy: nothing under 16 min is billed."


def test_a_dosing_is_longer_than_its_infusion():
    whole = Phase("dosing", 20, 120, frozenset({NURSE}))
    done = dosed(route="iv", phases=(whole,))
    assert charges(done).stopped
    assert "only those in which the drug ran count" in flags(done)
    known = dosed(route="iv", phases=(whole, Phase("infusion", 25, 65)))
    assert billed(known) == "96365 J3490"
    assert not charges(known).stopped


def test_being_present_at_a_dosing_is_not_psychotherapy():
    phases = (Phase("dosing", 0, 100, frozenset({NURSE, THERAPIST})),)
    done = dosed(route="im", phases=phases)
    assert billed(done) == "96372 J3490"
    assert "ask how many minutes" in flags(done)


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
    assert "established patients" in flags(dosed(56, payer="medicare", established=False))


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


def test_an_infusion_is_never_telehealth():
    done = infused(40, place="telehealth_home")
    assert charges(done).place == "10"
    assert charges(done).stopped
    assert "96365, J3490 cannot be done by telehealth" in flags(done)


@pytest.mark.parametrize(
    ("place", "code"),
    [("office", "11"), ("telehealth_home", "10"), ("telehealth_elsewhere", "02")],
)
def test_the_place_of_service_is_where_the_patient_was(place, code):
    assert charges(talked(45, place=place)).place == code


def test_every_line_points_at_the_first_four_diagnoses():
    many = ("F33.2", "F41.1", "F43.10", "F10.20", "F32.1")
    assert {line.pointers for line in charges(infused(40, diagnoses=many)).lines} == {(1, 2, 3, 4)}
    assert charges(infused(40, diagnoses=())).stopped
    assert "with the dot" in flags(infused(40, diagnoses=("F3320",)))


def test_a_visit_code_for_the_wrong_kind_of_patient_is_not_billed():
    done = seen(em="99204")
    assert "99204 is for a new patient, and this one is established" in flags(done)
    assert charges(done).stopped
    assert "no visit code" in flags(seen(em="99201", established=False))


def test_a_visit_shorter_than_its_level_is_looked_at():
    assert "chosen by decision making" in flags(seen(em="99214", em_minutes=29))
    assert flags(seen(em="99214", em_minutes=30)) == ""


def test_a_visit_in_the_intake_is_dropped():
    proposed = charges(seen(intake="with_medical", em="99214"))
    assert [(one.code, one.reason) for one in proposed.dropped] == [
        ("99214", "The intake includes it when one clinician did both on the day.")
    ]


def test_charges_say_why_whose_rule_it_is_and_what_to_review():
    lines = {line.code: line for line in charges(infused(151, em="99214")).lines}
    assert lines["96366"].reason == "151 min: an hour counts once more than 30 min past."
    assert lines["96366"].minutes == 151
    assert "off label" in lines["J3490"].review
    assert "Modifier 25" in lines["99214"].review
    assert all(line.source for line in lines.values())


def test_a_payer_that_the_rules_do_not_know_is_named():
    with pytest.raises(UnknownPayer, match="“moon”"):
        charges(infused(40, payer="moon"))


def test_a_kind_of_step_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="infusion, dosing, therapy"):
        charges(infused(40, kind="infuson"))
