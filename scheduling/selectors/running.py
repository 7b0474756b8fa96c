"""How a site's day really runs: every visit beside its estimate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from clinic.models import Site
from clinic.selectors import range_of
from clinic.spans import minute, moment
from scheduling import catalogue
from scheduling.models import Appointment, Claim, StatusChange
from scheduling.models.series import GONE
from scheduling.planner.estimates import Estimate, Held, Phase, Visit, estimate
from scheduling.planner.progress import INFUSED
from scheduling.selectors.visits import visits

PUSHING = frozenset({Claim.Role.ROOM, Claim.Role.THERAPIST, Claim.Role.PRESCRIBER})


@dataclass(frozen=True)
class Running:
    """A site's day at a moment. `estimates` has those that were not called off, by visit."""

    site: Site
    day: date
    now: int
    visits: tuple[Appointment, ...]
    kinds: Mapping[int, str]
    estimates: Mapping[int, Estimate]

    @cached_property
    def by_id(self) -> Mapping[int, Appointment]:
        return {visit.pk: visit for visit in self.visits}

    def clock(self, at: int) -> datetime:
        """A minute of an estimate by the site's clock."""
        return moment(at).astimezone(self.site.zone)


def running(*, site: Site, day: date, now: datetime) -> Running:
    """Every visit of a site date with where it stands and how it will go on: 4 queries."""
    start, end = (moment(edge) for edge in range_of(site, day, day))
    found = tuple(visits(sites=[site], start=start, end=end))
    kinds = _kinds(found)
    came: dict[int, dict[str, int]] = defaultdict(dict)
    counting = StatusChange.objects.filter(appointment__in=[v.pk for v in found], taken_back=False)
    for of, to, at in counting.order_by("pk").values_list("appointment", "to", "at"):
        came[of][to] = minute(at)
    planned = [_planned(v, kinds[v.pk], came[v.pk]) for v in found if v.status not in GONE]
    return Running(site, day, minute(now), found, kinds, estimate(planned, minute(now)))


def _kinds(found: Iterable[Appointment]) -> dict[int, str]:
    """The kind of each visit's step."""
    known: dict[tuple[int, str], str] = {}
    for visit in found:
        key = visit.protocol_version_id, visit.step
        if key not in known:
            step = catalogue.step_of(visit.protocol_version.definition, visit.step)
            known[key] = str(step["kind"]) if step else ""
    return {visit.pk: known[visit.protocol_version_id, visit.step] for visit in found}


def _planned(visit: Appointment, kind: str, came: Mapping[str, int]) -> Visit:
    phases = tuple(
        Phase(phase.name, minute(phase.starts_at), minute(phase.ends_at))
        for phase in visit.phases.all()
    )
    whole = Phase(visit.step, minute(visit.starts_at), minute(visit.ends_at))
    return Visit(
        id=visit.pk,
        status=visit.status,
        phases=phases or (whole,),
        held=tuple(_held(visit)),
        came=came,
        infused=kind in INFUSED,
    )


def _held(visit: Appointment) -> Iterable[Held]:
    """The claims of chairs and people, a nurse's lanes as one."""
    seen: set[tuple[int, int, int]] = set()
    for claim in visit.claims.all():
        is_room = claim.role == Claim.Role.ROOM
        key = claim.resource_id, claim.lane if is_room else 0
        stretch = claim.resource_id, claim.start_minute, claim.end_minute
        if claim.role == Claim.Role.PATIENT or (not is_room and stretch in seen):
            continue
        seen.add(stretch)
        yield Held(
            key=key,
            start=claim.start_minute,
            end=claim.end_minute - claim.turnover_minutes,
            turnover=claim.turnover_minutes,
            room=is_room,
            pushes=claim.role in PUSHING,
        )
