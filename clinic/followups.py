"""What happened -> what follows: the journal announces, a table says what to do about it.

The table is wiring and lives above (settings.FOLLOWUPS names it), because what follows knows
every floor and the facts below know none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

from django.conf import settings
from django.utils.module_loading import import_string

from clinic.models import Journal
from clinic.transactions import after_commit

Consequence = Callable[[Journal], object]
Table = Mapping[str, Sequence[Consequence]]


def announce(entry: Journal) -> None:
    """Line up what follows from a change; it runs after the change is committed."""
    for consequence in _table().get(entry.action, ()):
        after_commit(partial(consequence, entry))


@cache
def _table() -> Table:
    table: Table = import_string(settings.FOLLOWUPS)
    return table
