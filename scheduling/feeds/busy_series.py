"""Recurring events within a budget: how far a file may make us count. Pure.

A rule that never matches, or matches every second, would keep a reader busy for hours. dateutil
looks at each day (or hour, or second) through the sets of months and weekdays of its rule, so sets
that count how often they are asked bound every rule there is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any

from dateutil.rrule import rrule
from recurring_ical_events import EventAdapter, Occurrence
from recurring_ical_events.series import Series
from recurring_ical_events.util import compare_greater, convert_to_datetime

from scheduling.feeds.busy_lines import CalendarRefused

EVERY_DAY, EVERY_MONTH = range(7), range(1, 13)
LOOK = 512


class Budget:
    """Seconds, days looked at and occurrences that one file may cost."""

    def __init__(
        self, *, seconds: float = 10.0, steps: int = 2_000_000, occurrences: int = 20_000
    ) -> None:
        self.until, self.steps, self.occurrences = monotonic() + seconds, steps, occurrences

    def step(self) -> None:
        """One day, hour or second was looked at."""
        self.steps -= 1
        if self.steps < 0:
            raise CalendarRefused(
                "Something in the calendar repeats so often, or since so long ago, that it is not "
                "read. Take out events that repeat every second, minute or hour."
            )
        if not self.steps % LOOK:
            self.look()

    def look(self) -> None:
        """Is there time left?"""
        if monotonic() > self.until:
            raise CalendarRefused("The calendar takes too long to read. Share one with less in it.")

    def occurred(self) -> None:
        """One occurrence was found."""
        self.look()
        self.occurrences -= 1
        if self.occurrences < 0:
            raise CalendarRefused(
                "The calendar has more events in the next 400 days than are read from one. "
                "Share one with less in it."
            )


class Entry(EventAdapter):
    """An event, and whether it keeps its owner busy."""

    def __init__(self, event: Any, *, busy: bool) -> None:
        super().__init__(event)
        self.busy = busy


class Stretch(Occurrence):
    """When an event is, once."""

    def __init__(self, entry: Entry, start: Any, end: Any, sequence: int) -> None:
        super().__init__(entry, start, end, sequence)
        self.busy = entry.busy


class _Counted(Collection[int]):
    """A set of numbers that spends a step whenever it is asked for one."""

    def __init__(self, numbers: Collection[int], budget: Budget) -> None:
        self.numbers, self.budget = numbers, budget

    def __contains__(self, number: object) -> bool:
        self.budget.step()
        return number in self.numbers

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)


def counted(rule: rrule, budget: Budget) -> rrule:
    """The same rule on a budget, keeping nothing of what it found."""
    inside: Any = rule
    if inside._bymonth:
        inside._bymonth = _Counted(inside._bymonth, budget)
    inside._byweekday = _Counted(inside._byweekday or EVERY_DAY, budget)
    inside._cache = None
    return rule


def series_of(
    entries: list[Entry], budget: Budget, low: datetime, high: datetime
) -> Iterator[Stretch]:
    """Every time one event (entries of one UID) happens in [low, high). Any Exception."""

    class Bounded(Series):
        class RecurrenceRules(Series.RecurrenceRules):
            def rrulestr(self, rule_string: str) -> rrule:
                budget.look()
                return counted(super().rrulestr(rule_string), budget)

            def rrule_between(self, span_start: date, span_stop: date) -> Iterator[datetime]:
                begin = convert_to_datetime(span_start, self.tzinfo)
                end = convert_to_datetime(span_stop, self.tzinfo)
                for rule in self.rrules:
                    for start in rule:
                        budget.step()
                        if start > end:
                            break
                        if start >= begin and not (
                            rule.until and compare_greater(start, rule.until)
                        ):
                            yield start

        def occurrence(self, adapter: Entry, start: Any = None, end: Any = None) -> Stretch:
            budget.occurred()
            return Stretch(adapter, start, end, self.sequence)

    budget.look()
    yield from Bounded(entries).between(low, high)


MARGIN = timedelta(days=2)
"""More than any two zones are apart: what is asked for on both sides of a window."""
