"""Money is whole cents: read strictly, split without losing one, shown as people write it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.money import Money, NotMoney, total

CENTS = st.integers(-(10**9), 10**9)


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("12.34", 1234),
        ("0.05", 5),
        ("12", 1200),
        ("-5.00", -500),
        ("999999999999.99", 99_999_999_999_999),
    ],
)
def test_an_amount_is_read(text: str, cents: int):
    assert Money.parse(text).cents == cents


@pytest.mark.parametrize(
    "amount",
    [
        12.34, 12, None, True, "12.345", "12.3", "12.", ".50", "1,234.50", "$12.34", " 12.34", "",
        "12.34\n", "1e3", "--1", "+1.00", "NaN", "١٢.٣٤", "1234567890123.00",
    ],
)  # fmt: skip
def test_what_is_no_exact_amount_is_refused_with_what_to_write(amount: object):
    with pytest.raises(NotMoney, match=r"12\.34"):
        Money.parse(amount)


@pytest.mark.parametrize(
    "given_",
    [{}, {"amount": "1.00"}, {"amount": 1.0, "currency": "USD"}, "1.00", None, [1],
     {"amount": "1.00", "currency": "XXX"}, {"amount": "1.00", "currency": 1},
     {"amount": "1.00", "currency": "USD", "cents": 100}],
)  # fmt: skip
def test_json_of_another_shape_is_refused(given_: object):
    with pytest.raises(NotMoney):
        Money.from_json(given_)


@pytest.mark.parametrize("cents", [1.0, True, "1"])
def test_cents_are_whole(cents: object):
    with pytest.raises(NotMoney):
        Money(cents)  # type: ignore[arg-type]


@settings(deadline=None)
@given(CENTS)
def test_money_comes_back_from_json(cents: int):
    assert Money.from_json(Money(cents).json()) == Money(cents)


@pytest.mark.parametrize(
    ("cents", "shown"),
    [(0, "$0.00"), (5, "$0.05"), (-5, "-$0.05"), (123450, "$1,234.50"), (-40000, "-$400.00")],
)
def test_money_is_shown_as_people_write_it(cents: int, shown: str):
    assert str(Money(cents)) == shown


@settings(deadline=None)
@given(CENTS, st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any))
def test_a_split_loses_no_cent_and_is_fair(cents: int, weights: list[int]):
    whole = Money(cents)
    shares = whole.split(weights)
    assert total(shares) == whole
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share.cents * sum(weights) - cents * weight) < sum(weights)
        assert weight or not share


@settings(deadline=None)
@given(CENTS, st.integers(1, 100))
def test_parts_differ_by_a_cent_at_most(cents: int, count: int):
    parts = [part.cents for part in Money(cents).parts(count)]
    assert sum(parts) == cents
    assert max(parts) - min(parts) <= 1


@pytest.mark.parametrize(
    ("cents", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (5, [3, 7], [2, 3]),
        (100, [1, 2], [33, 67]),
        (1, [0, 1], [0, 1]),
    ],
)
def test_the_cents_left_go_to_the_largest_remainders(cents, weights, shares):
    assert [share.cents for share in Money(cents).split(weights)] == shares


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1]])
def test_a_split_by_nothing_is_refused(weights: list[int]):
    with pytest.raises(ValueError, match="weights"):
        Money(100).split(weights)


def test_currencies_never_mix():
    with pytest.raises(NotMoney, match="USD and EUR"):
        Money(1) + Money(1, "EUR")
    with pytest.raises(NotMoney):
        assert Money(1) < Money(2, "EUR")


def test_money_adds_up():
    assert Money(250_00) * 2 - Money(1) == Money(499_99)
    assert -Money(1) < Money(0) <= Money(0)
    assert total([]) == Money(0)
    assert not Money(0)
