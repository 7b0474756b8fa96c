"""What plots with numbers upward share: the grid, its numbers and unit, and a legend on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.desk.plots.drawing import WIDTH, Drawing, plain, ticks

LEFT, RIGHT, TOP, BOTTOM = 38, 8, 46, 40
HEIGHT = 260


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of the legend: what a look stands for, drawn as a bar or as a line."""

    words: str
    look: str
    as_line: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to places on the sheet."""

    most: float

    def y(self, value: float) -> float:
        bottom = HEIGHT - BOTTOM
        return bottom - (bottom - TOP) * value / self.most


def framed(says: str, most: float, *, unit: str, under: str, keys: Sequence[Key]) -> Drawing:
    """A sheet with its grid, what the numbers are, what is under it, and the legend."""
    sheet = Drawing(HEIGHT, says)
    marks = ticks(most)
    scale = Scale(marks[-1])
    for mark in marks:
        y = scale.y(mark)
        sheet.line(LEFT, y, WIDTH - RIGHT, y, "p-axis" if mark == 0 else "p-grid")
        sheet.text(LEFT - 6, y + 4, plain(mark), "p-quiet", at="end")
    sheet.text(0, TOP - 14, unit, "p-quiet")
    sheet.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, under, "p-quiet", at="middle")
    x = 0.0
    for key in keys:
        if key.as_line:
            sheet.line(x, 9, x + 16, 9, key.look)
        else:
            sheet.rect(x + 2, 4, 12, 10, key.look)
        sheet.text(x + 21, 13, key.words)
        x += 21 + 7.2 * len(key.words) + 14
    return sheet


def scale_of(most: float) -> Scale:
    return Scale(ticks(most)[-1])
