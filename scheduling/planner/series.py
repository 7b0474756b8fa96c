"""The exact search over days: one date and start for every step of a series.

Arc consistency on bitmaps of days first: one bit a day, one shift-and-or a link. It leaves for
each step the days that can be part of a series at all, and so the earliest day the last step can
have. Then, finish day by finish day, a dynamic programme over the steps outward from D0 whose
state is the frontier: the days (or, where elapsed hours count, the starts) that later steps still
refer to. The first finish day with a series is the earliest, and the programme's cost the least.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from scheduling.planner.frame import Elapsed, Frame, Link, Wish
from scheduling.planner.intervals import members
from scheduling.planner.preferences import gap_cost
from scheduling.planner.tables import Choice, Days

NEVER = 1 << 60


@dataclass(frozen=True, slots=True)
class Turn:
    """One step in the order of the programme, with its ties to steps decided before it.

    Positions in `frontier` are of steps decided before whose days later steps refer to; `timed`
    tells that a later step refers to this one's start.
    """

    step: int
    links: tuple[tuple[int, int, int], ...]
    wishes: tuple[tuple[int, Wish], ...]
    elapsed: tuple[tuple[int, Elapsed], ...]
    frontier: tuple[int, ...]
    timed: bool


@lru_cache(maxsize=512)
def turns_of(frame: Frame) -> tuple[Turn, ...]:
    """The order of the programme: the origin, the steps after it, then those before it."""
    origin = frame.origin or 0
    order = [*range(origin, len(frame.steps)), *range(origin - 1, -1, -1)]
    rank = {step: k for k, step in enumerate(order)}
    refers: list[set[int]] = [set() for _ in order]
    ties: list[Link | Wish | Elapsed] = [*frame.links, *frame.wishes, *frame.elapsed]
    for tie in ties:
        first, last = sorted((tie.before, tie.after), key=rank.__getitem__)
        refers[rank[last]].add(first)
    timed = {min(tie.before, tie.after, key=rank.__getitem__) for tie in frame.elapsed}
    turns = []
    for k, step in enumerate(order):
        known = order[:k]
        later = set().union(*refers[k:])
        turns.append(
            Turn(
                step=step,
                links=tuple(_seen_from(step, frame.links, known)),
                wishes=tuple(
                    (wish.after if wish.before == step else wish.before, wish)
                    for wish in frame.wishes
                    if step in (wish.before, wish.after)
                    and (wish.after if wish.before == step else wish.before) in known
                ),
                elapsed=tuple(
                    (tie.after if tie.before == step else tie.before, tie)
                    for tie in frame.elapsed
                    if step in (tie.before, tie.after)
                    and (tie.after if tie.before == step else tie.before) in known
                ),
                frontier=tuple(other for other in known if other in later),
                timed=step in timed,
            )
        )
    return tuple(turns)


def _seen_from(
    step: int, links: Sequence[Link], known: Sequence[int]
) -> Iterator[tuple[int, int, int]]:
    """Links of a step to known ones as (other, low, high): day(step) - day(other)."""
    for link in links:
        if link.after == step and link.before in known:
            yield link.before, link.low, link.high
        elif link.before == step and link.after in known:
            yield link.after, -link.high, -link.low


def consistent(frame: Frame, days: list[int]) -> bool:
    """Strike, in place, the days of each step that no day of a linked step agrees with.

    False when some step has no day left. On a tree of links what remains is exactly the days
    that occur in some series.
    """
    links = frame.links
    for turn in range(2 * len(days) + 2):
        changed = False
        for link in links if turn % 2 == 0 else reversed(links):
            before, after = days[link.before], days[link.after]
            width = link.high - link.low + 1
            kept = after & _moved(_spread(before, width), link.low)
            left = before & _moved(_spread(kept, width), -link.high)
            if kept != after or left != before:
                if not kept or not left:
                    return False
                days[link.after], days[link.before] = kept, left
                changed = True
        if not changed:
            break
    return all(days)


def _spread(bits: int, width: int) -> int:
    """The OR of bits shifted up by 0..width-1."""
    done = 1
    while done < width:
        more = min(done, width - done)
        bits |= bits << more
        done += more
    return bits


def _moved(bits: int, by: int) -> int:
    return bits << by if by >= 0 else bits >> -by


@dataclass(frozen=True, slots=True)
class Found:
    """The best series of a search: its cost and, by position in the frame, days and choices."""

    finish: int
    cost: int
    days: tuple[int, ...]
    choices: tuple[Choice, ...]


class Programme:
    """The dynamic programme for given tables, a time band, and extra costs of days.

    `extra[i]` maps a day to what step i costs more on it (gaps to what is done already, visits
    outside the preferred weekdays).
    """

    def __init__(
        self,
        frame: Frame,
        tables: Sequence[Days],
        band: int | None,
        extra: Sequence[dict[int, int]],
    ) -> None:
        self.frame, self.tables, self.band, self.extra = frame, tables, band, extra
        self.turns = turns_of(frame)
        self.timed = {turn.step for turn in self.turns if turn.timed}

    def cheapest(self, days: Sequence[int]) -> tuple[int, list[int], list[Choice]] | None:
        """Least cost with each step on one of its days: the cost, days and choices."""
        self.domain = days
        self.day = [0] * len(days)
        self.start = [0] * len(days)
        self.memos: list[dict[tuple[int, ...], tuple[int, int, Choice | None]]] = [
            {} for _ in self.turns
        ]
        cost = self._best(0)
        if cost >= NEVER:
            return None
        choices: list[Choice | None] = [None] * len(days)
        for k, turn in enumerate(self.turns):
            _, day, choice = self.memos[k][self._key(turn)]
            assert choice is not None
            self.day[turn.step], self.start[turn.step] = day, choice.start
            choices[turn.step] = choice
        return cost, list(self.day), [choice for choice in choices if choice]

    def _key(self, turn: Turn) -> tuple[int, ...]:
        return tuple([self.start[i] if i in self.timed else self.day[i] for i in turn.frontier])

    def _best(self, k: int) -> int:
        if k == len(self.turns):
            return 0
        turn = self.turns[k]
        key = self._key(turn)
        known = self.memos[k].get(key)
        if known is not None:
            return known[0]
        step, day_of = turn.step, self.day
        domain = self.domain[step]
        for other, low, high in turn.links:
            first, last = day_of[other] + low, day_of[other] + high
            if last < 0:
                domain = 0
                break
            first = max(first, 0)
            domain = domain >> first << first & (1 << (last + 1)) - 1
        best: tuple[int, int, Choice | None] = (NEVER, 0, None)
        extra = self.extra[step]
        for day in members(domain):
            fixed = extra.get(day, 0)
            for other, wish in turn.wishes:
                gap = day - day_of[other] if wish.after == step else day_of[other] - day
                fixed += gap_cost(wish.gap, gap)
            for choice in self._choices(turn, day):
                cost = fixed + choice.cost
                if cost >= best[0]:
                    continue
                day_of[step], self.start[step] = day, choice.start
                cost += self._best(k + 1)
                if cost < best[0]:
                    best = (cost, day, choice)
        self.memos[k][key] = best
        return best[0]

    def _choices(self, turn: Turn, day: int) -> Iterator[Choice]:
        table = self.tables[turn.step]
        if not turn.timed and not turn.elapsed:
            choice = table.best(day, self.band)
        else:
            low, high = 0, NEVER
            own = self.frame.steps[turn.step].minutes
            for other, tie in turn.elapsed:
                if tie.after == turn.step:
                    end = self.start[other] + self.frame.steps[other].minutes
                    low, high = max(low, end + tie.low), min(high, end + tie.high)
                else:
                    start = self.start[other] - own
                    low, high = max(low, start - tie.high), min(high, start - tie.low)
            if turn.timed:
                yield from table.every(day, self.band, low, high)
                return
            choice = table.within(day, self.band, low, high)
        if choice:
            yield choice


def earliest(programme: Programme, days: Sequence[int], no_later: int = NEVER) -> Found | None:
    """The series that ends first and costs least, with each step on one of its days.

    `days` must be consistent; None when there is no series that ends by day `no_later`.
    """
    last = len(days) - 1
    for finish in members(days[last]):
        if finish > no_later:
            return None
        narrowed = list(days)
        narrowed[last] = 1 << finish
        if not consistent(programme.frame, narrowed):
            continue
        found = programme.cheapest(narrowed)
        if found:
            cost, on, choices = found
            return Found(finish, cost, tuple(on), tuple(choices))
    return None
