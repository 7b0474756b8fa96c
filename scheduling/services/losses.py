"""What is lost when somebody, a room or a site is out: which visits it touches, and what it frees.

Works inside the transaction of `recovering`, with the sites closed to other writers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from clinic.models import Resource, Room, Site, Staff
from clinic.spans import minute, minute_up, moment
from scheduling.daybook.repairs import ENDED
from scheduling.models import Appointment, Claim
from scheduling.models.claims import LONGEST_CLAIM
from scheduling.models.series import AHEAD
from scheduling.planner import cover
from scheduling.planner.day import Diary
from scheduling.planner.plans import PlannedVisit
from scheduling.planner.repair_problem import Loss, Problem
from scheduling.planner.shape import shape_of
from scheduling.services.placing import repack

Kept = list[Any]
"""A claim as a recovery keeps it: [resource, lane, start, end, role, turnover, skills, visit]."""


@dataclass(frozen=True, slots=True)
class Out:
    """Who or what is out, at which sites, and for the planner."""

    loss: Loss
    sites: tuple[Site, ...]
    resource: Resource | None

    @property
    def span(self) -> tuple[int, int]:
        return self.loss.start, self.loss.end


def out_of(
    *,
    staff: int | None,
    room: int | None,
    site: int | None,
    starts_at: datetime,
    ends_at: datetime,
) -> Out:
    """Staff.DoesNotExist and the like; exactly one of the three is given."""
    start, end = minute(starts_at), minute_up(ends_at)
    if site is not None:
        place = Site.objects.select_related("organisation").get(pk=site)
        return Out(Loss(None, place.name, start, end), (place,), None)
    if room is not None:
        found = Room.objects.select_related("site__organisation", "resource").get(pk=room)
        return Out(Loss(found.pk, found.name, start, end), (found.site,), found.resource)
    person = Staff.objects.select_related("resource").get(pk=staff)
    works = Q(staff=person) | Q(
        appointments__claims__resource=person.pk, appointments__ends_at__gt=starts_at
    )
    ids = set(Site.objects.filter(works).values_list("pk", flat=True))
    places = Site.objects.select_related("organisation").filter(pk__in=ids).order_by("pk")
    return Out(Loss(person.pk, person.name, start, end), tuple(places), person.resource)


def touched(out: Out) -> set[int]:
    """The visits not over that hold what is out while it is."""
    low, high = out.span
    rows = Claim.objects.filter(
        start_minute__gt=low - LONGEST_CLAIM,
        start_minute__lt=high,
        end_minute__gt=low,
        appointment__isnull=False,
    ).exclude(appointment__status__in=ENDED)
    if out.resource is not None:
        rows = rows.filter(resource=out.resource)
    else:
        rows = rows.filter(appointment__site__in=[site.pk for site in out.sites])
        rows = rows.exclude(role=Claim.Role.PATIENT)
    return {id for id in rows.values_list("appointment", flat=True) if id is not None}


def unattended(problem: Problem) -> set[int]:
    """Visits during which a credential that must be on site is not any more."""
    diary, found = problem.diary, set()
    low, high = problem.loss.start - diary.start, problem.loss.end - diary.start
    for visit in problem.visits:
        at = visit.place.start - diary.start
        for need in shape_of(visit.step).attendances:
            there = diary.presence.get(need.credential, 0)
            for bit in range(max(at + need.start, low, 0), min(at + need.end, high)):
                if not there >> bit & 1:
                    found.add(visit.id)
                    break
    return found


def free(resource: int | None, span: tuple[int, int], visits: Collection[int]) -> list[Kept]:
    """Take what is out from these visits, from when it is out; as it was, to be given back.

    Without a resource all is taken but the time of the patient.
    """
    low, high = span
    rows = Claim.objects.filter(
        appointment__in=visits,
        start_minute__gt=low - LONGEST_CLAIM,
        start_minute__lt=high,
        end_minute__gt=low,
    )
    if resource is not None:
        rows = rows.filter(resource=resource)
    else:
        rows = rows.exclude(role=Claim.Role.PATIENT)
    lost = list(rows)
    kept = [_kept(claim) for claim in lost]
    begun = [claim for claim in lost if claim.start_minute < low]
    Claim.objects.filter(pk__in=[claim.pk for claim in lost]).delete()
    Claim.objects.bulk_create(_cut(claim, low) for claim in begun)
    return kept


def yield_to(
    resources: Mapping[int, Collection[int]], span: tuple[int, int], waits: Collection[int]
) -> list[Kept]:
    """Let visits that wait go of these lanes of rooms and people then; what they let go."""
    low, high = span
    rows = Claim.objects.filter(
        appointment__in=waits,
        resource__in=resources,
        start_minute__gt=low - LONGEST_CLAIM,
        start_minute__lt=high,
        end_minute__gt=low,
    )
    going = [
        row
        for row in rows
        if not resources[row.resource_id] or row.lane in resources[row.resource_id]
    ]
    Claim.objects.filter(pk__in=[claim.pk for claim in going]).delete()
    return [_kept(claim) for claim in going]


def _kept(claim: Claim) -> Kept:
    return [
        claim.resource_id,
        claim.lane,
        claim.start_minute,
        claim.end_minute,
        str(claim.role),
        claim.turnover_minutes,
        claim.skills,
        claim.appointment_id,
    ]


def days_of(visits: Iterable[Appointment], site: Site) -> dict[date, list[int]]:
    """Visits by the site date on which they begin."""
    found: dict[date, list[int]] = defaultdict(list)
    for visit in visits:
        found[visit.starts_at.astimezone(site.zone).date()].append(visit.pk)
    return dict(sorted(found.items()))


def rewrite(
    places: Mapping[int, tuple[PlannedVisit, Sequence[cover.Placement]]],
    repacked: Sequence[cover.Placement],
    diary: Diary,
) -> list[int]:
    """Rooms, people and nurses of visits as planned, all let go before any is taken again.

    Monitoring of others that makes room for them changes in between; the visits it is of.
    """
    Claim.objects.filter(appointment__in=places).exclude(role=Claim.Role.PATIENT).delete()
    others = repack(repacked, diary)
    Claim.objects.bulk_create(
        claim
        for id, (place, monitoring) in places.items()
        for claim in claims_for(id, place, monitoring)
    )
    return others


def make_way(
    waits: Collection[int],
    mended: Mapping[int, tuple[PlannedVisit, Sequence[cover.Placement]]],
    repacked: Sequence[cover.Placement],
) -> list[Kept]:
    """Let visits that wait for a place go of their nurses, and of what others are given meanwhile.

    The rest they keep, so that nobody books it before it is decided; whoever is in the chair keeps
    the nurses that are left too. What they let go, as it was.
    """
    given = [claim for id, planned in mended.items() for claim in claims_for(id, *planned)]
    by_lane: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for claim in given:
        by_lane[claim.resource_id, claim.lane].append((claim.start_minute, claim.end_minute))
    for one in cover.claims_of(repacked):
        for lane in one.lanes:
            by_lane[one.resource, lane].append((one.start, one.end))
    rows = Claim.objects.filter(appointment__in=waits).exclude(role=Claim.Role.PATIENT)
    ahead = set(rows.filter(appointment__status__in=AHEAD).values_list("appointment", flat=True))
    going, left = [], []
    for held in rows:
        meets = [
            low
            for low, high in by_lane.get((held.resource_id, held.lane), ())
            if low < held.end_minute and held.start_minute < high
        ]
        if meets or (held.role == Claim.Role.NURSE and held.appointment_id in ahead):
            going.append(held)
            if meets and held.appointment_id not in ahead and min(meets) > held.start_minute:
                left.append(_cut(held, min(meets)))
    Claim.objects.filter(pk__in=[held.pk for held in going]).delete()
    Claim.objects.bulk_create(left)
    return [_kept(held) for held in going]


def _cut(held: Claim, end: int) -> Claim:
    """What was until then, without the turnover after it; not saved."""
    kept = _kept(held)
    kept[3], kept[5] = end, 0
    return claim_of(kept)


def claims_for(
    visit: int, place: PlannedVisit, monitoring: Sequence[cover.Placement]
) -> Iterable[Claim]:
    skills = " ".join(sorted({skill for one in monitoring for skill in one.task.skills}))
    for claim in (*place.claims, *cover.claims_of(monitoring)):
        for lane in claim.lanes:
            yield Claim(
                appointment_id=visit,
                resource_id=claim.resource,
                lane=lane,
                start_minute=claim.start,
                end_minute=claim.end,
                role=claim.role,
                turnover_minutes=claim.turnover,
                skills=skills if claim.role == Claim.Role.NURSE else "",
            )


def give_back(kept: Sequence[Kept], visits: Collection[int]) -> None:
    """The claims that a loss took from these visits, whole again; IntegrityError when taken."""
    mine = [one for one in kept if one[7] in visits]
    for resource, lane, low, high, *_, visit in mine:
        Claim.objects.filter(
            appointment=visit, resource=resource, lane=lane, start_minute=low, end_minute__lt=high
        ).delete()
    Claim.objects.bulk_create(claim_of(one) for one in mine)


def claim_of(kept: Kept) -> Claim:
    """The claim that a recovery kept, not saved."""
    resource, lane, low, high, role, turnover, skills, visit = kept
    return Claim(
        resource_id=resource,
        lane=lane,
        start_minute=low,
        end_minute=high,
        role=role,
        turnover_minutes=turnover,
        skills=skills,
        appointment_id=visit,
    )


def local(at: int, site: Site) -> str:
    """ISO, with the offset that the site has then."""
    return moment(at).astimezone(site.zone).isoformat()
