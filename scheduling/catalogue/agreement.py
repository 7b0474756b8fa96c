"""Whether the windows of a protocol can all hold: difference constraints, and where they clash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

FURTHEST = 730
UNTIED = 100_000
"""Days that stand for no bound at all."""


class Bound(NamedTuple):
    """date(step) - date(anchor) lies in earliest..latest days; `path` is the gap that says so."""

    step: str
    anchor: str
    earliest: int
    latest: int
    path: str


class Demand(NamedTuple):
    """One side of a bound."""

    bound: Bound
    at_least: bool

    def words(self, names: Mapping[str, str]) -> str:
        """`Therapy 2 is at most 5 days after Infusion 1`."""
        step, anchor = (names.get(key, key) for key in (self.bound.step, self.bound.anchor))
        days = self.bound.earliest if self.at_least else self.bound.latest
        if days == 0:
            return f"{step} is not {'before' if self.at_least else 'after'} {anchor}"
        least = self.at_least == (days > 0)
        count = f"{abs(days)} day{'s' if abs(days) != 1 else ''}"
        said = f"at {'least' if least else 'most'} {count} {'after' if days > 0 else 'before'}"
        return f"{step} is {said} {anchor}"


@dataclass(frozen=True, slots=True)
class Clash:
    """Demands that go round in a circle and ask `short` days more than there are."""

    demands: tuple[Demand, ...]
    short: int

    @property
    def steps(self) -> frozenset[str]:
        return frozenset(
            key for demand in self.demands for key in (demand.bound.step, demand.bound.anchor)
        )

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(demand.bound.path for demand in self.demands))

    def words(self, names: Mapping[str, str]) -> str:
        """What cannot all hold, step by step, and by how much."""
        told = [demand.words(names) for demand in self.demands]
        days = f"{self.short} day{'s' if self.short != 1 else ''}"
        return (
            f"{', and '.join(told[:-1])}, but {told[-1]}. "
            f"That cannot be, by {days}: widen one of these windows by {days}."
        )


def bounds(steps: Sequence[Mapping[str, Any]]) -> Iterator[Bound]:
    """What the gaps of steps say about dates; one that cannot be read as it stands says nothing."""
    for number, step in enumerate(steps):
        for index, gap in enumerate(step["gaps"]):
            if (days := _days(gap)) is not None:
                path = f"steps[{number}].gaps[{index}]"
                yield Bound(step["key"], gap["anchor"], *days, path)


def _days(gap: Mapping[str, Any]) -> tuple[int, int] | None:
    limits = gap.get("days", gap.get("hours"))
    if not isinstance(limits, list) or [type(one) for one in limits] != [int, int]:
        return None
    first, last = limits
    if first > last or max(-first, last) > FURTHEST * (1 if "days" in gap else 24):
        return None
    # From the end of one visit to the start of another, h hours apart, lie more than h/24 - 1
    # and fewer than h/24 + 1 local dates.
    return (first, last) if "days" in gap else (first // 24, -(-last // 24))


def clash(steps: Sequence[str], found: Iterable[Bound]) -> Clash | None:
    """Demands that no dates satisfy together, or None: a negative circle among constraints.

    Bellman and Ford: t(step) <= t(anchor) + latest and t(anchor) <= t(step) - earliest.
    """
    edges = [
        edge
        for bound in found
        for edge in (
            (bound.anchor, bound.step, bound.latest, Demand(bound, False)),
            (bound.step, bound.anchor, -bound.earliest, Demand(bound, True)),
        )
    ]
    distance = dict.fromkeys(steps, 0)
    before: dict[str, tuple[str, int, Demand]] = {}
    changed = ""
    for _ in range(len(steps) + 1):
        changed = ""
        for here, there, weight, demand in edges:
            if distance[here] + weight < distance[there]:
                distance[there] = distance[here] + weight
                before[there] = (here, weight, demand)
                changed = there
        if not changed:
            return None
    for _ in steps:
        changed = before[changed][0]
    circle: list[Demand] = []
    total, here = 0, changed
    while True:
        here, weight, demand = before[here]
        circle.append(demand)
        total += weight
        if here == changed:
            break
    # What pushes apart is told first, what holds together last: "…, but at most 5 days".
    circle.sort(key=lambda one: (not _pushes(one), one.bound.path))
    return Clash(tuple(circle), -total)


def spans(
    steps: Sequence[str], found: Sequence[Bound], origin: str
) -> dict[str, tuple[int, int] | None]:
    """First and last day of each step from the origin's; None for a step that nothing ties.

    Meant for bounds that do not clash; where they do, a step's last day may lie before its first.
    """
    latest = dict.fromkeys(steps, UNTIED)
    earliest = dict.fromkeys(steps, -UNTIED)
    if origin not in latest:
        return dict.fromkeys(steps)
    latest[origin] = earliest[origin] = 0
    for _ in steps:
        before = (dict(latest), dict(earliest))
        for step, anchor, low, high, _path in found:
            latest[step] = min(latest[step], latest[anchor] + high)
            earliest[step] = max(earliest[step], earliest[anchor] + low)
            latest[anchor] = min(latest[anchor], latest[step] - low)
            earliest[anchor] = max(earliest[anchor], earliest[step] - high)
        if before == (latest, earliest):
            break
    far = UNTIED // 2
    return {
        key: (earliest[key], latest[key]) if latest[key] < far and earliest[key] > -far else None
        for key in steps
    }


def _pushes(demand: Demand) -> bool:
    bound, at_least = demand
    return (bound.earliest > 0) if at_least else (bound.latest < 0)
