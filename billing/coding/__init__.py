"""From what was done in a visit to the charges proposed for it. Pure: no Django, no database.

`propose(done, rules)` gives `Charges`: lines, flags for a person, and what was dropped.
`starters()` are the rules that Chairtime comes with (`billing/codes/*.yaml`), `read(texts)` a
clinic's own. `table` holds what they are made of; `given` and `seen` are the rules of coding.
Charges are proposals: a biller or clinician reviews every one.
"""

from billing.coding.charges import Charges, Done, Dropped, Flag, Line, Phase
from billing.coding.minutes import MixedTimes
from billing.coding.proposing import UnknownPayer, propose
from billing.coding.reading import read, starters
from billing.coding.table import Code, Payer, Rules

__all__ = [
    "Charges",
    "Code",
    "Done",
    "Dropped",
    "Flag",
    "Line",
    "MixedTimes",
    "Payer",
    "Phase",
    "Rules",
    "UnknownPayer",
    "propose",
    "read",
    "starters",
]
