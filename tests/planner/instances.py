"""Small random clinics and requests, the same for the same seed."""

from __future__ import annotations

from datetime import date, time, timedelta
from random import Random

from scheduling.planner.day import CoverTask
from scheduling.planner.plans import Request
from scheduling.planner.protocols import (
    NURSE,
    PRESCRIBER,
    THERAPIST,
    Gap,
    Phase,
    Protocol,
    RoleNeed,
    RoomNeed,
    Step,
)
from tests.planner.cast import Clinic, Fixture, after, infusion, session

DAYS = 30
FIRSTS = (date(2026, 12, 7), date(2026, 3, 2), date(2026, 10, 26))
"""An ordinary month, and two with a clock change in New York (8 March, 1 November 2026)."""

CONSULT = session(60, "consult", PRESCRIBER)
TALK = session(90, "therapy", THERAPIST)


def weekly() -> Protocol:
    """Screening, therapy before, two infusions a week apart, therapy after each."""
    return Protocol("weekly", 1, "Weekly", (
        Step("screening", "Screening", "screening", CONSULT, after("inf1", -9, -2)),
        Step("th1", "Therapy 1", "therapy", TALK, after("inf1", -4, -1)),
        Step("inf1", "Infusion 1", "infusion", infusion(presence=("acls",))),
        Step("th2", "Therapy 2", "therapy", TALK, after("inf1", 1, 2, ideal=1)),
        Step("inf2", "Infusion 2", "infusion", infusion(), after("inf1", 6, 8, ideal=7)),
        Step("th3", "Therapy 3", "therapy", TALK, after("inf2", 1, 2, ideal=1)),
    ), "inf1")  # fmt: skip


def induction() -> Protocol:
    """Four infusions with a clear day between, at most three in seven days; a review."""
    steps = [Step("consult", "Consult", "consult", CONSULT, after("inf1", -7, -1))]
    for n in range(1, 5):
        gaps = after(f"inf{n - 1}", 2, 4, ideal=2) if n > 1 else ()
        if n > 3:
            gaps += after("inf1", 7, 10)
        steps.append(Step(f"inf{n}", f"Infusion {n}", "infusion", infusion(30), gaps))
    review = session(30, "consult", PRESCRIBER)
    steps.append(Step("review", "Review", "review", review, after("inf4", 1, 4)))
    return Protocol("induction", 1, "Induction", tuple(steps), "inf1", same_therapist=False)


def dosing() -> Protocol:
    """Two visits that may share a day; dosing with therapist and private room; integration."""
    room = RoomNeed("infusion", private=True)
    both = tuple(
        Phase(name, minutes, room, (RoleNeed(NURSE, ratio=ratio), RoleNeed(THERAPIST)))
        for name, minutes, ratio in (("prep", 20, 1), ("dosing", 80, 2), ("recover", 50, 4))
    )
    return Protocol("dosing", 1, "Dosing", (
        Step("medical", "Medical", "screening", CONSULT, after("dosing1", -8, -2)),
        Step("intake", "Intake", "screening", TALK, after("dosing1", -8, -2),
             shares_day_with="medical"),
        Step("dosing1", "Dosing 1", "dosing", both),
        Step("int1", "Integration 1", "therapy", TALK, after("dosing1", 1, 3, ideal=1)),
        Step("dosing2", "Dosing 2", "dosing", both, after("dosing1", 4, 9, ideal=7)),
        Step("int2", "Integration 2", "therapy", TALK, after("dosing2", 1, 3, ideal=1)),
    ), "dosing1")  # fmt: skip


def hourly() -> Protocol:
    """Therapy 24 to 50 hours after each infusion, by the clock; a handed-over recovery room."""
    visit = (
        *infusion()[:3],
        Phase("recover", 60, RoomNeed("recovery", place="recovery"), (RoleNeed(NURSE, ratio=4),)),
    )
    gap = (Gap("inf1", 24, 50, "hours", ideal=24),)
    return Protocol("hourly", 1, "Hourly", (
        Step("th1", "Therapy 1", "therapy", TALK, after("inf1", -5, -1)),
        Step("inf1", "Infusion 1", "infusion", visit),
        Step("th2", "Therapy 2", "therapy", TALK, gap),
        Step("inf2", "Infusion 2", "infusion", visit, after("inf1", 5, 9, ideal=7)),
        Step("th3", "Therapy 3", "therapy", TALK, (Gap("inf2", 24, 50, "hours"),)),
    ), "inf1")  # fmt: skip


PROTOCOLS = (weekly, induction, dosing, hourly)


def instance(seed: int) -> tuple[Clinic, Request]:
    """A tight clinic of 30 days at a 15-minute grain, and a request to it."""
    rng = Random(seed)
    clinic = Clinic(
        days=DAYS,
        first=FIRSTS[seed % 3] if seed % 4 == 0 else FIRSTS[0],
        hours=rng.choice([("08:00", "17:00"), ("09:00", "16:00")]),
        weekdays=range(rng.choice([5, 6])),
    )
    _people(clinic, rng)
    _promises(clinic, rng)
    clinic.presence_spans = [
        (low, high) for low, high in clinic.open_spans(("08:00", "15:00")) if rng.random() < 0.85
    ]
    protocol = PROTOCOLS[seed % len(PROTOCOLS)]()
    late = clinic.first + timedelta(days=rng.choice([0, 0, 1, 3]))
    therapists = [person.id for person in clinic.people if THERAPIST in person.roles]
    request = Request(
        protocol=protocol,
        acuity=rng.choice([1, 1, 2, 3, 4, 5, 6]),
        not_before=late,
        not_after=late + timedelta(days=rng.choice([9, 12])),
        weekdays=frozenset(rng.sample(range(5), 3)) if rng.random() < 0.3 else frozenset(),
        earliest=time(9, 30) if rng.random() < 0.2 else None,
        latest=time(15, 0) if rng.random() < 0.25 else None,
        staff=frozenset([rng.choice(therapists)]) if rng.random() < 0.2 else frozenset(),
    )
    return clinic, request


def _people(clinic: Clinic, rng: Random) -> None:
    for n in range(rng.choice([1, 2])):
        clinic.room(f"Room {n}", "infusion", chairs=rng.choice([1, 2]), turnover=15)
    clinic.room("Bay", "recovery", chairs=2, turnover=10)
    clinic.room("Quiet", "therapy", "consult", turnover=rng.choice([0, 10]))
    if rng.random() < 0.6:
        clinic.room("Snug", "therapy", turnover=5)
    for n in range(rng.choice([1, 2, 2])):
        clinic.therapist(f"Therapist {n}")
    clinic.prescriber("Prescriber")
    for n in range(rng.choice([1, 2, 2, 3])):
        most = rng.choice([None, None, None, 2])
        clinic.nurse(f"Nurse {n}", max_patients=most)
    if rng.random() < 0.2:
        clinic.person("Both", THERAPIST, NURSE)


def _promises(clinic: Clinic, rng: Random) -> None:
    """Claims on every open day, in steps of 15 minutes, at a load that varies by day."""
    for low, high in clinic.open_spans():
        load = rng.choice([0.1, 0.3, 0.5, 0.7, 0.85])
        for one in (*clinic.rooms, *clinic.people):
            for lane in range(1 if one.roles else one.lanes):
                _busy(one, lane, low, high, load, rng)
        if rng.random() < 0.3:
            start = low + 15 * rng.randrange((high - low) // 15 - 8)
            clinic.patient_busy.append((start, start + 60))
        _monitoring(clinic, low, high, load, rng)


def _busy(one: Fixture, lane: int, low: int, high: int, load: float, rng: Random) -> None:
    if NURSE in one.roles:
        if rng.random() < 0.08:
            one.off.append((low, high))
        elif rng.random() < 0.3:
            middle = low + 15 * rng.randrange((high - low) // 15)
            one.off.append((middle, middle + 30))
        return
    at = low
    while at < high:
        length = 15 * rng.choice([2, 4, 6, 8])
        if rng.random() < load:
            one.busy.append((lane, at, min(at + length, high)))
        at += length


def _monitoring(clinic: Clinic, low: int, high: int, load: float, rng: Random) -> None:
    """Patients of others, each with one nurse who is on duty and has the lanes."""
    nurses = [person for person in clinic.people if NURSE in person.roles]
    for n in range(int(load * 7 * len(nurses))):
        nurse = rng.choice(nurses)
        lanes = rng.choice([1, 1, 2, 2, 4])
        if nurse.max_patients:
            lanes = max(lanes, clinic.nurse_lanes // nurse.max_patients)
        start = low + 15 * rng.randrange((high - low) // 15)
        end = min(high, start + 15 * rng.choice([2, 3, 4, 6]))
        free = [
            lane
            for lane in range(nurse.lanes)
            if all(held != lane or b <= start or end <= a for held, a, b in nurse.busy)
        ]
        if len(free) < lanes or any(a < end and start < b for a, b in nurse.off):
            continue
        held = tuple(rng.sample(free, lanes))
        pinned = start == low and rng.random() < 0.3
        task = CoverTask(f"other-{start}-{n}", start, end, lanes, nurse.id, pinned, held=held)
        nurse.busy += [(lane, start, end) for lane in held]
        clinic.promised.append(task)
