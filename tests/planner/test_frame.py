"""The order of visits in time, as gaps force it and clinical order decides the rest."""

from __future__ import annotations

from dataclasses import replace

from scheduling.planner.frame import frame_of, modes
from scheduling.planner.protocols import Gap, Protocol, Step
from tests.planner.cast import after, depression, infusion, kap, kare


def order(protocol: Protocol, *done: str) -> list[str]:
    return [step.key for step in frame_of(protocol, frozenset(done)).steps]


def test_steps_listed_by_kind_are_put_in_the_order_of_their_gaps() -> None:
    listed = [step.key for step in kare().steps]
    by_kind = sorted(kare().steps, key=lambda step: step.kind)
    assert order(replace(kare(), steps=tuple(by_kind))) == listed


def test_where_gaps_leave_it_open_the_protocols_order_decides() -> None:
    assert order(kap())[:4] == ["medical", "intake", "prep1", "prep2"]


def test_a_gap_to_a_later_step_binds_as_well() -> None:
    phases = infusion()
    before = Step("early", "Early", "therapy", phases, after("late", -3, -1))
    late = Step("late", "Late", "infusion", phases)
    assert order(Protocol("p", 1, "P", (late, before), "late")) == ["early", "late"]


def test_steps_already_done_are_not_planned() -> None:
    frame = frame_of(kare(), frozenset({"screening", "th1"}))
    assert frame.steps[0].key == "inf1"
    assert frame.origin == 0


def test_a_series_knows_its_shortest_length() -> None:
    assert frame_of(kare(), frozenset()).span == 7 + 12 + 18
    assert frame_of(depression(), frozenset()).span == 1 + 11 + 1


def test_visits_that_may_share_a_day_do_or_do_not() -> None:
    frame = frame_of(kap(), frozenset())
    assert modes(frame) == [frozenset(), frozenset({(0, 1)})]


def test_a_step_tied_by_hours_to_a_third_keeps_a_day_of_its_own() -> None:
    phases = infusion()
    steps = (
        Step("a", "A", "therapy", phases),
        Step("b", "B", "therapy", phases, after("a", 0, 3), shares_day_with="a"),
        Step("c", "C", "infusion", phases, (Gap("b", 20, 40, "hours"),)),
    )
    frame = frame_of(Protocol("p", 1, "P", steps, "a"), frozenset())
    assert modes(frame) == [frozenset()]
