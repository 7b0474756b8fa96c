"""A full day to repair: 60 visits in 10 rooms with 6 nurses, 5-minute grain, one nurse out.

Visits are booked as they really are: rooms with turnover, lanes of nurses phase by phase with
breaks, some with a therapist throughout; some patients can come in half of the day only.
"""

from __future__ import annotations

from random import Random

from scheduling.planner.day import CoverTask
from scheduling.planner.intervals import span
from scheduling.planner.plans import PlannedClaim, PlannedPhase, PlannedVisit
from scheduling.planner.protocols import NURSE, THERAPIST, Phase, Protocol, RoleNeed, RoomNeed, Step
from scheduling.planner.repair_problem import Booked, Loss, Problem
from scheduling.planner.shape import shape_of, watches_of
from tests.planner.cast import Clinic, Fixture

VISITS = 60
OPEN = ("08:00", "18:00")


def watched(name: str, minutes: int, ratio: int, *more: str, private: bool = False) -> Phase:
    roles = (RoleNeed(NURSE, ratio=ratio), *(RoleNeed(role) for role in more))
    return Phase(name, minutes, RoomNeed("infusion", private=private), roles)


SPRAY = Step("spray", "Spray", "dosing", (
    watched("prep", 10, 2), watched("dose", 15, 1),
    watched("observe", 40, 4), watched("discharge", 10, 4),
))  # fmt: skip
INFUSION = Step("infusion", "Infusion", "infusion", (
    watched("prep", 15, 1), watched("infuse", 40, 2),
    watched("recover", 30, 4), watched("discharge", 10, 4),
))  # fmt: skip
DOSING = Step("dosing", "Dosing", "dosing", (
    watched("prep", 15, 1, THERAPIST), watched("dose", 60, 2, THERAPIST),
    watched("recover", 40, 4, THERAPIST), watched("discharge", 10, 4),
))  # fmt: skip
PROTOCOLS = {
    step.key: Protocol(step.key, 1, step.name, (step,), step.key)
    for step in (SPRAY, INFUSION, DOSING)
}


def clinic(seed: int) -> Clinic:
    """10 rooms, 3 therapists, 6 nurses whose breaks do not fall together."""
    rng = Random(seed)
    made = Clinic(days=8, hours=OPEN, weekdays=range(6), grain=5, now="7 Dec 06:40")
    for n in range(10):
        made.room(f"Room {n}", "infusion", turnover=5)
    for n in range(3):
        made.therapist(f"Therapist {n}")
    for n in range(6):
        made.nurse(f"Nurse {n}")
    for low, _ in made.open_spans():
        for n, person in enumerate(made.people):
            lunch = low + 180 + 30 * ((n + rng.randrange(2)) % 6)
            person.off.append((lunch, lunch + 30))
    return made


def problem(seed: int, *, half: bool = False, visits: int = VISITS) -> Problem:
    """The day without its first nurse, from opening or (`half`) from noon."""
    made, rng = clinic(seed), Random(1000 + seed)
    day: list[Booked] = []
    start = made.at("7 Dec 00:00")
    tries = 0
    while len(day) < visits and tries < 60_000:
        tries += 1
        step = rng.choice([SPRAY, SPRAY, SPRAY, SPRAY, INFUSION, INFUSION, INFUSION, DOSING])
        at = made.at("7 Dec 08:00") + 5 * rng.randrange(121)
        booked = _book(made, step, at, rng.choice([1, 1, 1, 2, 2, 3, 4]), len(day) + 1, rng)
        if booked:
            day.append(booked)
    whole = made.diary()
    sick = next(person for person in made.people if person.lanes > 1)
    low, high = made.at("7 Dec 12:00" if half else "7 Dec 08:00"), made.at("7 Dec 18:00")
    sick.off.append((low, high))
    for one in (*made.rooms, *made.people):
        one.busy.clear()
    everywhere = span(0, whole.length)
    found = []
    for booked in day:
        lost = any(t.nurse == sick.id and t.end > low for t in booked.watched)
        free = everywhere
        if rng.random() < 0.3:
            noon = made.at("7 Dec 13:00") - start
            morning = booked.place.start - start < noon - 60
            free = span(0, noon + 60) if morning else everywhere & ~span(0, noon - 60)
            own = span(booked.place.start - start, booked.place.end - start)
            free |= own
        found.append(
            Booked(
                booked.id, booked.step, booked.protocol, booked.acuity, booked.place, free,
                booked.watched, therapist=booked.therapist, affected=lost, whose=booked.id,
            )
        )  # fmt: skip
    return Problem(made.diary(), tuple(found), Loss(sick.id, sick.name, low, high))


def _book(made: Clinic, step: Step, at: int, acuity: int, id: int, rng: Random) -> Booked | None:
    shape, stay = shape_of(step), shape_of(step).stays[0]
    if at + shape.minutes > made.at("7 Dec 18:00"):
        return None
    rooms = [r for r in made.rooms if _free(r, 0, at + stay.start, at + stay.end + r.turnover)]
    therapists = [
        person
        for person in made.people
        if THERAPIST in person.roles
        and all(
            _free(person, 0, at + low, at + high) and _on(person, at + low, at + high)
            for turn in shape.turns
            for low, high in turn.spans
        )
    ]
    if not rooms or not therapists:
        return None
    tasks: list[CoverTask] = []
    last: Fixture | None = None
    for watch in watches_of(step, acuity, made.nurse_lanes):
        low, high = at + watch.start, at + watch.end
        nurses = [person for person in made.people if person.lanes > 1]
        rng.shuffle(nurses)
        nurses.sort(key=lambda nurse: nurse is not last)
        for nurse in nurses:
            free = [n for n in range(nurse.lanes) if _free(nurse, n, low, high)]
            if _on(nurse, low, high) and len(free) >= watch.lanes:
                lanes = tuple(free[: watch.lanes])
                tasks.append(
                    CoverTask(f"appointment:{id}", low, high, watch.lanes, nurse.id, held=lanes)
                )
                last = nurse
                break
        else:
            return None
    room = rng.choice(rooms)
    end = at + stay.end + room.turnover
    claims = [PlannedClaim(room.id, "room", "room", (0,), at + stay.start, end, room.turnover)]
    therapist = rng.choice(therapists) if shape.turns else None
    for turn in shape.turns:
        assert therapist
        for low, high in turn.spans:
            claims.append(PlannedClaim(therapist.id, "staff", turn.role, (0,), at + low, at + high))
            therapist.busy.append((0, at + low, at + high))
    room.busy.append((0, at + stay.start, end))
    by_id = {person.id: person for person in made.people}
    for task in tasks:
        by_id[task.nurse or 0].busy += [(lane, task.start, task.end) for lane in task.held]
    phases = tuple(PlannedPhase(name, at + low, at + high) for name, low, high in shape.phases)
    place = PlannedVisit(step.key, at, at + shape.minutes, phases, tuple(claims))
    return Booked(
        id, step, PROTOCOLS[step.key], acuity, place, 0, tuple(tasks),
        therapist=therapist.id if therapist else None,
    )  # fmt: skip


def _free(one: Fixture, lane: int, low: int, high: int) -> bool:
    return all(held != lane or b <= low or high <= a for held, a, b in one.busy)


def _on(one: Fixture, low: int, high: int) -> bool:
    return not any(a < high and low < b for a, b in one.off)
