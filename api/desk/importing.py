"""A file that somebody brings in, ready to be looked at: its columns, faults and first rows."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet

from api.desk import words
from api.desk.forms import DeskForm
from clinic.imports.fields import Field
from clinic.imports.outcome import Change, Fault, Outcome
from clinic.imports.table import LARGEST_BYTES, NotATable, Table, decode, read
from clinic.models import ImportDraft, Patient, Site
from clinic.services.importing import FIELDS, check_patients, plan_of
from scheduling.services.importing import check_staff

FAULTS_SHOWN = 200
ROWS_SHOWN = 8
ORDERS = (
    ("ymd", "Year first", "2026-12-08"),
    ("mdy", "Month first", "12/08/2026"),
    ("dmy", "Day first", "08.12.2026"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be brought in, and the right that it takes."""

    key: str
    label: str
    one: str
    action: str


KINDS = {
    "patients": Kind("patients", "Patients", "patient", "manage_patients"),
    "staff": Kind("staff", "Staff", "colleague", "manage_staff"),
}


class ImportForm(DeskForm):
    """A file, or rows pasted from a spreadsheet."""

    kind = forms.ChoiceField(label="What is in it", widget=forms.RadioSelect())
    file = forms.FileField(
        label="File",
        required=False,
        allow_empty_file=True,
        help_text="CSV, up to 5 MB and 20,000 rows; the first row is the heading.",
        widget=forms.FileInput({"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
    )
    text = forms.CharField(
        label="Or paste rows from a spreadsheet",
        required=False,
        max_length=LARGEST_BYTES,
        widget=forms.Textarea({"rows": 5, "spellcheck": "false", "autocomplete": "off"}),
    )

    def __init__(
        self, *args: Any, kinds: Sequence[Kind], only_file: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        choice = cast(forms.ChoiceField, self.fields["kind"])
        choice.choices = [(kind.key, kind.label) for kind in kinds]
        if only_file:
            del self.fields["kind"], self.fields["text"]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not given.get("file") and not given.get("text") and not self.errors:
            self.add_error("file", "Choose a file, or paste the rows.")
        return given

    @property
    def file_name(self) -> str:
        given: UploadedFile | None = self.cleaned_data.get("file")
        return (given.name or "") if given else ""


def text_in(form: ImportForm) -> str:
    """The text of the file, else what was pasted. NotATable."""
    given: UploadedFile | None = form.cleaned_data.get("file")
    if given is None:
        return str(form.cleaned_data["text"])
    if given.size is not None and given.size > LARGEST_BYTES:
        raise NotATable("The file is larger than 5 MB. Split it, and import one part at a time.")
    return decode(given.read())


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: what it holds here, and a few of its cells."""

    at: int
    head: str
    samples: str
    field: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as the table of first rows shows it."""

    row: int
    change: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What the page of a draft is made of. `wrong` is what must be decided before rows are read."""

    table: Table
    columns: tuple[Column, ...]
    fields: tuple[Field, ...]
    order: str
    dated: bool
    wrong: tuple[str, ...]
    outcome: Outcome

    @property
    def ready(self) -> bool:
        return not self.wrong and not self.outcome.faults

    @property
    def counts(self) -> list[tuple[str, int]]:
        return [(change.value, self.outcome.count(change)) for change in Change]

    @property
    def writes(self) -> int:
        return self.outcome.count(Change.NEW) + self.outcome.count(Change.CHANGED)

    @property
    def faults(self) -> list[Fault]:
        return self.outcome.faults[:FAULTS_SHOWN]

    @property
    def more_faults(self) -> int:
        return max(0, len(self.outcome.faults) - FAULTS_SHOWN)

    @property
    def heads(self) -> list[str]:
        labels = {one.name: one.label for one in self.fields}
        return [labels[column.field] for column in self.columns if column.field]

    @property
    def first(self) -> list[Shown]:
        """The first rows that do something, as they will be kept."""
        held = [(column.at, column.field) for column in self.columns if column.field]
        cells = {row.number: row.cells for row in self.table.rows}
        doing = [found for found in self.outcome.found if found.change != Change.UNCHANGED]
        return [
            Shown(
                found.row,
                found.change,
                tuple(_kept(found.values.get(name), cells[found.row], at) for at, name in held),
            )
            for found in doing[:ROWS_SHOWN]
        ]

    def to_repair(self) -> list[list[str]]:
        """The heading and every row with a fault, with what is wrong in a last column."""
        told: dict[int, list[str]] = {}
        for fault in self.outcome.faults:
            said = f"{fault.column}: {fault.message}" if fault.column else fault.message
            told.setdefault(fault.row, []).append(said)
        rows = [
            [
                *row.cells,
                *[""] * (len(self.table.heads) - len(row.cells)),
                " ".join(told[row.number]),
            ]
            for row in self.table.rows
            if row.number in told
        ]
        return [[*self.table.heads, "What is wrong"], *rows]


def preview(
    draft: ImportDraft,
    *,
    patients: QuerySet[Patient],
    homes: Container[int],
    sites: Iterable[Site],
    now: datetime,
) -> Preview:
    """Read a draft and judge it against what is known; nothing is saved."""
    table, plan, fields = read(draft.text), plan_of(draft), FIELDS[draft.kind]
    wrong = tuple(plan.wrong(fields))
    outcome = Outcome()
    if not wrong and draft.kind == ImportDraft.Kind.PATIENTS:
        outcome = check_patients(draft, table, among=patients, homes=homes, now=now)
    elif not wrong:
        today = now.astimezone(draft.site.zone).date()
        outcome = check_staff(draft, table, sites=sites, today=today)
    columns = tuple(
        Column(at, head or f"Column {at + 1}", ", ".join(table.samples(at)), plan.columns[at])
        for at, head in enumerate(table.heads)
    )
    dates = {"birth_date", "credential_expires_on"}
    return Preview(
        table=table,
        columns=columns,
        fields=fields,
        order=plan.reading.order,
        dated=bool(dates & set(plan.columns)),
        wrong=wrong,
        outcome=outcome,
    )


def _kept(value: Any, cells: tuple[str, ...], at: int) -> str:
    """A cell as it will be kept; what stays as it was is shown as typed."""
    if isinstance(value, date):
        return words.born(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if value is not None:
        return str(value)
    return cells[at].strip() if at < len(cells) else ""
