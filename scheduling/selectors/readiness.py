"""Whether a site could run a protocol: what it needs, what is missing, when a first series fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from clinic.models import Patient, Room, Site, Staff
from clinic.spans import moment
from scheduling.errors import Refused
from scheduling.models import ProtocolVersion
from scheduling.selectors.proposals import propose_series


@dataclass(frozen=True, slots=True)
class Needs:
    """What the steps of a protocol ask for; `held` are credentials that somebody present holds."""

    capabilities: frozenset[str]
    roles: frozenset[str]
    skills: frozenset[tuple[str, str]]
    held: frozenset[str]


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that is missing: a room, a role, a skill or a credential."""

    kind: str
    word: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a protocol lacks at a site; without lack the day of its first visit, or why none."""

    version: ProtocolVersion
    lacks: tuple[Lack, ...]
    first: date | None = None
    blocked: str = ""


def needs_of(definition: Mapping[str, Any]) -> Needs:
    """Everything that the phases of a definition ask for."""
    phases = [phase for step in definition["steps"] for phase in step["phases"]]
    asked = [need for phase in phases for need in phase["roles"]]
    return Needs(
        capabilities=frozenset(p["room"]["capability"] for p in phases if p.get("room")),
        roles=frozenset(need["role"] for need in asked),
        skills=frozenset((need["role"], skill) for need in asked for skill in need["skills"]),
        held=frozenset(kind for phase in phases for kind in phase["presence"]),
    )


def lacks_of(needs: Needs, *, site: Site, today: date) -> list[Lack]:
    """What of the needs a site does not have: three queries."""
    rooms = Room.objects.filter(site=site, active=True).values_list("capabilities", flat=True)
    able = {word for words in rooms for word in words}
    people = list(Staff.objects.filter(sites=site, active=True).prefetch_related("credentials"))
    required: Mapping[str, list[str]] = site.organisation.required_credentials
    holds = {person.pk: _valid(person, today) for person in people}
    lacks = [Lack("room", word) for word in sorted(needs.capabilities - able)]
    for role in sorted(needs.roles):
        theirs = [person for person in people if role in person.roles]
        kinds = required.get(role, [])
        if not theirs:
            lacks.append(Lack("role", role))
        elif not any(holds[person.pk].issuperset(kinds) for person in theirs):
            lacks += [Lack("credential", kind, role) for kind in kinds]
    for role, skill in sorted(needs.skills):
        if not any(role in person.roles and skill in person.skills for person in people):
            lacks.append(Lack("skill", skill, role))
    everything = set().union(*holds.values())
    return [*lacks, *(Lack("credential", kind) for kind in sorted(needs.held - everything))]


def readiness(*, site: Site, versions: Iterable[ProtocolVersion], now: datetime) -> list[Readiness]:
    """Each protocol as it would be booked today for a patient of low acuity; nothing is saved."""
    today = now.astimezone(site.zone).date()
    return [_ready(site, version, today, now) for version in versions]


def _ready(site: Site, version: ProtocolVersion, today: date, now: datetime) -> Readiness:
    lacks = lacks_of(needs_of(version.definition), site=site, today=today)
    if lacks:
        return Readiness(version, tuple(lacks))
    anybody = Patient(pk=0, acuity=1, birth_date=today)
    try:
        found = propose_series(
            patient=anybody,
            protocol_key=version.protocol.key,
            site=site,
            not_before=today,
            now=now,
            limit=1,
        )
    except Refused as no:
        return Readiness(version, (), blocked=no.refusals[0].message)
    if not found.offers:
        return Readiness(version, (), blocked=found.blocked[0].message if found.blocked else "")
    start = min(visit.start for visit in found.offers[0].plan.visits)
    return Readiness(version, (), first=moment(start).astimezone(site.zone).date())


def _valid(person: Staff, today: date) -> set[str]:
    return {
        held.kind
        for held in person.credentials.all()
        if held.expires_on >= today and (held.valid_from is None or held.valid_from <= today)
    }
