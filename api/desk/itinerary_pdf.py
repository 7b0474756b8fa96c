"""The itinerary on paper, as a PDF: the same visits always give the same bytes.

Without `told` it names no treatment: neutral words, as in the calendar file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from reportlab.lib.pagesizes import A4, LETTER
from reportlab.pdfgen.canvas import Canvas

from api.desk import words
from clinic.lettering import BOLD, draw, width, wrapped
from clinic.models import Site

LETTER_COUNTRIES = frozenset({"US", "CA", "MX", "PH", "CL", "CO", "VE", "GT", "PR"})
MARGIN = 57.0
GREY, LINE = 0.38, 0.82
ROW = 25.0
FOOT = 74.0


@dataclass(frozen=True, slots=True)
class Line:
    """A visit: when, what it is called, and where and with whom."""

    starts: datetime
    ends: datetime
    name: str
    where: str


@dataclass(frozen=True, slots=True)
class Itinerary:
    """What is printed: for whom, where, the visits, and what to know before coming."""

    name: str
    site: Site
    title: str
    lines: Sequence[Line]
    before: Sequence[str]
    before_title: str


def pdf_of(itinerary: Itinerary) -> bytes:
    """A4, or Letter where that is what printers hold."""
    size = LETTER if itinerary.site.country in LETTER_COUNTRIES else A4
    pages = _paged(itinerary, size[1])
    out = BytesIO()
    canvas = Canvas(out, pagesize=size, invariant=1, lang="en", pageCompression=1)
    canvas.setTitle(itinerary.title)
    canvas.setAuthor(_place(itinerary.site))
    for number, lines in enumerate(pages, start=1):
        sheet = _Sheet(canvas, itinerary, size)
        sheet.head(first=number == 1)
        for line in lines:
            sheet.visit(line)
        if number == len(pages):
            sheet.close()
        sheet.foot(f"Page {number} of {len(pages)}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _place(site: Site) -> str:
    return site.neutral_name or site.name


def _paged(itinerary: Itinerary, height: float) -> list[list[Line]]:
    """The visits by page: what follows them must still fit on the last one."""
    rest = list(itinerary.lines)
    after = 40 + (24 + 30 * len(itinerary.before) if itinerary.before else 0)
    pages: list[list[Line]] = []
    room = height - MARGIN - 120 - FOOT
    while True:
        whole = int(room // ROW)
        ending = int((room - after) // ROW)
        if len(rest) <= ending or (not rest and pages):
            return [*pages, rest]
        taken = min(whole, len(rest)) if len(rest) > whole else max(1, len(rest) - 1)
        pages.append(rest[:taken])
        rest = rest[taken:]
        room = height - MARGIN - 50 - FOOT


class _Sheet:
    """One page, filled from the top."""

    def __init__(self, canvas: Canvas, itinerary: Itinerary, size: tuple[float, float]) -> None:
        self.canvas, self.of = canvas, itinerary
        self.wide, self.y = size[0], size[1] - MARGIN

    def text(
        self, x: float, text: str, size: float, *, bold: bool = False, grey: float = 0
    ) -> None:
        self.canvas.setFillGray(grey)
        draw(self.canvas, x, self.y, text, size, BOLD if bold else "Vera")

    def right(self, text: str, size: float, grey: float = GREY) -> None:
        self.text(self.wide - MARGIN - width(text, size), text, size, grey=grey)

    def rule(self) -> None:
        self.canvas.setStrokeGray(LINE)
        self.canvas.setLineWidth(0.6)
        self.canvas.line(MARGIN, self.y, self.wide - MARGIN, self.y)

    def head(self, *, first: bool) -> None:
        site = self.of.site
        if not first:
            self.text(MARGIN, self.of.title, 10, grey=GREY)
            self.y -= 14
            self.rule()
            self.y -= 18
            return
        phone = words.telephone(site.phone) if site.phone else ""
        most = self.wide - 2 * MARGIN - (width(phone, 10) + 24 if phone else 0)
        self.text(MARGIN, wrapped(_place(site), 13, most, BOLD)[0], 13, bold=True)
        if phone:
            self.right(phone, 10, 0)
        for line in wrapped(site.address, 9, most)[:2]:
            self.y -= 14
            self.text(MARGIN, line, 9, grey=GREY)
        self.y -= 14
        for line in wrapped(self.of.name, 17, self.wide - 2 * MARGIN, BOLD)[:2]:
            self.y -= 20
            self.text(MARGIN, line, 17, bold=True)
        self.y -= 18
        self.text(MARGIN, self.of.title, 10, grey=GREY)
        self.y -= 12
        self.rule()
        self.y -= 17

    def visit(self, line: Line) -> None:
        """A row: the day, the hours, what and where."""
        self.text(MARGIN, words.day_and_year(line.starts), 10, bold=True)
        clock = f"{words.clock(line.starts)} – {words.clock(line.ends)}"
        self.text(MARGIN + 128, clock, 10)
        most = self.wide - 2 * MARGIN - 228
        said = f"{line.name}, {line.where}" if line.where else line.name
        size = 10 if width(said, 10) <= most else 8
        self.text(MARGIN + 228, next(iter(wrapped(said, size, most)), ""), size)
        self.y -= 8
        self.rule()
        self.y -= ROW - 8

    def close(self) -> None:
        """What to know before coming, and whose clock the times are in."""
        if self.of.before:
            self.y -= 10
            self.text(MARGIN, self.of.before_title, 11, bold=True)
            for point in self.of.before:
                self.y -= 4
                for number, line in enumerate(wrapped(point, 10, self.wide - 2 * MARGIN - 14)):
                    self.y -= 13
                    if not number:
                        self.text(MARGIN, "•", 10)
                    self.text(MARGIN + 14, line, 10)
        self.y -= 26
        zone = self.of.site.time_zone.replace("_", " ")
        self.text(MARGIN, f"Times are by the clinic’s clock, {zone}.", 9, grey=GREY)

    def foot(self, page: str) -> None:
        self.y = MARGIN - 18
        if self.of.site.phone:
            self.text(
                MARGIN,
                f"To change a visit, call {words.telephone(self.of.site.phone)}.",
                9,
                grey=GREY,
            )
        self.right(page, 9)
