"""A sheet of paper with the clinic's head and foot, filled from the top; the same every time.

Lengths are points. What does not fit goes on the next sheet, a table with its head again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from reportlab.lib.pagesizes import A4, LETTER
from reportlab.pdfgen.canvas import Canvas

from billing.documents import words
from billing.documents.looks import colour_of, picture_of
from clinic.lettering import BOLD, PLAIN, draw, width, wrapped

LETTER_COUNTRIES = frozenset({"US", "CA", "MX", "PH", "CL", "CO", "VE", "GT", "PR"})
MARGIN, FOOT, BAR = 50.0, 64.0, 6.0
INK, GREY, LINE, TINT = 0.0, 0.36, 0.82, 0.93
LOGO_WIDE, LOGO_HIGH = 150.0, 44.0
RIGHT = "right"

Cell = str | tuple[str, str]
"""A text, or a text with a smaller one under it."""


@dataclass(frozen=True, slots=True)
class Column:
    """Its head, its share of the width, and the side its text stands on."""

    title: str
    share: float
    side: str = "left"


class Paper:
    """A document while it is drawn. `pages` is how many sheets it will have, 0 when unknown."""

    def __init__(self, facts: dict[str, Any], title: str, pages: int = 0) -> None:
        self.facts, self.title, self.pages = facts, title, pages
        self.clinic: dict[str, Any] = facts["clinic"]
        size = LETTER if self.clinic["country"] in LETTER_COUNTRIES else A4
        self.wide, self.high = size
        self.most = self.wide - 2 * MARGIN
        self.colour = colour_of(self.clinic["colour"])
        self.out = BytesIO()
        self.canvas = Canvas(self.out, pagesize=size, invariant=1, lang="en", pageCompression=1)
        self.canvas.setTitle(f"{title} {facts['number']}")
        self.canvas.setAuthor(self.clinic["name"])
        self.page = 0
        self.y = 0.0
        self._turn()

    def bytes(self) -> bytes:
        self._foot()
        self.canvas.showPage()
        self.canvas.save()
        return self.out.getvalue()

    def need(self, height: float) -> bool:
        """Turn the page unless so much room is left; whether it was turned."""
        if self.y - height >= FOOT:
            return False
        self._foot()
        self.canvas.showPage()
        self._turn()
        return True

    def text(
        self, x: float, text: str, size: float = 9, *, bold: bool = False, ink: Any = INK
    ) -> None:
        self._ink(ink)
        draw(self.canvas, x, self.y, text, size, BOLD if bold else PLAIN)

    def right(
        self, x: float, text: str, size: float = 9, *, bold: bool = False, ink: Any = INK
    ) -> None:
        self.text(x - width(text, size, BOLD if bold else PLAIN), text, size, bold=bold, ink=ink)

    def rule(self, ink: Any = LINE, thick: float = 0.6) -> None:
        self._ink(ink)
        self.canvas.setLineWidth(thick)
        self.canvas.line(MARGIN, self.y, self.wide - MARGIN, self.y)

    def heading(self, text: str) -> None:
        self.need(46)
        self.y -= 26
        self.text(MARGIN, text, 11, bold=True)
        self.y -= 6

    def paragraph(self, text: str, *, size: float = 9, ink: Any = INK, bold: bool = False) -> None:
        face = BOLD if bold else PLAIN
        for line in wrapped(text, size, self.most, face):
            self.need(size + 5)
            self.y -= size + 4
            self.text(MARGIN, line, size, bold=bold, ink=ink)
        self.y -= 3

    def points(self, texts: Iterable[str], *, size: float = 9) -> None:
        for text in texts:
            for number, line in enumerate(wrapped(text, size, self.most - 14)):
                self.need(size + 5)
                self.y -= size + 4
                if not number:
                    self.text(MARGIN + 2, "•", size)
                self.text(MARGIN + 14, line, size)
            self.y -= 3

    def blocks(self, blocks: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Columns of lines side by side, each under a small title: who, when, how much."""
        top, lowest = self.y, self.y
        each = self.most / len(blocks)
        for number, (title, lines) in enumerate(blocks):
            x, self.y = MARGIN + number * each, top - 12
            self.text(x, title, 7.5, ink=GREY)
            self.y -= 2
            for place, line in enumerate(lines):
                strong = place == 0
                face = BOLD if strong else PLAIN
                for part in wrapped(line, 9, each - 12, face):
                    self.y -= 12.5
                    self.text(x, part, 9, bold=strong)
            lowest = min(lowest, self.y)
        self.y = lowest - 12

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
        """Rows under a tinted head; figures stand right. A row never breaks over two sheets."""
        self.need(52)
        self._table_head(columns)
        for row in rows:
            cells = [self._cell(column, cell) for column, cell in zip(columns, row, strict=True)]
            height = max(sum(size + 3.5 for _, size, _ in cell) for cell in cells) + 8
            if self.need(height + 2):
                self._table_head(columns)
            top = self.y
            x = MARGIN
            for column, cell in zip(columns, cells, strict=True):
                self.y = top - 1
                for line, size, ink in cell:
                    self.y -= size + 3.5
                    self._set(column, x, line, size, ink)
                x += column.share * self.most
            self.y = top - height
            self.rule()
        self.y -= 4

    def totals(self, lines: Sequence[tuple[str, str]], *, strong: int = -1) -> None:
        """Sums under a table; the strong one is what is asked for."""
        self.need(18 * len(lines) + 10)
        strong %= len(lines)
        edge = self.wide - MARGIN
        for number, (label, value) in enumerate(lines):
            big = number == strong
            if big:
                self.y -= 7
                self._ink(self.colour)
                self.canvas.setLineWidth(1.2)
                self.canvas.line(edge - 250, self.y, edge, self.y)
                self.y -= 2
            self.y -= 15 if big else 14
            self.text(edge - 250, label, 10.5 if big else 9, bold=big)
            self.right(edge - 6, value, 10.5 if big else 9, bold=big)
        self.y -= 10

    def notice(self, title: str, text: str) -> None:
        """What must not be missed: a tinted box with a bar in the clinic's colour."""
        lines = wrapped(text, 9, self.most - 30)
        height = 13.0 * len(lines) + 30
        self.need(height + 8)
        self.y -= 8
        low = self.y - height
        self._ink(TINT)
        self.canvas.rect(MARGIN, low, self.most, height, stroke=0, fill=1)
        self._ink(self.colour)
        self.canvas.rect(MARGIN, low, 3, height, stroke=0, fill=1)
        self.y -= 17
        self.text(MARGIN + 14, title, 9.5, bold=True)
        for line in lines:
            self.y -= 13
            self.text(MARGIN + 14, line, 9)
        self.y = low - 4

    def _turn(self) -> None:
        self.page += 1
        self._ink(self.colour)
        self.canvas.rect(0, self.high - BAR, self.wide, BAR, stroke=0, fill=1)
        self.y = self.high - MARGIN
        if self.page > 1:
            self.text(MARGIN, f"{self.title} {self.facts['number']}, continued", 9, ink=GREY)
            self.y -= 10
            self.rule()
            self.y -= 6
            return
        self._head()

    def _head(self) -> None:
        """The clinic on the left, what this is on the right."""
        edge, top = self.wide - MARGIN, self.y
        self.y = top - 12
        self.right(edge, self.title, 17, bold=True, ink=self.colour)
        self.y -= 17
        self.right(edge, self.facts["number"], 9.5, bold=True)
        self.y -= 13
        self.right(edge, words.day(self.facts["on"]), 9, ink=GREY)
        right_end, self.y = self.y, top + 4
        self._logo()
        most = self.most - max(width(self.title, 17, BOLD), 120) - 24
        clinic = self.clinic
        for line in wrapped(clinic["name"], 12, most, BOLD)[:2]:
            self.y -= 15
            self.text(MARGIN, line, 12, bold=True)
        said = [clinic["address"], clinic["phone"]]
        if clinic["legal_name"] and clinic["legal_name"] != clinic["name"]:
            said.insert(0, clinic["legal_name"])
        for text in filter(None, said):
            for line in wrapped(text, 8.5, most)[:3]:
                self.y -= 12
                self.text(MARGIN, line, 8.5, ink=GREY)
        self.y = min(self.y, right_end) - 14
        self.rule()
        self.y -= 4

    def _logo(self) -> None:
        picture = picture_of(self.clinic["logo"])
        if picture is None:
            return
        wide, high = picture.getSize()
        scale = min(LOGO_WIDE / wide, LOGO_HIGH / high)
        self.y -= high * scale
        self.canvas.drawImage(picture, MARGIN, self.y, wide * scale, high * scale, mask="auto")
        self.y -= 4

    def _foot(self) -> None:
        kept = self.y
        self.y = FOOT - 20
        self.rule()
        self.y -= 13
        most = self.most - 90
        for line in wrapped(self.clinic["footer"], 7.5, most)[:2]:
            self.text(MARGIN, line, 7.5, ink=GREY)
            self.y -= 10
        self.y = FOOT - 33
        of = f" of {self.pages}" if self.pages else ""
        self.right(self.wide - MARGIN, f"Page {self.page}{of}", 7.5, ink=GREY)
        self.y = kept

    def _table_head(self, columns: Sequence[Column]) -> None:
        self.y -= 6
        self._ink(TINT)
        self.canvas.rect(MARGIN, self.y - 18, self.most, 18, stroke=0, fill=1)
        self.y -= 12.5
        x = MARGIN
        for column in columns:
            self._set(column, x, column.title, 7.5, GREY)
            x += column.share * self.most
        self.y -= 5.5

    def _cell(self, column: Column, cell: Cell) -> list[tuple[str, float, float]]:
        """The lines of a cell: text, size, ink."""
        main, under = (cell, "") if isinstance(cell, str) else cell
        most = column.share * self.most - 12
        lines = [(line, 8.5, INK) for line in wrapped(main, 8.5, most)] or [("", 8.5, INK)]
        return lines + [(line, 7.5, GREY) for line in wrapped(under, 7.5, most)]

    def _set(self, column: Column, x: float, text: str, size: float, ink: float) -> None:
        if column.side == RIGHT:
            self.right(x + column.share * self.most - 6, text, size, ink=ink)
        else:
            self.text(x + 6, text, size, ink=ink)

    def _ink(self, ink: Any) -> None:
        colour = (ink, ink, ink) if isinstance(ink, float) else ink
        self.canvas.setFillColorRGB(*colour)
        self.canvas.setStrokeColorRGB(*colour)
