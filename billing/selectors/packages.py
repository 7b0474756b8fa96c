"""Packages and deposits: what is left of them, and what a delivered visit takes."""

from __future__ import annotations

from datetime import date

from django.db.models import Q, QuerySet, Sum

from billing.models import Draw, Posting, Prepaid
from billing.money import Money
from clinic.models import Patient
from scheduling.models import Appointment

Of = Posting.Of


def packages_of(patient: Patient | int) -> QuerySet[Prepaid]:
    """Every package and deposit of a patient, the newest first."""
    return Prepaid.objects.filter(patient=patient).select_related("site", "series", "offer")


def package_for(visit: Appointment, kind: str) -> tuple[Prepaid, str] | None:
    """The open package that pays for a visit, and as what: its step's key, or the kind of step.

    One sold with the visit's series before one sold without; then the oldest. One that was sold
    with another series does not pay for it.
    """
    rows = Prepaid.objects.filter(
        kind=Prepaid.Kind.PACKAGE,
        state=Prepaid.State.OPEN,
        patient=visit.patient_id,
        site=visit.site_id,
    )
    mine = rows.filter(Q(series=None) | Q(series=visit.series_id))
    for one in sorted(mine, key=lambda row: (row.series_id is None, row.pk)):
        for of in (visit.step, kind):
            if one.covers.get(of, 0) > one.drawn.get(of, 0):
                return one, of
    return None


def delivered_cents(prepaid: Prepaid) -> int:
    """What the visits delivered under a package were worth."""
    draws = Draw.objects.filter(prepaid=prepaid, taken_back=False)
    return draws.aggregate(cents=Sum("cents"))["cents"] or 0


def value_of_next(prepaid: Prepaid) -> int:
    """Cents of the next visit: what is not delivered yet, split over the visits left.

    The first of equal shares gets the odd cent, so that all of them together are the price.
    """
    left = prepaid.visits - prepaid.visits_drawn
    rest = max(0, prepaid.cents - delivered_cents(prepaid))
    return Money(rest).parts(left)[0].cents if left > 0 else 0


def unpaid_cents(prepaid: Prepaid) -> int:
    """What was delivered under a package and is not covered by what was paid for it so far."""
    moved = Posting.objects.filter(prepaid=prepaid)
    out = moved.filter(debit=Of.UNEARNED, credit__in=(Of.REVENUE, Of.RECEIVABLE))
    back = moved.filter(credit=Of.UNEARNED, debit__in=(Of.REVENUE, Of.RECEIVABLE))
    used = (out.aggregate(cents=Sum("cents"))["cents"] or 0) - (
        back.aggregate(cents=Sum("cents"))["cents"] or 0
    )
    return delivered_cents(prepaid) - used


def due_by(prepaid: Prepaid, day: date) -> int:
    """Cents of the instalments due until a day that were not paid yet."""
    due = sum(one["cents"] for one in prepaid.instalments if one["due_on"] <= day.isoformat())
    return max(0, due - prepaid.paid_cents)


def with_deposit(visit: Appointment) -> list[Prepaid]:
    """Deposits of which something is left for a visit: of its series first, then of none."""
    rows = Prepaid.objects.filter(
        kind=Prepaid.Kind.DEPOSIT,
        patient=visit.patient_id,
        site=visit.site_id,
        left_cents__gt=0,
        state=Prepaid.State.OPEN,
    )
    mine = rows.filter(Q(series=None) | Q(series=visit.series_id))
    return sorted(mine, key=lambda row: (row.series_id is None, row.pk))
