"""A course on sample dates: each visit on its ideal day, else the nearest that all gaps allow."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from scheduling.catalogue.agreement import Bound, bounds, spans
from scheduling.catalogue.sense import weekdays_of

MOST_TRIES = 4_000

Spans = dict[str, tuple[int, int]]


def sample(
    definition: Mapping[str, Any],
    *,
    d0: date,
    weekdays: Collection[int],
    closed: Collection[date] = (),
) -> dict[str, date] | None:
    """A date for each step with day 0 on `d0`; None: none found.

    Visits are on `weekdays` (Monday is 0), and not on a date that is `closed`.
    Nobody is booked and no room is looked at. A visit without an ideal is as near to day 0 as
    may be. Two visits share a day only where the protocol lets them.
    """
    steps = {step["key"]: step for step in definition["steps"]}
    ties = [bound for bound in bounds(definition["steps"]) if bound.anchor in steps]
    found = spans(list(steps), ties, definition["origin"])
    if any(span is None or span[0] > span[1] for span in found.values()):
        return None
    may_be = {
        key: {day for day in weekdays if not step["weekdays"] or day in weekdays_of(step)}
        for key, step in steps.items()
    }
    known = {key: span for key, span in found.items() if span is not None}
    shut = {(day - d0).days for day in closed}
    order = [definition["origin"], *(key for key in steps if key != definition["origin"])]
    chosen = _Search(steps, ties, may_be, d0, shut).place(order, known, {})
    return {key: d0 + timedelta(days=day) for key, day in chosen.items()} if chosen else None


class _Search:
    def __init__(
        self,
        steps: Mapping[str, Mapping[str, Any]],
        ties: Sequence[Bound],
        may_be: Mapping[str, set[int]],
        d0: date,
        shut: Collection[int],
    ) -> None:
        self.steps, self.may_be, self.shut = steps, may_be, shut
        self.first_weekday = d0.weekday()
        self.tries = 0
        self.of: dict[str, list[Bound]] = {key: [] for key in steps}
        for bound in ties:
            self.of[bound.step].append(bound)
            self.of[bound.anchor].append(bound)

    def place(self, order: list[str], spans: Spans, taken: dict[str, int]) -> dict[str, int] | None:
        """Dates for the rest of the order, the first that fit."""
        if not order:
            return taken
        key = order[0]
        low, high = spans[key]
        wanted = self._wanted(key, spans, taken)
        for day in sorted(range(low, high + 1), key=lambda day: (abs(day - wanted), day)):
            self.tries += 1
            if self.tries > MOST_TRIES:
                return None
            if not self._open(key, day) or self._full(key, day, taken):
                continue
            narrowed = self._narrowed(spans, key, day)
            if narrowed is None:
                continue
            found = self.place(order[1:], narrowed, taken | {key: day})
            if found is not None:
                return found
        return None

    def _wanted(self, key: str, spans: Spans, taken: Mapping[str, int]) -> int:
        low, high = spans[key]
        for gap in self.steps[key]["gaps"]:
            if "ideal" in gap and gap["anchor"] in taken:
                days = gap["ideal"] if "days" in gap else round(gap["ideal"] / 24)
                return min(max(taken[gap["anchor"]] + int(days), low), high)
        return min(max(0, low), high)

    def _open(self, key: str, day: int) -> bool:
        return day not in self.shut and (self.first_weekday + day) % 7 in self.may_be[key]

    def _full(self, key: str, day: int, taken: Mapping[str, int]) -> bool:
        partner = self.steps[key].get("shares_day_with")
        return any(
            there == day and other != partner and self.steps[other].get("shares_day_with") != key
            for other, there in taken.items()
        )

    def _narrowed(self, spans: Spans, key: str, day: int) -> Spans | None:
        """The spans once a step has its day; None when another step is left without one."""
        now = dict(spans)
        now[key] = (day, day)
        pending = [key]
        while pending:
            here = pending.pop()
            for bound in self.of[here]:
                pairs = (
                    (bound.step, bound.anchor, bound.earliest, bound.latest),
                    (bound.anchor, bound.step, -bound.latest, -bound.earliest),
                )
                for one, other, first, last in pairs:
                    low = max(now[one][0], now[other][0] + first)
                    high = min(now[one][1], now[other][1] + last)
                    if low > high:
                        return None
                    if (low, high) != now[one]:
                        now[one] = (low, high)
                        pending.append(one)
        return now
