"""Letters on paper: any Latin name with the two faces that reportlab carries.

Bitstream Vera lacks most of Latin Extended-A. A letter it lacks is set as its base with the accent
over or under it, as type was cast before, and carries its true text for who copies or listens.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

PLAIN, BOLD = "Vera", "VeraBd"
# Combining marks by the spacing accent that shows them.
OVER = {
    "\u0300": "`",
    "\u0301": "´",
    "\u0302": "ˆ",
    "\u0303": "˜",
    "\u0304": "¯",
    "\u0306": "˘",
    "\u0307": "˙",
    "\u0308": "¨",
    "\u030a": "˚",
    "\u030b": "˝",
    "\u030c": "ˇ",
}
UNDER = {"\u0326": ",", "\u0327": "¸", "\u0328": "˛"}
BESIDE = frozenset("dtlL")
"""Letters too tall for a caron: it stands beside them as an apostrophe."""
ALIKE = {"Đ": "Ð", "đ": "d", "Ħ": "H", "ħ": "h", "Ŧ": "T", "ŧ": "t", "Ŋ": "N", "ŋ": "n"}
UNKNOWN = "?"
CAPITALS_HIGHER = 0.18
"""Of the size: how much further up an accent sits on a capital."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is drawn for one sign of a text; no accents where the face has it."""

    said: str
    base: str
    over: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    beside: str = ""


@cache
def faces() -> dict[str, frozenset[int]]:
    """The signs that each face has, made known to reportlab once. Glyph 0 is an empty box."""
    found = {}
    for name in (PLAIN, BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
        glyphs = pdfmetrics.getFont(name).face.charToGlyph
        found[name] = frozenset(sign for sign, glyph in glyphs.items() if glyph)
    return found


def spelled(text: str, face: str = PLAIN) -> list[Letter]:
    """Each sign as it can be drawn; what no face has at all is a question mark."""
    has = faces()[face]
    found = []
    for sign in unicodedata.normalize("NFC", text):
        if ord(sign) in has:
            found.append(Letter(sign, sign))
        elif unicodedata.category(sign)[0] not in "CM":
            found.append(_composed(sign, has))
    return found


def _composed(sign: str, has: frozenset[int]) -> Letter:
    base, *marks = list(unicodedata.normalize("NFD", ALIKE.get(sign, sign)))
    if base == "i" and any(mark in OVER for mark in marks):
        base = "ı"
    if ord(base) not in has:
        return Letter(sign, UNKNOWN)
    if "\u030c" in marks and base in BESIDE:
        return Letter(sign, base, beside="’")
    return Letter(
        sign,
        base,
        tuple(OVER[mark] for mark in marks if mark in OVER),
        tuple(UNDER[mark] for mark in marks if mark in UNDER),
    )


def width(text: str, size: float, face: str = PLAIN) -> float:
    """How wide a text will be, in points."""
    drawn = "".join(letter.base + letter.beside for letter in spelled(text, face))
    return float(pdfmetrics.stringWidth(drawn, face, size))


def draw(canvas: Canvas, x: float, y: float, text: str, size: float, face: str = PLAIN) -> None:
    """A line of text from (x, y) on, baseline up."""
    canvas.setFont(face, size)
    run = ""
    for letter in spelled(text, face):
        if letter.said == letter.base:
            run += letter.base
            continue
        canvas.drawString(x, y, run)
        x += float(pdfmetrics.stringWidth(run, face, size))
        run = ""
        x = _draw_composed(canvas, x, y, letter, size, face)
    canvas.drawString(x, y, run)


def _draw_composed(
    canvas: Canvas, x: float, y: float, letter: Letter, size: float, face: str
) -> float:
    own = float(pdfmetrics.stringWidth(letter.base, face, size))
    truth = letter.said.encode("utf-16-be").hex()
    canvas.addLiteral(f"/Span <</ActualText <feff{truth}>>> BDC")
    canvas.drawString(x, y, letter.base)
    raised = CAPITALS_HIGHER * size if letter.base.isupper() else 0.0
    for accent, lift in (*((a, raised) for a in letter.over), *((a, 0.0) for a in letter.under)):
        wide = float(pdfmetrics.stringWidth(accent, face, size))
        drop = -0.15 * size if accent == "," else lift
        canvas.drawString(x + (own - wide) / 2, y + drop, accent)
    if letter.beside:
        canvas.drawString(x + own - 0.1 * size, y, letter.beside)
        own += 0.5 * float(pdfmetrics.stringWidth(letter.beside, face, size))
    canvas.addLiteral("EMC")
    return x + own


def wrapped(text: str, size: float, most: float, face: str = PLAIN) -> list[str]:
    """The text in lines no wider than `most`; a word longer than a line is cut."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if width(longer, size, face) <= most:
                line = longer
                continue
            if line:
                lines.append(line)
            while width(word, size, face) > most:
                cut = next(
                    n for n in range(len(word) - 1, 0, -1) if width(word[:n], size, face) <= most
                )
                lines.append(word[:cut])
                word = word[cut:]
            line = word
        lines.append(line)
    return lines
