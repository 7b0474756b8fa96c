"""From starts to claims: which room and chair, which clinician, which nurses for each visit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scheduling.planner.cover import Assignment, assign, claims_of, tasks_of
from scheduling.planner.day import Person, Room
from scheduling.planner.intervals import span
from scheduling.planner.plans import PlannedClaim, PlannedPhase, PlannedVisit
from scheduling.planner.protocols import Step
from scheduling.planner.shape import Stay, shape_of
from scheduling.planner.starts import Starts

Staffing = Mapping[str, Person]


@dataclass(frozen=True, slots=True)
class Seat:
    """A room and lanes for a stay that starts at bit `start` and frees the room at `end`."""

    stay: Stay
    room: Room
    lanes: tuple[int, ...]
    start: int
    end: int

    def clashes(self, other: Seat) -> bool:
        """True when both want a lane of one room at one time."""
        return (
            self.room.id == other.room.id
            and bool(set(self.lanes) & set(other.lanes))
            and self.start < other.end
            and other.start < self.end
        )


class Naming:
    """Names everything for visits at given starts (bits), one series at a time."""

    def __init__(self, starts: Starts, therapist: int | None) -> None:
        self.starts, self.diary, self.therapist = starts, starts.diary, therapist

    def staffings(self, step: Step, start: int) -> list[Staffing]:
        """Who could be the clinicians at that start, those who do not monitor first."""
        found = [
            people
            for people, bits in self.starts.staffings(step, self.therapist)
            if bits >> start & 1
        ]
        return sorted(found, key=lambda people: len(self.starts.barred(dict(people))))

    def covered(self, visits: Sequence[tuple[Step, int, Staffing]]) -> Assignment | None:
        """Nurses for visits of one day with those clinicians; None when proven impossible."""
        barred = [self.starts.barred(dict(people)) for *_, people in visits]
        key = tuple((step.key, at, own) for (step, at, _), own in zip(visits, barred, strict=True))
        if key not in self.starts.covers:
            tasks = [
                task
                for (step, start, _), own in zip(visits, barred, strict=True)
                for task in tasks_of(
                    step,
                    self.diary.start + start,
                    self.starts.request.acuity,
                    self.diary.nurse_lanes,
                    own,
                )
            ]
            claims = [
                claim
                for step, start, people in visits
                for claim in self._turns(step, start, people)
            ]
            found = assign(
                tasks, self.diary.people, self.diary.cover, self.diary, claims, least=False
            )
            self.starts.covers[key] = found if isinstance(found, Assignment) else None
        return self.starts.covers[key]

    def coverable(self, step: Step, start: int) -> bool:
        """True when some clinicians leave nurses for the whole visit."""
        tried = set()
        for people in self.staffings(step, start):
            barred = self.starts.barred(dict(people))
            if barred not in tried and self.covered([(step, start, people)]):
                return True
            tried.add(barred)
        return False

    def fits(self, first: Step, start: int, second: Step, then: int) -> bool:
        """True when two visits of one day find rooms that do not clash in a turnover."""
        return next(self._seats([(first, start), (second, then)], {}), None) is not None

    def name(self, visits: Sequence[tuple[Step, int]]) -> list[PlannedVisit] | None:
        """All claims for the visits of a series, in time order; None when a day's visits that
        are possible one by one are not together."""
        people = self._people(visits)
        liked = self._liked_rooms(visits)
        named: dict[int, PlannedVisit] = {}
        for together in self._by_day(visits):
            seats = next(self._seats([visits[i] for i in together], liked), None)
            staff = self._staff(together, visits, people)
            if seats is None or staff is None:
                return None
            chosen, cover = staff
            for i, own in zip(together, seats, strict=True):
                named[i] = self._visit(*visits[i], own, chosen[i])
            for i in together:
                tasks = [p for p in cover.new if p.task.visit == visits[i][0].key]
                claims = (*named[i].claims, *claims_of(tasks))
                named[i] = replace(named[i], claims=claims)
        return [named[i] for i in range(len(visits))]

    def _by_day(self, visits: Sequence[tuple[Step, int]]) -> list[list[int]]:
        days: dict[int, list[int]] = {}
        for i, (_, start) in enumerate(visits):
            days.setdefault(self.diary.day_of(start), []).append(i)
        return list(days.values())

    def _people(self, visits: Sequence[tuple[Step, int]]) -> list[list[Staffing]]:
        """Staffings of each visit, people who can take most visits first."""
        able = [self.staffings(step, start) for step, start in visits]
        serves: Counter[tuple[str, int]] = Counter()
        for options in able:
            serves.update({(role, p.id) for people in options for role, p in people.items()})
        return [
            sorted(
                options,
                key=lambda people: (
                    len(self.starts.barred(dict(people))),
                    [(-serves[role, p.id], p.id) for role, p in sorted(people.items())],
                ),
            )
            for options in able
        ]

    def _staff(
        self,
        together: Sequence[int],
        visits: Sequence[tuple[Step, int]],
        people: Sequence[Sequence[Staffing]],
    ) -> tuple[dict[int, Staffing], Assignment] | None:
        """Clinicians and nurses for the visits of one day."""

        def choose(k: int, chosen: dict[int, Staffing]) -> Iterator[dict[int, Staffing]]:
            if k == len(together):
                yield chosen
                return
            tried = set()
            for option in people[together[k]]:
                barred = self.starts.barred(dict(option))
                if barred not in tried:
                    tried.add(barred)
                    yield from choose(k + 1, {**chosen, together[k]: option})

        for chosen in choose(0, {}):
            cover = self.covered([(*visits[i], chosen[i]) for i in together])
            if cover:
                return chosen, cover
        return None

    def _liked_rooms(self, visits: Sequence[tuple[Step, int]]) -> dict[int, int]:
        """How many stays of the series each room could take, where one room is wished for."""
        serves: Counter[int] = Counter()
        if self.starts.request.protocol.same_room:
            for step, start in visits:
                for stay in shape_of(step).stays:
                    serves.update(
                        room.id
                        for room in self.diary.rooms
                        if self.starts.room(room, stay) >> start & 1
                    )
        return serves

    def _seats(
        self, visits: Sequence[tuple[Step, int]], liked: Mapping[int, int]
    ) -> Iterator[list[list[Seat]]]:
        """Rooms and lanes for visits of one day, the room liked most first, then the tightest."""
        wanted = [(v, stay) for v, (step, _) in enumerate(visits) for stay in shape_of(step).stays]

        def choose(k: int, chosen: list[list[Seat]]) -> Iterator[list[list[Seat]]]:
            if k == len(wanted):
                yield chosen
                return
            v, stay = wanted[k]
            for seat in self._options(stay, visits[v][1], liked):
                same_visit = any(seat.room.id == other.room.id for other in chosen[v])
                if same_visit or any(seat.clashes(o) for own in chosen for o in own):
                    continue
                more = [[*own, seat] if i == v else own for i, own in enumerate(chosen)]
                yield from choose(k + 1, more)

        yield from choose(0, [[] for _ in visits])

    def _options(self, stay: Stay, start: int, liked: Mapping[int, int]) -> list[Seat]:
        found = []
        for room in self.diary.rooms:
            if not stay.capabilities <= room.capabilities:
                continue
            low, high = start + stay.start, start + stay.end + room.turnover
            where = span(low, high)
            free = [i for i, lane in enumerate(room.lanes) if lane & where == where]
            if stay.private and len(free) == len(room.lanes):
                found.append(Seat(stay, room, tuple(free), low, high))
            elif not stay.private:
                free.sort(key=lambda i: self._idle(room.lanes[i], low))
                found += [Seat(stay, room, (lane,), low, high) for lane in free]
        found.sort(key=lambda seat: (-liked.get(seat.room.id, 0), *_tightness(seat)))
        return found

    def _idle(self, lane: int, start: int) -> int:
        """Free minutes before a start: the less, the tighter the fit."""
        return start - (~lane & (1 << start) - 1).bit_length()

    def _visit(
        self, step: Step, start: int, seats: Sequence[Seat], people: Staffing
    ) -> PlannedVisit:
        shape, at = shape_of(step), self.diary.start
        claims = [
            PlannedClaim(
                seat.room.id,
                "room",
                "room",
                seat.lanes,
                at + seat.start,
                at + seat.end,
                seat.room.turnover,
            )
            for seat in seats
        ]
        claims += self._turns(step, start, people)
        phases = tuple(
            PlannedPhase(name, at + start + low, at + start + high)
            for name, low, high in shape.phases
        )
        end = at + start + shape.minutes
        return PlannedVisit(step.key, at + start, end, phases, tuple(claims))

    def _turns(self, step: Step, start: int, people: Staffing) -> list[PlannedClaim]:
        """Claims of the clinicians: whole persons, in the spans of their turns."""
        at = self.diary.start + start
        return [
            PlannedClaim(
                people[turn.role].id,
                "staff",
                turn.role,
                tuple(range(len(people[turn.role].lanes))),
                at + low,
                at + high,
            )
            for turn in shape_of(step).turns
            for low, high in turn.spans
        ]


def _tightness(seat: Seat) -> tuple[int, int, int]:
    """Spare capabilities first; a chair is sought among several, a private stay in a small room."""
    lanes = len(seat.room.lanes)
    spread = lanes if seat.stay.private else int(lanes == 1)
    return len(seat.room.capabilities), spread, seat.room.id
