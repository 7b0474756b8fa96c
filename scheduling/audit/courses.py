"""Rules about the visits of one series together: windows, weekdays, one therapist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from scheduling.audit.case import Case
from scheduling.audit.rows import Series, Violation, Visit

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def series_keeps_its_version(case: Case) -> Iterator[Violation]:
    """Every visit runs on the protocol version of its series."""
    for visit in case.standing:
        series = case.rows.series.get(visit.series or 0)
        if series and visit.version != series.version:
            yield case.wrong(
                "series_keeps_its_version",
                visit,
                f"It runs on protocol version {visit.version}, its series on {series.version}.",
            )


def step_is_there_once(case: Case) -> Iterator[Violation]:
    """A series has at most one standing visit of a step."""
    for _, visits in _courses(case):
        seen: dict[str, Visit] = {}
        for visit in visits:
            if visit.step in seen and visit.id in case.rows.scope:
                other = seen[visit.step].id
                yield case.wrong(
                    "step_is_there_once",
                    visit,
                    f"Step “{visit.step}” of its series is appointment {other} already.",
                )
            seen[visit.step] = visit


def window_is_kept(case: Case) -> Iterator[Violation]:
    """Every gap between two steps that stand or were done before: site dates, or elapsed hours."""
    for series, visits in _courses(case):
        by_step = {visit.step: visit for visit in visits}
        dates = {step: date.fromisoformat(day) for step, day in series.completed.items()}
        dates |= {visit.step: case.calendar.day_of(visit.start, visit.site) for visit in visits}
        for step in case.rows.definitions[series.version]["steps"]:
            for gap in step.get("gaps", ()):
                if step["key"] in dates and gap["anchor"] in dates:
                    yield from _gap(case, step["key"], gap, by_step, dates)


def weekday_is_allowed(case: Case) -> Iterator[Violation]:
    """A step that names weekdays falls on one of them."""
    for visit in case.standing:
        steps = case.rows.definitions[visit.version]["steps"]
        names = next((s.get("weekdays", ()) for s in steps if s["key"] == visit.step), ())
        day = case.calendar.day_of(visit.start, visit.site)
        if names and _WEEKDAYS[day.weekday()] not in names:
            yield case.wrong(
                "weekday_is_allowed",
                visit,
                f"It is for {', '.join(names)} and stands on {day:%a} {day.day} {day:%b %Y}.",
            )


def one_visit_a_day(case: Case) -> Iterator[Violation]:
    """Two steps of a series share a day only when the protocol lets them."""
    for series, visits in _courses(case):
        steps = {s["key"]: s for s in case.rows.definitions[series.version]["steps"]}
        days: dict[date, list[Visit]] = defaultdict(list)
        for visit in visits:
            days[case.calendar.day_of(visit.start, visit.site)].append(visit)
        for together in days.values():
            for earlier, visit in pairwise(together):
                pair = (steps.get(earlier.step, {}), steps.get(visit.step, {}))
                partners = {step.get("shares_day_with") for step in pair}
                if not partners & {earlier.step, visit.step} and visit.id in case.rows.scope:
                    yield case.wrong(
                        "one_visit_a_day",
                        visit,
                        f"It shares its day with {earlier.step} of the same series.",
                    )


def one_therapist_throughout(case: Case) -> Iterator[Violation]:
    """Where the protocol says so, every visit of a series has the series' therapist."""
    for series, visits in _courses(case):
        if not case.rows.definitions[series.version].get("same_therapist", True):
            continue
        first = series.therapist
        for visit in visits:
            claims = [c for c in case.staff_claims(visit) if c.role == "therapist"]
            for therapist in sorted({claim.resource for claim in claims}):
                first = first or therapist
                if therapist != first and visit.id in case.rows.scope:
                    yield case.wrong(
                        "one_therapist_throughout",
                        visit,
                        f"It is with {case.name(therapist)}, its series with {case.name(first)}.",
                    )


def _courses(case: Case) -> Iterator[tuple[Series, list[Visit]]]:
    """Each series with its standing visits in time order, those beyond the scope included."""
    courses: dict[int, list[Visit]] = defaultdict(list)
    for visit in case.rows.visits.values():
        if visit.series is not None and case.stands(visit.id):
            courses[visit.series].append(visit)
    for id, visits in courses.items():
        yield case.rows.series[id], sorted(visits, key=lambda visit: (visit.start, visit.id))


def _gap(
    case: Case,
    step: str,
    gap: Mapping[str, Any],
    by_step: Mapping[str, Visit],
    dates: Mapping[str, date],
) -> Iterator[Violation]:
    anchor = gap["anchor"]
    own, other = by_step.get(step), by_step.get(anchor)
    told = own if own and own.id in case.rows.scope else other
    if told is None or told.id not in case.rows.scope:
        return
    if "hours" in gap and own and other:
        earliest, latest = gap["hours"]
        apart, unit = (own.start - other.end) / 60, "hours"
    else:
        earliest, latest = gap.get("days") or (gap["hours"][0] // 24, -(-gap["hours"][1] // 24))
        apart, unit = (dates[step] - dates[anchor]) / timedelta(days=1), "days"
    if not earliest <= apart <= latest:
        yield case.wrong(
            "window_is_kept",
            told,
            f"{step} is {apart:g} {unit} from {anchor}; its window is {earliest} to {latest}.",
        )
