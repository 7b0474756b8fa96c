"""The complete plan at once: everybody keeps their time where they can, else the nearest start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scheduling.planner.intervals import span
from scheduling.planner.plans import PlannedVisit
from scheduling.planner.pool import covers
from scheduling.planner.repair_floor import Floor, Standing
from scheduling.planner.repair_problem import NURSE_CHANGE, ROOM_CHANGE, ROOM_DISTURBED, STRANDED
from scheduling.planner.repair_space import Space, Spot, Staff

TRIED = 6
"""Starts a visit tries before it counts as stranded: those that fail do so for one reason."""
Order = Callable[[Spot], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Draft:
    """A floor on which every visit stands that could be placed; `stuck` ones have begun and
    stay in their room, but something they need cannot be found."""

    floor: Floor
    stuck: frozenset[int]

    def lost(self, id: int) -> bool:
        """True when a visit is stranded."""
        return id in self.stuck or id not in self.floor.standing


def drafts(space: Space) -> Iterator[Draft]:
    """Complete drafts, each filled in another order, the first as a desk would: by the clock."""
    base = opened(space)
    ahead = [spot for spot in space.affected() if not spot.booked.begun]
    orders: tuple[tuple[Order, bool], ...] = (
        (lambda spot: (spot.at, spot.booked.id), False),
        (lambda spot: (spot.at, spot.booked.id), True),
        (lambda spot: (-_weight(spot), spot.at, spot.booked.id), False),
        (lambda spot: (spot.starts.bit_count(), spot.at, spot.booked.id), False),
    )
    for order, alone in orders:
        floor = base.floor.copy()
        for spot in sorted(ahead, key=order):
            standing = placed(floor, spot, alone=alone)
            if standing:
                floor.take(spot.booked.id, standing)
        yield Draft(floor, base.stuck)


def opened(space: Space) -> Draft:
    """The floor with what stands whatever happens: visits unaffected where they are booked,
    and those begun, with nurses for what is left of them."""
    floor = Floor(space)
    stuck: set[int] = set()
    for spot in space.spots.values():
        if not spot.booked.affected:
            floor.take(spot.booked.id, as_booked(spot))
    for spot in sorted(space.affected(), key=lambda spot: (spot.at, spot.booked.id)):
        if spot.booked.begun:
            tasks = spot.tasks(spot.at, spot.own.values())
            nurses = floor.path(tasks, spot.homes(tasks, spot.at))
            if nurses is None or not _holds(floor, spot):
                stuck.add(spot.booked.id)
                tasks = [task for task in tasks if task.pinned]
                nurses = tuple(task.nurse or 0 for task in tasks)
            standing = Standing(spot.at, (), spot.booked.place, tuple(tasks), nurses)
            floor.take(spot.booked.id, standing)
    return Draft(floor, frozenset(stuck))


def as_booked(spot: Spot) -> Standing:
    """A visit where and with whom it is."""
    tasks = tuple(spot.tasks(spot.at, spot.own.values()))
    nurses = tuple(task.nurse or 0 for task in tasks)
    return Standing(spot.at, (), spot.booked.place, tasks, nurses)


def placed(
    floor: Floor, spot: Spot, *, alone: bool = False, near: int | None = None
) -> Standing | None:
    """The cheapest place as things stand; with `alone` one nurse has the whole visit.

    `near` is the bit to come near to, its own start by default.
    """
    goal = spot.at if near is None else near
    common = floor.roomy(spot)
    options: list[tuple[int, int, int, Staff]] = []
    for k, staff in enumerate(spot.staffs):
        bits = common & floor.manned(spot, staff)
        if spot.at >= 0 and bits >> spot.at & 1:
            if spot.same_people(staff):
                here = standing_at(floor, spot, spot.at, staff, alone=alone)
                if here:
                    return here
            options.append((abs(spot.at - goal), k, spot.at, staff))
        bits &= floor.watchable(spot, spot.barred(staff), alone=alone)
        options += ((abs(start - goal), k, start, staff) for start in nearest(bits, goal, TRIED))
    for *_, start, staff in sorted(options, key=lambda option: option[:3])[: 2 * TRIED]:
        there = standing_at(floor, spot, start, staff, alone=alone)
        if there:
            return there
    return None


def standing_at(
    floor: Floor, spot: Spot, start: int, staff: Staff, *, alone: bool = False
) -> Standing | None:
    """The visit at a start (bit) with rooms and nurses; None when some are missing."""
    tasks = spot.tasks(start, [person.id for person in staff])
    nurses = floor.path(tasks, spot.homes(tasks, start), alone=alone)
    place = floor.seated(spot, start, staff) if nurses is not None else None
    if place is None or nurses is None:
        return None
    return Standing(start, staff, place, tuple(tasks), nurses)


def nearest(bits: int, to: int, limit: int) -> list[int]:
    """Up to so many set bits, the nearest first, the earlier of two alike."""
    to = max(0, to)
    below, above = bits & span(0, to), bits >> to
    found: list[int] = []
    while len(found) < limit and (below or above):
        low = below.bit_length() - 1 if below else None
        high = to + (above & -above).bit_length() - 1 if above else None
        if high is None or (low is not None and to - low <= high - to):
            assert low is not None
            found.append(low)
            below &= ~(1 << low)
        else:
            found.append(high)
            above &= above - 1
    return found


def cost(space: Space, draft: Draft) -> int:
    """Points of a draft, as `Measures.cost` counts them but for monitoring outside the problem."""
    total = 0
    for id, spot in space.spots.items():
        if draft.lost(id):
            total += STRANDED
        else:
            total += price(spot, draft.floor.standing[id])
    return total


def price(spot: Spot, standing: Standing) -> int:
    """Points of one visit that stands."""
    room = ROOM_CHANGE + (0 if spot.booked.affected else ROOM_DISTURBED)
    return (
        (spot.cost(standing.start, standing.staff) if spot.booked.place != standing.place else 0)
        + NURSE_CHANGE * changes(spot, standing)
        + room * other_rooms(spot, standing.place)
    )


def changes(spot: Spot, standing: Standing) -> int:
    """Nurses who take over a patient for whom somebody else was booked."""
    homes = spot.homes(standing.tasks, standing.start)
    before = (0, *standing.nurses)
    return sum(
        nurse not in (home, last)
        for nurse, home, last in zip(standing.nurses, homes, before, strict=False)
    )


def other_rooms(spot: Spot, place: PlannedVisit) -> int:
    """Rooms that are others than booked, in a visit that keeps its time."""
    if place.start != spot.booked.place.start:
        return 0
    return len(rooms_of(place) - rooms_of(spot.booked.place))


def rooms_of(place: PlannedVisit) -> set[int]:
    """The rooms a visit claims."""
    return {claim.resource for claim in place.claims if claim.kind == "room"}


def _holds(floor: Floor, spot: Spot) -> bool:
    """True when what is left of a visit that has begun keeps its room, clinicians and hours."""
    diary = floor.space.diary
    now = max(diary.now, spot.booked.place.start)
    if not covers(diary.open, _left(now, spot.booked.place.end, diary.start)):
        return False
    for claim in spot.booked.place.claims:
        where = _left(now, claim.end - claim.turnover, diary.start)
        if claim.kind == "room":
            lanes = floor.lanes.get(claim.resource, [])
            if any(lane >= len(lanes) or not covers(lanes[lane], where) for lane in claim.lanes):
                return False
        else:
            person = floor.people.get(claim.resource)
            if person is None or not covers(person.duty.get(claim.role, 0), where):
                return False
    return True


def _left(now: int, end: int, offset: int) -> int:
    return span(max(0, now - offset), max(0, end - offset))


def _weight(spot: Spot) -> int:
    return sum(watch.lanes * (watch.end - watch.start) for watch in spot.watched)
