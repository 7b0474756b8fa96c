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
from clinic.spans import moment
from scheduling.models import Claim
from scheduling.planner.estimates import Hold
from scheduling.planner.progress import UNDER_WAY
from scheduling.selectors import coverage
from scheduling.selectors.rounds import Chart, rounds_of_site

NEXT = 3
"""How many of those to come a line shows."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a nurse is to hear of before it bites; `key` is the same until it is over."""

    key: str
    said: str
    visit: int


@dataclass(frozen=True, slots=True)
class Watched:
    """A patient in somebody's care: until when, when their vitals are due, and since when late."""

    card: Card
    until: datetime
    vitals: datetime | None = None
    late: datetime | None = None


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


def charts_now(live: Live) -> dict[int, Chart]:
    """The rounds of each patient whose infusion has begun, to who may see what rounds find."""
    site = live.run.site
    if not may(live.user, "see_rounds", site):
        return {}
    charts = rounds_of_site(site, now=moment(live.run.now))
    return {one.visit.pk: one for one in charts if one.started}


def late_rounds(live: Live, charts: Mapping[int, Chart], *, named: bool = True) -> list[Warned]:
    """Rounds nobody has taken, to who assigns nurses: who has the patient, and since when.

    One line a patient, gone when a newer round is taken. Not `named` on a board for the wall.
    """
    if not may(live.user, "assign_nurses", live.run.site):
        return []
    late = [one for one in charts.values() if one.unanswered and one.visit.pk in live.seen]
    nurses = Staff.objects.in_bulk({nurse for one in late for nurse in one.nurses}) if late else {}
    found = []
    for one in late:
        first = one.unanswered[0]
        names = " and ".join(nurses[pk].name for pk in sorted(one.nurses)) or "nobody now"
        said = f"Vitals of {words.clock(live.run.clock(first.at))} not taken"
        visit = live.run.by_id[one.visit.pk]
        card = live.card(visit)
        who = card.name if named else words.dotted(visit.patient)
        room = f", {card.rooms}" if card.rooms else ""
        minutes = live.run.now - first.at
        found.append(
            Warned(
                f"vitals-{one.visit.pk}-{first.at}",
                f"{said}, {minutes} min late: {who}{room}, with {names}",
                one.visit.pk,
            )
        )
    return found


def nurse_lines(live: Live, charts: Mapping[int, Chart] | None = None) -> list[NurseLine]:
    """Every nurse who has somebody today; whoever works here and assigns nobody, themselves alone.

    `charts` are the rounds of the patients under way.
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
    lines = [_line(live, one, holds[one.pk], one.pk == own, charts or {}) for one in people]
    return sorted(lines, key=lambda line: not line.mine)


def _line(
    live: Live,
    person: Staff,
    holds: Mapping[int, list[Hold]],
    mine: bool,
    charts: Mapping[int, Chart],
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
            until = live.run.clock(max(here))
            now.append(Watched(card, until, *_vitals(live, charts.get(pk))))
        elif later:
            ahead.append(Following(card, live.run.clock(min(later))))
        if told.warns and card.expected:
            whose = "your" if mine else "the"
            said = f"{card.why}: {whose} {words.clock(card.planned)}, {card.name}, will start about"
            warned.append(Warned(f"{person.pk}-{pk}", f"{said} {words.clock(card.expected)}", pk))
    ahead.sort(key=lambda one: one.at)
    now.sort(key=lambda one: one.until)
    return NurseLine(person.pk, person.name, mine, now, ahead[:NEXT], warned)


def _vitals(live: Live, chart: Chart | None) -> tuple[datetime | None, datetime | None]:
    """When the next round is due, and since when one is late."""
    if chart is None:
        return None, None
    due, late = chart.next, chart.unanswered
    clock = live.run.clock
    return clock(due.at) if due else None, clock(late[0].at) if late else None


def cover_now(live: Live) -> CoverStep | None:
    """The nurse lanes on and needed now, to who may see them."""
    site = live.run.site
    if not may(live.user, "see_coverage", site):
        return None
    steps = cover_steps(coverage(site=site, day=live.run.day, now=live.now))
    return next((one for one in steps if one.starts <= live.now < one.ends), None)
