"""What a recovery proposes: problems drawn from the book, plans kept as items, and what is open.

Works inside the transactions of `recovering` and `improving`, with the sites closed to others.
An item is {"appointment", "from", "to", "reason"}, times in the site's zone; those that wait have
"uncovered_from" too, moves their "place" and "with", those that have to move for it, and stranded
ones "options".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from clinic.journal import Actor, record
from clinic.models import Credential, Site
from clinic.spans import minute, moment
from scheduling import daybook
from scheduling.daybook.repairs import ENDED, held_by, problem_of, protocol_of, visits_of
from scheduling.models import Appointment, Claim, Recovery, Status
from scheduling.models.series import AHEAD
from scheduling.planner.plans import PlannedVisit
from scheduling.planner.repair import quick
from scheduling.planner.repair_problem import (
    DISTURBED,
    MOVED,
    SHIFT,
    STRANDED,
    Loss,
    Problem,
    Repaired,
    RepairPlan,
    Stranded,
)
from scheduling.planner.shape import shape_of
from scheduling.services.entries import publish
from scheduling.services.losses import Kept, claim_of, days_of, local, make_way, rewrite, unattended

IMPROVED_FOR = timedelta(seconds=60)
"""How long a worker may take to better a plan before another one looks after it."""
SOON = timedelta(seconds=20)
"""How long a plan waits for the worker that was sent for, before the clock sends another."""
AT_ONCE = 8
"""Days that are planned while somebody waits; a worker plans the rest."""
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Book:
    """A day of a site as it stood before a loss: its visits, and what each held."""

    site: Site
    day: date
    visits: Sequence[Appointment]
    held: Mapping[int, Sequence[Claim]]


@dataclass(frozen=True, slots=True)
class Remedy:
    """A plan for one day of one site."""

    site: Site
    problem: Problem
    plan: RepairPlan


# Problems ---------------------------------------------------------------------------------------


def books_of(visits: Collection[int]) -> list[Book]:
    """The days on which these visits are, as they stand."""
    rows = Appointment.objects.filter(pk__in=visits)
    sites = Site.objects.select_related("organisation").filter(appointments__in=rows).distinct()
    return [
        book_of(site, day)
        for site in sites.order_by("pk")
        for day in days_of(rows.filter(site=site), site)
    ]


def book_of(site: Site, day: date) -> Book:
    visits = visits_of(site, day)
    return Book(site, day, visits, held_by(visits))


def attended_books(site: Site, person: int, first: date, last: date) -> Iterator[Book]:
    """Days with visits that need a credential on site which this person has."""
    kinds = set(Credential.objects.filter(staff=person).values_list("kind", flat=True))
    between = Appointment.objects.filter(
        site=site,
        starts_at__date__gte=first - timedelta(days=1),
        starts_at__date__lte=last + timedelta(days=1),
    ).exclude(status__in=ENDED)
    for day in days_of(between, site) if kinds else ():
        if first <= day <= last:
            book = book_of(site, day)
            steps = (protocol_of(visit).step(visit.step) for visit in book.visits)
            if any(need.credential in kinds for s in steps for need in shape_of(s).attendances):
                yield book


def remedies(
    books: Iterable[Book], loss: Loss, affected: set[int], now: datetime
) -> tuple[list[Remedy], list[Book]]:
    """A quick plan for each day, and the days left to a worker.

    Visits that lose whom they must have on site join those affected.
    """
    found: list[Remedy] = []
    later: list[Book] = []
    for book in books:
        if len(found) == AT_ONCE:
            later.append(book)
            continue
        problem = _problem(book, loss, affected, now)
        if alone := unattended(problem) - affected:
            affected |= alone
            problem = _problem(book, loss, affected, now)
        if problem.affected:
            found.append(Remedy(book.site, problem, quick(problem)))
    return found, later


def problems_now(row: Recovery, now: datetime) -> list[tuple[Site, Problem]]:
    """The days on which visits of a recovery still wait, as the book stands; by site and day."""
    waiting = lost_items(row)
    lost = _remembered(row)
    found: list[tuple[Site, Problem]] = []
    for book in books_of(waiting):
        # Who waits because of another loss keeps what is left to them.
        visits = [v for v in book.visits if v.pk in waiting or v.status != Status.UNCOVERED]
        held = {visit.pk: [*book.held.get(visit.pk, ())] for visit in visits}
        for visit, claims in lost.items():
            if visit in waiting and visit in held:
                spans = {(claim.resource_id, claim.start_minute) for claim in held[visit]}
                held[visit] += [c for c in claims if (c.resource_id, c.start_minute) not in spans]
        low = max(minute(row.starts_at), min(minute(v.starts_at) for v in visits))
        high = min(minute(row.ends_at), max(minute(v.ends_at) for v in visits))
        name = row.measures.get("name", row.cause)
        loss = Loss(row.measures.get("resource"), name, low, max(high, low + 1))
        problem = _problem(Book(book.site, book.day, visits, held), loss, waiting, now)
        found.append((book.site, problem))
    return found


def _problem(book: Book, loss: Loss, affected: Collection[int], now: datetime) -> Problem:
    return problem_of(
        site=book.site,
        day=book.day,
        loss=loss,
        visits=book.visits,
        held=book.held,
        affected=affected,
        now=now,
    )


def _remembered(row: Recovery) -> dict[int, list[Claim]]:
    """What visits lost, by visit: it belongs to the place they were booked with."""
    found: dict[int, list[Claim]] = {}
    for one in row.measures.get("freed", []):
        found.setdefault(one[7], []).append(claim_of(one))
    return found


# What is open -----------------------------------------------------------------------------------


def open_items(row: Recovery) -> set[int]:
    """The visits of a recovery that still wait: not accepted, and not settled by somebody else.

    Those included that move for others, while they are where the plan saw them.
    """
    items = {i["appointment"]: i for i in (*row.moves, *row.stranded)}
    left = items.keys() - set(row.accepted)
    found = set()
    for visit in Appointment.objects.filter(pk__in=left).exclude(status__in=ENDED):
        item = items[visit.pk]
        stays = datetime.fromisoformat(item["from"]) == visit.starts_at
        goes_on = visit.status not in AHEAD or item.get("for_others")
        if visit.status == Status.UNCOVERED or (stays and goes_on):
            found.add(visit.pk)
    return found


def lost_items(row: Recovery) -> set[int]:
    """Those of the open ones that lost something; the others move for them or stay."""
    return open_items(row) - {i["appointment"] for i in row.moves if i.get("for_others")}


def close_sites(row: Recovery) -> list[Site]:
    """Keep others out of every site that a recovery is about."""
    ids = {row.site_id, *_sites_of(row.affected)}
    sites = list(Site.objects.select_related("organisation").filter(pk__in=ids).order_by("pk"))
    for site in sites:
        daybook.close_site(site)
    return sites


def _sites_of(visits: Collection[int]) -> set[int]:
    return set(Appointment.objects.filter(pk__in=visits).values_list("site_id", flat=True))


# Plans kept -------------------------------------------------------------------------------------


def keep(
    row: Recovery,
    found: Sequence[Remedy],
    *,
    affected: set[int],
    later: Sequence[Book] = (),
    actor: Actor,
    now: datetime,
) -> None:
    """Apply what nobody notices, mark what waits, and keep the rest as proposals.

    `affected` visits that no plan speaks of are unchanged; those of `later` days wait for one.
    """
    for remedy in found:
        _apply(row, remedy, affected, actor, now)
    for book in later:
        row.stranded += [_unplanned(visit, book) for visit in book.visits if visit.pk in affected]
    told = {item["appointment"] for item in (*row.reassigned, *row.moves, *row.stranded)}
    row.affected = sorted({*row.affected, *affected})
    row.reassigned += _untouched(set(row.affected) - told)
    waiting = {item["appointment"] for item in (*row.moves, *row.stranded)} & affected
    for visit in Appointment.objects.filter(pk__in=waiting, status__in=AHEAD):
        if visit.status != Status.UNCOVERED:
            stands(visit, Status.UNCOVERED, "visit.uncovered", actor, now)
    publish(waiting, now=now)
    _since_when(row)
    row.measures = {**row.measures, "cost": disruption(row)}
    row.updated_at = now


def _apply(
    row: Recovery, remedy: Remedy, affected: Collection[int], actor: Actor, now: datetime
) -> None:
    """One day's plan in place of what was proposed for its visits.

    Where visits move that lost nothing, whatever rests on that waits for it too.
    """
    plan, site, problem = remedy.plan, remedy.site, remedy.problem
    lost = {visit.id for visit in problem.affected}
    if any(move.visit not in lost for move in plan.moves):
        stays = (*plan.reassigned, *plan.kept)
        proposed = (*(one for one in stays if _differs(one, problem)), *plan.moves)
        done: tuple[Repaired, ...] = ()
    else:
        proposed, done = plan.moves, plan.reassigned
        _mend(row, remedy, affected, actor, now)
    own: set[int] = {one.visit for one in (*done, *proposed)} | {one.visit for one in plan.stranded}
    own |= {i["appointment"] for i in row.moves if i.get("for_others")} & problem.by_id.keys()
    for name in ("reassigned", "moves", "stranded"):
        rest = [item for item in getattr(row, name) if item["appointment"] not in own]
        setattr(row, name, rest)
    row.reassigned += [_item(one, site) for one in done]
    for one in proposed:
        row.moves.append(
            _item(one, site)
            | {
                "points": _points(one, problem, plan),
                "for_others": one.visit not in lost,
                "with": _in_its_way(one, proposed, problem),
            }
        )
    row.stranded += [_stranded(one, problem, site) for one in plan.stranded]


def _differs(one: Repaired, problem: Problem) -> bool:
    """Whether more changes than nurses of a visit that lost nothing: those follow by themselves."""
    booked = problem.by_id[one.visit]
    return booked.affected or one.place != booked.place


def _in_its_way(one: Repaired, proposed: Sequence[Repaired], problem: Problem) -> list[int]:
    """Visits that lost nothing and are now where this one is to be: they have to move with it."""
    found = []
    for other in proposed:
        booked = problem.by_id[other.visit]
        there = booked.place.start < _cleared(one.place) and one.place.start < _cleared(
            booked.place
        )
        if other is not one and not booked.affected and there:
            found.append(other.visit)
    return sorted(found)


def _cleared(place: PlannedVisit) -> int:
    """When its rooms are turned over."""
    return max((claim.end for claim in place.claims), default=place.end)


def with_companions(row: Recovery, wanted: Collection[int]) -> set[int]:
    """These visits, and those that have to move so that they can."""
    needs = {item["appointment"]: item.get("with", []) for item in row.moves}
    found: set[int] = set()
    coming = [*wanted]
    while coming:
        visit = coming.pop()
        if visit not in found:
            found.add(visit)
            coming += needs.get(visit, [])
    return found


def _mend(
    row: Recovery, remedy: Remedy, affected: Collection[int], actor: Actor, now: datetime
) -> None:
    """Write what nobody notices; what waits makes way for it."""
    plan = remedy.plan
    mended = {one.visit: (one.place, one.monitoring) for one in (*plan.reassigned, *plan.kept)}
    waits = {one.visit for one in plan.moves} | {one.visit for one in plan.stranded}
    waits &= set(affected)
    let_go = make_way(waits, mended, plan.repacked)
    row.measures = {**row.measures, "freed": [*row.measures.get("freed", []), *let_go]}
    repacked = rewrite(mended, plan.repacked, remedy.problem.diary)
    for visit in Appointment.objects.filter(pk__in=mended, status=Status.UNCOVERED):
        stands(visit, Status.BOOKED, "visit.covered", actor, now)
    publish([*mended, *repacked], now=now)


def disruption(row: Recovery, only: Collection[int] | None = None) -> int:
    """Points of what is proposed for these visits, as the planner counts stranded and moved."""
    stranded = [i for i in row.stranded if only is None or i["appointment"] in only]
    moves = [i for i in row.moves if only is None or i["appointment"] in only]
    return STRANDED * len(stranded) + sum(item["points"] for item in moves)


def disruption_of(problem: Problem, plan: RepairPlan) -> int:
    """The same of a plan that is not kept yet."""
    moves = sum(_points(move, problem, plan) for move in plan.moves)
    return STRANDED * len(plan.stranded) + moves


def _points(one: Repaired, problem: Problem, plan: RepairPlan) -> int:
    """Nothing for whom nobody notices."""
    if one not in plan.moves:
        return 0
    disturbed = 0 if problem.by_id[one.visit].affected else DISTURBED
    return disturbed + MOVED + -(-abs(one.shift) // SHIFT)


def stands(visit: Appointment, to: Status, action: str, actor: Actor, now: datetime) -> None:
    """A visit comes to stand otherwise, and the journal says so."""
    before = visit.status
    visit.status = to
    visit.updated_at = now
    if to == Status.TO_REBOOK:
        visit.sequence += 1
    visit.save(update_fields=["status", "sequence", "updated_at"])
    record(
        actor=actor,
        now=now,
        action=action,
        subject=f"appointment:{visit.pk}",
        site=visit.site_id,
        before={"status": before},
        after={"status": to},
    )


# Items ------------------------------------------------------------------------------------------


def _item(one: Repaired, site: Site) -> Item:
    """A visit with another nurse, room, clinician or time: what doors show, and the place."""
    start = one.place.start
    rooms = [c for c in one.place.claims if c.kind == "room"]
    people = [c.resource for c in one.place.claims if c.kind == "staff"]
    return {
        "appointment": one.visit,
        "from": local(start - one.shift, site),
        "to": local(start, site),
        "reason": one.reason,
        "place": {
            "start": start,
            "rooms": [[claim.resource, list(claim.lanes)] for claim in rooms],
            "clinicians": list(dict.fromkeys(people)),
        },
    }


def _stranded(one: Stranded, problem: Problem, site: Site) -> Item:
    return {
        "appointment": one.visit,
        "from": local(problem.by_id[one.visit].place.start, site),
        "to": None,
        "reason": one.reason,
        "options": [
            {"kind": way.kind, "words": way.words, "start": local(way.start, site)}
            for way in one.ways
        ],
    }


def _unplanned(visit: Appointment, book: Book) -> Item:
    return {
        "appointment": visit.pk,
        "from": local(minute(visit.starts_at), book.site),
        "to": None,
        "reason": "Another place is being looked for.",
        "options": [],
    }


def _untouched(visits: Collection[int]) -> list[Item]:
    found = []
    rows = Appointment.objects.select_related("site").filter(pk__in=visits)
    for row in rows.order_by("starts_at", "pk"):
        at = row.starts_at.astimezone(row.site.zone).isoformat()
        reason = "Nothing changes for it."
        found.append({"appointment": row.pk, "from": at, "to": at, "reason": reason})
    return found


def since(row: Recovery, freed: Sequence[Kept]) -> dict[str, int]:
    """From what minute each visit misses something of what was freed: as measures keep it."""
    first: dict[str, int] = {}
    low = minute(row.starts_at)
    for _, _, start, *_, visit in freed:
        first[str(visit)] = min(first.get(str(visit), max(start, low)), max(start, low))
    return first


def _since_when(row: Recovery) -> None:
    for item in (*row.moves, *row.stranded):
        begins = datetime.fromisoformat(item["from"])
        lost = row.measures.get("since", {}).get(str(item["appointment"]))
        at = begins if lost is None else max(begins, moment(lost))
        item["uncovered_from"] = at.astimezone(begins.tzinfo).isoformat()
