"""What runs over is said honestly and pushes what follows: no database."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from scheduling.planner.estimates import (
    WAITED_FOR,
    Because,
    Estimate,
    Held,
    Phase,
    Visit,
    estimate,
    remainder,
    stages,
)

NINE = 9 * 60
ROOM_2, ANA = (2, 0), (70, 0)
INFUSION = (("arrive", 10), ("prep", 20), ("infuse", 40), ("recover", 60), ("discharge", 10))


def infusion(pk, start=NINE, status="booked", came=None, chair=ROOM_2, clinician=None):
    """140 minutes; the chair is taken from the prep on and needs 10 minutes after it."""
    phases, at = [], start
    for name, minutes in INFUSION:
        phases.append(Phase(name, at, at + minutes))
        at += minutes
    held = [Held(chair, start + 10, at, turnover=10)]
    if clinician:
        held.append(Held(clinician, start + 30, start + 70, room=False))
    return Visit(pk, status, tuple(phases), tuple(held), came or {})


def session(pk, start, status="booked", came=None, clinician=ANA, room=(5, 0)):
    phases = (Phase("therapy", start, start + 90),)
    end = start + 90
    held = (Held(room, start, end, turnover=10), Held(clinician, start, end, room=False))
    return Visit(pk, status, phases, held, came or {}, infused=False)


def told(now, *visits) -> dict[int, Estimate]:
    return estimate(visits, now)


def spans(one: Estimate) -> list[tuple[int, int]]:
    return [(timed.start - NINE, timed.end - NINE) for timed in one.phases]


def test_a_day_on_time_is_the_plan():
    found = told(NINE - 60, infusion(1), infusion(2, NINE + 150))
    assert (found[1].start, found[1].end) == (NINE, NINE + 140)
    assert found[2].start == NINE + 150
    assert [one.delay for one in found.values()] == [0, 0]
    assert not any(one.warns for one in found.values())


def test_actual_times_stand_beside_the_planned_ones():
    came = {"arrived": NINE - 5, "in_prep": NINE + 12, "infusing": NINE + 30}
    [one] = told(NINE + 40, infusion(1, status="infusing", came=came)).values()
    assert spans(one)[:3] == [(-5, 12), (12, 30), (30, 70)]
    assert [timed.state for timed in one.phases] == ["done", "done", "now", "coming", "coming"]
    assert (one.over, one.delay) == (0, 0)


def test_a_phase_never_ends_before_now_and_one_that_runs_over_has_a_remainder():
    came = {"arrived": NINE, "in_prep": NINE + 10, "infusing": NINE + 30}
    [one] = told(NINE + 82, infusion(1, status="infusing", came=came)).values()
    assert one.current is not None
    assert one.current.end == NINE + 82 + 5
    assert one.over == 12
    assert one.end == NINE + 82 + 5 + 70
    assert [remainder(over) for over in (0, 20, 21, 40, 500)] == [5, 5, 6, 10, 15]


def test_an_overrun_warns_the_next_in_the_chair_before_it_bites():
    came = {"arrived": NINE, "in_prep": NINE + 10, "infusing": NINE + 30}
    found = told(NINE + 82, infusion(1, status="infusing", came=came), infusion(2, NINE + 150))
    after = found[2]
    # The chair is free at 87 + 70 = 157 and turned over at 167; arriving takes no chair.
    assert after.start == NINE + 150
    assert spans(after)[1] == (167, 187)
    assert after.because == Because(visit=1, key=ROOM_2, room=True, over=17)
    assert (after.delay, after.warns) == (7, True)
    in_time = told(NINE + 70, infusion(1, status="infusing", came=came), infusion(2, NINE + 150))
    assert not in_time[2].warns


def test_an_overrun_of_the_clinician_pushes_the_next_of_theirs_in_another_room():
    one = session(1, NINE, "in_session", {"arrived": NINE, "in_session": NINE + 10})
    two = session(2, NINE + 90, room=(6, 0))
    found = told(NINE + 80, one, two)
    assert found[1].end == NINE + 100
    assert (found[2].start, found[2].delay) == (NINE + 100, 10)
    assert found[2].because is not None
    assert (found[2].because.key, found[2].because.room) == (ANA, False)
    assert found[2].warns


def test_an_overrun_goes_on_from_visit_to_visit():
    came = {"arrived": NINE, "in_session": NINE + 20}
    found = told(
        NINE + 30,
        session(1, NINE, "in_session", came),
        session(2, NINE + 90, room=(6, 0)),
        session(3, NINE + 180, room=(7, 0)),
    )
    assert [one.delay for one in found.values()] == [20, 20, 20]
    assert found[3].because is not None
    assert found[3].because.visit == 2


def test_who_has_not_come_is_late_and_holds_up_what_follows_for_a_while():
    late = told(NINE + 20, session(1, NINE), session(2, NINE + 90, room=(6, 0)))
    assert (late[1].missing, late[1].start) == (20, NINE + 25)
    assert late[1].because is None
    assert late[2].delay == 25
    given_up = told(NINE + WAITED_FOR + 1, session(1, NINE), session(2, NINE + 90, room=(6, 0)))
    assert given_up[1].missing == WAITED_FOR + 1
    assert given_up[2].delay == 0


def test_an_early_arrival_waits_for_the_plan_and_a_quick_phase_ends_the_visit_earlier():
    early = told(NINE - 10, infusion(1, status="arrived", came={"arrived": NINE - 15}))[1]
    assert spans(early)[:2] == [(-15, -5), (10, 30)]
    assert early.delay == 0
    came = {"arrived": NINE, "in_prep": NINE + 10, "infusing": NINE + 20}
    quick = told(NINE + 21, infusion(1, status="infusing", came=came))[1]
    assert quick.delay == -10


def test_who_waits_for_a_chair_that_is_still_taken_is_told_of():
    came = {"arrived": NINE, "in_prep": NINE + 10, "infusing": NINE + 30, "recovering": NINE + 90}
    found = told(
        NINE + 155,
        infusion(1, status="recovering", came=came),
        infusion(2, NINE + 140, "arrived", {"arrived": NINE + 140}),
    )
    assert found[1].end == NINE + 160
    assert spans(found[2])[1] == (170, 190)
    assert (found[2].delay, found[2].warns) == (20, True)


def test_a_discharge_frees_the_chair_after_its_turnover_and_a_status_without_time_goes_by_plan():
    came = {"arrived": NINE, "in_prep": NINE + 10, "infusing": NINE + 30, "recovering": NINE + 70}
    over = infusion(1, status="discharged", came=came | {"discharged": NINE + 125})
    [hold] = told(NINE + 130, over)[1].holds
    assert (hold.start, hold.end, hold.until) == (NINE + 10, NINE + 125, NINE + 135)
    assert hold.begun
    untold = told(NINE + 50, infusion(1, status="infusing"))[1]
    assert spans(untold)[2] == (30, 70)
    assert untold.over == 0


def test_who_is_in_a_chair_goes_before_who_was_planned_earlier_and_has_not_come():
    found = told(
        NINE + 10,
        session(1, NINE),
        session(2, NINE + 5, "in_session", {"in_session": NINE}, room=(5, 0)),
    )
    assert found[1].start == NINE + 100
    assert found[1].because is not None
    assert found[1].because.visit == 2


def test_phases_are_told_from_the_names_a_protocol_gives_them():
    assert stages([name for name, _ in INFUSION], True) == (
        "arrived",
        "in_prep",
        "infusing",
        "recovering",
        "recovering",
    )
    assert stages(["prep", "dose and observe", "discharge"], True) == (
        "in_prep",
        "infusing",
        "recovering",
    )
    assert stages(["drip"], True) == ("infusing",)
    assert stages(["therapy"], False) == ("in_session",)
    assert stages(["arrive", "therapy"], False) == ("arrived", "in_session")


STEPS = ("arrived", "in_prep", "infusing", "recovering", "discharged")


@st.composite
def days(draw) -> tuple[int, list[Visit]]:
    """A moment, and up to five infusions in two chairs that stand wherever they do at it."""
    now = NINE + draw(st.integers(-60, 600))
    visits = []
    for number in range(draw(st.integers(1, 5))):
        moments = sorted(draw(st.lists(st.integers(now - 300, now), max_size=5)))
        came = dict(zip(STEPS, moments, strict=False))
        status = STEPS[len(moments) - 1] if moments else "booked"
        start = NINE + 10 * draw(st.integers(0, 40))
        chair = (draw(st.integers(1, 2)), 0)
        visits.append(infusion(number, start, status, came, chair, (70, 0)))
    return now, visits


@given(days())
def test_nothing_still_to_end_ends_before_now_and_phases_follow_one_another(day):
    now, visits = day
    for told in estimate(visits, now).values():
        assert all(one.end >= now for one in told.phases if one.state != "done")
        assert all(one.end <= now for one in told.phases if one.state == "done")
        assert all(a.end <= b.start for a, b in pairwise(told.phases))
        assert len(told.phases) == len(INFUSION)
        if told.waits:
            assert told.delay >= 0
