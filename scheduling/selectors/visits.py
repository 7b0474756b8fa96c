"""Visits as everybody sees them: times in the site's zone, phases with who and what they claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from clinic.models import Site
from clinic.spans import minute
from scheduling import catalogue
from scheduling.models import Appointment, Claim

# What a step's key, less its number, is cut to; other keys are their own short name.
SHORT = {
    "screening": "SCREEN",
    "integration": "INT",
    "dosing": "DOSE",
    "medical": "MED",
    "baseline": "BASE",
    "consult": "CONSULT",
}


@dataclass(frozen=True, slots=True)
class ClaimView:
    """Lanes of one room or person in a phase; `role` is None for rooms."""

    resource: int
    kind: str
    role: str | None
    lanes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PhaseView:
    """A phase with what it claims, in the site's zone."""

    name: str
    starts_at: datetime
    ends_at: datetime
    claims: tuple[ClaimView, ...]


@dataclass(frozen=True, slots=True)
class VisitView:
    """A visit ready to be rendered by any door."""

    appointment: Appointment
    starts_at: datetime
    ends_at: datetime
    phases: tuple[PhaseView, ...]


def visits(
    *,
    sites: Iterable[Site | int] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    patient: int | None = None,
    staff: int | None = None,
    room: int | None = None,
    statuses: Collection[str] | None = None,
    series: int | None = None,
) -> QuerySet[Appointment]:
    """Visits that overlap [start, end), in time order, with all that `view` needs: 3 queries."""
    found = Appointment.objects.select_related(
        "patient", "site", "series", "protocol_version__protocol"
    ).prefetch_related("phases", "claims")
    if sites is not None:
        found = found.filter(site__in=list(sites))
    if start is not None:
        found = found.filter(ends_at__gt=start)
    if end is not None:
        found = found.filter(starts_at__lt=end)
    if patient is not None:
        found = found.filter(patient=patient)
    if series is not None:
        found = found.filter(series=series)
    if statuses is not None:
        found = found.filter(status__in=statuses)
    for resource in (staff, room):
        if resource is not None:
            found = found.filter(
                Exists(Claim.objects.filter(appointment=OuterRef("pk"), resource=resource))
            )
    return found.order_by("starts_at", "pk")


def view(appointment: Appointment) -> VisitView:
    """One visit in its site's zone, worked out from what is prefetched."""
    zone = appointment.site.zone
    claims = [c for c in appointment.claims.all() if c.role != Claim.Role.PATIENT]
    return VisitView(
        appointment=appointment,
        starts_at=appointment.starts_at.astimezone(zone),
        ends_at=appointment.ends_at.astimezone(zone),
        phases=tuple(
            PhaseView(
                name=phase.name,
                starts_at=phase.starts_at.astimezone(zone),
                ends_at=phase.ends_at.astimezone(zone),
                claims=_claims(claims, minute(phase.starts_at), minute(phase.ends_at)),
            )
            for phase in appointment.phases.all()
        ),
    )


def _claims(claims: Iterable[Claim], start: int, end: int) -> tuple[ClaimView, ...]:
    lanes: dict[tuple[int, str], list[int]] = defaultdict(list)
    for claim in claims:
        if claim.start_minute < end and start < claim.end_minute - claim.turnover_minutes:
            lanes[claim.resource_id, claim.role].append(claim.lane)
    return tuple(
        ClaimView(
            resource=resource,
            kind="room" if role == Claim.Role.ROOM else "staff",
            role=None if role == Claim.Role.ROOM else role,
            lanes=tuple(sorted(taken)),
        )
        for (resource, role), taken in sorted(lanes.items())
    )


def step_name(appointment: Appointment) -> str:
    """What the clinic calls this visit, e.g. "Infusion 2 of 3"."""
    steps = appointment.protocol_version.definition["steps"]
    step = next((s for s in steps if s["key"] == appointment.step), None)
    if step is None:
        added = catalogue.step_of(appointment.protocol_version.definition, appointment.step)
        return str(added["name"]) if added else appointment.step
    alike = [s["key"] for s in steps if s["kind"] == step["kind"] and _stem(s) == _stem(step)]
    return f"{step['name']} of {len(alike)}" if len(alike) > 1 else step["name"]


def step_short_name(appointment: Appointment) -> str:
    """The same where room is scarce, e.g. "INF 2/3"."""
    steps = appointment.protocol_version.definition["steps"]
    step = next((s for s in steps if s["key"] == appointment.step), None)
    if step is None:
        added = catalogue.step_of(appointment.protocol_version.definition, appointment.step)
        return str(added["name"]).upper() if added else appointment.step
    alike = [s["key"] for s in steps if s["kind"] == step["kind"] and _stem(s) == _stem(step)]
    short = SHORT.get(_stem(step), _stem(step)[:6].upper())
    return f"{short} {alike.index(step['key']) + 1}/{len(alike)}" if len(alike) > 1 else short


def _stem(step: dict[str, str]) -> str:
    return step["key"].rstrip("0123456789")
