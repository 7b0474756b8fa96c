"""From a draft to the plan: nurses get lanes, visits go to their lists, everything is counted."""

from __future__ import annotations

from dataclasses import dataclass

from scheduling.planner.cover import Placement
from scheduling.planner.day import CoverTask
from scheduling.planner.plans import PlannedClaim
from scheduling.planner.protocols import NURSE
from scheduling.planner.repair_problem import (
    NURSE_CHANGE,
    STRANDED,
    Measures,
    Repaired,
    RepairPlan,
)
from scheduling.planner.repair_quick import Draft, changes, other_rooms, price
from scheduling.planner.repair_space import Space
from scheduling.planner.repair_ways import stranded
from scheduling.planner.repair_words import changed_words
from scheduling.planner.ward import Ward

Shares = dict[CoverTask, int]
"""Monitoring outside the problem with the nurse's id who has it then."""


@dataclass(frozen=True, slots=True)
class Uncoloured:
    """A nurse whose lanes no colouring was found for: too many claims lie across them."""

    nurse: int


def finished(space: Space, draft: Draft, others: Shares | None = None) -> RepairPlan:
    """The plan of a draft. A visit whose nurse's lanes cannot be coloured is stranded instead."""
    while isinstance(lanes := _lanes(space, draft, others or {}), Uncoloured):
        draft = _without_one(space, draft, lanes.nurse)
    reassigned, moves, kept = [], [], []
    changed = rooms = minutes = cost = 0
    for spot in sorted(space.spots.values(), key=lambda spot: (spot.at, spot.booked.id)):
        booked = spot.booked
        if draft.lost(booked.id):
            continue
        standing = draft.floor.standing[booked.id]
        monitoring = tuple(
            Placement(task, nurse, task.held if task.pinned else lanes[task])
            for task, nurse in zip(standing.tasks, standing.nurses, strict=True)
        )
        same = booked.place == standing.place
        moved = not same and spot.cost(standing.start, standing.staff) > 0
        taken_over, elsewhere = changes(spot, standing), other_rooms(spot, standing.place)
        found = Repaired(
            booked.id,
            standing.place,
            monitoring,
            standing.start - spot.at,
            changed_words(space, spot, standing, moved=moved),
        )
        changed, rooms = changed + taken_over, rooms + elsewhere
        cost += price(spot, standing)
        minutes += abs(found.shift)
        if moved:
            moves.append(found)
        elif booked.affected or taken_over or elsewhere:
            reassigned.append(found)
        elif not same or any(p.task.held != p.lanes or p.task.nurse != p.nurse for p in monitoring):
            kept.append(found)
    repacked, taken_over = _repacked(space, others or {}, lanes)
    changed += taken_over
    lost = stranded(space, draft)
    cost += STRANDED * len(lost) + NURSE_CHANGE * taken_over
    measures = Measures(len(lost), len(moves), minutes, changed, rooms, cost)
    return RepairPlan(tuple(reassigned), tuple(moves), lost, measures, tuple(kept), tuple(repacked))


def ward_of(space: Space, draft: Draft) -> Ward:
    """The nurses as they are with all that can move lifted off and what begun left on."""
    claims = []
    for standing in draft.floor.standing.values():
        claims += [claim for claim in standing.place.claims if claim.kind == "staff"]
        claims += [
            PlannedClaim(task.nurse, "staff", NURSE, task.held, task.start, task.end)
            for task in standing.tasks
            if task.pinned and task.nurse is not None
        ]
    diary = space.diary
    return Ward(diary.people, diary.cover, diary, 0, diary.length, claims)


def _lanes(
    space: Space, draft: Draft, others: Shares
) -> dict[CoverTask, tuple[int, ...]] | Uncoloured:
    ward = ward_of(space, draft)
    mine: dict[int, list[CoverTask]] = {}
    for standing in draft.floor.standing.values():
        for task, nurse in zip(standing.tasks, standing.nurses, strict=True):
            if not task.pinned:
                mine.setdefault(nurse, []).append(task)
    for task in ward.movable:
        mine.setdefault(others.get(task, task.nurse or 0), []).append(task)
    found: dict[CoverTask, tuple[int, ...]] = {}
    for nurse, tasks in sorted(mine.items()):
        lanes = ward.paint(ward.index[nurse], tasks)
        if lanes is None:
            return Uncoloured(nurse)
        found.update(lanes)
    return found


def _without_one(space: Space, draft: Draft, nurse: int) -> Draft:
    """The draft with the last affected visit of a nurse taken off."""
    mine = [
        id
        for id, standing in draft.floor.standing.items()
        if space.spots[id].booked.affected
        and any(
            n == nurse and not task.pinned
            for task, n in zip(standing.tasks, standing.nurses, strict=True)
        )
    ]
    if not mine:
        raise ValueError("The lanes of a nurse cannot be told, though no visit was put there.")
    last = max(mine, key=lambda id: (draft.floor.standing[id].start, id))
    floor = draft.floor.copy()
    standing = floor.give(last)
    if not space.spots[last].booked.begun:
        return Draft(floor, draft.stuck)
    floor.take(last, standing.begun())
    return Draft(floor, draft.stuck | {last})


def _repacked(
    space: Space, others: Shares, lanes: dict[CoverTask, tuple[int, ...]]
) -> tuple[list[Placement], int]:
    """Monitoring outside the problem that changes, and how often a nurse takes over in it."""
    own = {spot.booked.key for spot in space.spots.values()}
    tasks = sorted(
        (task for task in lanes if task.visit not in own), key=lambda t: (t.visit, t.start)
    )
    found, over = [], 0
    before: tuple[str, int] = ("", 0)
    for task in tasks:
        nurse = others.get(task, task.nurse or 0)
        if nurse != task.nurse or lanes[task] != task.held:
            found.append(Placement(task, nurse, lanes[task]))
        over += nurse != task.nurse and before != (task.visit, nurse)
        before = (task.visit, nurse)
    return found, over
