"""A file of comma-separated values as a table, or why it is none."""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass

LARGEST_BYTES = 5_000_000
MOST_ROWS = 20_000
MOST_COLUMNS = 60
LONGEST_CELL = 5_000
SEPARATORS = ",;\t|"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class NotATable(Exception):
    """The file cannot be read as a table; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """`number` is the one that a spreadsheet shows: the heading is row 1."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The heading's words, and the rows below it that are not empty."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]

    def samples(self, column: int) -> list[str]:
        """The first few different things in a column."""
        seen = dict.fromkeys(
            row.cells[column].strip() for row in self.rows[:50] if column < len(row.cells)
        )
        return [text for text in seen if text][:3]


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; `read` takes the mark off again."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def decode(raw: bytes) -> str:
    """Text from UTF-8, UTF-16 with its mark, or what Windows programs write. NotATable."""
    if len(raw) > LARGEST_BYTES:
        raise NotATable("The file is larger than 5 MB. Split it, and import one part at a time.")
    if raw.startswith(WORKBOOK):
        raise NotATable("This is a workbook. In the spreadsheet choose “Save as” and then CSV.")
    if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.removeprefix(BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def read(text: str) -> Table:
    """The table in a text; the first line is its heading. NotATable."""
    if "\0" in text:
        raise NotATable("The file holds signs that no text has. Save it again as CSV (UTF-8).")
    lines = _records(text)
    if not lines:
        raise NotATable("The file is empty.")
    heads = tuple(cell.strip() for cell in lines[0][1])
    rows = tuple(Row(number, cells) for number, cells in lines[1:])
    if len(heads) > MOST_COLUMNS:
        raise NotATable(f"The heading has {len(heads)} columns; {MOST_COLUMNS} are the most.")
    if len(rows) > MOST_ROWS:
        raise NotATable(f"The file has {len(rows):,} rows; {MOST_ROWS:,} are the most at a time.")
    if not rows:
        raise NotATable("There is a heading and no row below it.")
    if not any(heads):
        raise NotATable("The first row is the heading, and it is empty here.")
    named = [head.casefold() for head in heads if head]
    if twice := sorted({head for head in named if named.count(head) > 1}):
        raise NotATable(f"Two columns are called “{twice[0]}”. Give each a name of its own.")
    return Table(heads, rows)


def _records(text: str) -> list[tuple[int, tuple[str, ...]]]:
    """Every record that is not empty, with its number in a spreadsheet."""
    csv.field_size_limit(LARGEST_BYTES)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    try:
        return [
            (number, tuple(_bare(cell)[:LONGEST_CELL] for cell in cells))
            for number, cells in enumerate(reader, start=1)
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise NotATable(f"Line {reader.line_num} cannot be read: {error}.") from error


def _bare(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell.startswith(FORMULA, 1) else cell


def _separator(text: str) -> str:
    """The sign that cuts the heading into the most cells."""
    heading = text.lstrip("\r\n").split("\n", 1)[0]
    return max(SEPARATORS, key=lambda sign: (heading.count(sign), sign == ","))
