"""The day as it fills while a repair is worked out: visits take their place and give it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from scheduling.planner.day import CoverTask, Person, Room
from scheduling.planner.intervals import erode, span
from scheduling.planner.plans import PlannedClaim, PlannedVisit
from scheduling.planner.pool import Levels, covers, given_back, levels, taken
from scheduling.planner.protocols import NURSE
from scheduling.planner.repair_space import Space, Spot, Staff
from scheduling.planner.shape import Stay

Path = tuple[int, int, int, tuple[int, ...]]
"""Nurses who take over, hand-overs, the load of the nurses, and who has each task."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A visit that has a place: its start (bit), claims, and a nurse's id for each task."""

    start: int
    staff: Staff
    place: PlannedVisit
    tasks: tuple[CoverTask, ...]
    nurses: tuple[int, ...]

    def begun(self) -> Standing:
        """Only with what has begun of its monitoring."""
        tasks = tuple(task for task in self.tasks if task.pinned)
        nurses = tuple(task.nurse or 0 for task in tasks)
        return replace(self, tasks=tasks, nurses=nurses)


class Floor:
    """What is free of every room, person and nurse, the visits that stand taken out."""

    def __init__(self, space: Space) -> None:
        self.space = space
        diary = space.diary
        self.lanes = {room.id: list(room.lanes) for room in diary.rooms}
        self.free: dict[int, Levels] = {p.id: levels(p.lanes) for p in diary.people}
        self.duty = {p.id: p.duty.get(NURSE, 0) for p in space.nurses}
        self.people = {p.id: p for p in diary.people}
        self.standing: dict[int, Standing] = {}
        self.load = dict.fromkeys(self.duty, 0)
        seen = Counter(spot.booked.whose for spot in space.spots.values())
        self.patients = {whose: -1 for whose, n in seen.items() if whose and n > 1}

    def copy(self) -> Floor:
        """Another floor that stands alike, to try something on."""
        other = object.__new__(Floor)
        other.space, other.duty, other.people = self.space, self.duty, self.people
        other.lanes = {id: list(lanes) for id, lanes in self.lanes.items()}
        other.free, other.standing = dict(self.free), dict(self.standing)
        other.load, other.patients = dict(self.load), dict(self.patients)
        return other

    def take(self, id: int, standing: Standing) -> None:
        """Give a visit its place."""
        self.standing[id] = standing
        self._claims(id, standing, give=False)

    def give(self, id: int) -> Standing:
        """Take a visit off its place."""
        standing = self.standing.pop(id)
        self._claims(id, standing, give=True)
        return standing

    def _claims(self, id: int, standing: Standing, *, give: bool) -> None:
        offset = self.space.diary.start
        spot = self.space.spots[id]
        if (free := self.patients.get(spot.booked.whose)) is not None:
            there = span(max(0, standing.start), max(0, standing.start + spot.shape.minutes))
            self.patients[spot.booked.whose] = free | there if give else free & ~there
        for claim in standing.place.claims:
            where = span(max(0, claim.start - offset), max(0, claim.end - offset))
            if claim.kind == "room":
                lanes = self.lanes.get(claim.resource)
                for lane in claim.lanes if lanes else ():
                    assert lanes is not None
                    lanes[lane] = lanes[lane] | where if give else lanes[lane] & ~where
            elif claim.resource in self.free:
                self._nurse(claim.resource, len(self.free[claim.resource]), where, give)
        for task, nurse in zip(standing.tasks, standing.nurses, strict=True):
            if nurse in self.free:
                where = self.bits(task)
                self._nurse(nurse, self.need(task, nurse), where, give)
                if nurse in self.load:
                    minutes = task.lanes * (task.end - task.start)
                    self.load[nurse] += -minutes if give else minutes

    def _nurse(self, id: int, lanes: int, where: int, give: bool) -> None:
        free = self.free[id]
        self.free[id] = given_back(free, lanes, where) if give else taken(free, lanes, where)

    def bits(self, task: CoverTask) -> int:
        """The minutes of a task."""
        offset = self.space.diary.start
        return span(max(0, task.start - offset), max(0, task.end - offset))

    def need(self, task: CoverTask, nurse: int) -> int:
        """Lanes a task takes of a nurse."""
        if task.nurse == nurse and task.held:
            return len(task.held)
        return self.people[nurse].need(task.lanes)

    def roomy(self, spot: Spot) -> int:
        """Starts that keep its rules, clear of its patient's other visits, with a room for each of
        its stays."""
        found = spot.starts & erode(self.patients.get(spot.booked.whose, -1), spot.shape.minutes)
        for stay in spot.shape.stays:
            one = 0
            for room in self.space.diary.rooms:
                if stay.capabilities <= room.capabilities:
                    one |= self._room(room, stay)
            found &= one
        return found

    def _room(self, room: Room, stay: Stay) -> int:
        minutes = stay.end - stay.start + room.turnover
        lanes = self.lanes[room.id]
        if stay.private:
            free = -1
            for lane in lanes:
                free &= lane
            return erode(free, minutes) >> stay.start
        found = 0
        for lane in lanes:
            found |= erode(lane, minutes)
        return found >> stay.start

    def manned(self, spot: Spot, staff: Staff) -> int:
        """Starts with those clinicians on duty and free."""
        found = -1
        for turn, person in zip(spot.shape.turns, staff, strict=True):
            free = self.free[person.id][-1] & person.duty[turn.role]
            for low, high in turn.spans:
                found &= erode(free, high - low) >> low
        return found

    def watchable(self, spot: Spot, barred: frozenset[int], *, alone: bool = False) -> int:
        """Starts with nurses as things stand; `alone`: one nurse from the first phase to the last.

        Asks for what a nurse would need who does not have the visit yet.
        """
        found = -1
        if not spot.watched:
            return found
        whole = 0
        for nurse in self.space.nurses:
            own = -1
            for watch in spot.watched:
                own &= self._watch(nurse, watch.start, watch.end, watch.lanes, watch.skills, barred)
            whole |= own
        if alone:
            return whole
        for watch in spot.watched:
            one = 0
            for nurse in self.space.nurses:
                one |= self._watch(nurse, watch.start, watch.end, watch.lanes, watch.skills, barred)
            found &= one
        return found

    def _watch(
        self,
        nurse: Person,
        start: int,
        end: int,
        lanes: int,
        skills: frozenset[str],
        barred: frozenset[int],
    ) -> int:
        need, free = nurse.need(lanes), self.free[nurse.id]
        if nurse.id in barred or not skills <= nurse.skills or need > len(free):
            return 0
        return erode(free[need - 1] & self.duty[nurse.id], end - start) >> start

    def path(
        self, tasks: Sequence[CoverTask], homes: Sequence[int | None], *, alone: bool = False
    ) -> tuple[int, ...] | None:
        """A nurse for each task of one visit: fewest who take over, then fewest hand-overs, then
        the least loaded; None when some task finds none."""
        best: dict[int, Path] = {-1: (0, 0, 0, ())}
        for task, home in zip(tasks, homes, strict=True):
            then: dict[int, Path] = {}
            for nurse in self.able(task):
                ways = [
                    (
                        over + (nurse not in (home, last)),
                        hands + (last not in (nurse, -1)),
                        weight + self.load.get(nurse, 0),
                        (*path, nurse),
                    )
                    for last, (over, hands, weight, path) in best.items()
                    if not alone or last in (nurse, -1)
                ]
                if ways:
                    then[nurse] = min(ways)
            best = then
            if not best:
                return None
        return min(best.values())[3]

    def able(self, task: CoverTask) -> Iterator[int]:
        """Nurses who could take a task as things stand; the one who has it where it is pinned."""
        if task.pinned and task.nurse is not None:
            yield task.nurse
            return
        where = self.bits(task)
        for nurse in self.space.nurses:
            need, free = self.need(task, nurse.id), self.free[nurse.id]
            if (
                nurse.id not in task.barred
                and task.skills <= nurse.skills
                and need <= len(free)
                and covers(free[need - 1] & self.duty[nurse.id], where)
            ):
                yield nurse.id

    def seated(self, spot: Spot, start: int, staff: Staff) -> PlannedVisit | None:
        """Rooms and clinicians claimed at a start (bit): its own room where free, the tightest
        else; None when the rooms do not do for all stays at once."""
        at = self.space.diary.start + start
        claims = self._seats(spot, start, [])
        if claims is None:
            return None
        for turn, person in zip(spot.shape.turns, staff, strict=True):
            lanes = tuple(range(len(person.lanes)))
            claims += [
                PlannedClaim(person.id, "staff", turn.role, lanes, at + low, at + high)
                for low, high in turn.spans
            ]
        return PlannedVisit(
            spot.booked.step.key, at, at + spot.shape.minutes, spot.phases(start), tuple(claims)
        )

    def _seats(
        self, spot: Spot, start: int, chosen: list[PlannedClaim]
    ) -> list[PlannedClaim] | None:
        if len(chosen) == len(spot.shape.stays):
            return list(chosen)
        stay = spot.shape.stays[len(chosen)]
        for claim in self.seats(spot, stay, start):
            if all(claim.resource != other.resource for other in chosen):
                found = self._seats(spot, start, [*chosen, claim])
                if found is not None:
                    return found
        return None

    def seats(self, spot: Spot, stay: Stay, start: int) -> list[PlannedClaim]:
        """Free rooms for a stay, the booked one first."""
        diary = self.space.diary
        booked = {
            claim.resource: claim.lanes
            for claim in spot.booked.place.claims
            if claim.kind == "room" and claim.start == spot.booked.place.start + stay.start
        }
        found: list[tuple[tuple[int, ...], PlannedClaim]] = []
        for room in diary.rooms:
            if not stay.capabilities <= room.capabilities:
                continue
            low, high = start + stay.start, start + stay.end + room.turnover
            where, lanes = span(low, high), self.lanes[room.id]
            free = [i for i, lane in enumerate(lanes) if covers(lane, where)]
            if not free or (stay.private and len(free) < len(lanes)):
                continue
            held = booked.get(room.id, ())
            idle = {i: low - (~lanes[i] & (1 << low) - 1).bit_length() for i in free}
            free.sort(key=lambda lane: (lane not in held, idle[lane]))
            take = tuple(range(len(lanes))) if stay.private else (free[0],)
            spread = len(lanes) if stay.private else int(len(lanes) == 1)
            rank = (room.id not in booked, len(room.capabilities), spread, idle[free[0]], room.id)
            at = diary.start
            claim = PlannedClaim(room.id, "room", "room", take, at + low, at + high, room.turnover)
            found.append((rank, claim))
        return [claim for _, claim in sorted(found, key=lambda one: one[0])]
