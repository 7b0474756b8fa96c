"""Bring in staff from a file: every row or none, and never over a booked visit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from clinic.imports import staff
from clinic.imports.fields import STAFF
from clinic.imports.outcome import Change, Outcome
from clinic.imports.table import Table, read
from clinic.journal import Actor
from clinic.models import Credential, ImportDraft, Site, Staff
from clinic.services.facts import Pen
from clinic.services.importing import ImportRefused, locked_draft, plan_of
from clinic.services.roster import write_credential, write_staff
from clinic.transactions import durable
from scheduling.services.keeping import visits_fit


def check_staff(draft: ImportDraft, table: Table, *, sites: Iterable[Site], today: date) -> Outcome:
    """What a draft would do to the staff; `sites` are those whose staff its user may write."""
    return staff.check(table, plan_of(draft), site=draft.site, sites=sites, today=today)


@durable
def import_staff(*, draft: int, sites: Iterable[Site], actor: Actor, now: datetime) -> Outcome:
    """Write every row of a draft, and forget it.

    ImportRefused when any row has a fault; WouldBreakVisits when a changed role or skill is one
    that booked visits need. Imported again, the same file changes nothing.
    """
    row = locked_draft(draft)
    if wrong := plan_of(row).wrong(STAFF):
        raise ImportRefused(" ".join(wrong))
    today = now.astimezone(row.site.zone).date()
    outcome = check_staff(row, read(row.text), sites=sites, today=today)
    if outcome.faults:
        raise ImportRefused(f"{outcome.faulty_rows} rows have faults; nothing was imported.")
    changed = [found.known for found in outcome.found if found.change == Change.CHANGED]
    edited = Staff.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    list(edited.filter(pk__in=[pk for pk in changed if pk]))
    touched = Site.objects.filter(staff__in=[pk for pk in changed if pk]).distinct()
    with visits_fit(touched, now=now):
        for found in outcome.found:
            if found.change != Change.UNCHANGED:
                _write(found.known, dict(found.values), actor, now)
    row.delete()
    return outcome


def _write(known: int | None, values: dict[str, Any], actor: Actor, now: datetime) -> None:
    told = values.pop("credential", None)
    person = Staff.objects.get(pk=known) if known else None
    facts: Any = values
    if values:
        person = write_staff(person, facts, Pen("staff", actor, now))
    if told and person:
        held = Credential.objects.filter(
            staff=person, kind=told["kind"], number=told.get("number", "")
        ).first()
        write_credential(held, person, told, Pen("credential", actor, now))
