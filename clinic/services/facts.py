"""One way to write a fact: check it, save it, and journal what changed.

The writers of this folder run inside the transaction of an outer service, which has asked whether
booked visits still fit (`scheduling.services.upkeep`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model

from clinic import journal
from clinic.journal import Actor
from clinic.models import Site

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


@dataclass(frozen=True, slots=True)
class Pen:
    """Who writes, when, and of which kind of thing: the journal's subject is "kind:id".

    `seen` is the newest change of it that the writer has looked at; None does not ask.
    """

    kind: str
    actor: Actor
    now: datetime
    seen: int | None = None

    def unchanged(self, of: Model) -> None:
        """ChangedMeanwhile when somebody else changed it after the writer looked."""
        journal.unchanged_since(self.seen, f"{self.kind}:{of.pk}")

    def note(
        self,
        what: str,
        of: Model | int,
        site: Site | int | None = None,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """One journal row: `kind.what`."""
        journal.record(
            actor=self.actor,
            now=self.now,
            action=f"{self.kind}.{what}",
            subject=f"{self.kind}:{of.pk if isinstance(of, Model) else of}",
            site=site,
            before=before,
            after=after,
        )


def save(row: Model, facts: Mapping[str, Any], pen: Pen, *, site: Site | None) -> None:
    """Set these fields of a row, new or old, and journal those that differ; nothing if none does.

    django's ValidationError with messages by field; ChangedMeanwhile.
    """
    new = row._state.adding
    if not new:
        pen.unchanged(row)
    before = {} if new else {field: getattr(row, field) for field in facts}
    for field, value in facts.items():
        setattr(row, field, value.strip() if isinstance(value, str) else value)
    row.full_clean()
    was, became = journal.changes(before, {field: getattr(row, field) for field in facts})
    if new or became:
        row.save()
        pen.note("added" if new else "changed", row, site, was if not new else None, became)


def remove(row: Model, pen: Pen, *, site: Site | None, fields: Iterable[str]) -> None:
    """Delete a row, keeping these fields of it in the journal."""
    _, was = journal.changes({}, {field: getattr(row, field) for field in fields})
    pen.note("removed", row, site, was)
    row.delete()


def slugs(words: Iterable[str], field: str) -> list[str]:
    """Words such as "infusion", each once, in order; ValidationError for one that is none."""
    found = list(dict.fromkeys(word.strip() for word in words))
    for word in found:
        if not SLUG.fullmatch(word):
            raise ValidationError(
                {field: f"“{word[:60]}” is not a word of small letters, digits, _ and -."}
            )
    return found
