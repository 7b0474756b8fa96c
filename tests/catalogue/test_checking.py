"""What is being written is checked as it is typed, and windows that contradict are found."""

from copy import deepcopy
from datetime import date, timedelta
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling import catalogue
from scheduling.catalogue.agreement import Bound, clash, spans

STARTERS = {one.key: one.definition for one in catalogue.read(catalogue.starter_text())}
KEYS = ("a", "b", "c", "d")
WEEKDAYS = frozenset(range(5))


def kare(**windows):
    """aud-kare with other windows: kare(inf2=[{...}])."""
    definition = deepcopy(STARTERS["aud-kare"])
    for step in definition["steps"]:
        step["gaps"] = windows.get(step["key"], step["gaps"])
    return definition


@st.composite
def courses(draw):
    pairs = [(one, other) for i, one in enumerate(KEYS) for other in KEYS[:i]]
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=6))
    ties = []
    for number, (step, anchor) in enumerate(chosen):
        first = draw(st.integers(-3, 3))
        ties.append(Bound(step, anchor, first, first + draw(st.integers(0, 2)), str(number)))
    return ties


def holds(ties, days):
    return all(tie.earliest <= days[tie.step] - days[tie.anchor] <= tie.latest for tie in ties)


def every_choice():
    for rest in product(range(-15, 16), repeat=len(KEYS) - 1):
        yield dict(zip(KEYS, (0, *rest), strict=True))


@given(courses())
@settings(max_examples=30, deadline=None)
def test_a_clash_is_found_exactly_when_no_dates_hold(ties):
    # Steps that nothing ties to the first are shifted freely, so that a small range is enough.
    found = clash(KEYS, ties)
    assert (found is None) == any(holds(ties, days) for days in every_choice())


@given(courses())
@settings(max_examples=200, deadline=None)
def test_a_clash_is_a_circle_that_is_short_by_what_it_says(ties):
    found = clash(KEYS, ties)
    if found is None:
        return
    left = dict.fromkeys(KEYS, 0)
    total = 0
    for demand in found.demands:
        bound = demand.bound
        here, there = (bound.step, bound.anchor) if demand.at_least else (bound.anchor, bound.step)
        left[here] += 1
        left[there] -= 1
        total += -bound.earliest if demand.at_least else bound.latest
    assert set(left.values()) == {0}
    assert total == -found.short < 0


@given(courses())
@settings(max_examples=20, deadline=None)
def test_a_span_is_what_some_choice_of_dates_reaches(ties):
    if clash(KEYS, ties):
        return
    good = [days for days in every_choice() if holds(ties, days)]
    for key, span in spans(KEYS, ties, "a").items():
        if span is not None:
            reached = [days[key] for days in good]
            assert span == (min(reached), max(reached))


def test_every_starter_is_good_as_it_stands():
    for definition in STARTERS.values():
        checked = catalogue.check(definition)
        assert checked.problems == ()
        assert checked.definition == definition


def test_windows_that_contradict_are_told_at_each_of_them_by_the_names_of_the_steps():
    definition = kare(
        inf2=[{"anchor": "inf1", "days": [7, 10]}],
        th2=[{"anchor": "inf1", "days": [1, 5]}, {"anchor": "inf2", "days": [1, 2]}],
    )
    checked = catalogue.check(definition)
    said = (
        "Therapy 2 is at least 1 day after Infusion 2, and Infusion 2 is at least 7 days after "
        "Infusion 1, but Therapy 2 is at most 5 days after Infusion 1. That cannot be, by 3 days: "
        "widen one of these windows by 3 days."
    )
    assert checked.definition is None
    assert {path for path, words in checked.by_field.items() if words == said} == {
        "steps[3].gaps[0]",
        "steps[3].gaps[1]",
        "steps[4].gaps[0]",
    }


def test_a_contradiction_is_seen_while_something_else_is_half_typed():
    definition = kare(
        inf2=[{"anchor": "inf1", "days": [7, 10]}, {"anchor": "inf1", "days": [1, 5]}]
    )
    definition["steps"][0]["phases"][0]["minutes"] = "ninet"
    checked = catalogue.check(definition)
    assert "Infusion 2 is at most 5 days" in checked.by_field["steps[4].gaps[1]"]
    assert "not ninet" in checked.by_field["steps[0].phases[0].minutes"]


def test_a_window_the_wrong_way_round_is_told_beside_it_and_ties_nothing():
    checked = catalogue.check(kare(inf2=[{"anchor": "inf1", "days": [8, 6]}]))
    assert "write [6, 8]" in checked.by_field["steps[4].gaps[0].days"]
    assert "Infusion 2" in checked.by_field["steps[4].gaps[0].days"]
    assert checked.spans["inf2"] is None


@given(st.sampled_from(sorted(STARTERS)), st.dates(date(2026, 1, 1), date(2027, 12, 31)))
@settings(max_examples=60, deadline=None)
def test_sample_dates_keep_every_gap_and_weekday(key, d0):
    definition = STARTERS[key]
    d0 += timedelta(days=-d0.weekday())
    days = catalogue.sample(definition, d0=d0, weekdays=WEEKDAYS)
    assert days is not None
    assert days[definition["origin"]] == d0
    for step in definition["steps"]:
        assert days[step["key"]].weekday() in WEEKDAYS
        for gap in step["gaps"]:
            if gap["anchor"] in days and "days" in gap:
                apart = (days[step["key"]] - days[gap["anchor"]]).days
                assert gap["days"][0] <= apart <= gap["days"][1]


def test_sample_dates_leave_out_days_on_which_the_clinic_is_closed():
    d0 = date(2026, 12, 14)
    ideal = catalogue.sample(kare(), d0=d0, weekdays=WEEKDAYS)
    closed = ideal["inf2"]
    other = catalogue.sample(kare(), d0=d0, weekdays=WEEKDAYS, closed=[closed])
    assert other["inf2"] in (closed - timedelta(days=1), closed + timedelta(days=1))


def test_windows_are_drawn_with_sense_where_some_of_them_clash():
    definition = kare(
        inf2=[{"anchor": "inf1", "days": [7, 10]}, {"anchor": "inf1", "days": [1, 5]}]
    )
    checked = catalogue.check(definition)
    assert checked.spans["inf2"] == (7, 10)
    assert checked.spans["screening"] == (-28, -7)


def test_a_course_that_no_week_can_hold_has_no_sample_dates():
    tuesdays = kare()
    tuesdays["steps"][2]["weekdays"] = ["tue"]
    assert catalogue.sample(tuesdays, d0=date(2026, 12, 7), weekdays=WEEKDAYS) is None
