"""What happened -> what follows: the journal announces, a table says what to do about it.

The table is wiring and lives above (settings.FOLLOWUPS names it, and settings.OUTBOX what keeps
rows for webhooks in the same transaction), because what follows knows every floor and the facts
below know none of it.
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
Outbox = Callable[[Sequence[Journal]], object]


def announce(*entries: Journal) -> None:
    """Keep with a change what is told outside, and line up what follows once it is committed."""
    _outbox()(entries)
    for entry in entries:
        for consequence in _table().get(entry.action, ()):
            after_commit(partial(consequence, entry))


@cache
def _outbox() -> Outbox:
    keep: Outbox = import_string(settings.OUTBOX)
    return keep


@cache
def _table() -> Table:
    table: Table = import_string(settings.FOLLOWUPS)
    return table
