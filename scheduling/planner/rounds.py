"""Monitoring rounds: when vitals are due, which are late, and which values stand out.

The limits are starting values for a clinic's medical director to review, not medical advice: the
software marks a value, what it means is for a clinician to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["coming", "due", "overdue", "missed", "done"]

EARLY, GRACE = 2, 5
"""Minutes before its time from which a round is due, and after it from which it is overdue."""
ANSWERS_FROM = 5
"""Minutes before its time from which an entry answers a round."""
SEDATION = ("Alert", "Drowsy", "Wakes to voice", "Wakes to touch", "Does not wake")
"""The score of sedation in words, 0 to 4."""
LOWEST_SPO2, DEEPEST, CHANGED = 94, 2, 0.3
SYSTOLIC, HEART_RATE, HIGHEST_DIASTOLIC = (90, 179), (50, 120), 109


@dataclass(frozen=True, slots=True)
class Reading:
    """What one round found: mmHg, beats a minute, per cent, 0 to 4; None where it was not taken."""

    systolic: int | None = None
    diastolic: int | None = None
    heart_rate: int | None = None
    spo2: int | None = None
    sedation: int | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """One round of a visit: minutes from the start of the infusion, and its absolute minute."""

    after: int
    at: int
    state: State
    entry: int | None = None


def rounds(
    minutes: Sequence[int], start: int, taken: Sequence[tuple[int, int]], now: int
) -> list[Round]:
    """How the rounds of a visit stand. `taken` are (entry, absolute minute), in order.

    An entry answers the last round whose time had come; the first one of several counts.
    """
    due = [start + after for after in sorted(minutes)]
    answered: dict[int, int] = {}
    for entry, at in taken:
        come = [i for i, one in enumerate(due) if at >= one - ANSWERS_FROM]
        if come:
            answered.setdefault(come[-1], entry)
    found = []
    for i, at in enumerate(due):
        ends = due[i + 1] - ANSWERS_FROM if i + 1 < len(due) else None
        found.append(Round(at - start, at, _state(at, ends, i in answered, now), answered.get(i)))
    return found


def next_round(of: Sequence[Round]) -> Round | None:
    """The round to be taken next: the one that is due or late, else the one that comes."""
    return next((one for one in of if one.state in ("coming", "due", "overdue")), None)


def flags(reading: Reading, baseline: Reading | None = None) -> tuple[str, ...]:
    """What stands out, in words; against the first reading where there is one."""
    told = []
    low, high = SYSTOLIC
    if reading.systolic is not None and not low <= reading.systolic <= high:
        told.append(f"Systolic {reading.systolic}")
    if reading.diastolic is not None and reading.diastolic > HIGHEST_DIASTOLIC:
        told.append(f"Diastolic {reading.diastolic}")
    low, high = HEART_RATE
    if reading.heart_rate is not None and not low <= reading.heart_rate <= high:
        told.append(f"Heart rate {reading.heart_rate}")
    if reading.spo2 is not None and reading.spo2 < LOWEST_SPO2:
        told.append(f"SpO₂ {reading.spo2} %")
    if reading.sedation is not None and reading.sedation > DEEPEST:
        told.append(SEDATION[reading.sedation])
    if baseline and baseline.systolic and reading.systolic:
        change = (reading.systolic - baseline.systolic) / baseline.systolic
        if abs(change) > CHANGED:
            told.append(f"Systolic {change:+.0%} from baseline".replace("%", " %"))
    return tuple(told)


def _state(at: int, ends: int | None, answered: bool, now: int) -> State:
    if answered:
        return "done"
    if ends is not None and now >= ends:
        return "missed"
    if now >= at + GRACE:
        return "overdue"
    return "due" if now >= at - EARLY else "coming"
