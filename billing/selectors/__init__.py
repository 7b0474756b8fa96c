"""What the doors read about money."""

from billing.selectors.ledger import balances, owed, unearned

__all__ = ["balances", "owed", "unearned"]
