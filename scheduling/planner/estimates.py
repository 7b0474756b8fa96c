"""When a day's phases will really end: what runs over is said honestly, and pushes what follows.

All times are absolute UTC minutes. A phase under way lasts as long as planned; one that has run
over ends in a small remainder from now, which is a quarter of what it ran over and never nothing.
What follows is the rest of the visit, the next visit in the same chair (after its turnover) and the
next of the same clinician. Nurses' lanes push nobody: another nurse may take over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from scheduling.planner.progress import OVER, UNDER_WAY

LEAST_REMAINDER, MOST_REMAINDER = 5, 15
WARN_FROM = 5
"""Minutes of delay from which the next patient's nurse is warned."""
WAITED_FOR = 60
"""Minutes after which somebody who has not come holds up nobody any more."""

MAIN = frozenset({"infuse", "dosing", "dose and observe"})
WITH_INFUSION = ("arrived", "in_prep", "infusing", "recovering")
IN_SESSION = ("arrived", "in_session")

Key = tuple[int, int]
"""A chair: room and lane. A person: resource and 0."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase as planned."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Held:
    """What a visit takes of a chair, a clinician or a nurse; a chair has `turnover` minutes after.

    A nurse's lane pushes nobody.
    """

    key: Key
    start: int
    end: int
    turnover: int = 0
    room: bool = True
    pushes: bool = True


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit of the day: as planned, where it stands, and when it came to stand where."""

    id: int
    status: str
    phases: tuple[Phase, ...]
    held: tuple[Held, ...] = ()
    came: Mapping[str, int] | None = None
    infused: bool = True

    @property
    def start(self) -> int:
        return self.phases[0].start

    @property
    def end(self) -> int:
        return self.phases[-1].end


@dataclass(frozen=True, slots=True)
class Timed:
    """A phase beside its plan. `over`: minutes it has taken longer than planned, so far."""

    phase: Phase
    start: int
    end: int
    state: Literal["done", "now", "coming"]
    over: int = 0


@dataclass(frozen=True, slots=True)
class Hold:
    """A chair or a person as it will really be taken; free again at `until`."""

    key: Key
    start: int
    end: int
    until: int
    room: bool
    begun: bool


@dataclass(frozen=True, slots=True)
class Because:
    """What a visit waits for: `visit` has it and keeps it `over` minutes longer than planned."""

    visit: int
    key: Key
    room: bool
    over: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """A visit as it will really be.

    `delay`: minutes later than planned, of the phase that is most so while the patient is not in
    the chair yet, else of the end. `missing`: minutes since the planned start
    without an arrival. `over`: minutes that the phase under way has run over.
    """

    visit: int
    start: int
    end: int
    phases: tuple[Timed, ...]
    holds: tuple[Hold, ...]
    delay: int
    missing: int = 0
    over: int = 0
    because: Because | None = None
    waits: bool = False

    @property
    def current(self) -> Timed | None:
        """The phase under way."""
        return next((one for one in self.phases if one.state == "now"), None)

    @property
    def warns(self) -> bool:
        """Whether the nurse of a visit that has not begun is to hear of what holds it up."""
        return self.waits and self.because is not None and self.delay >= WARN_FROM


def remainder(over: int) -> int:
    """Minutes still to come of what has run over so many."""
    return min(max(LEAST_REMAINDER, -(-over // 4)), MOST_REMAINDER)


def stages(names: Sequence[str], infused: bool) -> tuple[str, ...]:
    """The status that goes with each phase of a visit, by the names of its phases."""
    first = ["arrived"] if names[0] == "arrive" else []
    if not infused:
        return (*first, *["in_session"] * (len(names) - len(first)))
    main = next((i for i, name in enumerate(names) if name in MAIN), len(first))
    prep = ["in_prep"] * (main - len(first))
    return (*first, *prep, "infusing", *["recovering"] * (len(names) - main - 1))[: len(names)]


def estimate(visits: Iterable[Visit], now: int) -> dict[int, Estimate]:
    """Every visit of a day by id. Those called off are not to be given."""
    taken: dict[Key, tuple[int, Because]] = {}
    found: dict[int, Estimate] = {}
    for visit in sorted(visits, key=lambda one: (_waits(one), one.start, one.id)):
        told = found[visit.id] = _estimated(visit, now, taken)
        if told.missing > WAITED_FOR:
            continue
        for held, hold in zip(visit.held, told.holds, strict=True):
            if held.pushes and (held.key not in taken or taken[held.key][0] < hold.until):
                over = hold.end - held.end
                taken[held.key] = hold.until, Because(visit.id, held.key, held.room, over)
    return found


def _waits(visit: Visit) -> bool:
    """Whether the patient is not in the chair yet: to come, or in the waiting room."""
    return visit.status == "arrived" or visit.status not in (*UNDER_WAY, *OVER)


def _estimated(visit: Visit, now: int, taken: Mapping[Key, tuple[int, Because]]) -> Estimate:
    came = dict(visit.came or {})
    timed = _begun(visit, came, now)
    waits = _waits(visit)
    missing = max(0, now - visit.start) if waits and visit.status != "arrived" else 0
    clock = timed[-1].end if timed else visit.start
    if waits and len(timed) < len(visit.phases):
        planned = visit.phases[len(timed)].start
        clock = max(clock, planned)
        if not timed and now > planned:
            clock = max(clock, now + remainder(now - planned))
    because: Because | None = None
    first = len(timed)
    for index, phase in enumerate(visit.phases[first:], first):
        starts = [0 if waits and index == first else phase.start, phase.end]
        for held in visit.held:
            if starts[0] <= held.start < starts[1] and held.key in taken:
                until, why = taken[held.key]
                if until > clock:
                    clock, because = until, why
        timed.append(Timed(phase, clock, clock + phase.end - phase.start, "coming"))
        clock = timed[-1].end
    current = next((one for one in timed if one.state == "now"), None)
    shifts = [one.start - one.phase.start for one in timed[first:]] if waits else []
    return Estimate(
        visit=visit.id,
        start=timed[0].start,
        end=timed[-1].end,
        phases=tuple(timed),
        holds=tuple(_hold(held, timed) for held in visit.held),
        delay=max(shifts, default=timed[-1].end - visit.end),
        missing=missing,
        over=current.over if current else 0,
        because=because,
        waits=waits,
    )


def _begun(visit: Visit, came: Mapping[str, int], now: int) -> list[Timed]:
    """The phases behind and under way, each beside its plan; none of a visit still to come."""
    order = WITH_INFUSION if visit.infused else IN_SESSION
    if visit.status not in (*order, "discharged"):
        return []
    at = order.index(visit.status) if visit.status in order else len(order)
    of = stages([phase.name for phase in visit.phases], visit.infused)
    timed: list[Timed] = []
    for stage, group in groupby(zip(of, visit.phases, strict=True), key=lambda one: one[0]):
        phases = [phase for _, phase in group]
        number = order.index(stage)
        if number > at:
            break
        began = came.get(stage)
        if began is None:
            began = timed[-1].end if timed else min(phases[0].start, now)
        if number < at:
            later = (came[one] for one in (*order[number + 1 :], "discharged") if one in came)
            ended = next(later, min(phases[-1].end, now))
            timed += _behind(phases, began, max(began, ended))
        else:
            timed += _under_way(phases, began, now)
    return timed


def _behind(phases: Sequence[Phase], began: int, ended: int) -> list[Timed]:
    """Phases of one status, the last of which ended when the next status began."""
    timed = []
    for phase in phases:
        last = phase is phases[-1]
        end = ended if last else min(began + phase.end - phase.start, ended)
        timed.append(Timed(phase, began, end, "done"))
        began = end
    return timed


def _under_way(phases: Sequence[Phase], began: int, now: int) -> list[Timed]:
    timed: list[Timed] = []
    for phase in phases:
        end = began + phase.end - phase.start
        over = now - end
        if began > now and timed:
            timed.append(Timed(phase, began, end, "coming"))
        elif over < 0:
            timed.append(Timed(phase, began, end, "now"))
        elif phase is phases[-1]:
            timed.append(Timed(phase, began, now + remainder(over), "now", over))
        else:
            timed.append(Timed(phase, began, end, "done"))
        began = timed[-1].end
    return timed


def _hold(held: Held, timed: Sequence[Timed]) -> Hold:
    """A claim from the phase it begins with to the phase it ends with, as they will really be."""
    over = [one for one in timed if one.phase.end > held.start and one.phase.start < held.end]
    covered = over or [timed[-1]]
    start, end = covered[0].start, covered[-1].end
    begun = covered[0].state != "coming"
    return Hold(held.key, start, end, end + held.turnover, held.room, begun)
