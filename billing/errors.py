"""What billing refuses, in words for whoever asked."""

from __future__ import annotations


class MoneyRefused(Exception):
    """A rule about money says no. `rule` names it, the text says what would do instead."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
