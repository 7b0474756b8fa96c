"""What one request draws of a diary, only once: bitmaps, tables, and the days they leave."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from scheduling.planner.day import Diary
from scheduling.planner.frame import dates_of, frame_of, modes, settled
from scheduling.planner.grid import weekday_bits
from scheduling.planner.naming import Naming
from scheduling.planner.options import Mode, Together, Variant
from scheduling.planner.pairs import Half, Pair
from scheduling.planner.plans import Request
from scheduling.planner.preferences import gap_cost, ideal_days, trip_cost, wanted_start
from scheduling.planner.protocols import THERAPIST, Step
from scheduling.planner.series import consistent
from scheduling.planner.starts import Starts
from scheduling.planner.tables import Days, Table, Taste, by_day

LOOK_CLOSER, STOP = 6, 150
"""Repacks proven impossible, for one request, after which to look closer and to give up."""


class Drawn:
    """One request against one diary.

    `eased` holds other starts for some positions of the frame: a search of what would be if a
    rule did not bind those steps. Its options can be found but not named.
    `like` lends what it
    has drawn.
    """

    def __init__(
        self,
        request: Request,
        diary: Diary,
        starts: Starts | None = None,
        eased: Mapping[int, Starts] | None = None,
        like: Drawn | None = None,
    ) -> None:
        self.request, self.diary = request, diary
        self.starts = starts or Starts(request, diary)
        self.eased = eased or {}
        self.frame = frame_of(request.protocol, frozenset(request.completed))
        self._tables: dict[tuple[int, int | None, int | None, int], Table] = {}
        self._rows: dict[tuple[int | None, int | None, Together], list[Days]] = {}
        self._pairs: dict[tuple[int, int | None, int | None], Pair] = {}
        self._proofs: dict[tuple[int, int | None, int, int], bool] = {}
        self._left: dict[tuple[int | None, int | None, Together, bool], list[int] | None] = {}
        self._startable: dict[tuple[int, int], bool] = {}
        self._failures = 0
        self._eased: dict[tuple[str, ...], Starts] = {}
        if like is not None:
            self._tables, self._proofs, self._eased = like._tables, like._proofs, like._eased

    @cached_property
    def modes(self) -> list[Mode]:
        """Which steps share a day."""
        pairs = len(self.frame.sharing)
        return [
            Mode(together, settled(self.frame, together), trip_cost() * (pairs - len(together)))
            for together in modes(self.frame)
        ]

    @cached_property
    def therapists(self) -> list[int | None]:
        """Who could have the whole series; [None] when each visit may have its own."""
        if not self.request.protocol.same_therapist:
            return [None]
        if not any(step.needs(THERAPIST) for step in self.frame.steps):
            return [None]
        return [person.id for person in self.starts.staff.get(THERAPIST, [])]

    @cached_property
    def weekdays(self) -> int:
        """One bit a day: the preferred weekdays, all when there are none."""
        if not self.request.weekdays:
            return -1
        return weekday_bits(self.diary.first, len(self.diary.midnights) - 1, self.request.weekdays)

    @cached_property
    def windows(self) -> list[int]:
        """By position, one bit a day: what D0's bounds and steps already done leave."""
        found = [-1] * len(self.frame.steps)
        if self.frame.origin is not None:
            last = (self.request.not_after - self.diary.first).days
            found[self.frame.origin] &= (1 << max(0, last + 1)) - 1
        for i, gap in self.frame.outside:
            if (done := self.request.completed.get(gap.anchor)) is not None:
                low, high = dates_of(gap)
                first = (done - self.diary.first).days + low
                last = (done - self.diary.first).days + high
                found[i] &= (1 << max(0, last + 1)) - 1 & ~((1 << max(0, first)) - 1)
        keys = {step.key for step in self.request.protocol.steps}
        for key, done in self.request.completed.items():
            index = (done - self.diary.first).days
            for i, step in enumerate(self.frame.steps):
                if key in keys and step.shares_day_with != key and index >= 0:
                    found[i] &= ~(1 << index)
        return found

    @cached_property
    def extra(self) -> list[dict[int, int]]:
        """By position, what a day costs for its distance from steps already done."""
        found: list[dict[int, int]] = [{} for _ in self.frame.steps]
        for i, gap in self.frame.outside:
            done, ideal = self.request.completed.get(gap.anchor), ideal_days(gap)
            if done is not None and ideal is not None:
                at = (done - self.diary.first).days + ideal
                for day in range(len(self.diary.midnights) - 1):
                    found[i][day] = found[i].get(day, 0) + gap_cost(day - at)
        return found

    def table(self, i: int, therapist: int | None, band: int | None) -> Table:
        """Starts of the step at position i with that therapist, kept in a band if it is main."""
        frame = self.frame
        whose = therapist if frame.steps[i].needs(THERAPIST) else None
        kept = band if frame.main[i] else None
        starts = self.eased.get(i, self.starts)
        key = (frame.kinds[i], whose, kept, id(starts))
        if key not in self._tables:
            if kept is None:
                feasible = starts.feasible(frame.steps[i], whose)
                taste = Taste(wanted_start(self.request), frame.main[i])
                self._tables[key] = Table(self.diary, feasible, taste)
                self._look_closer(self._tables[key], frame.steps[i])
            else:
                self._tables[key] = self.table(i, therapist, None).only(kept)
        return self._tables[key]

    def tables(self, variant: Variant, together: Together) -> list[Days]:
        """The table of each step."""
        key = (variant.therapist, variant.band, together)
        if key in self._rows:
            return self._rows[key]
        found: list[Days] = [
            self.table(i, variant.therapist, variant.band) for i in range(len(self.frame.steps))
        ]
        for pair in together:
            both = self.pair(pair, variant)
            found[pair[0]], found[pair[1]] = Half(both, False), Half(both, True)
        self._rows[key] = found
        return found

    def pair(self, pair: tuple[int, int], variant: Variant) -> Pair:
        """Two steps on one day."""
        key = (pair[0], variant.therapist, variant.band)
        if key not in self._pairs:
            first, second = (self.frame.steps[i] for i in pair)
            ties = [tie for tie in self.frame.elapsed if (tie.before, tie.after) == pair]
            gap = (
                max((tie.low for tie in ties), default=0),
                min((tie.high for tie in ties), default=self.diary.length),
            )
            naming = Naming(self.starts, variant.therapist)
            eased = bool(self.eased.keys() & set(pair))
            self._pairs[key] = Pair(
                self.table(pair[0], variant.therapist, variant.band),
                self.table(pair[1], variant.therapist, variant.band),
                first.minutes,
                (max(0, gap[0]), gap[1]),
                max((room.turnover for room in self.diary.rooms), default=0),
                lambda one, other: eased or naming.fits(first, one, second, other),
            )
        return self._pairs[key]

    def left(self, variant: Variant, mode: Mode, narrowed: bool) -> list[int] | None:
        """By position, one bit a day: the days that can be part of some series of the variant.

        None when there is no such series. `narrowed` keeps to the preferred weekdays.
        """
        key = (variant.therapist, variant.band, mode.together, narrowed)
        if key not in self._left:
            tables = self.tables(variant, mode.together)
            days = [table.days & window for table, window in zip(tables, self.windows, strict=True)]
            if narrowed:
                days = [bits & self.weekdays for bits in days]
            self._left[key] = days if consistent(mode.frame, days) else None
        base = self._left[key]
        if base is None:
            return None
        found = [
            bits & (variant.mains if main else variant.others)
            for bits, main in zip(base, self.frame.main, strict=True)
        ]
        found[self.frame.origin or 0] &= variant.origin
        fewer = [
            i for i, (before, now) in enumerate(zip(base, found, strict=True)) if before != now
        ]
        return found if consistent(mode.frame, found, fewer) else None

    def eased_starts(self, rules: tuple[str, ...]) -> Starts:
        """Starts with rules lifted, made once."""
        if rules not in self._eased:
            self._eased[rules] = self.starts.without(*rules)
        return self._eased[rules]

    def startable(self, i: int, starts: Starts | None = None) -> bool:
        """True when the step at position i has any start at all, with any therapist."""
        key = (self.frame.kinds[i], id(starts))
        if key not in self._startable:
            step, known = self.frame.steps[i], starts or self.starts
            whose = self.therapists if step.needs(THERAPIST) else [None]
            self._startable[key] = any(known.feasible(step, t).pooled for t in whose)
        return self._startable[key]

    def day_bits(self, bits: int) -> int:
        """One bit a day: days with any bit set."""
        return sum(1 << day for day, part in enumerate(by_day(self.diary, bits)) if part)

    def calendar(self, request: Request) -> bool:
        """True when some dates keep every gap and window, whatever is free on them."""
        like = Drawn(request, self.diary)
        count = len(self.diary.midnights) - 1
        for mode in like.modes:
            days = [
                window
                & like.starts.days
                & (weekday_bits(self.diary.first, count, step.weekdays) if step.weekdays else -1)
                for step, window in zip(mode.frame.steps, like.windows, strict=True)
            ]
            if consistent(mode.frame, days):
                return True
        return False

    def days_left(self, variant: Variant, *, narrowed: bool = True) -> list[int]:
        """By position, one bit a day: the days that can be part of some series."""
        found = [0] * len(self.frame.steps)
        for mode in self.modes:
            days = self.left(variant, mode, narrowed)
            if days is not None:
                found = [known | more for known, more in zip(found, days, strict=True)]
        return found

    def _look_closer(self, table: Table, step: Step) -> None:
        if self._failures >= STOP:
            table.narrow(0)
        elif self._failures >= LOOK_CLOSER:
            table.narrow(self.starts.packable(step))
