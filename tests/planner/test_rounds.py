"""Monitoring rounds: due at the protocol's minutes, late, missed; and values that stand out."""

from __future__ import annotations

import pytest

from scheduling.planner.rounds import Reading, flags, next_round, rounds

START, MINUTES = 1000, (0, 15, 30, 45, 60, 90)


def states(now: int, *taken: int) -> str:
    entries = [(n, START + at) for n, at in enumerate(taken, start=1)]
    return " ".join(one.state for one in rounds(MINUTES, START, entries, START + now))


@pytest.mark.parametrize(
    ("now", "taken", "expected"),
    [
        (-3, (), "coming coming coming coming coming coming"),
        (-2, (), "due coming coming coming coming coming"),
        (4, (), "due coming coming coming coming coming"),
        (5, (), "overdue coming coming coming coming coming"),
        (10, (), "missed coming coming coming coming coming"),
        (13, (), "missed due coming coming coming coming"),
        (20, (0,), "done overdue coming coming coming coming"),
        (200, (0, 15, 30, 45, 60), "done done done done done overdue"),
    ],
)
def test_a_round_is_due_then_overdue_then_missed(now, taken, expected):
    assert states(now, *taken) == expected


def test_a_baseline_taken_in_preparation_answers_the_first_round_when_it_is_near():
    assert states(0, -5).startswith("done")
    assert states(0, -20).startswith("due")


def test_an_entry_taken_late_answers_the_round_whose_time_had_come():
    assert states(40, 2, 24, 31) == "done done done coming coming coming"


def test_a_round_that_was_missed_stays_missed():
    assert states(31, 0, 29) == "done missed done coming coming coming"


def test_the_next_round_is_the_late_one_before_the_one_to_come():
    late = rounds(MINUTES, START, [(1, START)], START + 21)
    assert next_round(late).after == 15
    assert next_round(rounds(MINUTES, START, [(1, START)], START + 27)).after == 30
    whole = [(n, START + at) for n, at in enumerate(MINUTES)]
    assert next_round(rounds(MINUTES, START, whole, START + 95)) is None


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        (Reading(120, 80, 70, 98, 0), ()),
        (Reading(180, 80), ("Systolic 180",)),
        (Reading(89, 60), ("Systolic 89",)),
        (Reading(150, 110), ("Diastolic 110",)),
        (Reading(heart_rate=121), ("Heart rate 121",)),
        (Reading(heart_rate=49), ("Heart rate 49",)),
        (Reading(spo2=93), ("SpO₂ 93 %",)),
        (Reading(sedation=3), ("Wakes to touch",)),
        (Reading(sedation=2), ()),
        (Reading(), ()),
    ],
)
def test_values_out_of_range_are_said(reading, said):
    assert flags(reading) == said


def test_a_pressure_far_from_the_first_one_is_said_too():
    baseline = Reading(120, 80)
    assert flags(Reading(157, 90), baseline) == ("Systolic +31 % from baseline",)
    assert flags(Reading(156, 90), baseline) == ()
