"""Bars side by side, with a published median as a line across, or as a tick on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from api.desk.plots.drawing import WIDTH, plain
from api.desk.plots.frame import BOTTOM, HEIGHT, LEFT, RIGHT, Key, framed, scale_of

LOOKS = ("p-one", "p-two")


def _round(value: float) -> str:
    return plain(round(value, 0 if value >= 10 else 1))


@dataclass(frozen=True, slots=True)
class Bar:
    """A name below, a value for each series (None: nothing known), and a mark of its own."""

    name: str
    values: tuple[float | None, ...]
    mark: float | None = None


def bars(
    says: str,
    rows: Sequence[Bar],
    *,
    series: Sequence[str],
    unit: str,
    under: str,
    mark: tuple[str, float] | None = None,
    marks: str = "",
) -> SafeString:
    """`mark` is one line across with its words; `marks` says what the bars' own ticks are."""
    known = [value or 0 for row in rows for value in (*row.values, row.mark)]
    most = max([*known, mark[1] if mark else 0])
    keys = [Key(name, look) for name, look in zip(series, LOOKS, strict=False)]
    if mark:
        keys.append(Key(f"{mark[0]} {plain(mark[1])}", "p-mark", as_line=True))
    if marks:
        keys.append(Key(marks, "p-mark", as_line=True))
    sheet, scale = framed(says, most, unit=unit, under=under, keys=keys), scale_of(most)
    room = (WIDTH - LEFT - RIGHT) / max(1, len(rows))
    thick = min(34.0, room * 0.78 / len(series))
    for place, row in enumerate(rows):
        middle = LEFT + room * (place + 0.5)
        left = middle - thick * len(series) / 2
        for number, value in enumerate(row.values):
            if value is None:
                continue
            x, y = left + thick * number, scale.y(value)
            sheet.rect(x + 1, y, thick - 2, scale.y(0) - y, LOOKS[number])
            sheet.text(x + thick / 2, y - 4, _round(value), "p-number", at="middle")
        if row.mark is not None:
            y = scale.y(row.mark)
            sheet.line(left - 4, y, left + thick * len(series) + 4, y, "p-mark")
        sheet.text(middle, HEIGHT - BOTTOM + 15, row.name, at="middle")
    if mark:
        sheet.line(LEFT, scale.y(mark[1]), WIDTH - RIGHT, scale.y(mark[1]), "p-mark")
    return sheet.svg()
