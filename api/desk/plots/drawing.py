"""A picture in SVG, put together shape by shape. Looks are classes of reports.css."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, floor, log10

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH = 460
"""Units across: about a phone's pixels, so that words stay readable there."""


class Drawing:
    """Shapes on a sheet; `says` is read out in place of the picture."""

    def __init__(self, height: float, says: str, *, width: float = WIDTH) -> None:
        self.width, self.height, self.says = width, height, says
        self.shapes: list[SafeString] = []

    def rect(self, x: float, y: float, width: float, height: float, look: str) -> None:
        self.shapes.append(
            format_html(
                '<rect x="{}" y="{}" width="{}" height="{}" rx="2" class="{}"/>',
                *map(_short, (x, y, max(0, width), max(0, height))),
                look,
            )
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, look: str) -> None:
        self.shapes.append(
            format_html(
                '<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>',
                *map(_short, (x1, y1, x2, y2)),
                look,
            )
        )

    def path(self, points: Iterable[tuple[float, float]], look: str) -> None:
        text = " ".join(f"{_short(x)},{_short(y)}" for x, y in points)
        self.shapes.append(format_html('<polyline points="{}" class="{}"/>', text, look))

    def dot(self, x: float, y: float, look: str, *, size: float = 4) -> None:
        self.shapes.append(
            format_html(
                '<circle cx="{}" cy="{}" r="{}" class="{}"/>', _short(x), _short(y), size, look
            )
        )

    def text(self, x: float, y: float, words: str, look: str = "", *, at: str = "start") -> None:
        """Words whose baseline is at y; `at` is start, middle or end."""
        self.shapes.append(
            format_html(
                '<text x="{}" y="{}" text-anchor="{}" class="{}">{}</text>',
                _short(x),
                _short(y),
                at,
                look,
                words,
            )
        )

    def svg(self, look: str = "plot") -> SafeString:
        return format_html(
            '<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
            look,
            _short(self.width),
            _short(self.height),
            self.says,
            format_html_join("", "{}", ((shape,) for shape in self.shapes)),
        )


def ticks(most: float, *, about: int = 4) -> Sequence[float]:
    """Round numbers from 0 up to at least `most`."""
    if most <= 0:
        return (0, 1)
    rough = most / about
    power = 10 ** floor(log10(rough))
    step = next(power * round_ for round_ in (1, 2, 2.5, 5, 10) if power * round_ >= rough - 1e-9)
    return [step * i for i in range(ceil(most / step - 1e-9) + 1)]


def plain(number: float) -> str:
    """30, 2.5: no more digits than there are."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
