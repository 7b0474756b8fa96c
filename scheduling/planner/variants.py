"""The best series of a set of variants: the earliest finish day, then the least cost (ADR 0003).

Therapist, time band and which visits share a day are enumerated here; days and starts come from
the dynamic programme of `series`, and nurse cover that needs a repack is proven before a series
counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from scheduling.planner.drawn import LOOK_CLOSER, STOP, Drawn
from scheduling.planner.grid import wall_minute
from scheduling.planner.naming import Naming
from scheduling.planner.options import Mode, Option, Together, Variant
from scheduling.planner.preferences import (
    BANDS,
    band_cost,
)
from scheduling.planner.protocols import THERAPIST
from scheduling.planner.series import (
    NEVER,
    Found,
    Programme,
    earliest,
    ending,
)
from scheduling.planner.tables import Choice


class Search(Drawn):
    """The best series of the variants of one request."""

    def best(
        self,
        variants: Iterable[Variant],
        *,
        narrowed: bool = True,
        beat: tuple[int, int] = (NEVER, NEVER),
    ) -> Option | None:
        """The best series of several variants, if it beats a finish day and cost."""
        queue: list[tuple[int, Variant, Mode, list[int]]] = []
        for variant in variants:
            for mode in self.modes:
                days = self.left(variant, mode, narrowed)
                if days is not None:
                    queue.append(((days[-1] & -days[-1]).bit_length() - 1, variant, mode, days))
        queue.sort(key=lambda item: item[0])
        found: Option | None = None
        for bound, group in groupby(queue, key=lambda item: item[0]):
            if bound > beat[0]:
                break
            ranked = [
                (self._least(v, m, d, bound), n, v, m) for n, (_, v, m, d) in enumerate(group)
            ]
            for cost, _, variant, mode in sorted(ranked, key=lambda item: item[:2]):
                if (bound, cost) >= beat:
                    break
                if better := self._solve(variant, mode, beat, narrowed):
                    found, beat = better, (better.finish, better.cost)
        return found

    def _least(self, variant: Variant, mode: Mode, days: Sequence[int], finish: int) -> int:
        """A lower bound on the cost of a variant's series that ends on a day."""
        left = ending(mode.frame, days, finish)
        if left is None:
            return 0
        tables = self.tables(variant, mode.together)
        return Programme(mode.frame, tables, None, self.extra).least(left) + mode.trips

    def bands(self, variant: Variant) -> Sequence[int]:
        """Time bands whose cost is to be tried."""
        return range(len(BANDS)) if variant.band is None else [variant.band]

    def _solve(
        self, variant: Variant, mode: Mode, beat: tuple[int, int], narrowed: bool
    ) -> Option | None:
        """The best series of one variant that beats (finish, cost), its cover proven."""
        free = self._within(variant, mode, None, beat, narrowed)
        if free is None:
            return None
        band, strays = self.steadiest([choice.start for choice in free.choices])
        cost = free.cost + band_cost() * strays
        best = None
        if (free.finish, cost + mode.trips) < beat:
            best = self.option(variant, mode, band, replace(free, cost=cost))
            beat = (best.finish, best.cost)
        for other in self.bands(variant) if strays else ():
            if found := self._within(variant, mode, other, beat, narrowed):
                best = self.option(variant, mode, other, found)
                beat = (best.finish, best.cost)
        return best

    def _within(
        self,
        variant: Variant,
        mode: Mode,
        band: int | None,
        beat: tuple[int, int],
        narrowed: bool,
    ) -> Found | None:
        """The best series with one band's cost (None: with no band's), its cover proven."""
        tables = self.tables(variant, mode.together)
        programme = Programme(mode.frame, tables, band, self.extra)
        while True:
            days = self.left(variant, mode, narrowed)
            if days is None:
                return None
            found = earliest(programme, days, beat[0], beat[1] - mode.trips)
            if found is None or self.proven(variant, mode.together, found.choices):
                return found

    def steadiest(self, starts: Sequence[int]) -> tuple[int, int]:
        """The time band with the fewest infusions outside it, and how many those are."""
        minutes = [
            wall_minute(self.diary, start)
            for start, main in zip(starts, self.frame.main, strict=True)
            if main
        ]
        strays = [sum(not low <= at < high for at in minutes) for low, high in BANDS]
        return strays.index(min(strays)), min(strays)

    def option(self, variant: Variant, mode: Mode, band: int, found: Found) -> Option:
        """What was found, with the trips counted."""
        starts = tuple(choice.start for choice in found.choices)
        cost = found.cost + mode.trips
        return Option(variant, mode.together, band, found.finish, cost, found.days, starts)

    def proven(self, variant: Variant, together: Together, choices: Sequence[Choice]) -> bool:
        """True when nurses can be named for every visit; else what failed is struck."""
        holds = True
        for i, choice in enumerate(choices):
            if not choice.certain:
                holds &= self._prove(i, variant, choice.start)
        for pair in together:
            self.pair(pair, variant).forget()
            one, other = (choices[i].start for i in pair)
            if self.eased.keys() & set(pair):
                continue
            if holds and not self._together(pair, variant, one, other):
                self.pair(pair, variant).struck.add((one, other))
                holds = False
        return holds

    def _prove(self, i: int, variant: Variant, start: int) -> bool:
        frame = self.frame
        whose = variant.therapist if frame.steps[i].needs(THERAPIST) else None
        starts = self.eased.get(i, self.starts)
        key = (frame.kinds[i], whose, start, id(starts))
        if key not in self._proofs:
            naming = Naming(starts, variant.therapist)
            self._proofs[key] = naming.coverable(frame.steps[i], start)
            if not self._proofs[key]:
                self._failed()
        table = self.table(i, variant.therapist, variant.band)
        if self._proofs[key]:
            table.confirm(start)
        else:
            table.strike(start)
            self._left.clear()
        return self._proofs[key]

    def _failed(self) -> None:
        """After some repacks have failed look closer at all of them; after many, stop asking."""
        self._failures += 1
        if self._failures in (LOOK_CLOSER, STOP):
            for (kind, *_), table in self._tables.items():
                self._look_closer(table, self.frame.steps[self.frame.kinds.index(kind)])

    def _together(self, pair: tuple[int, int], variant: Variant, one: int, other: int) -> bool:
        naming = Naming(self.starts, variant.therapist)
        steps = [self.frame.steps[i] for i in pair]
        return naming.name([(steps[0], one), (steps[1], other)]) is not None

    def named(self, option: Option) -> Option:
        """The option with its visits named."""
        naming = Naming(self.starts, option.variant.therapist)
        visits = naming.name(list(zip(self.frame.steps, option.starts, strict=True)))
        if visits is None:
            raise AssertionError("a proven series could not be named")
        return replace(option, visits=tuple(visits))
