"""Visits under examination, joined with what their step asks for and what the diary holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from scheduling.planner.day import Diary
from scheduling.planner.intervals import erode, span
from scheduling.planner.plans import PlannedClaim, PlannedVisit, Refusal
from scheduling.planner.pool import first_run
from scheduling.planner.protocols import Gap, Protocol, Step
from scheduling.planner.shape import Shape, shape_of
from scheduling.planner.words import clock, stretch

Anchor = date | tuple[int, int]
"""When another visit of the series is: its site date, or its start and end (absolute minutes)."""


@dataclass(frozen=True)
class Placed:
    """One visit with its step; bits are minutes of the diary."""

    visit: PlannedVisit
    step: Step
    diary: Diary
    acuity: int

    @cached_property
    def shape(self) -> Shape:
        return shape_of(self.step)

    @property
    def start(self) -> int:
        """Bit of the first minute."""
        return self.visit.start - self.diary.start

    @cached_property
    def day(self) -> date:
        """Site date of the first minute."""
        return self.diary.date_of(self.visit.start)

    @cached_property
    def bounds(self) -> tuple[int, int]:
        """Bits of the local midnights around the visit's day; (0, 0) outside the diary."""
        index = (self.day - self.diary.first).days
        if not 0 <= index < len(self.diary.midnights) - 1:
            return 0, 0
        return self.diary.midnights[index], self.diary.midnights[index + 1]

    def bits(self, start: int, end: int) -> int:
        """The minutes start..end of the visit; bits before the diary begins are never set."""
        return span(max(0, self.start + start), max(0, self.start + end))

    def when(self, start: int, end: int) -> str:
        """Minutes start..end of the visit in words."""
        return stretch(self.visit.start + start, self.visit.start + end, self.diary.zone)

    def clinicians(self, role: str) -> list[int]:
        """Who the visit names in that role."""
        return list(dict.fromkeys(c.resource for c in self.visit.claims if c.role == role))

    def claims(self, kind: str, role: str) -> list[PlannedClaim]:
        """Claims of that kind and role."""
        return [c for c in self.visit.claims if c.kind == kind and c.role == role]

    def refuse(self, rule: str, subject: str, message: str) -> Refusal:
        """A refusal of this visit."""
        return Refusal(rule, subject, message, self.step.key, self.day)

    def hours(self, bits: int) -> str:
        """The stretches of a bitmap on the visit's day, e.g. `08:00-12:00, 13:00-17:00`."""
        diary = self.diary
        low, high = self.bounds
        rest = bits >> low & span(0, high - low)
        found = []
        while rest:
            start, end = first_run(rest)
            at = diary.start + low
            found.append(f"{clock(at + start, diary.zone)}-{clock(at + end, diary.zone)}")
            rest &= ~span(start, end)
        return ", ".join(found)

    def later(self, free: int, start: int, minutes: int) -> str:
        """When that day the visit could begin so that `free` holds from its minute `start` on.

        `09:30`, on the site's grain and later than now; empty when not that day any more.
        """
        diary = self.diary
        at, high = max(0, self.start + start), self.bounds[1]
        rest = erode(free >> at & span(0, high - at + minutes), minutes)
        for offset in range(diary.grain, high - at, diary.grain):
            if rest >> offset & 1:
                return clock(self.visit.start + offset, diary.zone)
        return ""


@dataclass(frozen=True)
class Examined:
    """Visits of one series to be judged together with those that stand already.

    `anchors` holds steps of the series that are done or booked; `therapist` is who has it.
    """

    visits: Sequence[Placed]
    protocol: Protocol
    diary: Diary
    acuity: int
    anchors: Mapping[str, Anchor]
    therapist: int | None = None

    def dated(self) -> dict[str, date]:
        """Site date of every step known, those under examination winning."""
        found = {key: self.date_of(anchor) for key, anchor in self.anchors.items()}
        return found | {placed.step.key: placed.day for placed in self.visits}

    def timed(self) -> dict[str, tuple[int, int]]:
        """Start and end of every step whose times are known."""
        found = {k: anchor for k, anchor in self.anchors.items() if isinstance(anchor, tuple)}
        return found | {p.step.key: (p.visit.start, p.visit.end) for p in self.visits}

    def date_of(self, anchor: Anchor) -> date:
        """Site date of an anchor."""
        return anchor if isinstance(anchor, date) else self.diary.date_of(anchor[0])

    def gaps(self) -> Iterator[tuple[Step, Gap]]:
        """Every gap with a visit under examination at one end and something known at the other."""
        moved = {placed.step.key for placed in self.visits}
        known = self.dated()
        for step in self.protocol.steps:
            for gap in step.gaps:
                if {step.key, gap.anchor} & moved and {step.key, gap.anchor} <= known.keys():
                    yield step, gap


def placed_visits(
    visits: Sequence[PlannedVisit], protocol: Protocol, diary: Diary, acuity: int
) -> list[Placed]:
    """Visits joined with their steps; KeyError when the protocol has no such step."""
    return [Placed(visit, protocol.step(visit.step), diary, acuity) for visit in visits]
