"""Plain rows -> everything that is wrong. Imports neither planner, daybook, services nor Django.

The list of rules is the audit: each is a function of a `Case` that yields violations. They were
written from the clinic's rules anew, so that a mistake in booking is not made here a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scheduling.audit import books, courses, people, places
from scheduling.audit.case import Case
from scheduling.audit.rows import Rows, Violation

RULES: tuple[Callable[[Case], Iterator[Violation]], ...] = (
    books.guard_is_installed,
    books.lane_is_claimed_once,
    books.lane_exists,
    books.claim_has_an_owner,
    books.hold_is_not_over,
    books.claims_match_the_visit,
    books.patient_is_claimed,
    books.phases_match_the_protocol,
    places.site_is_open,
    places.room_is_claimed,
    places.room_has_capability,
    places.private_room_is_whole,
    places.turnover_is_kept,
    places.room_is_in_service,
    places.room_is_needed,
    people.clinician_is_claimed,
    people.ratio_is_kept,
    people.staff_is_qualified,
    people.staff_is_on_duty,
    people.staff_is_not_busy,
    people.staff_is_needed,
    people.presence_is_kept,
    people.travel_is_kept,
    courses.series_keeps_its_version,
    courses.step_is_there_once,
    courses.window_is_kept,
    courses.weekday_is_allowed,
    courses.one_visit_a_day,
    courses.one_therapist_throughout,
)


def judge(rows: Rows) -> list[Violation]:
    """Violations first, then warnings: visits known to be uncovered or to be rebooked, and what
    somebody set aside on purpose and in the journal."""
    case = Case(rows)
    found = [violation for rule in RULES for violation in rule(case)]
    found = [_set_aside(violation, rows) for violation in dict.fromkeys(found)]
    return sorted([*found, *_waiting(case)], key=lambda one: (one.severity == "warning",))


def _set_aside(violation: Violation, rows: Rows) -> Violation:
    """The same as a warning, when its visit was booked in spite of that rule."""
    rules = rows.overrides.get(violation.appointment or 0)
    if rules is None or (rules and violation.rule not in rules):
        return violation
    return violation._replace(severity="warning")


def _waiting(case: Case) -> Iterator[Violation]:
    """Visits that the clinic already knows it must act on."""
    for id in sorted(case.rows.scope):
        visit = case.rows.visits[id]
        if visit.status in ("uncovered", "to_rebook"):
            span = case.when((visit.start, visit.end), visit.site)
            message = f"It is {visit.status.replace('_', ' ')}, {span}."
            yield case.wrong(visit.status, visit, message)._replace(severity="warning")
