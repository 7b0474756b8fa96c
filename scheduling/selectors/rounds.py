"""The monitoring rounds of patients under way: what is due, late or missed, and what was found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clinic.models import Site
from clinic.spans import minute, moment
from scheduling import catalogue
from scheduling.models import (
    Appointment,
    AppointmentPhase,
    Claim,
    ProtocolVersion,
    StatusChange,
    VitalsEntry,
)
from scheduling.planner.progress import UNDER_WAY
from scheduling.planner.rounds import Reading, Round, flags, next_round, rounds


@dataclass(frozen=True)
class Entry:
    """One entry with what stands out in it, and whether a newer one took its place."""

    row: VitalsEntry
    flags: tuple[str, ...]
    corrected: bool


@dataclass(frozen=True)
class Chart:
    """A visit's rounds and entries, oldest first; `nurses` are who has the patient now."""

    visit: Appointment
    rounds: tuple[Round, ...]
    entries: tuple[Entry, ...]
    nurses: frozenset[int]
    started: bool

    @property
    def next(self) -> Round | None:
        return next_round(self.rounds)

    @property
    def next_at(self) -> datetime | None:
        return moment(self.next.at) if self.next else None

    @property
    def late(self) -> tuple[Round, ...]:
        """Overdue or missed: for the charge nurse."""
        return tuple(one for one in self.rounds if one.state in ("overdue", "missed"))

    @property
    def unanswered(self) -> tuple[Round, ...]:
        """The late ones since the last that was taken: what somebody has to go and look at."""
        done = [i for i, one in enumerate(self.rounds) if one.state == "done"]
        since = self.rounds[done[-1] + 1 :] if done else self.rounds
        return tuple(one for one in since if one.state in ("overdue", "missed"))


def rounds_of_site(site: Site, *, now: datetime) -> list[Chart]:
    """Every patient under way who is to be monitored, the most urgent first: six queries."""
    rows = Appointment.objects.filter(site=site, status__in=UNDER_WAY).select_related(
        "patient", "site", "protocol_version__protocol"
    )
    found = [chart for chart in charts(list(rows), now=now) if chart.rounds or chart.entries]
    return sorted(found, key=lambda chart: (_due(chart), chart.visit.pk))


def chart_of(visit: Appointment, *, now: datetime) -> Chart:
    """The same of one visit, whether it is under way or over."""
    return charts([visit], now=now)[0]


def charts(visits: Sequence[Appointment], *, now: datetime) -> list[Chart]:
    """The charts of some visits, in their order."""
    versions = {visit.protocol_version_id for visit in visits}
    definitions = dict(
        ProtocolVersion.objects.filter(pk__in=versions).values_list("pk", "definition")
    )
    infused = StatusChange.objects.filter(appointment__in=visits, to="infusing", taken_back=False)
    begun = dict(infused.order_by("pk").values_list("appointment", "at"))
    phases: dict[int, dict[str, datetime]] = defaultdict(dict)
    for of, name, at in AppointmentPhase.objects.filter(appointment__in=visits).values_list(
        "appointment", "name", "starts_at"
    ):
        phases[of][name] = at
    entries: dict[int, list[VitalsEntry]] = defaultdict(list)
    for row in VitalsEntry.objects.filter(appointment__in=visits):
        entries[row.appointment_id].append(row)
    nurses = _nurses(visits, now)
    return [
        _chart(
            visit,
            definitions[visit.protocol_version_id],
            begun.get(visit.pk),
            phases[visit.pk],
            entries[visit.pk],
            nurses[visit.pk],
            now,
        )
        for visit in visits
    ]


def _chart(
    visit: Appointment,
    definition: Mapping[str, Any],
    begun: datetime | None,
    phases: Mapping[str, datetime],
    entries: Sequence[VitalsEntry],
    nurses: frozenset[int],
    now: datetime,
) -> Chart:
    asked = definition.get("vitals") if catalogue.step_of(definition, visit.step) else None
    start = begun or (phases.get(asked["phase"]) if asked else None)
    corrected = {row.corrects_id for row in entries}
    standing = [row for row in entries if row.pk not in corrected]
    taken = [(row.pk, minute(row.taken_at)) for row in standing]
    due = rounds(asked["minutes"], minute(start), taken, minute(now)) if asked and start else []
    if not begun:
        # Late is what was not done in time after the infusion began, not what waits for it.
        due = [one if one.state == "done" else _waits(one) for one in due]
    first = _reading(standing[0]) if standing else None
    told = tuple(Entry(row, flags(_reading(row), first), row.pk in corrected) for row in entries)
    return Chart(visit, tuple(due), told, nurses, begun is not None)


def _waits(one: Round) -> Round:
    return Round(one.after, one.at, "coming", one.entry)


def _reading(row: VitalsEntry) -> Reading:
    return Reading(row.systolic, row.diastolic, row.heart_rate, row.spo2, row.sedation)


def _nurses(visits: Sequence[Appointment], now: datetime) -> dict[int, frozenset[int]]:
    at = minute(now)
    held: dict[int, set[int]] = defaultdict(set)
    claims = Claim.objects.filter(
        appointment__in=visits, role=Claim.Role.NURSE, start_minute__lte=at, end_minute__gt=at
    )
    for visit, nurse in claims.values_list("appointment", "resource"):
        held[visit or 0].add(nurse)
    return {visit.pk: frozenset(held[visit.pk]) for visit in visits}


def _due(chart: Chart) -> int:
    return chart.next.at if chart.next else 1 << 40
