"""What speaks for a plan, in words, found by comparing it with the others on offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from scheduling.planner.grid import wall_minute
from scheduling.planner.options import Option
from scheduling.planner.preferences import BAND_NAMES, wanted_start
from scheduling.planner.variants import Search
from scheduling.planner.variety import band, d0, mains, weekdays
from scheduling.planner.words import WEEKDAYS, count, day_words, listed


def reasons(search: Search, options: Sequence[Option]) -> list[tuple[str, ...]]:
    """Reasons for each option, those that set it apart first."""
    found = []
    for option in options:
        others = [other for other in options if other is not option]
        words = [
            *_outside(search, option),
            *_sooner(search, option, others),
            *_pattern(search, option),
            *_people(search, option),
            *_rooms(search, option),
            *_trips(search, option),
            *_hours(search, option),
            *_opening(search),
        ]
        found.append(tuple(words))
    return found


def _sooner(search: Search, option: Option, others: Sequence[Option]) -> list[str]:
    """Finish and start, set against the nearest other."""
    found = []
    finishes = min((other.finish for other in others), default=option.finish)
    if option.finish < finishes:
        found.append(f"finishes {count(finishes - option.finish, 'day')} sooner")
    else:
        day = search.diary.first + timedelta(days=option.finish)
        found.append(f"finishes {day_words(day)}")
    starts = min((d0(search, other) for other in others), default=0)
    if d0(search, option) < starts:
        found.append(f"starts {count(starts - d0(search, option), 'day')} sooner")
    return found


def _pattern(search: Search, option: Option) -> list[str]:
    """`always Tuesday morning`, `always Monday, Wednesday and Friday`, `always in the morning`."""
    if len(mains(search, option)) < 2:
        return []
    days = sorted(weekdays(search, option))
    clock = band(search, option)
    names = listed(WEEKDAYS[day] for day in days)
    if len(days) == 1:
        return [f"always {names}" + (f" {BAND_NAMES[clock]}" if clock is not None else "")]
    found = []
    if len(days) <= 3 and len(days) < len(mains(search, option)):
        found.append(f"always {names}")
    if clock is not None:
        found.append(f"always in the {BAND_NAMES[clock]}" if clock != 1 else "always at midday")
    return found


def _outside(search: Search, option: Option) -> list[str]:
    """Preferred weekdays: kept, or by how many visits not."""
    if not search.request.weekdays:
        return []
    first = search.diary.first
    days = [(first + timedelta(days=day)).weekday() for day in option.days]
    off = Counter(day for day in days if day not in search.request.weekdays)
    if not off:
        return ["every visit on a preferred day"]
    names = listed(WEEKDAYS[day] for day in sorted(off))
    if off.total() == 1:
        return [f"one visit on a {names}"]
    if len(off) == 1:
        return [f"{off.total()} visits on {names}s"]
    return [f"{off.total()} visits on other days ({names})"]


def _people(search: Search, option: Option) -> list[str]:
    if option.variant.therapist is None:
        return []
    name = search.diary.person(option.variant.therapist).name
    return [f"same therapist throughout ({name})"]


def _rooms(search: Search, option: Option) -> list[str]:
    """One room for everything, or for every infusion."""
    rooms = [
        {claim.resource for claim in visit.claims if claim.kind == "room"}
        for visit in option.visits
    ]
    everywhere = set().union(*rooms)
    if len(rooms) > 1 and len(everywhere) == 1:
        return [f"one room throughout ({search.diary.room(everywhere.pop()).name})"]
    infused = set().union(*(rooms[i] for i in mains(search, option)))
    if len(mains(search, option)) > 1 and len(infused) == 1:
        name = search.diary.room(infused.pop()).name
        return [f"always in {name}"]
    return []


def _trips(search: Search, option: Option) -> list[str]:
    """Visits that share a day."""
    steps = search.frame.steps
    return [f"{listed(steps[i].name for i in pair)} on one day" for pair in sorted(option.together)]


def _hours(search: Search, option: Option) -> list[str]:
    """Every visit close to the wanted hour."""
    wanted = wanted_start(search.request)
    away = [abs(wall_minute(search.diary, start) - wanted) for start in option.starts]
    if max(away) <= 60:
        return [f"every visit starts within an hour of {wanted // 60:02d}:{wanted % 60:02d}"]
    return []


def _opening(search: Search) -> list[str]:
    """An anchor outside the series that nobody told about binds nothing."""
    request = search.request
    return [
        f"no {gap.anchor.replace('_', ' ')} is known: opens on {day_words(request.not_before)}"
        for _, gap in search.frame.outside
        if gap.anchor not in request.completed
    ]
