"""When a good faith estimate is due to a patient who pays themselves, and why.

45 CFR 149.610(b)(1)(vi)-(ix) on times and changes, (x) on series; 149.620 on disputes. Dates are
the site's; holidays are passed in. Whether a patient pays themselves is decided by the caller.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import date
from typing import Literal

from billing import business_days
from billing.money import Money

FAR, NEAR = 10, 3
"""Business days ahead from which the longer, and the shorter, time applies."""
WITHIN_FAR, WITHIN_NEAR, WITHIN_ASKED, BEFORE_CARE = 3, 1, 3, 1
DISPUTE_FROM = Money(400_00)
LONGEST_SERIES_MONTHS = 12

Rule = Literal["booked_far", "booked_near", "booked_at_short_notice", "asked", "changed"]
SOURCES: dict[Rule, str] = {
    "booked_far": "45 CFR 149.610(b)(1)(vi)(B)",
    "booked_near": "45 CFR 149.610(b)(1)(vi)(A)",
    "booked_at_short_notice": "45 CFR 149.610(b)(1)(vi)(A)",
    "asked": "45 CFR 149.610(b)(1)(vi)(C)",
    "changed": "45 CFR 149.610(b)(1)(vii)",
}


@dataclass(frozen=True, slots=True)
class Due:
    """Whether an estimate is due, by which rule, and on which date at the latest.

    `due` is None where none is required. `late` is so where the date had passed when it arose.
    """

    rule: Rule
    due: date | None
    why: str
    late: bool = False

    @property
    def required(self) -> bool:
        return self.due is not None

    @property
    def source(self) -> str:
        return SOURCES[self.rule]


def due_when_booked(
    *, booked: date, care: date, holidays: Set[date], asked: date | None = None
) -> Due:
    """For a visit booked on one date for another; `asked` is when the patient asked for one.

    A visit moved is booked anew, on the date of the move. Of two dates the earlier one counts.
    ValueError when care is before the booking.
    """
    if care < booked:
        raise ValueError("Care cannot be before its booking: check the two dates.")
    by_booking = _by_booking(booked, care, holidays)
    if asked is None:
        return by_booking
    by_asking = due_when_asked(asked=asked, holidays=holidays)
    if by_booking.due is not None and by_asking.due is not None:
        return min(by_booking, by_asking, key=lambda one: one.due or date.max)
    return by_asking


def due_when_asked(*, asked: date, holidays: Set[date]) -> Due:
    """For a patient who asks for an estimate, with or without a visit booked."""
    due = business_days.after(asked, WITHIN_ASKED, holidays)
    return Due(
        "asked",
        due,
        f"Asked for on {_day(asked)}: due within {WITHIN_ASKED} business days of that.",
    )


def due_when_changed(*, changed: date, care: date, holidays: Set[date]) -> Due:
    """For a visit whose expected charges, services or providers change.

    Where that date has passed, a replaced provider accepts the estimate there is as their own
    (149.610(b)(1)(viii)); any other change is told to the patient at once.
    """
    due = business_days.before(care, BEFORE_CARE, holidays)
    late = due < changed
    why = f"What is expected changed on {_day(changed)}: a new estimate is due "
    why += f"{BEFORE_CARE} business day before care, by {_day(due)}."
    if late:
        why += " That has passed: give the new one today, and tell the patient why."
    return Due("changed", max(due, changed) if late else due, why, late)


def may_be_disputed(*, estimated: Money, billed: Money) -> bool:
    """Whether a bill is over the estimate by so much that the patient may dispute it."""
    return billed - estimated >= DISPUTE_FROM


def series_problems(
    *, first: date, last: date, count: int | None, frequency: str
) -> tuple[str, ...]:
    """Why one estimate cannot cover a series of visits; empty where it can."""
    said = []
    if last < first:
        said.append("The last visit is before the first: correct the time frame.")
    if last > _months_later(first, LONGEST_SERIES_MONTHS):
        said.append(
            f"One estimate covers at most {LONGEST_SERIES_MONTHS} months: end it by "
            f"{_day(_months_later(first, LONGEST_SERIES_MONTHS))} and write another for the rest."
        )
    if not count or count < 1:
        said.append("Say how many visits the estimate covers.")
    if not frequency.strip():
        said.append("Say how often the visits are, such as “once a week”.")
    return tuple(said)


def _by_booking(booked: date, care: date, holidays: Set[date]) -> Due:
    days = business_days.ahead(booked, care, holidays)
    said = f"Booked on {_day(booked)} for {_day(care)}, {days} business day"
    said += f"{'' if days == 1 else 's'} ahead: "
    if days >= FAR:
        due = business_days.after(booked, WITHIN_FAR, holidays)
        return Due(
            "booked_far", due, f"{said}due within {WITHIN_FAR} business days of the booking."
        )
    if days >= NEAR:
        due = business_days.after(booked, WITHIN_NEAR, holidays)
        return Due(
            "booked_near", due, f"{said}due within {WITHIN_NEAR} business day of the booking."
        )
    return Due(
        "booked_at_short_notice", None, f"{said}not required unless the patient asks for one."
    )


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 28):
        try:
            return date(day.year + years, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def _day(day: date) -> str:
    return f"{day:%a %-d %b %Y}"
