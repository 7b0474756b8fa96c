"""What a repair is asked and what it answers: the day that lost somebody, and how it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal

from scheduling.planner.cover import Placement
from scheduling.planner.day import CoverTask, Diary
from scheduling.planner.placed import Anchor
from scheduling.planner.plans import PlannedVisit
from scheduling.planner.protocols import Protocol, Step

STRANDED, MOVED, NURSE_CHANGE, ROOM_CHANGE = 1000, 50, 3, 1
"""Points a stranded visit, a moved one, a nurse who takes over, another room at the same time."""
DISTURBED, ROOM_DISTURBED = 100, 20
"""Points more where that befalls a visit that lost nothing: another time or clinician, or room."""
SHIFT = 5
"""Minutes of shift that cost a point, begun ones whole."""


Kind = Literal["another_day", "float_nurse", "overtime", "another_clinician"]


@dataclass(frozen=True, slots=True)
class Loss:
    """Who or what is out: a person, a room, or with `resource` None the whole site.

    `start` and `end` are absolute minutes, half-open; `name` is how people call it.
    """

    resource: int | None
    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Booked:
    """A visit as it stood before the loss.

    `id` is the appointment's. `place` has the times, rooms and clinicians it was booked with, the
    absent one too, and no nurses; `watched` is its monitoring with the nurses and lanes it had.
    `patient`: bits of the diary in which the patient is free but for this visit. `anchors` and
    `therapist` are those of `rules.check`. `affected` visits lost something and are put in one of
    the plan's lists; others stay unless moving them saves one from a worse fate. `begun` ones keep
    time, room and clinicians: only nurses may take over. `days` are the site dates, inclusive, it
    may move to; None is its own date only. `whose` tells which visits are of one patient, who is
    in one place at a time; 0 for nobody known.
    """

    id: int
    step: Step
    protocol: Protocol
    acuity: int
    place: PlannedVisit
    patient: int
    watched: tuple[CoverTask, ...] = ()
    anchors: Mapping[str, Anchor] = field(default_factory=dict)
    therapist: int | None = None
    affected: bool = False
    begun: bool = False
    days: tuple[date, date] | None = None
    whose: int = 0

    @property
    def key(self) -> str:
        """How monitoring names the visit."""
        return f"appointment:{self.id}"


@dataclass(frozen=True)
class Problem:
    """A day to repair.

    `diary` is drawn with the loss already gone from duty, rooms or opening hours, and without the
    claims of `visits`; its `cover` is the monitoring of everybody else, who keep their times and
    may change nurses where they have not begun. It may reach over later days: those are offered
    to visits that find no place. Raises ValueError when the diary names a visit of `visits`.
    """

    diary: Diary
    visits: tuple[Booked, ...]
    loss: Loss

    def __post_init__(self) -> None:
        own = {visit.key for visit in self.visits}
        if any(task.visit in own for task in self.diary.cover):
            raise ValueError("The diary of a repair is read without the claims of its visits.")

    @cached_property
    def by_id(self) -> Mapping[int, Booked]:
        return {visit.id: visit for visit in self.visits}

    @cached_property
    def affected(self) -> tuple[Booked, ...]:
        return tuple(visit for visit in self.visits if visit.affected)


@dataclass(frozen=True, slots=True)
class Repaired:
    """A visit that goes on: where, and who monitors it from the first phase to the last.

    `shift` are the minutes it starts later (negative: earlier). `monitoring` is complete, what has
    begun or stays as it was included. `reason` says in words what changes and why.
    """

    visit: int
    place: PlannedVisit
    monitoring: tuple[Placement, ...]
    shift: int
    reason: str


@dataclass(frozen=True, slots=True)
class Way:
    """Something that would help a stranded visit, in words.

    `another_day` has the place of a legal time without its nurses, `float_nurse` and `overtime`
    the stretch (absolute minutes) in which somebody more, or opening longer, is needed.
    """

    kind: Kind
    words: str
    start: int
    end: int
    place: PlannedVisit | None = None


@dataclass(frozen=True, slots=True)
class Stranded:
    """A visit without a place that day, why, and what could be done, the best first."""

    visit: int
    reason: str
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True, slots=True)
class Measures:
    """A plan in numbers. `changes` are nurses who take over a patient whom another was booked for.

    `bound` is what no plan can be cheaper than, None until it was worked out; `proven` is true
    when this plan is known to be as cheap as any. Nobody works overtime in any plan.
    """

    stranded: int
    moved: int
    minutes: int
    changes: int
    rooms: int
    cost: int
    overtime: int = 0
    bound: float | None = None
    proven: bool = False


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """Every affected visit is in exactly one of the lists, by start; others where they change.

    `reassigned` keep their times and clinicians: another nurse, or another room that is equipped
    alike. `moves` have another start, clinician or both, so the patient is told. `kept` are
    visits nobody sees a change in, written again because their nurse gives them other lanes.
    `repacked` is monitoring of visits outside the problem that changes nurse or lanes.
    """

    reassigned: tuple[Repaired, ...]
    moves: tuple[Repaired, ...]
    stranded: tuple[Stranded, ...]
    measures: Measures
    kept: tuple[Repaired, ...] = ()
    repacked: tuple[Placement, ...] = ()
