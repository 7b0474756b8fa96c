"""The worklist of charges: visit by visit, with everything that a person has to look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from billing.models import Capture, Charge, Draw
from clinic.models import Site
from scheduling import catalogue
from scheduling.models import Appointment

State = Charge.State


@dataclass(frozen=True, slots=True)
class VisitCharges:
    """A visit with its charges. `flags` and `dropped` are the visit's own; `paid_by` says who."""

    visit: Appointment | None
    on: date
    step: str
    charges: tuple[Charge, ...]
    flags: tuple[Mapping[str, Any], ...] = ()
    dropped: tuple[Mapping[str, str], ...] = ()
    draw: Draw | None = None

    @property
    def patient(self) -> Any:
        return self.visit.patient if self.visit else self.charges[0].patient

    @property
    def cents(self) -> int:
        """What the live charges come to."""
        return sum(one.cents for one in self.charges if one.state != State.VOID)

    @property
    def open(self) -> list[Charge]:
        """Those that are still to be approved."""
        return [one for one in self.charges if one.state == State.PROPOSED]

    @property
    def approved(self) -> list[Charge]:
        """Those that are approved and not in the ledger yet."""
        return [one for one in self.charges if one.state == State.APPROVED and not one.entry_id]

    @property
    def stopped(self) -> bool:
        """Whether something has to be answered first."""
        own = [*self.flags, *(flag for one in self.open for flag in one.flags)]
        return any(flag["stops"] for flag in own)

    @property
    def flagged(self) -> bool:
        return bool(self.flags) or any(one.flags for one in self.charges)


def open_flags(capture: Capture, charges: Iterable[Charge]) -> list[dict[str, Any]]:
    """A visit's flags without those about a code that a person struck: that answers them."""
    struck = [one.code for one in charges if one.state == State.VOID]
    return [
        flag
        for flag in capture.flags
        if not (flag["stops"] and any(code in flag["text"] for code in struck))
    ]


STANDS: Mapping[str, Q] = {
    "review": Q(state=State.PROPOSED),
    "approved": Q(state=State.APPROVED, entry=None),
    "entered": Q(entry__isnull=False) | Q(state=State.BILLED),
    "void": Q(state=State.VOID),
}
"""The piles of the worklist."""


def count_stands(site: Site) -> dict[str, int]:
    """How many charges are in each pile, and how many visits have flags and no charge."""
    rows = Charge.objects.filter(site=site)
    counts = {name: rows.filter(wanted).count() for name, wanted in STANDS.items()}
    counts["review"] += bare(site).count()
    return counts


def bare(site: Site) -> QuerySet[Capture]:
    """Captured visits for which no charge could be proposed, and that ask for something."""
    rows = Capture.objects.filter(appointment__site=site, captured_at__isnull=False, lines={})
    return rows.exclude(flags=[]).exclude(appointment__charges__isnull=False)


def piles(site: Site, stand: str) -> list[tuple[date, int, int]]:
    """(date, visit or 0, charge where there is no visit) of each group in a pile.

    Those to review: what something stops first, then the oldest. What is settled: the newest first.
    """
    rows = Charge.objects.filter(STANDS[stand], site=site)
    found: set[tuple[date, int, int]] = set()
    stopped: set[int] = set()
    for on, visit, pk, flags in rows.values_list("on", "appointment", "pk", "flags"):
        found.add((on, visit or 0, 0 if visit else pk))
        if any(flag["stops"] for flag in flags):
            stopped.add(visit or 0)
    if stand != "review":
        return sorted(found, reverse=stand in ("entered", "void"))
    for visit, at in bare(site).values_list("appointment", "appointment__starts_at"):
        found.add((at.astimezone(site.zone).date(), visit, 0))
    captures = Capture.objects.filter(pk__in=[visit for _, visit, _ in found if visit])
    for visit, flags in captures.values_list("pk", "flags"):
        if any(flag["stops"] for flag in flags):
            stopped.add(visit)
    return sorted(found, key=lambda key: (key[1] not in stopped, key))


def visits_of(keys: Sequence[tuple[date, int, int]]) -> list[VisitCharges]:
    """The groups of some keys with all of their charges, flagged ones first. 5 queries."""
    ids = [visit for _, visit, _ in keys if visit]
    visits = Appointment.objects.filter(pk__in=ids).select_related(
        "patient", "site", "protocol_version", "series"
    )
    by_id = {visit.pk: visit for visit in visits}
    captures = Capture.objects.in_bulk(ids)
    draws = {
        one.appointment_id: one
        for one in Draw.objects.filter(appointment__in=ids, taken_back=False).select_related(
            "prepaid"
        )
    }
    rows: dict[tuple[int, int], list[Charge]] = {}
    wanted = Q(appointment__in=ids) | Q(pk__in=[pk for _, _, pk in keys if pk])
    for row in Charge.objects.filter(wanted).select_related(
        "patient", "prepaid", "coverage__payer", "entry"
    ):
        key = (row.appointment_id or 0, 0 if row.appointment_id else row.pk)
        rows.setdefault(key, []).append(row)
    groups = [
        _group(on, by_id.get(visit), rows.get((visit, pk), []), captures.get(visit), draws)
        for on, visit, pk in keys
    ]
    return sorted(groups, key=lambda one: not one.stopped)


def proposed_visits(*, site: int | None, series: int | None) -> list[int]:
    """Visits with charges that nobody has looked at."""
    rows = Charge.objects.filter(state=State.PROPOSED, reviewed_by="", appointment__isnull=False)
    captured = Capture.objects.filter(captured_at__isnull=False, lines={})
    if site is not None:
        rows = rows.filter(site=site)
        captured = captured.filter(appointment__site=site)
    if series is not None:
        rows = rows.filter(appointment__series=series)
        captured = captured.filter(appointment__series=series)
    found = {*rows.values_list("appointment", flat=True), *captured.values_list("pk", flat=True)}
    return sorted(pk for pk in found if pk is not None)


def step_name(visit: Appointment) -> str:
    step = catalogue.step_of(visit.protocol_version.definition, visit.step)
    return str(step["name"]) if step else visit.step


def lines_of(groups: Iterable[VisitCharges]) -> list[list[str]]:
    """The worklist as rows of text, a charge a line: for a CSV file. Patients by MRN."""
    lines = [
        ["Date", "MRN", "Visit", "Code", "Modifiers", "What", "Units", "Amount", "Pays", "State",
         "Reason", "To look at"],
    ]  # fmt: skip
    for group in groups:
        for one in group.charges:
            flags = [flag["text"] for flag in [*group.flags, *one.flags]]
            lines.append(
                [one.on.isoformat(), one.patient.mrn, group.step, one.code,
                 " ".join(one.modifiers), one.what, str(one.units),
                 f"{one.cents // 100}.{one.cents % 100:02}", pays(one), one.state, one.reason,
                 " ".join(flags)]
            )  # fmt: skip
    return lines


def pays(charge: Charge) -> str:
    """Who pays for a charge."""
    if charge.prepaid:
        return charge.prepaid.name
    return charge.coverage.payer.name if charge.coverage else "Patient"


def _group(
    on: date,
    visit: Appointment | None,
    charges: list[Charge],
    capture: Capture | None,
    draws: Mapping[int, Draw],
) -> VisitCharges:
    fresh = any(one.state == State.PROPOSED and not one.reviewed_by for one in charges)
    asks = capture is not None and (fresh or not charges)
    return VisitCharges(
        visit=visit,
        on=on,
        step=step_name(visit) if visit else "",
        charges=tuple(charges),
        flags=tuple(open_flags(capture, charges)) if capture and asks else (),
        dropped=tuple(capture.dropped) if capture else (),
        draw=draws.get(visit.pk) if visit else None,
    )
