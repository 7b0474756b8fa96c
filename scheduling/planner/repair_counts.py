"""What is alike on a day to repair, counted and not named: rooms that do, people, nurses' lanes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scheduling.planner.repair_floor import Floor
from scheduling.planner.repair_quick import as_booked
from scheduling.planner.repair_space import Space, Spot

NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False, slots=True)
class Stock:
    """Things alike: one bitmap a thing, set where it can be had."""

    units: tuple[int, ...]

    def at(self, bit: int) -> int:
        """How many there are."""
        return sum(unit >> bit & 1 for unit in self.units)


Use = tuple[Stock, int, int, int]
"""A stock, how much of it, and from which bit to which."""


class Counts:
    """The stocks of a day, whoever cannot move taken out, and what each visit takes of them.

    A stock of things that can do less includes those that can do more, and whoever asks for more
    is counted there too: they take one of them in any case.
    """

    def __init__(self, space: Space) -> None:
        self.space, self.floor = space, bare(space)
        diary, free = space.diary, self.floor.free
        spots = list(space.spots.values())
        turns = {(turn.role, turn.skills) for spot in spots for turn in spot.shape.turns}
        self.rooms = {
            kind: Stock(
                tuple(
                    lane
                    for room in diary.rooms
                    if kind <= room.capabilities
                    for lane in self.floor.lanes[room.id]
                )
            )
            for kind in {stay.capabilities for spot in spots for stay in spot.shape.stays}
        }
        self.able = {
            (role, skills): Stock(
                tuple(
                    free[person.id][-1] & person.duty.get(role, 0)
                    for person in diary.people
                    if skills <= person.skills
                )
            )
            for role, skills in turns
        }
        self.nurses = {
            skills: Stock(
                tuple(
                    level & self.floor.duty[nurse.id]
                    for nurse in space.nurses
                    if skills <= nurse.skills
                    for level in free[nurse.id]
                )
            )
            for skills in {NONE, *(w.skills for spot in spots for w in spot.watched)}
        }
        self.persons = {person.id: Stock((free[person.id][-1],)) for person in diary.people}

    def uses(self, spot: Spot, start: int, *, own: bool) -> Iterator[Use]:
        """What a visit takes from a start (bit), with the clinicians booked (`own`) or others."""
        if not spot.booked.begun:
            yield from self._seats(spot, start)
            yield from self._clinicians(spot, start, own=own)
        yield from self._monitoring(spot, start)

    def _seats(self, spot: Spot, start: int) -> Iterator[Use]:
        for stay in spot.shape.stays:
            does = [r for r in self.space.diary.rooms if stay.capabilities <= r.capabilities]
            turnover = min((room.turnover for room in does), default=0)
            for kind, rooms in self.rooms.items():
                if kind <= stay.capabilities:
                    yield rooms, 1, start + stay.start, start + stay.end + turnover

    def _clinicians(self, spot: Spot, start: int, *, own: bool) -> Iterator[Use]:
        for turn in spot.shape.turns:
            for low, high in turn.spans:
                if own and (person := self.persons.get(spot.own.get(turn.role, 0))):
                    yield person, 1, start + low, start + high
                for (role, skills), able in self.able.items():
                    if role == turn.role and skills <= turn.skills:
                        yield able, 1, start + low, start + high

    def _monitoring(self, spot: Spot, start: int) -> Iterator[Use]:
        offset = self.space.diary.start
        for task in spot.tasks(start, ()):
            if task.pinned:
                continue
            able = [nurse for nurse in self.space.nurses if task.skills <= nurse.skills]
            need = min((nurse.need(task.lanes) for nurse in able), default=task.lanes)
            need = min(need, len(task.held) or need)
            for skills, nurses in self.nurses.items():
                if skills <= task.skills:
                    yield nurses, need, task.start - offset, task.end - offset


def bare(space: Space) -> Floor:
    """The floor with nobody but those who have begun, and what has begun of their monitoring."""
    floor = Floor(space)
    for spot in space.spots.values():
        if spot.booked.begun:
            floor.take(spot.booked.id, as_booked(spot).begun())
    return floor
