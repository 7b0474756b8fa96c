"""A small picture for a card: bars without words, and the mark they are held against."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.safestring import SafeString

from api.desk.plots.drawing import Drawing

WIDE, HIGH = 240, 56


def spark(says: str, values: Sequence[float | None], mark: float | None = None) -> SafeString:
    sheet = Drawing(HIGH, says, width=WIDE)
    most = max([*(value or 0 for value in values), mark or 0, 1e-9])
    room = WIDE / max(1, len(values))
    thick = min(room - 2, 26)
    for place, value in enumerate(values):
        high = (HIGH - 6) * (value or 0) / most
        sheet.rect(room * (place + 0.5) - thick / 2, HIGH - 1 - high, thick, high, "p-one")
    sheet.line(0, HIGH - 0.5, WIDE, HIGH - 0.5, "p-axis")
    if mark is not None:
        y = HIGH - 1 - (HIGH - 6) * mark / most
        sheet.line(0, y, WIDE, y, "p-mark")
    return sheet.svg("plot spark")
