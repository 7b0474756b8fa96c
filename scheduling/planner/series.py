"""The exact search over days: one date and start for every step of a series.

Arc consistency on bitmaps of days first: one bit a day, one shift-and-or a link. It leaves for
each step the days that can be part of a series at all, and so the earliest day the last step can
have. Then, finish day by finish day, a dynamic programme over the steps outward from D0 whose
state is the frontier: the days (or, where elapsed hours count, the starts) that later steps still
refer to. The first finish day with a series is the earliest, and the programme's cost the least.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    wishes: tuple[tuple[int, int], ...]
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
                    (wish.before, wish.ideal) if wish.after == step else (wish.after, -wish.ideal)
                    for wish in frame.wishes
                    if step in (wish.before, wish.after)
                    and {wish.before, wish.after} - {step} <= {*known}
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


def consistent(frame: Frame, days: list[int], since: Iterable[int] | None = None) -> bool:
    """Strike, in place, the days of each step that no day of a linked step agrees with.

    False when some step has no day left. On a tree of links what remains is exactly the days
    that occur in some series. `since` tells which steps lost days since it last was so.
    """
    if not all(days):
        return False
    dirty = [since is None] * len(days)
    for step in since or ():
        dirty[step] = True
    links, forward = frame.links, True
    while True:
        changed = [False] * len(days)
        for link in links if forward else reversed(links):
            one, other = link.before, link.after
            if not (dirty[one] or dirty[other] or changed[one] or changed[other]):
                continue
            before, after = days[one], days[other]
            low, width = link.low, link.high - link.low + 1
            reach = _spread(before, width)
            kept = after & (reach << low if low >= 0 else reach >> -low)
            if kept != after:
                if not kept:
                    return False
                days[other] = kept
                changed[other] = True
            reach, high = _spread(kept, width), link.high
            left = before & (reach >> high if high >= 0 else reach << -high)
            if left != before:
                if not left:
                    return False
                days[one] = left
                changed[one] = True
        if True not in changed:
            return True
        dirty, forward = changed, not forward


def _spread(bits: int, width: int) -> int:
    """The OR of bits shifted up by 0..width-1."""
    done = 1
    while done < width:
        more = done if done < width - done else width - done
        bits |= bits << more
        done += more
    return bits


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

    def least(self, days: Sequence[int], enough: int = NEVER) -> int:
        """A lower bound on the cost: each step on its own cheapest day; stops at `enough`."""
        total = 0
        for table, domain, extra in zip(self.tables, days, self.extra, strict=True):
            cheapest = NEVER
            for day in members(domain):
                cost = table.floor(day, self.band) + extra.get(day, 0)
                if cost < cheapest:
                    cheapest = cost
                    if not cost:
                        break
            total += cheapest
            if total >= enough:
                break
        return total

    def cheapest(self, days: Sequence[int]) -> tuple[int, list[int], list[Choice]] | None:
        """Least cost with each step on one of its days: the cost, days and choices."""
        count, turns = len(days), self.turns
        day, start = [0] * count, [0] * count
        timed = frozenset(turn.step for turn in turns if turn.timed)
        memos: list[dict[object, tuple[int, int, Choice | None]]] = [{} for _ in turns]
        options = [self._options(turn, days[turn.step]) for turn in turns]

        def key_of(turn: Turn) -> object:
            if timed:
                return tuple([start[i] if i in timed else day[i] for i in turn.frontier])
            if len(turn.frontier) == 1:
                return day[turn.frontier[0]]
            return tuple([day[i] for i in turn.frontier])

        def best(k: int) -> int:
            turn = turns[k]
            key = key_of(turn)
            known = memos[k].get(key)
            if known is not None:
                return known[0]
            step, wishes = turn.step, turn.wishes
            low, high = 0, NEVER
            for other, near, far in turn.links:
                low = max(low, day[other] + near)
                high = min(high, day[other] + far)
            found: tuple[int, int, Choice | None] = (NEVER, 0, None)
            further = k + 1
            for on, fixed, choice in options[k]:
                if on < low:
                    continue
                if on > high:
                    break
                for other, ideal in wishes:
                    fixed += gap_cost(on - day[other] - ideal)
                for chosen in (choice,) if choice else self._timely(turn, on, start):
                    if chosen is None or fixed + chosen.cost >= found[0]:
                        continue
                    day[step], start[step] = on, chosen.start
                    cost = fixed + chosen.cost
                    if further < count:
                        cost += best(further)
                    if cost < found[0]:
                        found = (cost, on, chosen)
            memos[k][key] = found
            return found[0]

        total = best(0)
        if total >= NEVER:
            return None
        choices: dict[int, Choice] = {}
        for k, turn in enumerate(turns):
            _, on, chosen = memos[k][key_of(turn)]
            if chosen is not None:
                day[turn.step], start[turn.step] = on, chosen.start
                choices[turn.step] = chosen
        return total, day, [choices[i] for i in range(count)]

    def _options(self, turn: Turn, days: int) -> list[tuple[int, int, Choice | None]]:
        """(day, extra cost, cheapest start) of a step; no start yet where elapsed hours decide."""
        table, extra = self.tables[turn.step], self.extra[turn.step]
        found: list[tuple[int, int, Choice | None]] = []
        for day in members(days):
            if turn.timed or turn.elapsed:
                found.append((day, extra.get(day, 0), None))
            elif (choice := table.best(day, self.band)) is not None:
                found.append((day, extra.get(day, 0), choice))
        return found

    def _timely(self, turn: Turn, day: int, start: Sequence[int]) -> Iterator[Choice | None]:
        """Starts of a day within the elapsed hours from steps decided before."""
        table = self.tables[turn.step]
        low, high = 0, NEVER
        own = self.frame.steps[turn.step].minutes
        for other, tie in turn.elapsed:
            if tie.after == turn.step:
                end = start[other] + self.frame.steps[other].minutes
                low, high = max(low, end + tie.low), min(high, end + tie.high)
            else:
                until = start[other] - own
                low, high = max(low, until - tie.high), min(high, until - tie.low)
        if turn.timed:
            yield from table.every(day, self.band, low, high)
        else:
            yield table.within(day, self.band, low, high)


def ending(frame: Frame, days: Sequence[int], finish: int) -> list[int] | None:
    """What is left of consistent days when the last step is on `finish`; None when nothing."""
    narrowed = list(days)
    narrowed[-1] = 1 << finish
    return narrowed if consistent(frame, narrowed, [len(days) - 1]) else None


def earliest(
    programme: Programme, days: Sequence[int], finish: int = NEVER, cost: int = NEVER
) -> Found | None:
    """The series that ends first and costs least, with each step on one of its days.

    `days` must be consistent. Only one that beats (finish, cost) counts; None without one.
    """
    for end in members(days[-1]):
        if end > finish:
            return None
        narrowed = ending(programme.frame, days, end)
        if narrowed is None:
            continue
        beat = cost if end == finish else NEVER
        if programme.least(narrowed, beat) >= beat:
            return None
        found = programme.cheapest(narrowed)
        if found:
            total, on, choices = found
            return Found(end, total, tuple(on), tuple(choices)) if total < beat else None
    return None
