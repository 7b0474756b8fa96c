"""Visits and plans as JSON: one shape everywhere, times with the site's offset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from clinic.spans import moment
from scheduling.models import Appointment, Series
from scheduling.planner.plans import PlannedClaim, PlannedPhase, PlannedVisit
from scheduling.selectors import ClaimView, PhaseView, view


def local(at: datetime, zone: ZoneInfo) -> str:
    """RFC 3339 with the offset that the site has then: +00:00, never Z."""
    return at.astimezone(zone).isoformat(timespec="seconds")


def show_appointment(appointment: Appointment) -> dict[str, Any]:
    seen, zone = view(appointment), appointment.site.zone
    series = appointment.series_id
    return {
        "id": str(appointment.pk),
        "series": None if series is None else str(series),
        "patient": str(appointment.patient_id),
        "site": str(appointment.site_id),
        "step": appointment.step,
        "status": appointment.status,
        "starts_at": local(seen.starts_at, zone),
        "ends_at": local(seen.ends_at, zone),
        "phases": [_phase(phase, zone) for phase in seen.phases],
    }


def _phase(phase: PhaseView, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "name": phase.name,
        "starts_at": local(phase.starts_at, zone),
        "ends_at": local(phase.ends_at, zone),
        "claims": [_claim(claim) for claim in phase.claims],
    }


def _claim(claim: ClaimView) -> dict[str, Any]:
    shown: dict[str, Any] = {"resource": str(claim.resource), "kind": claim.kind}
    if claim.role is not None:
        shown["role"] = claim.role
    return shown | {"lanes": list(claim.lanes)}


def show_series(series: Series, visits: Iterable[Appointment]) -> dict[str, Any]:
    """`visits` are those of the series, in time order, as `selectors.visits` gives them."""
    return {
        "id": str(series.pk),
        "patient": str(series.patient_id),
        "site": str(series.site_id),
        "protocol": series.protocol_version.protocol.key,
        "version": series.protocol_version.version,
        "status": series.status,
        "appointments": [show_appointment(visit) for visit in visits],
    }


def show_planned(visit: PlannedVisit, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "step": visit.step,
        "starts_at": local(moment(visit.start), zone),
        "ends_at": local(moment(visit.end), zone),
        "phases": [_planned_phase(phase, visit.claims, zone) for phase in visit.phases],
    }


def _planned_phase(
    phase: PlannedPhase, claims: Iterable[PlannedClaim], zone: ZoneInfo
) -> dict[str, Any]:
    lanes: dict[tuple[int, str, str], set[int]] = defaultdict(set)
    for claim in claims:
        if claim.start < phase.end and phase.start < claim.end - claim.turnover:
            lanes[claim.resource, claim.kind, claim.role].update(claim.lanes)
    return {
        "name": phase.name,
        "starts_at": local(moment(phase.start), zone),
        "ends_at": local(moment(phase.end), zone),
        "claims": [
            _claim(
                ClaimView(resource, kind, role if kind == "staff" else None, tuple(sorted(taken)))
            )
            for (resource, kind, role), taken in sorted(lanes.items())
        ],
    }
