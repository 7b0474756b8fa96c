"""What a file would do: its faults by row and column, and what every good row would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from clinic.imports.fields import Field, Reading, Unreadable
from clinic.imports.table import Row, Table


class Change(StrEnum):
    """What a row would do."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one cell; `column` is empty when it is the row as a whole."""

    row: int
    column: str
    cell: str
    message: str


@dataclass(frozen=True, slots=True)
class Found:
    """A good row. `known` is whom it is about, `values` what would be written of them."""

    row: int
    change: Change
    values: Mapping[str, Any]
    known: int | None = None


@dataclass(slots=True)
class Outcome:
    """All of a file, row by row."""

    found: list[Found] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def count(self, change: Change) -> int:
        return sum(one.change == change for one in self.found)

    @property
    def faulty_rows(self) -> int:
        return len({fault.row for fault in self.faults})


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file is read: the field that each column holds ("" for none), and its dates' order."""

    columns: tuple[str, ...]
    reading: Reading

    def wrong(self, fields: Sequence[Field]) -> list[str]:
        """What has to be decided before a row can be read."""
        told = [name for name in self.columns if name]
        labels = {one.name: one.label for one in fields}
        missing = [one.label for one in fields if one.required and one.name not in told]
        twice = [labels[name] for name in dict.fromkeys(told) if told.count(name) > 1]
        said = [f"Two columns hold “{label}”. Choose one." for label in twice]
        if missing:
            said.append(f"No column holds {_listed(missing)} yet.")
        return said


@dataclass(frozen=True, slots=True)
class Line:
    """A row read by its fields: the values, the cells as typed, and what could not be read."""

    row: int
    values: dict[str, Any]
    typed: dict[str, tuple[str, str]]
    faults: list[Fault]

    def fault(self, name: str, message: str) -> None:
        """Something wrong in the cell of a field, or in the row when no column holds it."""
        column, cell = self.typed.get(name, ("", ""))
        self.faults.append(Fault(self.row, column, cell, message))


def lines(table: Table, plan: Plan, fields: Sequence[Field]) -> Iterable[Line]:
    """Every row read, with a fault for each cell that cannot be; `plan` has nothing wrong."""
    by_name = {one.name: one for one in fields}
    holds = [(at, by_name[name]) for at, name in enumerate(plan.columns) if name in by_name]
    for row in table.rows:
        yield _line(row, table, plan, holds)


def _line(row: Row, table: Table, plan: Plan, holds: list[tuple[int, Field]]) -> Line:
    line = Line(row.number, {}, {}, [])
    if len(row.cells) != len(table.heads) and any(row.cells[len(table.heads) :]):
        message = (
            f"The row has {len(row.cells)} cells and the heading {len(table.heads)}. "
            "A cell that holds the separator is put in quotation marks."
        )
        line.faults.append(Fault(row.number, "", "", message))
        return line
    for at, one in holds:
        cell = row.cells[at].strip() if at < len(row.cells) else ""
        line.typed[one.name] = (table.heads[at] or f"column {at + 1}", cell)
        if not cell:
            if one.required:
                line.fault(one.name, f"{one.label} is missing.")
            continue
        try:
            line.values[one.name] = one.read(cell, plan.reading)
        except Unreadable as wrong:
            line.fault(one.name, str(wrong))
    return line


def _listed(words: list[str]) -> str:
    small = [word[:1].lower() + word[1:] if word[1:2].islower() else word for word in words]
    return small[0] if len(small) == 1 else f"{', '.join(small[:-1])} and {small[-1]}"
