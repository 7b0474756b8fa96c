"""Rules about visits of a series taken together: windows, one a day, one therapist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from scheduling.planner.frame import dates_of
from scheduling.planner.placed import Examined
from scheduling.planner.plans import Refusal
from scheduling.planner.protocols import THERAPIST
from scheduling.planner.words import day_words, listed, moment

SeriesRule = Callable[[Examined], Iterator[Refusal]]


def window_is_kept(series: Examined) -> Iterator[Refusal]:
    """Every gap to an anchor that is known: local dates for days, elapsed time for hours."""
    dates, times = series.dated(), series.timed()
    placed = {one.step.key: one for one in series.visits}
    names = {step.key: step.name for step in series.protocol.steps}
    for step, gap in series.gaps():
        anchor = gap.anchor
        if gap.unit == "hours" and step.key in times and anchor in times:
            low = times[anchor][1] + 60 * gap.earliest
            high = times[anchor][1] + 60 * gap.latest
            if low <= times[step.key][0] <= high:
                continue
            zone = series.diary.zone
            window = f"{moment(low, zone)} to {moment(high, zone)}"
            told = f"{gap.earliest} to {gap.latest} hours after"
        else:
            near, far = dates_of(gap)
            first = dates[anchor] + timedelta(days=near)
            last = dates[anchor] + timedelta(days=far)
            if first <= dates[step.key] <= last:
                continue
            window = f"{day_words(first)} to {day_words(last)}"
            told = distance(near, far)
        subject = placed.get(step.key) or placed[anchor]
        when = day_words(dates[step.key])
        other = names.get(anchor, anchor.replace("_", " "))
        message = (
            f"{step.name} on {when} is outside its window: {told} {other} "
            f"({day_words(dates[anchor])}), {window}."
        )
        yield subject.refuse("window_is_kept", step.name, message)


def one_visit_a_day(series: Examined) -> Iterator[Refusal]:
    """Two visits of a series share a day only when one may share it with the other, in order."""
    dates, times = series.dated(), series.timed()
    order = {step.key: i for i, step in enumerate(series.protocol.steps)}
    moved = {placed.step.key for placed in series.visits}
    for placed in series.visits:
        step = placed.step
        for key in sorted(dates.keys() & order.keys() - {step.key}, key=order.__getitem__):
            if dates[key] != placed.day or (key in moved and order[key] > order[step.key]):
                continue
            other = series.protocol.step(key)
            if key == step.shares_day_with or step.key == other.shares_day_with:
                ahead, behind = sorted((step.key, key), key=order.__getitem__)
                if key not in times or times[ahead][1] <= times[behind][0]:
                    continue
                message = f"{step.name} and {other.name} share a day in step order only."
            else:
                message = f"{other.name} is already on {day_words(placed.day)}: one visit a day."
            yield placed.refuse("one_visit_a_day", other.name, message)


def one_therapist_throughout(series: Examined) -> Iterator[Refusal]:
    """One therapist has the whole series, when its protocol says so."""
    if not series.protocol.same_therapist:
        return
    first = series.therapist
    names = {person.id: person.name for person in series.diary.people}
    for placed in series.visits:
        for therapist in placed.clinicians(THERAPIST):
            first = first or therapist
            if therapist != first:
                wanted = names.get(first, "the therapist of the series")
                other = names.get(therapist, "another therapist")
                message = f"{placed.step.name} is with {other}, the series with {wanted}."
                yield placed.refuse("one_therapist_throughout", wanted, message)


SERIES_RULES: tuple[SeriesRule, ...] = (window_is_kept, one_visit_a_day, one_therapist_throughout)


def distance(first: int, last: int) -> str:
    """`1 to 2 days after`, `7 to 28 days before`, `7 days before to 7 days after`."""
    if last < 0:
        return f"{-last} to {-first} days before" if first != last else f"{-first} days before"
    if first >= 0:
        return f"{first} to {last} days after" if first != last else f"{first} days after"
    return listed([f"{-first} days before", f"{last} days after"], "to")
