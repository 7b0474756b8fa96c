"""The protocol catalogue: YAML in and out, checked. Pure: no Django, no database.

`read(text)` gives documents or `InvalidCatalogue`; `protocol(definition, version=..)` gives the
planner's view; `write(definitions)` gives the YAML back; `starter_text()` the templates.
`check(typed)` judges what somebody is writing; `compare(before, after)` tells what changed;
`sample(definition, d0=..)` gives dates to look at; `extended(..)`, `keys_after(..)` and
`step_of(..)` know the visits that a protocol's extension adds to a series.
"""

from scheduling.catalogue.building import protocol
from scheduling.catalogue.checking import Checked, check
from scheduling.catalogue.comparing import Comparison, compare
from scheduling.catalogue.extending import extended, is_added, keys_after, step_of
from scheduling.catalogue.reading import Document, read, starter_text, starters
from scheduling.catalogue.sampling import sample
from scheduling.catalogue.tree import InvalidCatalogue, Problem
from scheduling.catalogue.writing import write

__all__ = [
    "Checked",
    "Comparison",
    "Document",
    "InvalidCatalogue",
    "Problem",
    "check",
    "compare",
    "extended",
    "is_added",
    "keys_after",
    "protocol",
    "read",
    "sample",
    "starter_text",
    "starters",
    "step_of",
    "write",
]
