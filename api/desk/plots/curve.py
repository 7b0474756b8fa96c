"""Lines over the hours of a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from api.desk.plots.drawing import WIDTH
from api.desk.plots.frame import BOTTOM, HEIGHT, LEFT, RIGHT, Key, framed, scale_of

ROOM = 44
"""Units that a name below needs."""


@dataclass(frozen=True, slots=True)
class Line:
    """A value for each name; a target is dashed, and what really happened has dots."""

    words: str
    values: Sequence[float]
    look: str
    dotted: bool = False


def curve(
    says: str, names: Sequence[str], lines: Sequence[Line], *, unit: str, under: str
) -> SafeString:
    most = max((value for line in lines for value in line.values), default=0)
    keys = [Key(line.words, line.look, as_line=True) for line in lines]
    sheet, scale = framed(says, most, unit=unit, under=under, keys=keys), scale_of(most)
    room = (WIDTH - LEFT - RIGHT) / max(1, len(names))
    middles = [LEFT + room * (place + 0.5) for place in range(len(names))]
    every = next((n for n in (1, 2, 4, 6, 8, 12) if room * n >= ROOM), 24)
    for place, name in enumerate(names):
        if place % every == 0:
            sheet.line(
                middles[place], HEIGHT - BOTTOM, middles[place], HEIGHT - BOTTOM + 4, "p-axis"
            )
            sheet.text(middles[place], HEIGHT - BOTTOM + 16, name, at="middle")
    for line in lines:
        points = [(x, scale.y(value)) for x, value in zip(middles, line.values, strict=True)]
        sheet.path(points, line.look)
        for x, y in points if line.dotted else ():
            sheet.dot(x, y, f"{line.look}-dot", size=2.6)
    return sheet.svg()
