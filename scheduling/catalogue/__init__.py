"""The protocol catalogue: YAML in and out, checked. Pure: no Django, no database.

`read(text)` gives documents or `InvalidCatalogue`; `protocol(definition, version=..)` gives the
planner's view; `write(definitions)` gives the YAML back; `starter_text()` the templates.
"""

from scheduling.catalogue.building import protocol
from scheduling.catalogue.reading import Document, read, starter_text
from scheduling.catalogue.tree import InvalidCatalogue, Problem
from scheduling.catalogue.writing import write

__all__ = [
    "Document",
    "InvalidCatalogue",
    "Problem",
    "protocol",
    "read",
    "starter_text",
    "write",
]
