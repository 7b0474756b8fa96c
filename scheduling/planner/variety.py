"""Plans that really differ: another therapist, weekday pattern, time band, or a later D0."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import combinations

from scheduling.planner.fallback import fewest_outside
from scheduling.planner.grid import wall_minute, weekday_bits
from scheduling.planner.options import Option, Variant
from scheduling.planner.preferences import BANDS, band_of
from scheduling.planner.series import NEVER
from scheduling.planner.variants import Search

APART = 3
"""Days between two D0 from which on plans count as different."""

Beat = tuple[int, int]
Family = Callable[[Search, Sequence[Option], Beat], Option | None]
ANY = (NEVER, NEVER)
"""Finish and cost that any series beats."""


def different(search: Search) -> list[Option]:
    """The best option, then up to `limit` others unlike each other, in order of their scores.

    Each family offers its best; of one round's offers the regular weekday pattern goes first,
    then whichever scores best.
    """
    if not search.frame.steps:
        return []
    everyone = [Variant(therapist) for therapist in search.therapists]
    best = search.best(everyone)
    if best is None and search.request.weekdays:
        best = fewest_outside(search, everyone)
    if best is None:
        return []
    chosen = [best]
    families: list[Family] = [regular, other_therapist, other_band, later]
    while families and len(chosen) < search.request.limit:
        families = _round(search, chosen, families)
    return [best, *sorted(chosen[1:], key=lambda option: option.rank)]


def _round(search: Search, chosen: list[Option], families: Sequence[Family]) -> list[Family]:
    """Add to those chosen what the families offer; the families that may have more."""
    offers: list[tuple[Family, Option]] = []
    left: list[Family] = []
    beat = ANY
    for family in families:
        room = search.request.limit - len(chosen)
        offer = family(search, chosen, beat) if room else None
        if offer is None or not unlike(search, offer, chosen):
            continue
        if family is regular:
            chosen.append(offer)
            left.append(family)
            continue
        offers.append((family, offer))
        if room == 1:
            beat = offer.finish, offer.cost
    for family, offer in sorted(offers, key=lambda made: made[1].rank):
        if len(chosen) < search.request.limit and unlike(search, offer, chosen):
            chosen.append(offer)
            left.append(family)
    return left


def unlike(search: Search, option: Option, chosen: Sequence[Option]) -> bool:
    """True when an option differs genuinely from all those chosen."""
    return all(
        option.variant.therapist != other.variant.therapist
        or weekdays(search, option) != weekdays(search, other)
        or _differ(band(search, option), band(search, other))
        or abs(d0(search, option) - d0(search, other)) >= APART
        for other in chosen
    )


def regular(search: Search, chosen: Sequence[Option], beat: Beat) -> Option | None:
    """Infusions on as few weekdays as can be, always the same ones."""
    if sum(search.frame.main) < 2 or chosen[0].outside:
        return None
    known = {weekdays(search, option) for option in chosen}
    for size in (1, 2, 3):
        if min(len(pattern) for pattern in known) <= size and len(chosen) == 1:
            return None
        variants = [
            Variant(therapist, mains=days)
            for pattern, days in _patterns(search, size)
            if pattern not in known
            for therapist in search.therapists
        ]
        if found := search.best(variants, beat=beat):
            return found
    return None


def other_therapist(search: Search, chosen: Sequence[Option], beat: Beat) -> Option | None:
    """The best series with a therapist not yet offered."""
    taken = {option.variant.therapist for option in chosen}
    variants = [Variant(t) for t in search.therapists if t not in taken]
    return _best(search, chosen, variants, beat)


def other_band(search: Search, chosen: Sequence[Option], beat: Beat) -> Option | None:
    """The best series with every infusion in a time band not yet offered."""
    taken = {band(search, option) for option in chosen}
    bands = [index for index in range(len(BANDS)) if index not in taken]
    if chosen[0].outside or not bands:
        return None
    variants = [Variant(t, band=index) for index in bands for t in search.therapists]
    return search.best(variants, beat=beat)


def later(search: Search, chosen: Sequence[Option], beat: Beat) -> Option | None:
    """The best series whose D0 is at least three days after every one offered."""
    last = max(d0(search, option) for option in chosen) + APART
    days = ~((1 << last) - 1)
    return _best(search, chosen, [Variant(t, origin=days) for t in search.therapists], beat)


def _best(
    search: Search, chosen: Sequence[Option], variants: list[Variant], beat: Beat
) -> Option | None:
    if chosen[0].outside:
        return fewest_outside(search, variants)
    return search.best(variants, beat=beat)


def _patterns(search: Search, size: int) -> Iterator[tuple[frozenset[int], int]]:
    """Sets of so many open weekdays, with their days."""
    diary = search.diary
    count = len(diary.midnights) - 1
    for pattern in combinations(range(7), size):
        yield frozenset(pattern), weekday_bits(diary.first, count, frozenset(pattern))


def _differ(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one != other


def d0(search: Search, option: Option) -> int:
    """Day of D0; of the first visit when D0 is past."""
    return option.days[search.frame.origin or 0]


def mains(search: Search, option: Option) -> list[int]:
    """Positions of the infusions."""
    return [i for i, main in enumerate(search.frame.main) if main]


def weekdays(search: Search, option: Option) -> frozenset[int]:
    """Weekdays of the infusions."""
    first = search.diary.first
    days = (option.days[i] for i in mains(search, option))
    return frozenset((first + timedelta(days=day)).weekday() for day in days)


def band(search: Search, option: Option) -> int | None:
    """The time band of all infusions; None when they have several."""
    starts = (option.starts[i] for i in mains(search, option))
    found = {band_of(wall_minute(search.diary, start)) for start in starts}
    return found.pop() if len(found) == 1 else None
