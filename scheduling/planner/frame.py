"""A protocol compiled to differences of local dates: who comes after whom, and by how much.

One visit a day makes the order of any two visits matter. Where the gaps leave it open, the
clinical order of the protocol decides; the result is one line of steps in time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from scheduling.planner.preferences import ideal_days, main_steps
from scheduling.planner.protocols import Gap, Protocol, Step

FAR = 1_000
"""Days beyond any series: an open end."""


@dataclass(frozen=True, slots=True)
class Link:
    """`low <= day(after) - day(before) <= high`, by position in the frame's steps."""

    before: int
    after: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Elapsed:
    """`low <= start(after) - end(before) <= high`, in minutes."""

    before: int
    after: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Wish:
    """`day(after) - day(before)` had best be `ideal`."""

    before: int
    after: int
    ideal: int


@dataclass(frozen=True, eq=False)
class Frame:
    """Steps still to plan in time order, and what binds them.

    `origin` is the position of the step on D0, None when it is done already. `outside` are the
    gaps to anchors that are done or lie outside the series: (position, gap). `sharing` are pairs
    of neighbours that may share a day. `reach[i]` is the range of days from the origin (or, with
    no origin left, from the first step) in which step i lies. Steps of one `kinds` number take
    the same of the clinic and cost the same; `main` are the infusions and dosings.
    `span` is the least number of days from the first to the last.
    Compared by identity: `frame_of` makes each only once.
    """

    steps: tuple[Step, ...]
    origin: int | None
    links: tuple[Link, ...]
    elapsed: tuple[Elapsed, ...]
    wishes: tuple[Wish, ...]
    outside: tuple[tuple[int, Gap], ...]
    sharing: tuple[tuple[int, int], ...]
    reach: tuple[tuple[int, int], ...]
    kinds: tuple[int, ...]
    main: tuple[bool, ...]
    span: int


@lru_cache(maxsize=256)
def frame_of(protocol: Protocol, done: frozenset[str]) -> Frame:
    """The frame of a protocol when the steps in `done` need no planning."""
    listed = [step for step in protocol.steps if step.key not in done]
    bounds = _closed(len(listed), _gap_links(listed))
    order = _in_time(listed, bounds)
    steps = [listed[i] for i in order]
    position = {step.key: i for i, step in enumerate(steps)}
    links = {(link.before, link.after): link for link in _gap_links(steps)}
    bounds = _closed(len(steps), list(links.values()))
    sharing = []
    for i in range(len(steps) - 1):
        may_share = _share(steps[i], steps[i + 1])
        least = 0 if may_share else 1
        known = links.get((i, i + 1), Link(i, i + 1, -FAR, FAR))
        if -bounds[i + 1][i] < least:
            high = min(known.high, bounds[i][i + 1])
            links[i, i + 1] = Link(i, i + 1, max(least, known.low), high)
        if may_share and bounds[i][i + 1] >= 0 and -bounds[i + 1][i] <= 0:
            sharing.append((i, i + 1))
    bounds = _closed(len(steps), list(links.values()))
    origin = position.get(protocol.origin)
    root = origin or 0
    main = main_steps(protocol)
    looks = [(step.phases, step.weekdays, step.key in main) for step in steps]
    kinds: dict[object, int] = {}
    return Frame(
        steps=tuple(steps),
        origin=origin,
        links=tuple(sorted(links.values(), key=lambda link: (link.after, link.before))),
        elapsed=tuple(_elapsed(steps, position)),
        wishes=tuple(
            Wish(position[gap.anchor], i, ideal)
            for i, step in enumerate(steps)
            for gap in step.gaps
            if gap.anchor in position and (ideal := ideal_days(gap)) is not None
        ),
        outside=tuple(
            (i, gap)
            for i, step in enumerate(steps)
            for gap in step.gaps
            if gap.anchor not in position
        )
        + tuple(
            (position[gap.anchor], _turned(gap, step.key))
            for step in protocol.steps
            if step.key in done
            for gap in step.gaps
            if gap.anchor in position
        ),
        sharing=tuple(sharing),
        reach=tuple((-bounds[i][root], bounds[root][i]) for i in range(len(steps))),
        kinds=tuple(kinds.setdefault(look, len(kinds)) for look in looks),
        main=tuple(look[2] for look in looks),
        span=max((-row[0] for row in bounds), default=0),
    )


@lru_cache(maxsize=512)
def settled(frame: Frame, together: frozenset[tuple[int, int]]) -> Frame:
    """The frame with it settled which sharing pairs have one day; the others have two.

    Ties in elapsed hours inside a pair of one day are left to whoever pairs the starts.
    """
    links = {(link.before, link.after): link for link in frame.links}
    for pair in frame.sharing:
        known = links.get(pair, Link(*pair, -FAR, FAR))
        low, high = (0, 0) if pair in together else (max(1, known.low), known.high)
        links[pair] = Link(*pair, low, high)
    elapsed = tuple(tie for tie in frame.elapsed if (tie.before, tie.after) not in together)
    in_order = sorted(links.values(), key=lambda link: (link.after, link.before))
    return replace(frame, links=tuple(in_order), elapsed=elapsed, sharing=())


def modes(frame: Frame) -> list[frozenset[tuple[int, int]]]:
    """Every choice of which sharing pairs have one day, no step in two of them.

    A step that elapsed hours tie to a third one keeps a day of its own.
    """
    found = [frozenset[tuple[int, int]]()]
    for pair in frame.sharing:
        others = [tie for tie in frame.elapsed if {tie.before, tie.after} != set(pair)]
        if any({tie.before, tie.after} & set(pair) for tie in others):
            continue
        found += [
            chosen | {pair}
            for chosen in found
            if not any(set(pair) & set(other) for other in chosen)
        ]
    return found


def days_of(gap: Gap, minutes: int) -> tuple[int, int]:
    """Local dates a gap can span, given the length of its anchor's visit.

    Elapsed hours give no exact dates: the range is as wide as any start and any clock change
    allow, and the starts themselves are checked.
    """
    if gap.unit == "days":
        return gap.earliest, gap.latest
    low, high = 60 * gap.earliest, 60 * gap.latest + minutes
    return (low - 60) // 1440, -(-(high + 60) // 1440)


def dates_of(gap: Gap) -> tuple[int, int]:
    """Local dates a gap spans when only the date of its anchor is known: hours in whole days."""
    if gap.unit == "days":
        return gap.earliest, gap.latest
    return gap.earliest // 24, -(-gap.latest // 24)


def _gap_links(steps: list[Step]) -> list[Link]:
    position = {step.key: i for i, step in enumerate(steps)}
    found: dict[tuple[int, int], Link] = {}
    for i, step in enumerate(steps):
        for gap in step.gaps:
            if (anchor := position.get(gap.anchor)) is None:
                continue
            low, high = days_of(gap, steps[anchor].minutes)
            a, b = (anchor, i) if anchor < i else (i, anchor)
            if anchor > i:
                low, high = -high, -low
            known = found.get((a, b), Link(a, b, -FAR, FAR))
            found[a, b] = Link(a, b, max(low, known.low), min(high, known.high))
    return list(found.values())


def _closed(count: int, links: list[Link]) -> list[list[int]]:
    """`bounds[i][j]`: the most that day(j) - day(i) can be (Floyd and Warshall)."""
    bounds = [[0 if i == j else FAR for j in range(count)] for i in range(count)]
    for link in links:
        a, b = link.before, link.after
        bounds[a][b] = min(bounds[a][b], link.high)
        bounds[b][a] = min(bounds[b][a], -link.low)
    for k in range(count):
        through = bounds[k]
        for row in bounds:
            if (first := row[k]) < FAR:
                for j in range(count):
                    if first + through[j] < row[j]:
                        row[j] = first + through[j]
    return bounds


def _in_time(steps: list[Step], bounds: list[list[int]]) -> list[int]:
    """Positions in time order: as the gaps force it, else as the protocol lists them."""
    count = len(steps)

    def first(i: int, j: int) -> bool:
        """True when the gaps force i before j."""
        if -bounds[j][i] >= 0:
            return bounds[i][j] > 0 or i < j
        return False

    order: list[int] = []
    left = list(range(count))
    while left:
        ready = [j for j in left if not any(first(i, j) for i in left if i != j)]
        order.append(ready[0] if ready else left[0])
        left.remove(order[-1])
    return order


def _turned(gap: Gap, done: str) -> Gap:
    """The gap of a step that is done, seen from its anchor that is still to plan."""
    ideal = None if gap.ideal is None else -gap.ideal
    return Gap(done, -gap.latest, -gap.earliest, gap.unit, ideal)


def _share(one: Step, other: Step) -> bool:
    return one.shares_day_with == other.key or other.shares_day_with == one.key


def _elapsed(steps: list[Step], position: dict[str, int]) -> list[Elapsed]:
    return [
        Elapsed(position[gap.anchor], i, 60 * gap.earliest, 60 * gap.latest)
        for i, step in enumerate(steps)
        for gap in step.gaps
        if gap.unit == "hours" and gap.anchor in position
    ]
