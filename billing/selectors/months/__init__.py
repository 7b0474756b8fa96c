"""A month of money, from the ledger, each figure with the query that gives the same."""

from billing.selectors.months.aging import Aged, aged
from billing.selectors.months.reductions import Reductions, reductions
from billing.selectors.months.revenue import Revenue, revenue
from billing.selectors.months.unearned import RollForward, roll_forward

__all__ = [
    "Aged",
    "Reductions",
    "Revenue",
    "RollForward",
    "aged",
    "reductions",
    "revenue",
    "roll_forward",
]
