"""Fill a site's book with courses until its chairs are as busy as asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from scheduling.demo.courses import CHAIR_KINDS, Course
from scheduling.demo.slots import Board, Placed
from scheduling.planner.protocols import THERAPIST, Phase

BUSY_WEEKS = 5
THINNING = (0.8, 0.6, 0.45, 0.32, 0.2, 0.12, 0.06, 0.03)
MIX = {
    "aud-kare": 24,
    "aud-single-met": 14,
    "aud-cue-retrieval": 3,
    "depression-induction": 22,
    "ptsd-induction": 12,
    "kap": 10,
    "esketamine-rems": 15,
}
FILLER = "maintenance"
ACUITY = ((1, 38), (2, 28), (3, 20), (4, 9), (5, 4), (6, 1))
EARLIEST, LATEST = 480, 930
NODES = 80
DATES = 6
MISSES = 60
PACKINGS = 8
REFUSALS = 3


@dataclass(frozen=True, slots=True)
class Booked:
    """A course placed at a site. `done`: steps before the first day, by days from it (negative).

    `d0` is the origin's, in the same count.
    """

    course: Course
    board: Board
    acuity: int
    therapist: int | None
    visits: list[Placed]
    done: Mapping[str, int]
    d0: int


class Filling:
    """Books courses at one site; day numbers count from the board's first day."""

    def __init__(
        self, board: Board, courses: Mapping[str, Course], load: float, rng: Random
    ) -> None:
        self.board, self.courses, self.load, self.rng = board, courses, load, rng
        self.tight = 0.97 if load > 0.7 else 0.5
        self.cap = min(0.97, load + 0.12)
        self.talk_cap = min(0.85, 0.9 * load + 0.05)
        self.booked: list[Booked] = []
        self.refused: Counter[int] = Counter()
        self.sessions: Counter[int] = Counter()

    def fill(self) -> list[Booked]:
        """Courses of the usual mix, then single infusions where chairs are still idle."""
        keys, weights = list(MIX), list(MIX.values())
        misses = 0
        while misses < MISSES and (day := self._idlest(slack=0.02)) is not None:
            key = self.rng.choices(keys, weights)[0]
            misses = 0 if self._book(key, day) else misses + 1
        misses = 0
        while misses < MISSES and (day := self._idlest(slack=0.0)) is not None:
            if self._book(FILLER, day) or self._squeeze(FILLER, day):
                misses = 0
            else:
                misses += 1
                self.refused[day] += 1
        return self.booked

    def share(self, first: int, last: int) -> float:
        """Claimed share of open chair minutes from day first to last, exclusive."""
        board = self.board
        minutes = sum(board.open_minutes[first:last]) * board.chairs
        return sum(board.used[first:last]) / minutes if minutes else 0.0

    def has_chairs(self, day: int) -> bool:
        """Whether a day may become busier: neither it nor the busy weeks have all they should."""
        busy_end = 7 * BUSY_WEEKS
        if day < busy_end and self.share(0, busy_end) >= self.load:
            return False
        return self.board.chair_share(day) < self.cap

    def _wanted(self, day: int) -> float:
        week = day // 7
        if week < BUSY_WEEKS:
            return self.load
        return self.load * THINNING[min(week - BUSY_WEEKS, len(THINNING) - 1)]

    def _idlest(self, slack: float) -> int | None:
        """A day that wants more, the emptier the likelier; None when every week has enough.

        The busy weeks count as one, so that their load is met and not passed.
        """
        busy_is_short = self.share(0, 7 * BUSY_WEEKS) < self.load - slack
        lacks = []
        for day, minutes in enumerate(self.board.open_minutes):
            short = self._wanted(day) - self.board.chair_share(day)
            if day < 7 * BUSY_WEEKS:
                short = max(short, 0.01) if busy_is_short else 0.0
            hopeful = minutes and short > slack and self.refused[day] < REFUSALS
            lacks.append(short**2 if hopeful else 0.0)
        if not any(lacks):
            return None
        return self.rng.choices(range(len(lacks)), lacks)[0]

    def _book(self, key: str, day: int) -> bool:
        """Book a course of which some chair visit falls on or near a day."""
        course = self.courses[key]
        step = self.rng.choice(course.chair_steps)
        d0 = day - course.usual[step]
        acuity = self.rng.choices(*zip(*ACUITY, strict=True))[0]
        found = None
        for therapist in self._therapists(course):
            attempt = _Attempt(self, course, d0, acuity, therapist)
            if found := attempt.book():
                break
        if found is None:
            return False
        self.booked.append(found)
        self.sessions.update(v.therapist for v in found.visits if v.therapist is not None)
        return True

    def _squeeze(self, key: str, day: int) -> bool:
        """Book a course of one visit on a full day, all chairs of that day packed anew for it."""
        if not self.has_chairs(day):
            return False
        here = [
            (one, number)
            for one in self.booked
            for number, visit in enumerate(one.visits)
            if visit.day == day and visit.step.kind in CHAIR_KINDS
        ]
        before = [one.visits[number] for one, number in here]
        for visit in before:
            self.board.free(visit)
        for _ in range(PACKINGS):
            order = sorted(here, key=lambda _: self.rng.random())
            moved = self._pack(order)
            if moved and self._book(key, day):
                for (one, number), visit in zip(order, moved, strict=True):
                    one.visits[number] = visit
                return True
            for visit in moved:
                self.board.free(visit)
        for visit in before:
            self.board.take(visit)
        return False

    def _pack(self, order: Sequence[tuple[Booked, int]]) -> list[Placed]:
        """The visits as early as can be, one after the other; none when one finds no place."""
        moved: list[Placed] = []
        for one, number in order:
            visit = one.visits[number]
            again = self.board.find(
                visit.step,
                visit.day,
                acuity=one.acuity,
                prefer=0,
                tight=0.0,
                therapist=visit.therapist,
            )
            if again is None:
                for placed in moved:
                    self.board.free(placed)
                return []
            self.board.take(again)
            moved.append(again)
        return moved

    def _therapists(self, course: Course) -> Sequence[int | None]:
        if not any(step.needs(THERAPIST) for step in course.protocol.steps):
            return [None]
        able = sorted(
            {
                person.id
                for day in self.board.days[:7]
                for person in day.people.values()
                if THERAPIST in person.duty
            }
        )
        return sorted(able, key=lambda person: (self.sessions[person], self.rng.random()))[:2]


class _Attempt:
    """One course for one patient: depth first over its steps, a few days each."""

    def __init__(
        self, filling: Filling, course: Course, d0: int, acuity: int, therapist: int | None
    ) -> None:
        self.filling, self.board, self.course = filling, filling.board, course
        self.d0, self.acuity, self.therapist = d0, acuity, therapist
        self.prefer = filling.rng.randrange(EARLIEST, LATEST)
        self.days: dict[str, int] = {}
        self.visits: dict[str, Placed] = {}
        self.found: dict[tuple[tuple[Phase, ...], int], Placed | None] = {}
        self.nodes = 0

    def book(self) -> Booked | None:
        """The course in the board's bitmaps, or nothing changed."""
        if self.course.protocol.steps[-1].key in self.course.usual:
            last = self.d0 + max(self.course.usual.values())
            if last < 0 or last >= len(self.board.days):
                return None
        if not self._place(0) or not self.visits:
            self._undo_all()
            return None
        origin = self.course.protocol.origin
        done = {key: day for key, day in self.days.items() if key not in self.visits}
        return Booked(
            self.course,
            self.board,
            self.acuity,
            self.therapist,
            sorted(self.visits.values(), key=lambda v: (v.day, v.start)),
            done | self._outside(),
            self.days[origin],
        )

    def _place(self, number: int) -> bool:
        order = self.course.order
        if number == len(order):
            return True
        step = order[number]
        for day in self._candidates(step.key):
            self.nodes += 1
            if self.nodes > NODES:
                return False
            if not self._suits(number, day):
                continue
            if day >= 0:
                placed = self._find(number, day)
                if placed is None:
                    continue
                self.board.take(placed)
                self.visits[step.key] = placed
            self.days[step.key] = day
            if self._place(number + 1):
                return True
            del self.days[step.key]
            if day >= 0:
                self.board.free(self.visits.pop(step.key))
        return False

    def _candidates(self, key: str) -> list[int]:
        """Days within the windows, the usual one first."""
        usual = self.d0 + self.course.usual[key]
        if not self.days:
            return [day for shift in (0, 1, -1, 2) if (day := usual + shift) < len(self.board.days)]
        low, high = self.course.window(key, self.days)
        days = range(low, min(high, len(self.board.days) - 1) + 1)
        return sorted(days, key=lambda day: (abs(day - usual), day))[:DATES]

    def _suits(self, number: int, day: int) -> bool:
        step = self.course.order[number]
        date = self.board.days[0].date + timedelta(days=day)
        if date.weekday() > 4 or (step.weekdays and date.weekday() not in step.weekdays):
            return False
        if day in self.days.values():
            return False
        if day < 0:
            return True
        if not self.board.open_minutes[day]:
            return False
        if step.kind in CHAIR_KINDS:
            return self.filling.has_chairs(day)
        return self.board.talk_share(day) < self.filling.talk_cap

    def _find(self, number: int, day: int) -> Placed | None:
        """Sought once: a course's own visits are on other days and in nobody's way."""
        step = self.course.order[number]
        if (step.phases, day) not in self.found:
            self.found[step.phases, day] = self.board.find(
                step,
                day,
                acuity=self.acuity,
                prefer=self.prefer,
                tight=self.filling.tight,
                therapist=self.therapist if self.course.protocol.same_therapist else None,
            )
        placed = self.found[step.phases, day]
        return placed and replace(placed, step=step)

    def _outside(self) -> dict[str, int]:
        """Days of what came before the series, such as an earlier infusion."""
        names = self.course.protocol.extra.get("outside", {})
        assert isinstance(names, dict)
        found = {}
        for key in names:
            low, high = self.course.window(key, self.days)
            found[key] = max(low, min(high, -5 - self.filling.rng.randrange(20)))
        return found

    def _undo_all(self) -> None:
        for placed in self.visits.values():
            self.board.free(placed)
        self.visits.clear()
