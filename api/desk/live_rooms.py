"""The live board of the rooms: who is in each chair, when it is free, who comes next."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime

from api.desk import words
from api.desk.blocks import Block, blocks_of
from api.desk.live import Live
from clinic.models import Room
from scheduling.planner.estimates import WARN_FROM, Hold, Key
from scheduling.planner.progress import UNDER_WAY
from scheduling.selectors import step_name

Taken = tuple[Hold, int]
"""A stretch of a chair, and whose visit it is."""


@dataclass(frozen=True, slots=True)
class Chair:
    """A chair: `state` is out, use, turnover or free; `minutes` until it is free again."""

    key: str
    name: str
    state: str = "free"
    who: str = ""
    step: str = ""
    phase: str = ""
    minutes: int = 0
    until: datetime | None = None
    over: int = 0
    why: str = ""
    next_at: datetime | None = None
    next_who: str = ""
    next_late: int = 0


def chairs(live: Live) -> list[Chair]:
    """Every chair in the order of the rooms."""
    holds: dict[Key, list[Taken]] = defaultdict(list)
    for pk, told in live.run.estimates.items():
        for hold in told.holds:
            if hold.room:
                holds[hold.key].append((hold, pk))
    blocks = blocks_of(live.user, live.run.site, live.run.day, live.rooms)
    out = {one.resource: one for one in blocks if one.starts <= live.now < one.ends}
    return [
        _chair(live, room, lane, holds[room.pk, lane], out.get(room.pk))
        for room in live.rooms
        for lane in range(room.chairs)
    ]


def _chair(live: Live, room: Room, lane: int, holds: list[Taken], out: Block | None) -> Chair:
    name = f"{room.name} · {lane + 1}" if room.chairs > 1 else room.name
    chair = Chair(f"{room.pk}-{lane}", name)
    if ahead := min((one for one in holds if not one[0].begun), default=None, key=_start):
        delay = live.run.estimates[ahead[1]].delay
        chair = replace(
            chair,
            next_at=live.run.clock(ahead[0].start),
            next_who=_initials(live, ahead[1]),
            next_late=delay if delay >= WARN_FROM else 0,
        )
    taken = [one for one in holds if one[0].begun and live.run.now < one[0].until]
    if taken:
        return _in_use(live, chair, *min(taken, key=_start))
    if out:
        return replace(chair, state="out", until=out.ends, why=out.reason)
    return chair


def _in_use(live: Live, chair: Chair, hold: Hold, pk: int) -> Chair:
    visit, told = live.run.by_id[pk], live.run.estimates[pk]
    minutes, until = hold.until - live.run.now, live.run.clock(hold.until)
    chair = replace(chair, minutes=minutes, until=until)
    if visit.status not in UNDER_WAY or live.run.now >= hold.end:
        return replace(chair, state="turnover")
    chair = replace(chair, state="use", who=_initials(live, pk), over=told.over)
    if pk not in live.seen or not live.sight.care:
        return chair
    phase = words.phase(told.current.phase.name) if told.current else ""
    return replace(chair, step=step_name(visit), phase=phase)


def _initials(live: Live, pk: int) -> str:
    """Never a name: a screen on the wall is read by whoever walks past."""
    return words.dotted(live.run.by_id[pk].patient) if pk in live.seen else ""


def _start(one: Taken) -> int:
    return one[0].start
