"""The policy: one named function per refusal. What booking checks again under its locks.

Each rule takes one visit (`Placed`) and yields the reasons against it, in words that say what is
in the way and what would work. Rules about visits taken together are in `spacing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce

from scheduling.planner import spacing
from scheduling.planner.cover import Assignment, Shortage, assign, tasks_of
from scheduling.planner.day import CoverTask, Diary, Person, Room
from scheduling.planner.placed import Anchor, Examined, Placed, placed_visits
from scheduling.planner.plans import PlannedVisit, Refusal
from scheduling.planner.pool import covers, first_run
from scheduling.planner.protocols import NURSE, Protocol
from scheduling.planner.shape import Stay, Turn
from scheduling.planner.words import (
    WEEKDAYS,
    clock,
    day_words,
    listed,
    moment,
    role_words,
    stretch,
)

Rule = Callable[[Placed], Iterator[Refusal]]


def site_is_open(placed: Placed) -> Iterator[Refusal]:
    """Every phase lies in opening hours; a room's turnover may run past closing."""
    if placed.start < 0 or not covers(placed.diary.open, placed.bits(0, placed.shape.minutes)):
        hours = placed.hours(placed.diary.open)
        told = f"open {hours}" if hours else "closed"
        message = (
            f"{placed.step.name} takes {placed.shape.minutes} minutes from "
            f"{clock(placed.visit.start, placed.diary.zone)}; the site is {told} on "
            f"{day_words(placed.day)}."
        )
        yield placed.refuse("site_is_open", placed.diary.site, message)


def not_in_the_past(placed: Placed) -> Iterator[Refusal]:
    """A visit starts now or later."""
    if placed.visit.start < placed.diary.now:
        now = moment(placed.diary.now, placed.diary.zone)
        yield placed.refuse("not_in_the_past", placed.step.name, f"It is already {now}.")


def patient_is_free(placed: Placed) -> Iterator[Refusal]:
    """The patient has no other visit meanwhile, at any site."""
    busy = placed.bits(0, placed.shape.minutes) & ~placed.diary.patient
    if busy & placed.diary.away:
        message = f"The patient is away {_stretch(placed, busy & placed.diary.away)}."
        yield placed.refuse("patient_is_away", "patient", message)
    elif busy:
        when = _stretch(placed, busy)
        later = placed.later(placed.diary.patient, 0, placed.shape.minutes)
        yield placed.refuse(
            "patient_is_free", "patient", f"The patient has another visit {when}.{_hint(later)}"
        )


def room_has_capability(placed: Placed) -> Iterator[Refusal]:
    """Each place of the visit is one room of this site with every capability it needs."""
    named: list[int] = []
    for stay, room, _ in _rooms(placed):
        wanted = listed(sorted(stay.capabilities))
        having = [r.name for r in placed.diary.rooms if stay.capabilities <= r.capabilities]
        offer = f" {listed(having, 'or')} would do." if having else " No room here has it."
        if room is None:
            message = f"{placed.step.name} names no room with {wanted}.{offer}"
            yield placed.refuse("room_has_capability", stay.place, message)
        elif not stay.capabilities <= room.capabilities:
            message = f"{room.name} is no room for {wanted}.{offer}"
            yield placed.refuse("room_has_capability", room.name, message)
        elif room.id in named:
            message = f"{room.name} cannot be two places of one visit.{offer}"
            yield placed.refuse("room_has_capability", room.name, message)
        else:
            named.append(room.id)


def room_is_free(placed: Placed) -> Iterator[Refusal]:
    """The named chair, or every chair for a private stay, is free to the end of the turnover."""
    for stay, room, lanes in _rooms(placed):
        if room is None:
            continue
        every = tuple(range(len(room.lanes)))
        if (stay.private and lanes != every) or not lanes or not set(lanes) <= set(every):
            message = f"{placed.step.name} needs " + (
                f"all of {room.name} to itself." if stay.private else f"one chair of {room.name}."
            )
            yield placed.refuse("room_is_free", room.name, message)
            continue
        where = placed.bits(stay.start, stay.end + room.turnover)
        free = reduce(int.__and__, (room.lanes[lane] for lane in lanes))
        if busy := where & ~free:
            minutes = stay.end - stay.start + room.turnover
            others = [
                other.name
                for other in placed.diary.rooms
                if other.id != room.id and _has_space(placed, stay, other)
            ]
            hint = f" {listed(others, 'or')} is free then." if others else ""
            hint = hint or _hint(placed.later(free, stay.start, minutes))
            extra = f", with {room.turnover} minutes to turn it over" if room.turnover else ""
            message = f"{room.name} is taken {_stretch(placed, busy)}{extra}.{hint}"
            yield placed.refuse("room_is_free", room.name, message)


def clinician_is_qualified(placed: Placed) -> Iterator[Refusal]:
    """One person per role, who has it, its skills and valid credentials that day; one role each."""
    seen: set[int] = set()
    for turn, person in _clinicians(placed):
        able = [
            other.name
            for other in placed.diary.people
            if other.duty.get(turn.role) and turn.skills <= other.skills
        ]
        offer = f" {listed(able, 'or')} could." if able else " Nobody at this site could."
        role = role_words(turn.role)
        if person is None:
            message = f"{placed.step.name} names no single {role} of this site.{offer}"
            yield placed.refuse("clinician_is_qualified", role, message)
            continue
        where = reduce(int.__or__, (placed.bits(*part) for part in turn.spans))
        if turn.role not in person.duty and turn.role not in person.lapsed:
            message = f"{person.name} does not work as {role}.{offer}"
        elif missing := turn.skills - person.skills:
            message = f"{person.name} lacks {listed(sorted(missing))}.{offer}"
        elif where & person.lapsed.get(turn.role, 0):
            message = (
                f"{person.name} has no valid credential as {role} on "
                f"{day_words(placed.day)}.{offer}"
            )
        elif person.id in seen:
            message = f"{person.name} cannot have two roles in one visit.{offer}"
        else:
            seen.add(person.id)
            continue
        yield placed.refuse("clinician_is_qualified", person.name, message)


def clinician_is_on_duty(placed: Placed) -> Iterator[Refusal]:
    """The clinician works here in that role through every phase that needs them."""
    for turn, person in _clinicians(placed):
        if person is None or turn.role not in person.duty:
            continue
        duty = person.duty[turn.role]
        for start, end in turn.spans:
            off = placed.bits(start, end) & ~duty
            if off and not off & person.lapsed.get(turn.role, 0):
                message = f"{person.name} is {_duty(placed, duty)} on {day_words(placed.day)}."
                if busy := off & person.busy:
                    later = placed.later(
                        duty & reduce(int.__and__, person.lanes), start, end - start
                    )
                    when = _stretch(placed, busy)
                    message = f"{person.name} is busy in their own calendar {when}.{_hint(later)}"
                yield placed.refuse("clinician_is_on_duty", person.name, message)
                break


def clinician_is_free(placed: Placed) -> Iterator[Refusal]:
    """The clinician has nothing else, not even one patient to monitor, in those phases."""
    for turn, person in _clinicians(placed):
        if person is None:
            continue
        free = reduce(int.__and__, person.lanes)
        for start, end in turn.spans:
            if busy := placed.bits(start, end) & ~free:
                both = free & person.duty.get(turn.role, 0)
                hint = _hint(placed.later(both, start, end - start))
                message = f"{person.name} is taken {_stretch(placed, busy)}.{hint}"
                yield placed.refuse("clinician_is_free", person.name, message)
                break


def presence_is_kept(placed: Placed) -> Iterator[Refusal]:
    """Somebody with each required credential is on duty while a phase asks for it."""
    for need in placed.shape.attendances:
        there = placed.diary.presence.get(need.credential, 0)
        if alone := placed.bits(need.start, need.end) & ~there:
            hours = placed.hours(there)
            told = f" Somebody is {hours}." if hours else " Nobody is that day."
            message = (
                f"Nobody with {need.credential.upper()} is on site {_stretch(placed, alone)}.{told}"
            )
            yield placed.refuse("presence_is_kept", need.credential, message)


def weekday_is_allowed(placed: Placed) -> Iterator[Refusal]:
    """The step falls on a weekday its protocol allows."""
    allowed = placed.step.weekdays
    if allowed and placed.day.weekday() not in allowed:
        names = [WEEKDAYS[day] for day in sorted(allowed)]
        message = f"{placed.step.name} is for {listed(names, 'or')}, not {placed.day:%A}."
        yield placed.refuse("weekday_is_allowed", placed.step.name, message)


VISIT_RULES: tuple[Rule, ...] = (
    site_is_open,
    not_in_the_past,
    patient_is_free,
    room_has_capability,
    room_is_free,
    clinician_is_qualified,
    clinician_is_on_duty,
    clinician_is_free,
    presence_is_kept,
    weekday_is_allowed,
)


def nurse_cover_is_kept(series: Examined) -> Iterator[Refusal]:
    """Named nurses can be found for every patient within ratio and acuity, exactly."""
    days: dict[object, list[Placed]] = {}
    for placed in series.visits:
        days.setdefault(placed.day, []).append(placed)
    for together in days.values():
        short = covered(together, series.diary)
        if isinstance(short, Shortage):
            placed = next(p for p in together if p.step.key in short.concerns)
            message = shortage_words(short, series.diary)
            yield placed.refuse("nurse_cover_is_kept", "nurse cover", message)


def check(
    visits: Sequence[PlannedVisit],
    diary: Diary,
    protocol: Protocol,
    *,
    acuity: int,
    anchors: Mapping[str, Anchor] | None = None,
    therapist: int | None = None,
) -> list[Refusal]:
    """Every reason against these visits, in step order; empty when they can be booked.

    Works on a whole plan and on one single visit. `anchors` are the steps of the series that are
    done or booked already, `therapist` whoever has it. Claims of nurses are not read: cover is
    found anew. Raises KeyError when a visit names a step that the protocol has not.
    """
    placed = placed_visits(visits, protocol, diary, acuity)
    found = [refusal for one in placed for rule in VISIT_RULES for refusal in rule(one)]
    series = Examined(placed, protocol, diary, acuity, anchors or {}, therapist)
    found += nurse_cover_is_kept(series)
    found += (refusal for rule in spacing.SERIES_RULES for refusal in rule(series))
    return found


def covered(visits: Sequence[Placed], diary: Diary) -> Assignment | Shortage:
    """Nurses for visits of one day, or the proof that there are none."""
    tasks = [task for placed in visits for task in monitoring(placed)]
    claims = [c for placed in visits for c in placed.visit.claims if c.kind == "staff"]
    own = [claim for claim in claims if claim.role != NURSE]
    return assign(tasks, diary.people, diary.cover, diary, own, least=False)


def monitoring(placed: Placed) -> list[CoverTask]:
    """The nurse tasks of a visit, its own clinicians barred from them."""
    own = {c.resource for c in placed.visit.claims if c.kind == "staff" and c.role != NURSE}
    return tasks_of(placed.step, placed.visit.start, placed.acuity, placed.diary.nurse_lanes, own)


def shortage_words(short: Shortage, diary: Diary) -> str:
    """Why cover fails, with the numbers."""
    when = stretch(short.start, short.end, diary.zone)
    if not short.on:
        return f"No monitoring nurse is on duty {when}."
    told = f"{short.on} nurse lanes are on duty, {short.free} free"
    if short.scattered:
        return (
            f"No nurse can give {short.lanes} lanes {when}, even if others swap patients: {told}."
        )
    return f"Too few nurses {when}: {short.lanes} lanes needed, {told}."


def _rooms(placed: Placed) -> Iterator[tuple[Stay, Room | None, tuple[int, ...]]]:
    """Each stay with the room and lanes that the visit names for it; None when it names none."""
    claims = placed.claims("room", "room")
    known = {room.id: room for room in placed.diary.rooms}
    for stay in placed.shape.stays:
        own = [
            c
            for c in claims
            if c.start == placed.visit.start + stay.start
            and c.end - c.turnover == placed.visit.start + stay.end
        ]
        rooms = {c.resource for c in own}
        lanes = tuple(sorted(lane for c in own for lane in c.lanes))
        yield stay, known.get(rooms.pop()) if len(rooms) == 1 else None, lanes


def _clinicians(placed: Placed) -> Iterator[tuple[Turn, Person | None]]:
    """Each turn with who takes it; None unless the visit names one person of this site."""
    known = {person.id: person for person in placed.diary.people}
    for turn in placed.shape.turns:
        named = placed.clinicians(turn.role)
        yield turn, known.get(named[0]) if len(named) == 1 else None


def _duty(placed: Placed, duty: int) -> str:
    """What somebody's hours are that day."""
    hours = placed.hours(duty)
    return f"on duty {hours}" if hours else "not on duty"


def _has_space(placed: Placed, stay: Stay, room: Room) -> bool:
    """True when another room could take the stay at that time."""
    where = placed.bits(stay.start, stay.end + room.turnover)
    if not stay.capabilities <= room.capabilities:
        return False
    free = [covers(lane, where) for lane in room.lanes]
    return all(free) if stay.private else any(free)


def _stretch(placed: Placed, bits: int) -> str:
    """The first run of bits in words."""
    start, end = first_run(bits)
    return stretch(placed.diary.start + start, placed.diary.start + end, placed.diary.zone)


def _hint(later: str) -> str:
    """What would work the same day."""
    return f" A start at {later} would do." if later else ""
