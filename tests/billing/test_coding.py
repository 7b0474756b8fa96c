"""Charges for a visit: what a person is told, what is dropped, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.coding import Done, MixedTimes, Phase, UnknownPayer
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


@settings(deadline=None)
@given(st.integers(0, 24 * 60), st.integers(0, 600))
def test_more_minutes_are_never_fewer_units(minutes: int, more: int):
    less, longer = charges(infused(minutes)), charges(infused(minutes + more))
    assert less.units_of("96366") <= longer.units_of("96366")
    assert less.units_of("96365") <= longer.units_of("96365")


@settings(deadline=None)
@given(st.integers(16, 24 * 60))
def test_each_hour_of_an_infusion_is_counted_to_the_nearest(minutes: int):
    hours = charges(infused(minutes)).units_of("96366") + 1
    assert hours == max(1, round(minutes / 60 - 1e-9))


@settings(deadline=None)
@given(st.integers(-5, 400), st.booleans(), st.sampled_from(sorted(RULES.payers)))
def test_psychotherapy_has_one_code_or_none(minutes: int, visit: bool, payer: str):
    done = talked(60, psychotherapy_minutes=minutes, em="99214" if visit else None, payer=payer)
    codes = [line.code for line in charges(done).lines if line.code.startswith("908")]
    assert len(codes) == (1 if minutes >= 16 else 0)
    assert set(codes) <= ({"90833", "90836", "90838"} if visit else {"90832", "90834", "90837"})


@settings(deadline=None)
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
