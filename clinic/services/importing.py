"""Bring in patients from a file: every row or none. Drafts keep the file until it is."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import QuerySet

from clinic import journal
from clinic.imports import patients
from clinic.imports.fields import PATIENTS, STAFF, Field, Reading, guess, order_of
from clinic.imports.outcome import Change, Found, Outcome, Plan
from clinic.imports.table import Table, read
from clinic.journal import Actor
from clinic.models import ImportDraft, Patient, Resource, Site, User
from clinic.services.patients import facts_of, latest_today, tidy, write_patient
from clinic.transactions import durable

FIELDS: dict[str, tuple[Field, ...]] = {"patients": PATIENTS, "staff": STAFF}
KEPT_FOR = timedelta(days=1)
AT_ONCE = 500


class ImportRefused(Exception):
    """The file cannot be imported as it stands: it has faults, or was changed meanwhile."""


@durable
def start_import(
    *,
    kind: Literal["patients", "staff"],
    site: Site,
    user: User,
    text: str,
    file_name: str,
    now: datetime,
) -> ImportDraft:
    """Keep a file to be looked at, its columns guessed. NotATable."""
    mapping = _guessed(read(text), FIELDS[kind])
    return ImportDraft.objects.create(
        kind=kind,
        site=site,
        user=user,
        text=text,
        file_name=file_name[-200:],
        mapping=mapping,
        created_at=now,
    )


@durable
def replace_file(*, draft: int, text: str, file_name: str, now: datetime) -> ImportDraft:
    """A repaired file in place of the one kept; columns of the same heading stay as chosen."""
    row = ImportDraft.objects.select_for_update(of=("self",)).get(pk=draft)
    before, after = read(row.text), read(text)
    chosen = dict(zip(before.heads, row.mapping["columns"], strict=True))
    mapping = _guessed(after, FIELDS[row.kind])
    columns = [
        chosen.get(head, name) for head, name in zip(after.heads, mapping["columns"], strict=True)
    ]
    row.mapping = {"columns": columns, "order": row.mapping["order"]}
    row.text, row.file_name, row.created_at = text, file_name[-200:], now
    row.save()
    return row


@durable
def map_columns(*, draft: int, columns: Sequence[str], order: str) -> ImportDraft:
    """Say what each column holds ("" for nothing) and how dates are written."""
    row = ImportDraft.objects.select_for_update(of=("self",)).get(pk=draft)
    names = {one.name for one in FIELDS[row.kind]}
    given = [name if name in names else "" for name in columns]
    heads = read(row.text).heads
    row.mapping = {
        "columns": (given + [""] * len(heads))[: len(heads)],
        "order": order if order in ("mdy", "dmy", "ymd") else row.mapping["order"],
    }
    row.save(update_fields=["mapping"])
    return row


@durable
def discard_import(*, draft: int) -> None:
    """Forget a file."""
    ImportDraft.objects.filter(pk=draft).delete()


@durable
def forget_old_imports(*, now: datetime) -> int:
    """Forget the files that nobody imported within a day: they hold people's data."""
    return ImportDraft.objects.filter(created_at__lt=now - KEPT_FOR).delete()[0]


def locked_draft(pk: int) -> ImportDraft:
    """A draft that nobody else imports now; one file a site at a time, lest two bring the same."""
    row = ImportDraft.objects.select_for_update(of=("self",)).select_related("site").get(pk=pk)
    Site.objects.select_for_update(no_key=True).get(pk=row.site_id)
    return row


def plan_of(draft: ImportDraft) -> Plan:
    """How a draft is to be read."""
    return Plan(tuple(draft.mapping["columns"]), Reading(draft.mapping["order"]))


def check_patients(
    draft: ImportDraft,
    table: Table,
    *,
    among: QuerySet[Patient],
    homes: Container[int],
    now: datetime,
) -> Outcome:
    """What a draft would do to the patients of `among`, those that its user may see.

    `homes` are the sites whose patients its user may correct.
    """
    return patients.check(
        table,
        plan_of(draft),
        among=among,
        homes=homes,
        country=draft.site.country,
        today=latest_today(now),
    )


@durable
def import_patients(
    *,
    draft: int,
    among: QuerySet[Patient],
    homes: Container[int],
    actor: Actor,
    now: datetime,
) -> Outcome:
    """Write every row of a draft, and forget it. ImportRefused when any row has a fault.

    Rows about known patients change what differs; imported again, the same file changes nothing.
    """
    row = locked_draft(draft)
    if wrong := plan_of(row).wrong(PATIENTS):
        raise ImportRefused(" ".join(wrong))
    outcome = check_patients(row, read(row.text), among=among, homes=homes, now=now)
    if outcome.faults:
        raise ImportRefused(f"{outcome.faulty_rows} rows have faults; nothing was imported.")
    for found in outcome.found:
        if found.change == Change.CHANGED and found.known:
            changes: Any = found.values
            write_patient(patient=found.known, changes=changes, actor=actor, now=now)
    new = [found for found in outcome.found if found.change == Change.NEW]
    try:
        _add(new, row.site, actor, now)
    except IntegrityError as error:
        raise ImportRefused("Somebody added one of these patients a moment ago.") from error
    row.delete()
    return outcome


def _add(found: Sequence[Found], site: Site, actor: Actor, now: datetime) -> None:
    """New patients, with an MRN made for those that have none."""
    today, made = latest_today(now), []
    resources = Resource.objects.bulk_create(
        [Resource(kind=Resource.Kind.PATIENT) for _ in found], batch_size=AT_ONCE
    )
    fresh = _fresh_mrns(resource.pk for resource in resources)
    for one, resource in zip(found, resources, strict=True):
        patient = Patient(resource=resource, home_site=site, created_at=now, **one.values)
        patient.mrn = patient.mrn or fresh[resource.pk]
        if wrong := tidy(patient, country=site.country, today=today, now=now):
            raise ValidationError(wrong)
        made.append(patient)
    Patient.objects.bulk_create(made, batch_size=AT_ONCE)
    journal.record_all(
        actor=actor,
        now=now,
        action="patient.added",
        site=site,
        after={f"patient:{one.pk}": journal.changes({}, facts_of(one))[1] for one in made},
    )


def _fresh_mrns(numbers: Iterable[int]) -> dict[int, str]:
    """An MRN that nobody has for each number."""
    wanted = {number: f"C{number:06d}" for number in numbers}
    taken = set(Patient.objects.filter(mrn__startswith="C").values_list("mrn", flat=True))
    for number in wanted:
        while wanted[number] in taken:
            wanted[number] += "X"
    return wanted


def _guessed(table: Table, fields: Sequence[Field]) -> dict[str, Any]:
    columns = guess(table.heads, fields)
    dates = [
        at for at, name in enumerate(columns) if name in ("birth_date", "credential_expires_on")
    ]
    cells = [row.cells[at] for at in dates for row in table.rows if at < len(row.cells)]
    return {"columns": columns, "order": order_of(cells)}


__all__ = [
    "FIELDS",
    "ImportRefused",
    "check_patients",
    "discard_import",
    "forget_old_imports",
    "import_patients",
    "locked_draft",
    "map_columns",
    "plan_of",
    "replace_file",
    "start_import",
]
