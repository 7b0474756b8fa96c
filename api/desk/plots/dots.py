"""One dot a line: a share of each of several things, with their mean as a line through all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from api.desk.plots.drawing import WIDTH, Drawing

ROW, TOP, END = 38, 30, 66
LONGEST = 58
"""Letters of a name for which there is room."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A name, its percentage, and what is said at the end of its line."""

    name: str
    percent: float | None
    says: str


def dots(says: str, rows: Sequence[Dot], *, mean: tuple[str, float] | None = None) -> SafeString:
    """Percentages from 0 to 100, or to the next ten over the largest."""
    most = max([100.0, *(-(-(row.percent or 0) // 10) * 10 for row in rows)])
    sheet = Drawing(TOP + ROW * len(rows) + 22, says)
    wide = WIDTH - END

    def x(percent: float) -> float:
        return 6 + (wide - 12) * percent / most

    bottom = TOP + ROW * len(rows)
    for mark in (0, 25, 50, 75, 100):
        sheet.line(x(mark), TOP, x(mark), bottom, "p-grid")
        sheet.text(x(mark), bottom + 16, f"{mark} %", "p-quiet", at="middle" if mark else "start")
    if mean:
        sheet.line(x(mean[1]), TOP, x(mean[1]), bottom, "p-mark")
    for place, row in enumerate(rows):
        y = TOP + ROW * place + 26
        name = row.name if len(row.name) <= LONGEST else f"{row.name[: LONGEST - 1].rstrip()}…"
        sheet.text(6, y - 11, name)
        sheet.line(x(0), y, x(most), y, "p-track")
        if row.percent is not None:
            sheet.line(x(0), y, x(row.percent), y, "p-stem")
            sheet.dot(x(row.percent), y, "p-dot", size=5)
        sheet.text(WIDTH, y + 4, row.says, "p-number", at="end")
    if mean:
        sheet.line(0, 9, 16, 9, "p-mark")
        sheet.text(21, 13, f"{mean[0]} {round(mean[1])} %")
    return sheet.svg()
