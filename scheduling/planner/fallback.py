"""No series fits the preferred weekdays: the one with the fewest visits outside them.

Infusions count most; then the earliest finish, then the least cost. One programme over all days
at once, with the three put one above the other in its costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from scheduling.planner.options import Mode, Option, Variant
from scheduling.planner.preferences import outside_cost
from scheduling.planner.series import Found, Programme
from scheduling.planner.variants import Search

FINISH = 1 << 20
OUTSIDE = 1 << 40

Costs = Sequence[dict[int, int]]


def fewest_outside(search: Search, variants: Iterable[Variant]) -> Option | None:
    """The best series of several variants when preferred weekdays are only a wish."""
    extra = [dict(costs) for costs in search.extra]
    last = len(search.frame.steps) - 1
    for day in range(len(search.diary.midnights) - 1):
        for i, main in enumerate(search.frame.main):
            if not search.weekdays >> day & 1:
                extra[i][day] = extra[i].get(day, 0) + OUTSIDE * outside_cost(main)
        extra[last][day] = extra[last].get(day, 0) + FINISH * day
    best: Option | None = None
    for variant in variants:
        for mode in search.modes:
            one = _solve(search, variant, mode, extra, best)
            if one is not None and (best is None or one.rank < best.rank):
                best = one
    return best


def _solve(
    search: Search, variant: Variant, mode: Mode, extra: Costs, beat: Option | None
) -> Option | None:
    """The best of one variant; first without a band's cost, which bounds the bands."""
    free = _within(search, variant, mode, None, extra)
    if free is None or (beat is not None and free.rank >= beat.rank):
        return None
    band, strays = search.steadiest(free.starts)
    if not strays:
        return replace(free, band=band)
    found = (_within(search, variant, mode, band, extra) for band in search.bands(variant))
    return min((one for one in found if one is not None), key=lambda one: one.rank, default=None)


def _within(
    search: Search, variant: Variant, mode: Mode, band: int | None, extra: Costs
) -> Option | None:
    tables = search.tables(variant, mode.together)
    programme = Programme(mode.frame, tables, band, extra)
    while True:
        days = search.left(variant, mode, False)
        found = programme.cheapest(days) if days is not None else None
        if found is None:
            return None
        total, on, choices = found
        if search.proven(variant, mode.together, choices):
            break
    outside, rest = divmod(total, OUTSIDE)
    finish, cost = divmod(rest, FINISH)
    one = search.option(variant, mode, band or 0, Found(finish, cost, tuple(on), tuple(choices)))
    return replace(one, outside=outside)
