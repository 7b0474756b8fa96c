"""Edited facts written back as the journal has them: sites, rooms, staff, credentials, patients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Model

from clinic.journal import Actor
from clinic.models import Credential, Journal, Patient, Room, Site, Staff
from clinic.services import closures, roster
from clinic.services.closures import Opening
from clinic.services.facts import Pen
from clinic.services.hours import WEEKDAYS, put_back_weekly_hours
from scheduling.services.attention import corrected
from scheduling.services.keeping import visits_fit
from scheduling.services.upkeep import WORDS

REVERTED: dict[str, type[Model]] = {
    "site.changed": Site,
    "room.changed": Room,
    "staff.changed": Staff,
    "credential.changed": Credential,
    "patient.corrected": Patient,
}
"""The journal's actions that `write_back` reverses, and what they change."""

OPENINGS = "hours"
Write = Callable[[Any, dict[str, Any], Pen], object]


def is_kept(entry: Journal) -> bool:
    """Whether every field of the change can be read back from the journal."""
    model = REVERTED[entry.action]
    if model is Staff and OPENINGS in entry.before:
        return "kept" in entry.before
    return bool(entry.before) and all(_plain(model, name) for name in entry.before)


def write_back(rows: Sequence[Journal], *, actor: Actor, now: datetime) -> None:
    """The fields as they were before these changes of one thing, oldest first.

    Raises what the edit itself would: WouldBreakVisits, Refused, ChangedMeanwhile,
    ValidationError.
    """
    kind, _, number = rows[-1].subject.partition(":")
    model = REVERTED[rows[-1].action]
    was: dict[str, Any] = {}
    for entry in reversed(rows):
        was |= entry.before
    if model is Staff and "kept" in was:
        _put_back_week(rows[-1], was["kept"], Pen(kind, actor, now, seen=rows[-1].pk))
        return
    facts = {name: _read(model, name, value) for name, value in was.items()}
    pen = Pen(kind, actor, now, seen=rows[-1].pk)
    if model is Patient:
        corrected(patient=int(number), changes=facts, actor=actor, now=now, seen=pen.seen)  # type: ignore[arg-type]
        return
    row = model._default_manager.select_for_update(of=("self",), no_key=True).get(pk=number)
    with visits_fit([] if facts.keys() <= WORDS else _judged(row, facts), now=now):
        WRITERS[model](row, facts, pen)


def _put_back_week(entry: Journal, kept: list[dict[str, Any]], pen: Pen) -> None:
    """Somebody's week at the site that the change was about."""
    assert entry.site is not None
    number = int(entry.subject.partition(":")[2])
    person = Staff.objects.select_for_update(of=("self",), no_key=True).get(pk=number)
    with visits_fit([entry.site], now=pen.now):
        since = date.fromisoformat(entry.after["since"])
        put_back_weekly_hours(person, entry.site, kept, since, pen)


def _judged(row: Any, facts: dict[str, Any]) -> Iterable[Site]:
    """The sites whose visits may rest on it."""
    if isinstance(row, Site):
        return [row]
    if isinstance(row, Room):
        return [row.site]
    person = row.staff if isinstance(row, Credential) else row
    return [*person.sites.all(), *facts.get("sites", [])]


def _write_site(row: Site, facts: dict[str, Any], pen: Pen) -> None:
    openings = facts.pop(OPENINGS, None)
    if facts:
        closures.write_site(row, facts, pen)  # type: ignore[arg-type]
    if openings is not None:
        closures.write_opening_hours(row, openings, Pen(pen.kind, pen.actor, pen.now))


def _write_staff(row: Staff, facts: dict[str, Any], pen: Pen) -> None:
    roster.write_staff(row, facts, pen)  # type: ignore[arg-type]


def _write_credential(row: Credential, facts: dict[str, Any], pen: Pen) -> None:
    roster.write_credential(row, row.staff, facts, pen)  # type: ignore[arg-type]


def _write_room(row: Room, facts: dict[str, Any], pen: Pen) -> None:
    roster.write_room(row, facts, pen)  # type: ignore[arg-type]


WRITERS: dict[type[Model], Write] = {
    Site: _write_site,
    Room: _write_room,
    Staff: _write_staff,
    Credential: _write_credential,
}


def _plain(model: type[Model], name: str) -> bool:
    if name == OPENINGS:
        return model is Site
    if model is Staff and name == "sites":
        return True
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return isinstance(field, Field) and not field.is_relation


def _read(model: type[Model], name: str, value: Any) -> Any:
    if name == OPENINGS:
        return [_opening(text) for text in value]
    if name == "sites":
        return list(Site.objects.filter(pk__in=value))
    field = model._meta.get_field(name)
    assert isinstance(field, Field)
    return field.to_python(value)


def _opening(text: str) -> Opening:
    """Monday 08:00-18:00."""
    day, _, clocks = text.partition(" ")
    opens, _, closes = clocks.partition("-")
    return Opening(WEEKDAYS.index(day), time.fromisoformat(opens), time.fromisoformat(closes))
