"""What could be done for a visit that found no place: a float nurse, another day, overtime."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from scheduling.planner.day import Diary
from scheduling.planner.intervals import span
from scheduling.planner.protocols import NURSE
from scheduling.planner.repair_floor import Floor, Standing
from scheduling.planner.repair_problem import Kind, Stranded, Way
from scheduling.planner.repair_quick import Draft, placed
from scheduling.planner.repair_space import Space, Spot
from scheduling.planner.repair_words import why_stranded
from scheduling.planner.shape import shape_of
from scheduling.planner.words import clock, count, moment

DAYS = 3
"""Other days offered to a stranded visit."""
LOOKED_AT = 14
"""Days after its own on which they are sought."""
LONGER = 180
"""Minutes past closing that are looked at."""


def stranded(space: Space, draft: Draft) -> tuple[Stranded, ...]:
    """The visits without a place, by start, with what would help; what keeps the day first."""
    lost = [spot for id, spot in space.spots.items() if draft.lost(id)]
    if not lost:
        return ()
    problem = space.problem
    later = _floor(Space(problem, problem.diary), draft)
    overtime = _floor(Space(problem, _longer(space)), draft)
    found = []
    for spot in sorted(lost, key=lambda spot: (spot.at, spot.booked.id)):
        ways = list(_float(draft, spot))
        if spot.booked.id not in draft.stuck:
            ways += [*_clinician(draft, spot), *_days(later, spot), *_overtime(overtime, spot)]
        found.append(Stranded(spot.booked.id, _why(space, draft, spot), tuple(ways)))
    return tuple(found)


def _floor(space: Space, draft: Draft) -> Floor:
    floor = Floor(space)
    for id, standing in draft.floor.standing.items():
        floor.take(id, standing)
    return floor


def _longer(space: Space) -> Diary:
    """The diary with opening and everybody's last shift of a day some hours longer."""
    diary, out = space.diary, space.problem.loss.resource

    def more(bits: int) -> int:
        for low, high in zip(diary.midnights, diary.midnights[1:], strict=False):
            end = (bits & span(low, high)).bit_length()
            if end > low:
                bits |= span(end, min(high, end + LONGER))
        return bits

    return replace(
        diary,
        open=more(diary.open),
        presence={credential: more(bits) for credential, bits in diary.presence.items()},
        people=tuple(
            person
            if person.id == out
            else replace(person, duty={role: more(bits) for role, bits in person.duty.items()})
            for person in diary.people
        ),
    )


def _why(space: Space, draft: Draft, spot: Spot) -> str:
    room = draft.floor.roomy(spot)
    staffed = any(room & draft.floor.manned(spot, staff) for staff in spot.staffs)
    stuck = spot.booked.id in draft.stuck
    return why_stranded(space, spot, seats=bool(room), staffed=staffed, stuck=stuck)


def _float(draft: Draft, spot: Spot) -> Iterator[Way]:
    """One more nurse from when to when, if that is all it lacks at its own time."""
    floor, stuck = draft.floor, spot.booked.id in draft.stuck
    if not stuck:
        own = next(iter(spot.staffs), None)
        here = floor.roomy(spot)
        if own is None or not spot.same_people(own) or spot.at < 0:
            return
        if not (here & floor.manned(spot, own)) >> spot.at & 1:
            return
    lacking = [
        task
        for task in spot.tasks(spot.at, spot.own.values())
        if not task.pinned and not any(True for _ in floor.able(task))
    ]
    if lacking:
        start, end = min(task.start for task in lacking), max(task.end for task in lacking)
        zone = spot.diary.zone
        words = f"A float nurse {clock(start, zone)}-{clock(end, zone)} would keep it at its time."
        yield Way("float_nurse", words, start, end)


def _clinician(draft: Draft, spot: Spot) -> Iterator[Way]:
    """The same day with another therapist, which the series would have to change to."""
    if spot.booked.therapist is None:
        return
    there = Spot(replace(spot.booked, therapist=None), spot.diary)
    standing = placed(draft.floor, there)
    if standing:
        names = [
            person.name
            for turn, person in zip(shape_of(spot.booked.step).turns, standing.staff, strict=True)
            if spot.own.get(turn.role) != person.id
        ]
        when = clock(standing.place.start, spot.diary.zone)
        words = f"{names[0]} could take it at {when}; the series would change therapist."
        yield _way("another_clinician", words, standing)


def _days(floor: Floor, spot: Spot) -> Iterator[Way]:
    """The legal time nearest to its own on each of the next days that have one."""
    diary = floor.space.diary
    own, told = diary.date_of(spot.booked.place.start), 0
    wall = spot.at - diary.midnights[diary.day_of(max(0, spot.at))]
    for ahead in range(1, LOOKED_AT + 1):
        day = own + timedelta(days=ahead)
        if day > diary.last or told == DAYS:
            return
        there = Spot(replace(spot.booked, days=(day, day)), diary)
        index = (day - diary.first).days
        standing = placed(floor, there, near=diary.midnights[index] + wall)
        if standing:
            told += 1
            words = f"{moment(standing.place.start, diary.zone)} is free."
            yield _way("another_day", words, standing)


def _overtime(floor: Floor, spot: Spot) -> Iterator[Way]:
    """The earliest start that day if people stayed on."""
    diary = floor.space.diary
    there = Spot(replace(spot.booked, days=None), diary)
    standing = placed(floor, there, near=diary.midnights[diary.day_of(max(0, spot.at))])
    if standing:
        low = standing.start
        beyond = span(low, low + spot.shape.minutes) & ~spot.diary.open
        hours = {p.id: p.duty for p in spot.diary.people}
        for task, nurse in zip(standing.tasks, standing.nurses, strict=True):
            beyond |= floor.bits(task) & ~hours[nurse].get(NURSE, 0)
        for claim in standing.place.claims:
            if claim.kind == "staff":
                where = span(claim.start - diary.start, claim.end - diary.start)
                beyond |= where & ~hours[claim.resource].get(claim.role, 0)
        start, end = (clock(m, diary.zone) for m in (standing.place.start, standing.place.end))
        words = f"{start}-{end}, with {count(beyond.bit_count(), 'minute')} of overtime."
        yield _way("overtime", words, standing)


def _way(kind: Kind, words: str, standing: Standing) -> Way:
    return Way(kind, words, standing.place.start, standing.place.end, standing.place)
