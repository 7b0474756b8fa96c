"""One visit at one given time: the rooms and clinicians that suit, or the likeliest to tell of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

from scheduling.planner.day import Diary, Person, Room
from scheduling.planner.intervals import span
from scheduling.planner.plans import PlannedClaim, PlannedPhase, PlannedVisit
from scheduling.planner.preferences import MAIN_KINDS
from scheduling.planner.protocols import THERAPIST, Protocol, Step
from scheduling.planner.shape import Stay, Turn, shape_of


@dataclass(frozen=True, slots=True)
class Wish:
    """The room and the clinician asked for, by id; None where anybody or any room will do."""

    room: int | None = None
    clinician: int | None = None

    def among(self, step: Step, diary: Diary) -> Diary:
        """The diary with nothing but what is wished for, wherever a wish can be met at all.

        A room that lacks what the step needs, or somebody without its roles, is no wish.
        """
        shape = shape_of(step)
        rooms, people = diary.rooms, diary.people
        for stay in shape.stays:
            able = [room.id for room in rooms if stay.capabilities <= room.capabilities]
            if self.room in able:
                others = {id for id in able if id != self.room} if len(shape.stays) == 1 else set()
                rooms = tuple(room for room in rooms if room.id not in others)
        for turn in shape.turns:
            able = [p.id for p in people if turn.role in p.duty and turn.skills <= p.skills]
            if self.clinician in able:
                people = tuple(
                    person
                    if person.id == self.clinician
                    else replace(
                        person, duty={r: bits for r, bits in person.duty.items() if r != turn.role}
                    )
                    for person in people
                )
        return replace(diary, rooms=rooms, people=people)


ANYTHING = Wish()


def stands_alone(step: Step, protocol: Protocol) -> bool:
    """True when a step makes sense without its series: no infusion of a longer course does."""
    return len(protocol.steps) == 1 or step.kind not in MAIN_KINDS


def place(step: Step, start: int, diary: Diary, *, therapist: int | None = None) -> PlannedVisit:
    """A visit at an absolute minute, without nurses; `rules.check` says whether it can be.

    What is free comes first, the tightest room and the clinician with most else free; where
    nothing is, what comes nearest is named, so that the refusal tells of something real. A
    wish is met by placing in `Wish.among` the diary.
    """
    shape = shape_of(step)
    claims: list[PlannedClaim] = []
    used: set[int] = set()
    for stay in shape.stays:
        found = _room(stay, start - diary.start, diary, used)
        if found:
            room, lanes = found
            used.add(room.id)
            end = start + stay.end + room.turnover
            claims.append(
                PlannedClaim(room.id, "room", "room", lanes, start + stay.start, end, room.turnover)
            )
    for turn in shape.turns:
        wanted = therapist if turn.role == THERAPIST else None
        person = _clinician(turn, start - diary.start, diary, used, wanted)
        if person:
            used.add(person.id)
            lanes = tuple(range(len(person.lanes)))
            claims += [
                PlannedClaim(person.id, "staff", turn.role, lanes, start + low, start + high)
                for low, high in turn.spans
            ]
    phases = tuple(
        PlannedPhase(name, start + low, start + high) for name, low, high in shape.phases
    )
    return PlannedVisit(step.key, start, start + shape.minutes, phases, tuple(claims))


def _room(stay: Stay, at: int, diary: Diary, used: set[int]) -> tuple[Room, tuple[int, ...]] | None:
    """The tightest room with space and its lanes; else any that has the capabilities."""
    able = [
        room
        for room in diary.rooms
        if stay.capabilities <= room.capabilities and room.id not in used
    ]
    able.sort(key=lambda room: (len(room.capabilities), len(room.lanes), room.id))
    if stay.private:
        able.sort(key=lambda room: len(room.lanes))
    for room in able:
        where = _bits(at + stay.start, at + stay.end + room.turnover)
        free = [lane for lane, bits in enumerate(room.lanes) if where & bits == where]
        if stay.private and len(free) == len(room.lanes):
            return room, tuple(free)
        if free and not stay.private:
            return room, (free[0],)
    if not able:
        return None
    return able[0], tuple(range(len(able[0].lanes))) if stay.private else (0,)


def _clinician(
    turn: Turn, at: int, diary: Diary, used: set[int], wanted: int | None
) -> Person | None:
    able = [
        person
        for person in diary.people
        if turn.role in person.duty
        and turn.skills <= person.skills
        and person.id not in used
        and wanted in (None, person.id)
    ]
    where = reduce(int.__or__, (_bits(at + low, at + high) for low, high in turn.spans), 0)

    def obstacles(person: Person) -> tuple[int, int, int]:
        on = person.duty[turn.role]
        free = reduce(int.__and__, person.lanes)
        return (where & ~(on & free)).bit_count(), -(on & free).bit_count(), person.id

    return min(able, key=obstacles, default=None)


def _bits(start: int, end: int) -> int:
    return span(max(0, start), max(0, end))
