"""What was done in a visit, and the charges proposed for it: plain data, no framework.

A proposal is for a biller or clinician to review. `billing.coding.propose` makes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Moment = datetime | int
"""An aware datetime, or whole minutes from any common beginning."""
Place = Literal["office", "telehealth_home", "telehealth_elsewhere"]
Intake = Literal["with_medical", "without_medical"]
Route = Literal["iv", "im", "by_mouth"]


@dataclass(frozen=True, slots=True)
class Phase:
    """A band of the visit as it really was; `stop` is None where nobody recorded it.

    `roles` are those who were with the patient: prescriber, therapist, monitoring_nurse.
    """

    name: str
    start: Moment
    stop: Moment | None
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Done:
    """What was done in one visit on the site's date `on`.

    `kind` is the kind of its step: infusion, dosing, therapy, screening, consult or review.
    `diagnoses` are ICD-10-CM, the main one first. `payer` is a key of the rules' payers.
    `em` is the visit code (99202 to 99215) that a clinician chose, `em_minutes` their whole time
    that day. `psychotherapy_minutes` overrides what the phases say; in an infusion or dosing it
    is the only way to bill any. `route` says how a dosing was given. `drug_units` are those of
    the drug's code; `own_drug` is False where a pharmacy supplied and billed the drug.
    """

    kind: str
    on: date
    phases: tuple[Phase, ...] = ()
    diagnoses: tuple[str, ...] = ()
    payer: str = "self_pay"
    place: Place = "office"
    established: bool = True
    em: str | None = None
    em_minutes: int | None = None
    intake: Intake | None = None
    psychotherapy_minutes: int | None = None
    scales: int = 0
    route: Route | None = None
    esketamine_mg: int | None = None
    drug_units: int | None = None
    own_drug: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One charge proposed. `pointers` count the diagnoses from 1, at most four.

    `minutes` are those that decided the code; `reason` says why in a sentence, `source` whose
    rule it is, `review` what to look at before use.
    """

    code: str
    units: int
    what: str
    reason: str
    source: str
    modifiers: tuple[str, ...] = ()
    pointers: tuple[int, ...] = ()
    minutes: int | None = None
    review: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a person has to look at; `stops` ones have an answer before charges go out."""

    text: str
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was done and is not billed, because it is part of something else."""

    what: str
    reason: str
    source: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Charges:
    """A proposal. `place` is the place-of-service code of every line."""

    lines: tuple[Line, ...]
    flags: tuple[Flag, ...]
    dropped: tuple[Dropped, ...]
    place: str

    @property
    def stopped(self) -> bool:
        """Whether a person has to answer something before these can be billed."""
        return any(flag.stops for flag in self.flags)

    def units_of(self, code: str) -> int:
        """How many units of a code are proposed, 0 for none."""
        return sum(line.units for line in self.lines if line.code == code)
