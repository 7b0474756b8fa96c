"""The live board of the nurses: whom each has and until when, who is next, what will be late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from api.desk import words
from api.desk.board import CoverStep, cover_steps
from api.desk.live import Card, Live
from api.permissions import may, staff_id
from clinic.models import Staff
from scheduling.models import Claim
from scheduling.planner.estimates import Hold
from scheduling.planner.progress import UNDER_WAY
from scheduling.selectors import coverage

NEXT = 3
"""How many of those to come a line shows."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a nurse is to hear of before it bites; `key` is the same until it is over."""

    key: str
    said: str


@dataclass(frozen=True, slots=True)
class Watched:
    """A patient in somebody's care: until when, and when their vitals are next due."""

    card: Card
    until: datetime
    vitals: datetime | None = None


@dataclass(frozen=True, slots=True)
class Following:
    """Somebody who comes into their care later."""

    card: Card
    at: datetime


@dataclass(frozen=True, slots=True)
class NurseLine:
    """A nurse, or the clinician who looks."""

    pk: int
    name: str
    mine: bool
    now: list[Watched]
    next: list[Following]
    warned: list[Warned]


def nurse_lines(live: Live, vitals: Mapping[int, datetime] | None = None) -> list[NurseLine]:
    """Every nurse who has somebody today; whoever works here and assigns nobody, themselves alone.

    `vitals` is when each visit's next round is due.
    """
    own = staff_id(live.user)
    everybody = own is None or may(live.user, "assign_nurses", live.run.site)
    wanted = {
        claim.resource_id
        for visit in live.run.visits
        for claim in visit.claims.all()
        if (claim.role == Claim.Role.NURSE if everybody else claim.resource_id == own)
    }
    holds: dict[int, dict[int, list[Hold]]] = defaultdict(lambda: defaultdict(list))
    for pk, told in live.run.estimates.items():
        for hold in told.holds:
            if not hold.room and hold.key[0] in wanted and pk in live.seen:
                holds[hold.key[0]][pk].append(hold)
    people = Staff.objects.filter(pk__in=holds).order_by("given_name", "family_name")
    lines = [_line(live, one, holds[one.pk], one.pk == own, vitals or {}) for one in people]
    return sorted(lines, key=lambda line: not line.mine)


def _line(
    live: Live,
    person: Staff,
    holds: Mapping[int, list[Hold]],
    mine: bool,
    vitals: Mapping[int, datetime],
) -> NurseLine:
    now: list[Watched] = []
    ahead: list[Following] = []
    warned: list[Warned] = []
    for pk, held in holds.items():
        visit, told = live.run.by_id[pk], live.run.estimates[pk]
        card = live.card(visit)
        here = [one.end for one in held if one.begun and one.start <= live.run.now < one.end]
        later = [one.start for one in held if not one.begun]
        if here and visit.status in UNDER_WAY:
            now.append(Watched(card, live.run.clock(max(here)), vitals.get(pk)))
        elif later:
            ahead.append(Following(card, live.run.clock(min(later))))
        if told.warns and card.expected:
            whose = "your" if mine else "the"
            said = f"{card.why}: {whose} {words.clock(card.planned)}, {card.name}, will start about"
            warned.append(Warned(f"{person.pk}-{pk}", f"{said} {words.clock(card.expected)}"))
    ahead.sort(key=lambda one: one.at)
    now.sort(key=lambda one: one.until)
    return NurseLine(person.pk, person.name, mine, now, ahead[:NEXT], warned)


def cover_now(live: Live) -> CoverStep | None:
    """The nurse lanes on and needed now, to who may see them."""
    site = live.run.site
    if not may(live.user, "see_coverage", site):
        return None
    steps = cover_steps(coverage(site=site, day=live.run.day, now=live.now))
    return next((one for one in steps if one.starts <= live.now < one.ends), None)
