"""What must be so before a patient is prepared, and before they leave: gates, and how they stand.

Gates before preparation are the protocol's; those before discharge follow from its phases. The
software tells what is recorded and what is missing: whether to go on is decided by a clinician.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from scheduling.planner.progress import INFUSED

Moment = Literal["prep", "discharge"]
Outcome = Literal["met", "unmet", "not_applicable", "overridden"]

LASTING = frozenset({"consent", "estimate", "form", "pregnancy_test"})
"""Kinds of which an earlier answer of the patient counts, while it is in date."""
BASELINE, OBSERVED, ESCORTED = "baseline", "observed", "escorted"
NAMES: Mapping[str, str] = {
    "alcohol_free": "No alcohol",
    "blood_pressure": "Blood pressure",
    "breath_test": "Breath test",
    "consent": "Consent",
    "escort": "Escort",
    "estimate": "Estimate given",
    "fasting": "Fasting",
    "form": "Form",
    "pregnancy_test": "Pregnancy test",
    "urine_screen": "Urine screen",
    BASELINE: "Back to baseline",
    OBSERVED: "Observed long enough",
    ESCORTED: "Escort is here",
}


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing that must be so. `key` is unique in a visit: two forms differ by their note."""

    key: str
    kind: str
    moment: Moment
    hours: int | None = None
    within_days: int | None = None
    systolic_below: int | None = None
    diastolic_below: int | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """`Fasting for 6 h`, `Blood pressure below 140/90`, `Form: REMS enrolment`."""
        said = NAMES.get(self.kind, self.kind.replace("_", " ").capitalize())
        if self.hours:
            said += f" for {self.hours} h"
        if self.systolic_below or self.diastolic_below:
            said += f" below {self.systolic_below or '–'}/{self.diastolic_below or '–'}"
        return f"{said}: {self.note}" if self.kind == "form" and self.note else said

    @property
    def short(self) -> str:
        """`Fasting`, `Blood pressure`, `Form`: for a card, beside others."""
        return NAMES.get(self.kind, self.kind.replace("_", " ").capitalize())


@dataclass(frozen=True, slots=True)
class Answer:
    """What was recorded of a gate: on which date it was so, and until which it holds."""

    key: str
    outcome: Outcome
    on: date
    until: date | None = None
    said: str = ""
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stands:
    """A gate with its last answer. `open` ones block; `why` says what is missing or so."""

    gate: Gate
    answer: Answer | None
    open: bool
    why: str


def gates_of(step: Mapping[str, Any]) -> tuple[Gate, ...]:
    """The gates of a step's definition, those before discharge of an infusion included."""
    found = [_gate(given) for given in step.get("gates", ())]
    if step["kind"] in INFUSED:
        found.append(Gate(BASELINE, BASELINE, "discharge"))
        found.append(Gate(OBSERVED, OBSERVED, "discharge"))
        if any(gate.kind == "escort" for gate in found):
            found.append(Gate(ESCORTED, ESCORTED, "discharge"))
    return tuple(found)


def _gate(given: Mapping[str, Any]) -> Gate:
    kind, note = given["kind"], given.get("note", "")
    key = f"form:{note}"[:80] if kind == "form" and note else kind
    limits = ("hours", "within_days", "systolic_below", "diastolic_below")
    return Gate(key, kind, "prep", **{name: given.get(name) for name in limits}, note=note)


def blocks_at(status: str, kind: str) -> Moment | None:
    """Which gates must be met before a visit of a kind of step comes to stand at a status."""
    if kind not in INFUSED:
        return None
    return {"in_prep": "prep", "discharged": "discharge"}.get(status)  # type: ignore[return-value]


def stands(
    gates: Iterable[Gate],
    answers: Iterable[Answer],
    *,
    day: date,
    now: datetime,
    observed_from: datetime | None = None,
    observe: timedelta = timedelta(),
) -> list[Stands]:
    """How each gate stands for a visit on a site date.

    `answers` are in the order of time, the last one of a gate counts. `observed_from` is when the
    time of observation began, `observe` how long it has to be.
    """
    last = {answer.key: answer for answer in answers}
    found = []
    for gate in gates:
        answer = last.get(gate.key)
        if gate.kind == OBSERVED and (answer is None or answer.outcome != "overridden"):
            found.append(_observed(gate, answer, observed_from, observe, now))
        else:
            why = _lacks(gate, answer, day)
            found.append(Stands(gate, answer, bool(why), why or _so(answer)))
    return found


def missing(standing: Sequence[Stands], moment: Moment) -> list[Stands]:
    """Those that block at a moment."""
    return [one for one in standing if one.open and one.gate.moment == moment]


def minutes_observed(step: Mapping[str, Any]) -> tuple[str, int]:
    """From which status a patient is observed, and for how many minutes: `recovering`, 60.

    What the phases after the infusion and before the last one take; the infusion's own minutes
    where it is observed in one phase with it. (0 where a step has a single phase.)
    """
    minutes = [phase["minutes"] for phase in step["phases"]]
    names = [phase["name"] for phase in step["phases"]]
    main = next((i for i, name in enumerate(names) if _is_main(name)), None)
    if main is None:
        return "infusing", 0
    after = sum(minutes[main + 1 : -1])
    return ("recovering", after) if after else ("infusing", minutes[main])


def _is_main(name: str) -> bool:
    return any(word in name for word in ("infus", "dos"))


def _observed(
    gate: Gate, answer: Answer | None, since: datetime | None, observe: timedelta, now: datetime
) -> Stands:
    if since is None:
        return Stands(gate, answer, True, "The time of observation has not begun.")
    left = since + observe - now
    if left > timedelta():
        minutes = -(-int(left.total_seconds()) // 60)
        asked = int(observe.total_seconds()) // 60
        return Stands(gate, answer, True, f"{minutes} min of {asked} min are left.")
    return Stands(gate, answer, False, f"{int((now - since).total_seconds()) // 60} min observed.")


def _lacks(gate: Gate, answer: Answer | None, day: date) -> str:
    """Why a gate is not met; empty where it is."""
    if answer is None:
        return "Not recorded yet."
    if answer.outcome == "unmet":
        return f"Not so{': ' + answer.said if answer.said else ''}."
    if answer.until and answer.until < day:
        return f"In date until {answer.until:%-d %b %Y} only."
    old = (day - answer.on).days
    if gate.within_days is not None and old > gate.within_days and answer.outcome == "met":
        asked = "on the day" if gate.within_days == 0 else f"at most {gate.within_days} days before"
        return f"Recorded {old} days before the visit; it has to be {asked}."
    return ""


def _so(answer: Answer | None) -> str:
    if answer is None:
        return ""
    words = {"met": "", "not_applicable": "Does not apply", "overridden": "Set aside"}
    said = words.get(answer.outcome, "")
    return ": ".join(part for part in (said, answer.said) if part)
