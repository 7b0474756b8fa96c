"""Money as whole cents of a currency: exact, and refused where it would not be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import total_ordering
from typing import Final

SIGNS: Final[Mapping[str, str]] = {"USD": "$", "CAD": "CA$", "EUR": "€", "GBP": "£"}
"""Currencies that Chairtime keeps: those of a hundred cents."""
_AMOUNT = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{2}))?")


class NotMoney(ValueError):
    """An amount that cannot be read; the message says what to write."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """`cents` may be negative: a refund, a correction. Two currencies never mix."""

    cents: int
    currency: str = "USD"

    def __post_init__(self) -> None:
        if type(self.cents) is not int:
            raise NotMoney(f"Money is whole cents, not {self.cents!r}: parse a text such as 12.34.")
        if self.currency not in SIGNS:
            known = ", ".join(SIGNS)
            raise NotMoney(f"{self.currency!r} is not a currency kept here; use one of {known}.")

    @classmethod
    def parse(cls, amount: object, currency: str = "USD") -> Money:
        """`12.34`, `-5.00` or `12`, as text; NotMoney for a float or any other form."""
        if not isinstance(amount, str):
            raise NotMoney(f"Write the amount as a text in quotes such as “12.34”, not {amount!r}.")
        read = _AMOUNT.fullmatch(amount) if amount.isascii() else None
        if read is None:
            raise NotMoney(
                f"“{amount[:40]}” is no amount; write it with two decimals, as in 12.34."
            )
        sign, whole, cents = read.groups()
        value = int(whole) * 100 + int(cents or 0)
        return cls(-value if sign else value, currency)

    @classmethod
    def from_json(cls, given: object) -> Money:
        """From {"amount": "12.34", "currency": "USD"}; NotMoney for anything else."""
        if not isinstance(given, Mapping) or set(given) != {"amount", "currency"}:
            raise NotMoney('Write money as {"amount": "12.34", "currency": "USD"}.')
        currency = given["currency"]
        if not isinstance(currency, str):
            raise NotMoney("Write the currency as three letters, such as USD.")
        return cls.parse(given["amount"], currency)

    def json(self) -> dict[str, str]:
        return {"amount": self.amount, "currency": self.currency}

    @property
    def amount(self) -> str:
        """`12.34`, `-0.05`: for documents of machines."""
        sign = "-" if self.cents < 0 else ""
        return f"{sign}{abs(self.cents) // 100}.{abs(self.cents) % 100:02}"

    def __str__(self) -> str:
        """`$1,234.50`, `-$0.05`: for people."""
        sign = "-" if self.cents < 0 else ""
        whole, cents = divmod(abs(self.cents), 100)
        return f"{sign}{SIGNS[self.currency]}{whole:,}.{cents:02}"

    def __add__(self, other: Money) -> Money:
        return Money(self.cents + self._same(other).cents, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.cents - self._same(other).cents, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.cents, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.cents * times, self.currency)

    def __bool__(self) -> bool:
        return self.cents != 0

    def __lt__(self, other: Money) -> bool:
        return self.cents < self._same(other).cents

    def split(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Shares by weight that add up to the whole: the cents left go to the largest remainders.

        Of equal remainders the first get the cent. ValueError without weights, for a negative
        one, or when all are 0.
        """
        total = sum(weights)
        if not weights or min(weights) < 0 or total == 0:
            raise ValueError("Split by weights of 0 and more, at least one of them above 0.")
        size, sign = abs(self.cents), -1 if self.cents < 0 else 1
        shares = [size * weight // total for weight in weights]
        left = size - sum(shares)
        by_remainder = sorted(range(len(weights)), key=lambda n: -(size * weights[n] % total))
        for number in by_remainder[:left]:
            shares[number] += 1
        return tuple(Money(sign * share, self.currency) for share in shares)

    def parts(self, count: int) -> tuple[Money, ...]:
        """So many shares, none a cent more than another's by more than one."""
        return self.split([1] * count)

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise NotMoney(f"{self.currency} and {other.currency} cannot be added or compared.")
        return other


def total(amounts: Iterable[Money], currency: str = "USD") -> Money:
    """The sum; nothing of `currency` for no amounts."""
    return sum(amounts, Money(0, currency))
