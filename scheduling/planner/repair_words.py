"""What changes for a visit and why, in words for the charge nurse: no patients' names."""

from __future__ import annotations

from scheduling.planner.intervals import span
from scheduling.planner.repair_floor import Standing
from scheduling.planner.repair_problem import Loss
from scheduling.planner.repair_space import Space, Spot
from scheduling.planner.words import clock, count, day_words, listed, moment, role_words


def lost_words(loss: Loss, space: Space) -> str:
    """`Ines is out 06:40-17:00` or `The site is closed ...`; with dates where it spans days."""
    zone, diary = space.diary.zone, space.diary
    first, last = diary.date_of(loss.start), diary.date_of(loss.end - 1)
    if first == last:
        when = f"{clock(loss.start, zone)}-{clock(loss.end, zone)}"
    else:
        when = f"{day_words(first)} to {day_words(last)}"
    if loss.resource is None:
        return f"{loss.name} is closed {when}"
    return f"{loss.name} is out {when}"


def changed_words(space: Space, spot: Spot, standing: Standing, *, moved: bool) -> str:
    """What is other than booked: `Jo takes over from Ines at 09:30.`"""
    told: list[str] = []
    if moved:
        told += _move(space, spot, standing)
    elif rooms := _rooms(space, spot, standing):
        told.append(rooms)
    told += _nurses(space, spot, standing)
    why = lost_words(space.problem.loss, space)
    if not told:
        return f"Nothing changes, though {why}." if spot.booked.affected else ""
    return f"{' '.join(told)} {why}."


def _move(space: Space, spot: Spot, standing: Standing) -> list[str]:
    zone, diary = space.diary.zone, space.diary
    before, after = spot.booked.place.start, standing.place.start
    told = []
    if before != after:
        same = diary.date_of(before) == diary.date_of(after)
        minutes = abs(after - before)
        if same:
            way = "later" if after > before else "earlier"
            told.append(f"{count(minutes, 'minute')} {way}, at {clock(after, zone)}.")
        else:
            told.append(f"On {moment(after, zone)} instead of {moment(before, zone)}.")
    for turn, person in zip(spot.shape.turns, standing.staff, strict=False):
        booked = spot.own.get(turn.role)
        if booked != person.id:
            told.append(f"With {person.name} as {role_words(turn.role)}{_instead(space, booked)}.")
    return told


def _instead(space: Space, person: int | None) -> str:
    name = _name(space, person)
    return f" instead of {name}" if name else ""


def _rooms(space: Space, spot: Spot, standing: Standing) -> str:
    names = {room.id: room.name for room in space.diary.rooms}
    before = {c.resource for c in spot.booked.place.claims if c.kind == "room"}
    new = [
        names[claim.resource]
        for claim in standing.place.claims
        if claim.kind == "room" and claim.resource not in before and claim.resource in names
    ]
    if new:
        return f"In {listed(new)} at the same time."
    chairs = {claim.resource: claim.lanes for claim in spot.booked.place.claims}
    other = [
        names[claim.resource]
        for claim in standing.place.claims
        if claim.kind == "room" and chairs.get(claim.resource, claim.lanes) != claim.lanes
    ]
    return f"In another chair of {listed(other)} at the same time." if other else ""


def _nurses(space: Space, spot: Spot, standing: Standing) -> list[str]:
    """Who takes over, from the minute they do."""
    told = []
    homes = spot.homes(standing.tasks, standing.start)
    last = 0
    for task, nurse, home in zip(standing.tasks, standing.nurses, homes, strict=True):
        if nurse not in (home, last):
            whom = _name(space, home)
            over = f"takes over from {whom}" if whom else "monitors"
            zone = space.diary.zone
            told.append(f"{_name(space, nurse)} {over} at {clock(task.start, zone)}.")
        last = nurse
    return told


def _name(space: Space, person: int | None) -> str:
    loss = space.problem.loss
    if person is not None and person == loss.resource:
        return loss.name
    known = next((p.name for p in space.diary.people if p.id == person), "")
    return known


def why_stranded(space: Space, spot: Spot, *, seats: bool, staffed: bool, stuck: bool) -> str:
    """Why no place was found."""
    why = lost_words(space.problem.loss, space)
    if stuck:
        return f"It has begun, and what it needs to go on is missing: {why}."
    if not spot.starts & span(0, space.diary.length):
        return f"No other start is allowed on the days it may be: {why}."
    if not seats:
        return f"No room is free for it at any time it may be: {why}."
    if not staffed:
        return f"No clinician it may have is free at any time it may be: {why}."
    return f"No nurses are free for it at any time it may be: {why}."
