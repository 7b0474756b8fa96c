"""Why no series fits: lift one rule at a time from the bitmaps and see which lets one through.

A rule that unblocks alone is a true blocker; it is then narrowed to the step that needs it. When
no single rule does, the scarcest one is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from scheduling.planner.frame import dates_of
from scheduling.planner.obstacles import Obstacle, lacking, scarcest, tell
from scheduling.planner.options import Variant
from scheduling.planner.plans import Blocked, Relaxation
from scheduling.planner.protocols import NURSE
from scheduling.planner.relax import FURTHER, relaxations
from scheduling.planner.shape import shape_of, watches_of
from scheduling.planner.spacing import distance
from scheduling.planner.variants import Search
from scheduling.planner.words import day_words

MOST = 3
"""Blockers told at most."""


def explain(search: Search) -> tuple[Blocked, ...]:
    """The true blockers, each with the step, the rule, the resource and what would help."""
    if not search.frame.steps:
        message = f"Every step of {search.request.protocol.name} is done already."
        return (Blocked("", "nothing_to_plan", search.request.protocol.name, message),)
    if told := [*lacking(search), *_calendar(search)]:
        return _with_relaxations(told, relaxations(search))
    found: list[Obstacle] = []
    for rules in _rules(search):
        if any(set(known.rules) & set(rules) for known in found):
            continue
        if (obstacle := _lift(search, rules)) is not None:
            found.append(obstacle)
        if len(found) == MOST:
            break
    told = [tell(search, obstacle) for obstacle in found]
    if len(told) < MOST:
        told += _late(search)
    return _with_relaxations(told or [scarcest(search)], relaxations(search))


def _rules(search: Search) -> Iterator[tuple[str, ...]]:
    """Rules to lift, one at a time; duty and freedom of a role also together."""
    shapes = [shape_of(step) for step in search.frame.steps]
    for role in sorted({turn.role for shape in shapes for turn in shape.turns}):
        if any(person.lapsed.get(role) for person in search.starts.staff.get(role, ())):
            yield (f"clinician_is_qualified {role}",)
        duty, free = f"clinician_is_on_duty {role}", f"clinician_is_free {role}"
        yield (duty,)
        yield (free,)
        yield (duty, free)
    yield ("room_is_free",)
    if any(_watched(search, i) for i in range(len(search.frame.steps))):
        yield ("nurse_cover_is_kept",)
    if any(shape.attendances for shape in shapes):
        yield ("presence_is_kept",)
    yield ("patient_is_free",)
    if search.request.earliest is not None or search.request.latest is not None:
        yield ("preferred_hours",)
    if search.therapists != [None] and len(search.therapists) > 1:
        yield ("one_therapist_throughout",)
    yield ("weekday_is_allowed",)
    yield ("site_is_open",)


def _watched(search: Search, i: int) -> bool:
    step = search.frame.steps[i]
    return step.needs(NURSE) and bool(watches_of(step, search.request.acuity, 1))


def _lift(search: Search, rules: tuple[str, ...]) -> Obstacle | None:
    """The obstacle that these rules are; None when lifting them gives no series."""
    everywhere = range(len(search.frame.steps))
    if rules != ("one_therapist_throughout",):
        starts = search.eased_starts(rules)
        if any(not search.startable(i, starts) for i in everywhere if not search.startable(i)):
            return None
    eased = _possible(search, rules, everywhere)
    if eased is None:
        return None
    if rules == ("one_therapist_throughout",):
        return Obstacle(rules, (), eased)
    for i in everywhere:
        if (alone := _possible(search, rules, [i])) is not None:
            return Obstacle(rules, (i,), alone)
    needed = list(everywhere)
    for i in everywhere:
        fewer = [j for j in needed if j != i]
        if (less := _possible(search, rules, fewer)) is not None:
            needed, eased = fewer, less
    return Obstacle(rules, tuple(needed), eased)


def _possible(search: Search, rules: tuple[str, ...], steps: Sequence[int]) -> Search | None:
    """The search with rules lifted from some steps, when it finds a series."""
    if rules == ("one_therapist_throughout",):
        protocol = replace(search.request.protocol, same_therapist=False)
        request = replace(search.request, protocol=protocol)
        eased = Search(request, search.diary, search.starts.without(request=request))
    else:
        starts = search.eased_starts(rules)
        eased = Search(
            search.request, search.diary, search.starts, dict.fromkeys(steps, starts), search
        )
    variants = [Variant(therapist) for therapist in eased.therapists]
    return eased if eased.best(variants, narrowed=False) is not None else None


def _calendar(search: Search) -> Iterator[Blocked]:
    """Windows that cannot be met whatever is free: bounds of D0 and steps done already."""
    request, frame = search.request, search.frame
    if search.calendar(request):
        return
    first, last = day_words(request.not_before), day_words(request.not_after)
    names = {step.key: step.name for step in request.protocol.steps}
    only_late = search.calendar(replace(request, not_after=search.diary.last))
    if only_late and frame.reach[0][1] < 0:
        origin = frame.steps[frame.origin or 0].name
        opens = day_words(request.not_before + timedelta(days=-frame.reach[0][1]))
        message = (
            f"{frame.steps[0].name} comes {distance(*frame.reach[0])} {origin} and not before "
            f"{first}, so {origin} is {opens} at the earliest, not by {last}."
        )
        yield Blocked(frame.steps[0].key, "window_is_kept", "not_after", message)
        return
    for i, gap in frame.outside:
        done = request.completed.get(gap.anchor)
        if done is None:
            continue
        fewer = {key: day for key, day in request.completed.items() if key != gap.anchor}
        if gap.anchor not in names and not search.calendar(replace(request, completed=fewer)):
            continue
        near, far = dates_of(gap)
        window = f"{day_words(done + timedelta(near))} to {day_words(done + timedelta(far))}"
        anchor = names.get(gap.anchor, f"the {gap.anchor.replace('_', ' ')}")
        message = (
            f"{frame.steps[i].name} belongs {distance(near, far)} {anchor} ({day_words(done)}): "
            f"{window}, but visits are asked for from {first} and the first day by {last}."
        )
        resource = "not_after" if only_late else anchor
        yield Blocked(frame.steps[i].key, "window_is_kept", resource, message)
        return
    message = f"No dates from {first} on keep every gap of {request.protocol.name}."
    yield Blocked(frame.steps[0].key, "window_is_kept", request.protocol.name, message)


def _late(search: Search) -> Iterator[Blocked]:
    """D0 could be, but only after `not_after`."""
    request, frame = search.request, search.frame
    last = min(request.not_after + FURTHER, search.diary.last)
    if frame.origin is None or last <= request.not_after:
        return
    later = Search(replace(request, not_after=last), search.diary, search.starts, {}, search)
    option = later.best([Variant(therapist) for therapist in later.therapists], narrowed=False)
    if option is not None:
        day = search.diary.first + timedelta(days=option.days[frame.origin])
        step = frame.steps[frame.origin]
        message = (
            f"{step.name} could be on {day_words(day)} at the earliest, after the last day "
            f"asked for, {day_words(request.not_after)}."
        )
        yield Blocked(step.key, "window_is_kept", "not_after", message)


def _with_relaxations(
    told: Sequence[Blocked], changes: Sequence[Relaxation]
) -> tuple[Blocked, ...]:
    """Each blocker with the change that addresses it, the first at least with the best there is."""
    answers = {"preferred_hours": {"latest", "earliest"}, "not_after": {"not_after"}}
    found = []
    for n, blocker in enumerate(told):
        own = answers.get(blocker.rule) or answers.get(blocker.resource)
        fit = [change for change in changes if own and change.change.keys() <= own]
        best = next(iter(fit or (changes if n == 0 else ())), None)
        found.append(replace(blocker, relax=best))
    return tuple(found)
