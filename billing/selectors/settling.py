"""What was paid for which charge: the oldest charge is settled first, by the oldest payment.

The ledger does not say which payment is for which charge, and patients do not either. What a
person takes back, and what takes it back, count as if they had never been.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from billing.models import Charge, Entry, Payment, Posting
from clinic.models import Patient

Of = Posting.Of


@dataclass(frozen=True, slots=True)
class Settled:
    """Cents that an entry pays of a charge; `charge` is None for what was owed otherwise."""

    by: int
    charge: int | None
    cents: int


def settled(patient: Patient | int) -> tuple[Settled, ...]:
    """Who paid for what, in order: three queries. `by` is the entry of the payment or credit.

    A charge that a package pays for is settled by the entry that drew on it.
    """
    found: list[Settled] = []
    owed: list[list[int | None]] = []
    came: list[list[int]] = []
    charges = _charges_by_entry(patient)
    back = 0
    for posting in _standing(patient):
        entry, cents = posting.entry_id, posting.cents
        known = charges.get(entry, [])
        if posting.debit == Of.UNEARNED and known:
            found += _shares(entry, known, cents)
        elif posting.debit == Of.RECEIVABLE and posting.credit in (Of.REVENUE, Of.FEES):
            rest = cents
            for charge, own in known:
                owed.append([charge, min(own, rest)])
                rest -= min(own, rest)
            owed.append([None, rest])
        elif posting.debit == Of.RECEIVABLE:
            back += cents
        elif posting.credit == Of.RECEIVABLE:
            came.append([entry, cents])
    for source in reversed(came):
        taken = min(back, source[1])
        source[1] -= taken
        back -= taken
    return tuple(found + _match(came, owed))


def paid_of_charges(patient: Patient | int) -> Mapping[int, int]:
    """Cents that came in for each charge so far, by its id."""
    paid: dict[int, int] = defaultdict(int)
    for one in settled(patient):
        if one.charge is not None:
            paid[one.charge] += one.cents
    return paid


def paid_by(payment: Payment) -> tuple[Settled, ...]:
    """What a payment was for; less than its amount where a part is still ahead."""
    rows = settled(payment.patient_id)
    return tuple(one for one in rows if one.by == payment.entry_id)


def _standing(patient: Patient | int) -> QuerySet[Posting]:
    """The postings of a patient that nobody has taken back, in order."""
    return Posting.objects.filter(
        entry__patient=patient, entry__reverses=None, entry__reversed_by=None
    ).order_by("entry_id", "pk")


def _charges_by_entry(patient: Patient | int) -> Mapping[int, list[tuple[int, int]]]:
    known: dict[int, list[tuple[int, int]]] = defaultdict(list)
    rows = Charge.objects.filter(patient=patient, entry__isnull=False)
    for entry, pk, cents in rows.order_by("pk").values_list("entry", "pk", "cents"):
        known[entry].append((pk, cents))
    return known


def _shares(entry: int, charges: list[tuple[int, int]], cents: int) -> list[Settled]:
    """What a package paid, told of the charges it paid for: the whole price of each."""
    return [Settled(entry, pk, own) for pk, own in charges]


def _match(came: list[list[int]], owed: list[list[int | None]]) -> list[Settled]:
    found: list[Settled] = []
    debts = [[charge, cents or 0] for charge, cents in owed]
    at = 0
    for entry, cents in came:
        while cents and at < len(debts):
            charge, left = debts[at]
            taken = min(cents, left or 0)
            if taken:
                found.append(Settled(entry, charge, taken))
            cents -= taken
            debts[at][1] = (left or 0) - taken
            if not debts[at][1]:
                at += 1
    return found


def entries_of(patient: Patient | int, site: int) -> QuerySet[Entry]:
    """The entries of a patient at a site, oldest first, with their postings."""
    rows = Entry.objects.filter(patient=patient, site=site).prefetch_related("postings")
    return rows.order_by("on", "pk")
