"""What was paid for which charge: the oldest charge is settled first, by the oldest payment.

The ledger does not say which payment is for which charge, and patients do not either. What a
person takes back, and what takes it back, count as if they had never been.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
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


@dataclass(slots=True)
class _Debt:
    """What is owed and not settled yet; `charge` is None for what no charge tells of."""

    charge: int | None
    left: int
    insured: bool


@dataclass(slots=True)
class _Source:
    """What came in, or was taken off, and is not used up yet; `own` is the patient's payment."""

    entry: int
    left: int
    own: bool


def settled(patient: Patient | int) -> tuple[Settled, ...]:
    """Who paid for what, in order: four queries. `by` is the entry of the payment or credit.

    A charge that a package pays for is settled by the entry that drew on it. What a patient pays
    is for their own charges before an insurer's; what is credited otherwise is for the oldest.
    """
    found: list[Settled] = []
    debts: list[_Debt] = []
    sources: list[_Source] = []
    charges = _charges_by_entry(patient)
    theirs = set(Payment.objects.filter(patient=patient).values_list("entry", flat=True))
    back = 0
    for posting in _standing(patient):
        entry, cents = posting.entry_id, posting.cents
        known = charges.get(entry, [])
        if posting.debit == Of.UNEARNED and known:
            found += [Settled(entry, charge.pk, charge.cents) for charge in known]
        elif posting.debit == Of.RECEIVABLE and posting.credit in (Of.REVENUE, Of.FEES):
            for charge in known:
                part = min(charge.cents, cents)
                debts.append(_Debt(charge.pk, part, insured=charge.coverage_id is not None))
                cents -= part
            debts.append(_Debt(None, cents, insured=False))
        elif posting.debit == Of.RECEIVABLE:
            back += cents
        elif posting.credit == Of.RECEIVABLE:
            sources.append(_Source(entry, cents, own=entry in theirs))
    for source in reversed(sources):
        taken = min(back, source.left)
        source.left -= taken
        back -= taken
    own = [source for source in sources if source.own]
    others = [source for source in sources if not source.own]
    found += _match(own, [debt for debt in debts if not debt.insured])
    found += _match(others, debts)
    found += _match(own, debts)
    return tuple(found)


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


def _charges_by_entry(patient: Patient | int) -> Mapping[int, list[Charge]]:
    known: dict[int, list[Charge]] = defaultdict(list)
    for charge in Charge.objects.filter(patient=patient, entry__isnull=False).order_by("pk"):
        known[charge.entry_id or 0].append(charge)
    return known


def _match(sources: Sequence[_Source], debts: Sequence[_Debt]) -> list[Settled]:
    """The oldest debts by the oldest sources, until one of the two is used up."""
    found: list[Settled] = []
    for source in sources:
        for debt in debts:
            taken = min(source.left, debt.left)
            if taken:
                found.append(Settled(source.entry, debt.charge, taken))
                source.left -= taken
                debt.left -= taken
    return found


def entries_of(patient: Patient | int, site: int) -> QuerySet[Entry]:
    """The entries of a patient at a site, oldest first, with their postings."""
    rows = Entry.objects.filter(patient=patient, site=site).prefetch_related("postings")
    return rows.order_by("on", "pk")
