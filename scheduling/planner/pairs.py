"""Two steps on one day: their starts chosen together, and each shown to the search as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scheduling.planner.tables import NEVER, Choice, Table


class Pair:
    """Two steps on one day, the second after the first.

    `gap` bounds the minutes from the end of the first to the start of the second. A second that
    starts `turnover` after the first ends finds its room whatever the first took; for an earlier
    one `fits` tells if rooms allow both starts.
    """

    def __init__(
        self,
        first: Table,
        second: Table,
        minutes: int,
        gap: tuple[int, int],
        turnover: int,
        fits: Callable[[int, int], bool],
    ) -> None:
        self.first, self.second, self.minutes, self.gap = first, second, minutes, gap
        self.turnover, self.fits = turnover, fits
        self.struck: set[tuple[int, int]] = set()
        self._both: dict[tuple[int, int | None], tuple[Choice, Choice] | None] = {}
        self.days = first.days & second.days

    def both(self, day: int, band: int | None) -> tuple[Choice, Choice] | None:
        """The cheapest two starts of a day."""
        if (day, band) not in self._both:
            self._both[day, band] = self._cheapest(day, band)
        return self._both[day, band]

    def forget(self) -> None:
        """Work everything out anew, after a start or a pair was struck."""
        self._both.clear()

    def _cheapest(self, day: int, band: int | None) -> tuple[Choice, Choice] | None:
        best: tuple[Choice, Choice] | None = None
        least = NEVER
        low, high = self.gap
        second = self.second.best(day, band)
        free = not self.first.taste.main
        firsts = self.first.every(day, band, 0, self.first.diary.length)
        for one in self.first.ordered(day) if free else sorted(firsts):
            if second is None or one.cost + second.cost >= least:
                break
            after = one.start + self.minutes
            for other in self._seconds(day, band, one.start, after + low, after + high):
                if one.cost + other.cost < least and self._allowed(one.start, other.start):
                    best, least = (one, other), one.cost + other.cost
        return best

    def _seconds(
        self, day: int, band: int | None, first: int, low: int, high: int
    ) -> Iterator[Choice]:
        """Seconds to consider: the cheapest clear of a turnover first, and those before it."""
        clear = first + self.minutes + self.turnover
        later = self.second.within(day, band, max(low, clear), high)
        if later is not None and (first, later.start) in self.struck:
            yield from self.second.every(day, band, max(low, clear), high)
        elif later is not None:
            yield later
        yield from self.second.every(day, band, low, min(high, clear - 1))

    def _allowed(self, first: int, second: int) -> bool:
        if (first, second) in self.struck:
            return False
        return second >= first + self.minutes + self.turnover or self.fits(first, second)


class Half:
    """One step of a pair as a table: the first carries the cost of both, the second none."""

    def __init__(self, pair: Pair, second: bool) -> None:
        self.pair, self.second, self.days = pair, second, pair.days

    def best(self, day: int, band: int | None) -> Choice | None:
        both = self.pair.both(day, band)
        if both is None:
            return None
        first, second = both
        if self.second:
            return Choice(0, second.start, second.certain)
        return Choice(first.cost + second.cost, first.start, first.certain)

    def floor(self, day: int, band: int | None) -> int:
        if self.second:
            return 0
        return self.pair.first.floor(day, band) + self.pair.second.floor(day, band)

    def within(self, day: int, band: int | None, low: int, high: int) -> Choice | None:
        choice = self.best(day, band)
        return choice if choice and low <= choice.start <= high else None

    def every(self, day: int, band: int | None, low: int, high: int) -> Iterator[Choice]:
        if choice := self.within(day, band, low, high):
            yield choice
