"""Bitmaps of minutes against sets of minutes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from scheduling.planner.intervals import erode, members, span, union
from scheduling.planner.pool import Counter, first_run, given_back, levels, taken

LENGTH = 120
minutes = some.integers(0, LENGTH)
bitmaps = some.integers(0, (1 << LENGTH) - 1)
edges = some.lists(some.integers(-20, LENGTH + 20), min_size=2, max_size=16, unique=True)


@given(minutes, minutes)
def test_a_span_holds_its_first_minute_and_not_its_last(start: int, end: int) -> None:
    assert set(members(span(start, end))) == set(range(start, end))


@given(edges)
def test_a_union_draws_disjoint_spans_clipped_to_the_horizon(found: list[int]) -> None:
    found.sort()
    spans = list(zip(found[::2], found[1::2], strict=False))
    drawn = {m for a, b in spans for m in range(a, b) if 0 <= m < LENGTH}
    assert set(members(union(spans, LENGTH))) == drawn


@given(bitmaps, some.integers(1, 40))
def test_eroding_keeps_the_starts_of_runs_that_are_long_enough(bits: int, need: int) -> None:
    free = set(members(bits))
    starts = {m for m in free if all(m + i in free for i in range(need))}
    assert set(members(erode(bits, need))) == starts


@given(some.lists(bitmaps, min_size=1, max_size=6))
def test_levels_count_how_many_lanes_are_set(lanes: list[int]) -> None:
    drawn = levels(lanes)
    for minute in range(0, LENGTH, 7):
        count = sum(lane >> minute & 1 for lane in lanes)
        assert [bits >> minute & 1 for bits in drawn] == [k < count for k in range(len(lanes))]


@given(some.lists(bitmaps, min_size=2, max_size=5), some.integers(1, 2), bitmaps)
def test_lanes_given_back_undo_lanes_taken(lanes: list[int], number: int, where: int) -> None:
    free = levels(lanes)
    possible = where & free[number - 1]
    assert given_back(taken(free, number, possible), number, possible) == free


@given(some.lists(bitmaps, max_size=9), some.integers(0, 10))
def test_a_counter_knows_where_a_number_is_reached(bits: list[int], number: int) -> None:
    everywhere = (1 << LENGTH) - 1
    reached = Counter(bits).at_least(number, everywhere)
    for minute in range(0, LENGTH, 5):
        assert (reached >> minute & 1) == (sum(b >> minute & 1 for b in bits) >= number)


@given(bitmaps)
def test_the_first_run_ends_where_a_bit_is_clear(bits: int) -> None:
    start, end = first_run(bits)
    assert bits & span(start, end) == span(start, end)
    assert not bits >> end & 1 or start == end
    assert bits & span(0, start) == 0
