"""What is owed and what is held: sums over the ledger, at any time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from django.db.models import Q, QuerySet, Sum

from billing.models import Posting
from clinic.models import Patient, Site

Of = Posting.Of


def balances(
    *, patient: Patient | int | None = None, site: Site | None = None, until: date | None = None
) -> Mapping[str, int]:
    """Cents of each account, debits less credits: what is owed to the clinic is above nothing.

    Of a patient, a site, or all; up to the end of a site date. Two queries.
    """
    rows: QuerySet[Posting] = Posting.objects.all()
    wanted = Q()
    if patient is not None:
        wanted &= Q(entry__patient=patient)
    if site is not None:
        wanted &= Q(entry__site=site)
    if until is not None:
        wanted &= Q(entry__on__lte=until)
    found: dict[str, int] = defaultdict(int)
    for side, sign in (("debit", 1), ("credit", -1)):
        sums = rows.filter(wanted).values_list(side).annotate(cents=Sum("cents")).order_by()
        for account, cents in sums:
            found[account] += sign * cents
    return found


def owed(patient: Patient | int) -> int:
    """What a patient owes, in cents; below nothing when the clinic owes them."""
    return balances(patient=patient)[Of.RECEIVABLE]


def unearned(patient: Patient | int) -> int:
    """What a patient has paid for and not had yet, in cents."""
    return -balances(patient=patient)[Of.UNEARNED]
