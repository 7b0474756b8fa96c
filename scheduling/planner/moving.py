"""One visit of a series moved: alone where its windows allow, else with those after it.

A cascade moves only later visits, as few as can be and each by as little as can be; visits that
are earlier, begun or done stand. Exact over days by branch and bound: a later visit either stays or
takes the start nearest to its own time of day on another day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from scheduling.planner import rules
from scheduling.planner.day import Diary
from scheduling.planner.frame import dates_of, days_of
from scheduling.planner.intervals import members, span
from scheduling.planner.placed import Anchor
from scheduling.planner.plans import PlannedVisit, Refusal, Request
from scheduling.planner.protocols import Gap, Protocol, Step
from scheduling.planner.single import ANYTHING, Wish, place
from scheduling.planner.spacing import distance
from scheduling.planner.starts import Starts

SPACING = frozenset({"window_is_kept", "one_visit_a_day"})
MOVED, A_DAY, MOST_CLOCK = 10_000, 100, 90
NODES, REPAIRS = 20_000, 40
LONGEST = 720
"""Minutes of the longest visit: how much wider a gap in hours is in days."""
LOOKED_AT = 45
"""Days to either side in which the nearest legal one is looked for."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A visit as it stands, in absolute minutes, with the room and clinician it had best keep."""

    step: str
    start: int
    end: int
    wish: Wish = ANYTHING


@dataclass(frozen=True)
class Course:
    """What of a series stands, and which visits after the one in question may follow it.

    `fixed` are the others: earlier, begun, done, or done before the series was booked.
    """

    protocol: Protocol
    acuity: int
    fixed: Mapping[str, Anchor]
    later: Sequence[Standing] = ()
    therapist: int | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """Every visit that changes, the one in question first, with a reason for each by step."""

    visits: tuple[PlannedVisit, ...]
    reasons: Mapping[str, str]


def move(
    course: Course,
    visit: Standing,
    start: int,
    alone: Diary,
    free: Diary,
    *,
    cascade: bool = True,
    wish: Wish | None = None,
) -> Moved | list[Refusal]:
    """The visit at an absolute minute, with whatever must follow; else every reason against it.

    `alone` is the diary without the claims of this visit, `free` without those of the later ones
    too. `wish` asks for another room or clinician than it has.
    """
    standing = {one.step: (one.start, one.end) for one in course.later}
    found = _placed(course, visit, start, alone, {**course.fixed, **standing}, wish)
    if not isinstance(found, list):
        return Moved((found,), {visit.step: ""})
    found.sort(key=lambda one: one.rule not in SPACING)
    if not cascade or not course.later or not SPACING & {one.rule for one in found}:
        return found
    first = _placed(course, visit, start, free, course.fixed, wish)
    if isinstance(first, list):
        return sorted(first, key=lambda one: one.rule not in SPACING)
    return Cascade(course, first, free).solved() or found


def nearest_move(
    course: Course,
    visit: Standing,
    start: int,
    alone: Diary,
    free: Diary,
    *,
    cascade: bool = True,
) -> Moved | None:
    """The same at the nearest start on the nearest day that works, at the time of day asked for."""
    for candidate in legal_starts(course, visit, start, alone, free, cascade=cascade):
        found = move(course, visit, candidate, alone, free, cascade=cascade)
        if isinstance(found, Moved):
            return found
    return None


def legal_starts(
    course: Course,
    visit: Standing,
    around: int,
    alone: Diary,
    free: Diary,
    *,
    cascade: bool = True,
) -> Iterator[int]:
    """A start a day, nearest days first: what the visit itself could take beside what is fixed."""
    step = course.protocol.step(visit.step)
    diary = free if cascade else alone
    bits = _starts(course, diary).feasible(step, course.therapist).pooled
    asked = diary.date_of(around)
    clock = _clock(around, diary)
    near, far = days_allowed(step, course.fixed, course.protocol, diary)
    offsets = sorted(range(-LOOKED_AT, LOOKED_AT + 1), key=lambda days: (abs(days), days < 0))
    for offset in offsets:
        day = asked + timedelta(days=offset)
        if near <= day <= far and (found := _nearest(bits, day, clock, diary)) is not None:
            yield found


def days_allowed(
    step: Step, anchors: Mapping[str, Anchor], protocol: Protocol, diary: Diary
) -> tuple[date, date]:
    """First and last site date that the gaps to what stands leave a step, within the diary."""
    first, last = diary.first, diary.last
    for key, gap, other in _ties(step, protocol):
        if other not in anchors:
            continue
        low, high = days_of(gap, LONGEST)
        low, high = (low, high) if key == step.key else (-high, -low)
        at = _date(anchors[other], diary)
        first = max(first, at + timedelta(days=low))
        last = min(last, at + timedelta(days=high))
    return first, last


@dataclass(frozen=True, slots=True)
class _Option:
    cost: int
    start: int
    stays: bool = field(default=False, compare=False)


class Cascade:
    """The later visits of a course around one that has been placed."""

    def __init__(self, course: Course, first: PlannedVisit, free: Diary) -> None:
        self.course, self.first, self.diary = course, first, free
        self.steps = {step.key: step for step in course.protocol.steps}
        self.starts = _starts(course, free)
        self.banned: set[tuple[str, int]] = set()
        self.feasible: dict[str, int] = {}

    def solved(self) -> Moved | None:
        """The least that must follow; None when nothing keeps every gap."""
        for _ in range(REPAIRS):
            chosen = self._chosen()
            if chosen is None:
                return None
            moved = [one for one in self.course.later if chosen[one.step] != one.start]
            visits = [self._visit(one, chosen[one.step]) for one in moved]
            stays = {
                one.step: (one.start, one.end)
                for one in self.course.later
                if chosen[one.step] == one.start
            }
            refusals = rules.check(
                [self.first, *visits],
                self.diary,
                self.course.protocol,
                acuity=self.course.acuity,
                anchors={**self.course.fixed, **stays},
                therapist=self.course.therapist,
            )
            if not refusals:
                return Moved((self.first, *visits), self._reasons(moved))
            at_fault = {one.step for one in refusals} & {one.step for one in moved}
            if not at_fault:
                return None
            self.banned |= {(step, chosen[step]) for step in at_fault}
        return None

    def _chosen(self) -> dict[str, int] | None:
        """A start for each later visit, the cheapest that keeps every gap."""
        later = self.course.later
        known: dict[str, Anchor] = {
            **self.course.fixed,
            self.first.step: (self.first.start, self.first.end),
        }
        best: tuple[int, dict[str, int]] | None = None
        self.nodes = 0

        def search(k: int, cost: int) -> None:
            nonlocal best
            self.nodes += 1
            if self.nodes > NODES or (best and cost >= best[0]):
                return
            if k == len(later):
                best = cost, {one.step: known[one.step][0] for one in later}  # type: ignore[index]
                return
            one = later[k]
            for option in self._options(one, known):
                known[one.step] = (option.start, option.start + one.end - one.start)
                search(k + 1, cost + option.cost)
                del known[one.step]

        search(0, 0)
        return best[1] if best else None

    def _options(self, one: Standing, known: Mapping[str, Anchor]) -> Iterator[_Option]:
        """Staying where it is, then one start a day, nearest first; each beside what is known."""
        step = self.steps[one.step]
        if self._fits(step, one.start, one.end, known):
            yield _Option(0, one.start, stays=True)
        first, last = days_allowed(step, known, self.course.protocol, self.diary)
        if one.step not in self.feasible:
            found = self.starts.feasible(step, self.course.therapist).pooled
            self.feasible[one.step] = found
        own, clock = self.diary.date_of(one.start), _clock(one.start, self.diary)
        days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        for day in sorted(days, key=lambda day: (abs((day - own).days), day < own)):
            start = _nearest(self._left(one.step), day, clock, self.diary)
            if start is None or start == one.start:
                continue
            if self._fits(step, start, start + step.minutes, known):
                shift = abs((day - own).days)
                minutes = abs(_clock(start, self.diary) - clock)
                yield _Option(MOVED + A_DAY * shift + min(minutes // 10, MOST_CLOCK), start)

    def _left(self, step: str) -> int:
        bits = self.feasible[step]
        for key, start in self.banned:
            if key == step:
                bits &= ~(1 << start - self.diary.start)
        return bits

    def _fits(self, step: Step, start: int, end: int, known: Mapping[str, Anchor]) -> bool:
        """Every gap to what is known, and one visit a day."""
        day = self.diary.date_of(start)
        for key, gap, other in _ties(step, self.course.protocol):
            if other in known and not _kept(key == step.key, gap, (start, end), known[other], self):
                return False
        for other, anchor in known.items():
            if _date(anchor, self.diary) == day and not self._share(step, other, start, anchor):
                return False
        return True

    def _share(self, step: Step, other: str, start: int, anchor: Anchor) -> bool:
        there = self.steps.get(other)
        if there is None:
            return True
        if other != step.shares_day_with and step.key != there.shares_day_with:
            return False
        order = list(self.steps)
        if isinstance(anchor, date):
            return True
        if order.index(step.key) < order.index(other):
            return start + step.minutes <= anchor[0]
        return anchor[1] <= start

    def _visit(self, one: Standing, start: int) -> PlannedVisit:
        step = self.steps[one.step]
        return place(step, start, one.wish.among(step, self.diary), therapist=self.course.therapist)

    def _reasons(self, moved: Sequence[Standing]) -> dict[str, str]:
        """For each, the gap that its old place would break."""
        changed = {self.first.step, *(one.step for one in moved)}
        reasons = {self.first.step: ""}
        for one in moved:
            step = self.steps[one.step]
            told = "keeps its distance from the others"
            for key, gap, other in _ties(step, self.course.protocol):
                if other in changed:
                    words = distance(*dates_of(gap))
                    if key == step.key:
                        told = f"stays {words} {self.steps[other].name}"
                        break
                    told = f"{self.steps[other].name} stays {words} it"
            reasons[one.step] = told
        return reasons


def _placed(
    course: Course,
    visit: Standing,
    start: int,
    diary: Diary,
    anchors: Mapping[str, Anchor],
    wish: Wish | None,
) -> PlannedVisit | list[Refusal]:
    """The visit there, with the room and clinician it has where they are free, else with others."""
    step = course.protocol.step(visit.step)
    refusals: list[Refusal] = []
    for wanted in (wish,) if wish else dict.fromkeys((visit.wish, ANYTHING)):
        found = place(step, start, wanted.among(step, diary), therapist=course.therapist)
        refusals = rules.check(
            [found],
            diary,
            course.protocol,
            acuity=course.acuity,
            anchors=anchors,
            therapist=course.therapist,
        )
        if not refusals:
            return found
    return refusals


def _starts(course: Course, diary: Diary) -> Starts:
    request = Request(course.protocol, course.acuity, not_before=diary.first, not_after=diary.last)
    return Starts(request, diary)


def _ties(step: Step, protocol: Protocol) -> Iterator[tuple[str, Gap, str]]:
    """(whose gap, the gap, the other step) for every gap with this step at one end."""
    for gap in step.gaps:
        yield step.key, gap, gap.anchor
    for other in protocol.steps:
        for gap in other.gaps:
            if gap.anchor == step.key:
                yield other.key, gap, other.key


def _kept(own: bool, gap: Gap, here: tuple[int, int], there: Anchor, cascade: Cascade) -> bool:
    """Whether a gap holds between a visit here and another there; `own` when it is this one's."""
    diary = cascade.diary
    if gap.unit == "hours" and isinstance(there, tuple):
        behind, ahead = (here[0], there[1]) if own else (there[0], here[1])
        return 60 * gap.earliest <= behind - ahead <= 60 * gap.latest
    low, high = dates_of(gap)
    days = (diary.date_of(here[0]) - _date(there, diary)).days
    return low <= (days if own else -days) <= high


def _date(anchor: Anchor, diary: Diary) -> date:
    return anchor if isinstance(anchor, date) else diary.date_of(anchor[0])


def _clock(minute: int, diary: Diary) -> int:
    """Minutes on the site's clock."""
    at = datetime.fromtimestamp(minute * 60, diary.zone)
    return at.hour * 60 + at.minute


def _nearest(bits: int, day: date, clock: int, diary: Diary) -> int | None:
    """The start of a day nearest to a time on the clock, as an absolute minute."""
    index = (day - diary.first).days
    if not 0 <= index < len(diary.midnights) - 1:
        return None
    low, high = diary.midnights[index], diary.midnights[index + 1]
    wanted = diary.bit(day, time(clock // 60, clock % 60))
    of_day = [low + bit for bit in members(bits >> low & span(0, high - low))]
    best = min(of_day, key=lambda bit: (abs(bit - wanted), bit), default=None)
    return None if best is None else diary.start + best
