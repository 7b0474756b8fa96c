"""Who owes, since when, and whom the clinic owes: payments settle what is oldest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Case, F, Q, Sum, When

from billing.models import Posting
from clinic.models import Patient, Site

Of = Posting.Of
BUCKETS = ((0, 30), (31, 60), (61, 90), (91, None))
"""Days since the charge, both ends included; the last has none."""


@dataclass(frozen=True, slots=True)
class Part:
    """Cents owed since a site date; below nothing for a credit that came then."""

    on: date
    site: int
    cents: int


@dataclass(slots=True)
class Owing:
    """What is open of one patient at a site: owed by days, or a credit."""

    patient: Patient
    parts: list[Part] = field(default_factory=list)

    @property
    def cents(self) -> int:
        return sum(part.cents for part in self.parts)

    @property
    def since(self) -> date:
        return self.parts[0].on

    def buckets(self, today: date) -> list[int]:
        """Cents by BUCKETS."""
        told = [0] * len(BUCKETS)
        for part in self.parts:
            told[bucket_of((today - part.on).days)] += part.cents
        return told


def bucket_of(days: int) -> int:
    """Which of BUCKETS so many days are in; what has not come yet is in the first."""
    return next(n for n, (_, last) in enumerate(BUCKETS) if last is None or days <= last)


def unpaid(site: Site) -> tuple[list[Owing], list[Owing]]:
    """Those who owe for something at a site, oldest debt first; and those with a credit there.

    A payment at another site counts as well. Three queries, whatever the number of patients.
    """
    signed = Case(When(debit=Of.RECEIVABLE, then=F("cents")), default=-F("cents"))
    receivable = Posting.objects.filter(Q(debit=Of.RECEIVABLE) | Q(credit=Of.RECEIVABLE))
    here = receivable.filter(entry__site=site).values("entry__patient").distinct()
    uneven = (
        receivable.filter(entry__patient__in=here)
        .order_by()
        .values("entry__patient")
        .annotate(balance=Sum(signed))
        .exclude(balance=0)
    )
    of = [row["entry__patient"] for row in uneven]
    parts: dict[int, list[Part]] = defaultdict(list)
    rows = receivable.filter(
        entry__patient__in=of, entry__reverses=None, entry__reversed_by=None
    ).order_by("entry__on", "pk")
    for who, on, where, debit, cents in rows.values_list(
        "entry__patient", "entry__on", "entry__site", "debit", "cents"
    ):
        parts[who].append(Part(on, where, cents if debit == Of.RECEIVABLE else -cents))
    people = Patient.objects.in_bulk(of)
    open_here = []
    for who, moved in parts.items():
        mine = [part for part in still_open(moved) if part.site == site.pk]
        if mine:
            open_here.append(Owing(people[who], mine))
    open_here.sort(key=lambda one: (one.since, -one.cents, one.patient.pk))
    owe = [one for one in open_here if one.cents > 0]
    return owe, [one for one in open_here if one.cents < 0]


def still_open(moved: Iterable[Part]) -> list[Part]:
    """What is left of charges (above nothing) and payments (below), each settling the oldest."""
    parts = list(moved)
    charges = [part for part in parts if part.cents > 0]
    credits = [part for part in parts if part.cents < 0]
    settled = min(sum(one.cents for one in charges), -sum(one.cents for one in credits))
    return [*_after(charges, settled), *_after(credits, settled)]


def _after(parts: list[Part], settled: int) -> list[Part]:
    left = []
    for part in parts:
        taken = min(abs(part.cents), settled)
        settled -= taken
        rest = abs(part.cents) - taken
        if rest:
            left.append(Part(part.on, part.site, rest if part.cents > 0 else -rest))
    return left
