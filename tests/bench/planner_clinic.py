"""A full-size clinic for the planner's bench: 5-minute grain, Mon-Sat, 10 rooms, 6 nurses.

Booked by visits as they really are: a chair with its turnover, nurse lanes phase by phase, a
therapist and a therapy room. `load` is the claimed share of open infusion-chair minutes in the
first five weeks; later weeks thin out by a tenth each.
"""

from __future__ import annotations

from random import Random

from scheduling.planner.day import CoverTask, Diary
from scheduling.planner.protocols import Step
from scheduling.planner.shape import shape_of, watches_of
from tests.planner.cast import Clinic, Fixture, kare

OPEN = ("08:00", "18:00")


def clinic(load: float, seed: int, days: int = 150) -> Clinic:
    """Six infusion rooms, four therapy rooms, 8 therapists, 2 prescribers, 6 nurses."""
    rng = Random(seed)
    made = Clinic(days=days, hours=OPEN, weekdays=range(6), grain=5)
    for n in range(6):
        made.room(f"Room {n}", "infusion", turnover=10)
    for n in range(4):
        made.room(f"Quiet {n}", "therapy", "consult", turnover=5)
    for n in range(8):
        made.therapist(f"Therapist {n}")
    for n in range(2):
        made.prescriber(f"Prescriber {n}")
    for n in range(6):
        made.nurse(f"Nurse {n}")
    for index, (low, high) in enumerate(made.open_spans()):
        week = index // 6
        share = load * max(0.2, 1 - 0.1 * max(0, week - 4))
        _off(made, low, high, index, rng)
        _infusions(made, low, high, share, rng)
        _sessions(made, low, high, share, rng)
    return made


def _off(made: Clinic, low: int, high: int, index: int, rng: Random) -> None:
    """Everybody has days off; lunch takes half an hour."""
    for n, person in enumerate(made.people):
        if (index + n) % 6 == 0:
            person.off.append((low, high))
        else:
            lunch = low + 60 * rng.choice([3, 4, 5])
            person.off.append((lunch, lunch + 30))


def _infusions(made: Clinic, low: int, high: int, share: float, rng: Random) -> None:
    step = kare().step("inf1")
    shape = shape_of(step)
    stay = shape.stays[0]
    chairs = [
        (room, lane)
        for room in made.rooms
        if "infusion" in room.capabilities
        for lane in range(room.lanes)
    ]
    for room, lane in chairs:
        at = low + 5 * rng.randrange(8)
        while at + shape.minutes <= high:
            acuity = rng.choice([1, 1, 2, 2, 3, 4])
            held: list[tuple[Fixture, tuple[int, ...], int, int]] = []
            if rng.random() < min(1, share * 1.12):
                held = _watched(made, step, at, acuity, rng)
            if not held:
                at += 5 if share > 0.7 else 5 * rng.randrange(2, 20)
                continue
            end = at + stay.end + room.turnover
            room.busy.append((lane, at + stay.start, end))
            for nurse, lanes, a, b in held:
                nurse.busy += [(one, a, b) for one in lanes]
                made.promised.append(
                    CoverTask(f"v{at}-{room.id}-{lane}", a, b, len(lanes), nurse.id, held=lanes)
                )
            at = end - stay.start


def _watched(
    made: Clinic, step: Step, at: int, acuity: int, rng: Random
) -> list[tuple[Fixture, tuple[int, ...], int, int]]:
    """Nurses for a visit, phase by phase; empty when a phase finds none."""
    held: list[tuple[Fixture, tuple[int, ...], int, int]] = []
    for watch in watches_of(step, acuity, made.nurse_lanes):
        low, high = at + watch.start, at + watch.end
        found = _nurse(made, low, high, watch.lanes, rng)
        if found is None:
            return []
        held.append((*found, low, high))
    return held


def _nurse(
    made: Clinic, low: int, high: int, lanes: int, rng: Random
) -> tuple[Fixture, tuple[int, ...]] | None:  # fmt: skip
    nurses = [person for person in made.people if person.lanes > 1]
    rng.shuffle(nurses)
    for nurse in nurses:
        if any(a < high and low < b for a, b in nurse.off):
            continue
        free = [lane for lane in range(nurse.lanes) if _free(nurse, lane, low, high)]
        if len(free) >= lanes:
            return nurse, tuple(free[:lanes])
    return None


def _sessions(made: Clinic, low: int, high: int, share: float, rng: Random) -> None:
    """Therapists and prescribers busy at the same share, rooms as far as they go."""
    rooms = [room for room in made.rooms if "therapy" in room.capabilities]
    for person in made.people:
        if person.lanes > 1:
            continue
        done = 0
        for _ in range(60):
            if done >= share * (high - low) * 0.7:
                break
            start = low + 5 * rng.randrange((high - low - 90) // 5)
            room = rng.choice(rooms)
            if not _free(person, 0, start, start + 90):
                continue
            person.busy.append((0, start, start + 90))
            done += 90
            if _free(room, 0, start, start + 95) and rng.random() < 0.6:
                room.busy.append((0, start, start + 95))


def _free(one: Fixture, lane: int, low: int, high: int) -> bool:
    return all(held != lane or b <= low or high <= a for held, a, b in one.busy[-80:])


def diary(load: float, seed: int, days: int = 150) -> Diary:
    """The clinic drawn."""
    return clinic(load, seed, days).diary()
