"""A protocol on a ruler: days along from day 0, each step a dot on its window. Numbers for an SVG.

Across everything is per cent of the ruler's width, so that it is drawn sharply at any width; down
it is pixels, a row a step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.desk import words
from scheduling.catalogue import Checked
from scheduling.catalogue.agreement import Bound

ROW, HEAD = 32, 22
TICKS = (1, 2, 7, 14, 28, 56, 91, 182, 365)
MOST_TICKS = 9
SHORTEST_BAR = 1.6


@dataclass(frozen=True, slots=True)
class Bracket:
    """From the anchor's dot to the step's; `near` and `far` are the gap's own ends."""

    start: float
    near: float
    far: float
    middle: float
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """One step. `bar` is (start, width) of its window, absent where nothing ties it."""

    key: str
    number: int
    name: str
    hue: str
    filled: bool
    y: int
    dot: float | None
    bar: tuple[float, float] | None
    brackets: tuple[Bracket, ...]
    window: str
    clashes: bool
    wrong: bool
    minutes: int

    @property
    def top(self) -> int:
        return self.y - 7

    @property
    def foot(self) -> int:
        return self.y + 11

    @property
    def tick(self) -> tuple[int, int]:
        return self.y + 8, self.y + 14

    @property
    def text(self) -> int:
        return self.y - 9


@dataclass(frozen=True, slots=True)
class Ruler:
    """`ticks` are (per cent, label); `zero` is where day 0 is."""

    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]
    zero: float
    height: int


def ruler(steps: Sequence[Mapping[str, Any]], checked: Checked, wrong: set[str]) -> Ruler:
    """What can be drawn of steps as they are typed. `wrong`: the keys of those with a problem."""
    spans = checked.spans
    dots = _dots(steps, checked)
    clashing = checked.clash.steps if checked.clash else frozenset()
    reached = [0, *(day for span in spans.values() if span for day in span), *dots.values()]
    first, last = min(reached), max(reached)
    pad = max(1, round((last - first) * 0.03))
    first, width = first - pad, last - first + 2 * pad

    def across(day: float) -> float:
        return round((day - first) / width * 100, 2)

    rows = []
    for number, step in enumerate(steps):
        key, span = step["key"], spans.get(step["key"])
        hue = words.hue(str(step["kind"]))
        rows.append(
            Row(
                key=key,
                number=number,
                name=str(step["name"]) or "(no name)",
                hue=hue,
                filled=hue == "infusion",
                y=HEAD + number * ROW + ROW // 2,
                dot=across(dots[key]) if key in dots else None,
                bar=_bar(span, across),
                brackets=tuple(_brackets(key, checked.ties, dots, across)),
                window=window_words(span),
                clashes=key in clashing,
                wrong=key in wrong,
                minutes=sum(one["minutes"] for one in step["phases"] if type(one["minutes"]) is int)
                if step["phases"]
                else 0,
            )
        )
    return Ruler(tuple(rows), _ticks(first, width, across), across(0), HEAD + len(rows) * ROW + 6)


def window_words(span: tuple[int, int] | None) -> str:
    """`day 6 to 8`, `day −28 to −7`, `day 0`."""
    if span is None:
        return "not tied"
    first, last = (str(day).replace("-", "−") for day in sorted(span))
    return f"day {first}" if first == last else f"day {first} to {last}"


def _bar(span: tuple[int, int] | None, across: Any) -> tuple[float, float] | None:
    if span is None:
        return None
    low, high = sorted(span)
    start, width = across(low), across(high) - across(low)
    if width < SHORTEST_BAR:
        start, width = start - (SHORTEST_BAR - width) / 2, SHORTEST_BAR
    return round(start, 2), round(width, 2)


def _dots(steps: Sequence[Mapping[str, Any]], checked: Checked) -> dict[str, int]:
    """A day for each step: its ideal distance, else as near to day 0 as its window lets."""
    dots: dict[str, int] = {}
    pending = [step for step in steps if checked.spans.get(step["key"])]
    while pending:
        ready = [
            step
            for step in pending
            if all(
                gap["anchor"] in dots
                for gap in step["gaps"]
                if "ideal" in gap and gap["anchor"] in {one["key"] for one in pending}
            )
        ] or pending
        for step in ready:
            low, high = sorted(checked.spans[step["key"]] or (0, 0))
            wanted = 0
            for gap in step["gaps"]:
                if type(gap.get("ideal")) is int and gap["anchor"] in dots:
                    days = gap["ideal"] if "days" in gap else gap["ideal"] // 24
                    wanted = dots[gap["anchor"]] + days
                    break
            dots[step["key"]] = min(max(wanted, low), high)
        pending = [step for step in pending if step["key"] not in dots]
    return dots


def _brackets(key: str, ties: Sequence[Bound], dots: Mapping[str, int], across: Any) -> Any:
    for tie in ties:
        if tie.step == key and tie.anchor in dots and key in dots:
            start = dots[tie.anchor]
            near, far = start + tie.earliest, start + tie.latest
            if abs(far) < abs(near):
                near, far = far, near
            low, high = sorted((abs(tie.earliest), abs(tie.latest)))
            label = f"{low} d" if low == high else f"{low}–{high} d"
            middle = across((start + dots[key]) / 2)
            yield Bracket(across(start), across(near), across(far), middle, label)
            return


def _ticks(first: int, width: int, across: Any) -> tuple[tuple[float, str], ...]:
    step = next((one for one in TICKS if width / one <= MOST_TICKS), TICKS[-1])
    days = range(-(-first // step) * step, first + width + 1, step)
    placed = [(across(day), f"{day}".replace("-", "−")) for day in days]
    return tuple(tick for tick in placed if 2 < tick[0] < 98)
