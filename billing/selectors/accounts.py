"""One patient's money: all that was entered, in order, and what it came to each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from billing.models import Document, Entry, Estimate, Payment, Posting, Prepaid
from clinic.models import Patient

Of = Posting.Of


@dataclass(frozen=True, slots=True)
class Line:
    """An entry: cents it adds to what is owed, what it adds to what was paid ahead, and what was
    owed after it. `taken_back` says that a later entry reverses it.
    """

    entry: Entry
    owed: int
    ahead: int
    balance: int
    taken_back: bool


@dataclass(frozen=True, slots=True)
class PatientMoney:
    """`owed` cents, below nothing for a credit; `ahead` cents that are not earned yet."""

    owed: int
    ahead: int
    lines: Sequence[Line]
    prepaid: Sequence[Prepaid]
    payments: Sequence[Payment]
    documents: Sequence[Document]
    estimates: Sequence[Estimate]

    @property
    def credit(self) -> int:
        return max(0, -self.owed)

    @property
    def due(self) -> int:
        return max(0, self.owed)


def patient_money(patient: Patient) -> PatientMoney:
    """Everything, oldest entry first. Seven queries."""
    entries = Entry.objects.filter(patient=patient).select_related("site", "reversed_by")
    lines: list[Line] = []
    balance = held = 0
    for entry in entries.prefetch_related("postings").order_by("pk"):
        added = ahead = 0
        for posting in entry.postings.all():
            added += posting.cents * _sign(posting, Of.RECEIVABLE)
            ahead -= posting.cents * _sign(posting, Of.UNEARNED)
        balance, held = balance + added, held + ahead
        lines.append(Line(entry, added, ahead, balance, hasattr(entry, "reversed_by")))
    payments = Payment.objects.filter(patient=patient).select_related("site", "prepaid", "entry")
    documents = Document.objects.filter(patient=patient).select_related("site")
    return PatientMoney(
        owed=balance,
        ahead=held,
        lines=lines,
        prepaid=list(Prepaid.objects.filter(patient=patient)),
        payments=list(payments.prefetch_related("refunds")),
        documents=list(documents),
        estimates=list(Estimate.objects.filter(patient=patient).select_related("site", "document")),
    )


def _sign(posting: Posting, account: str) -> int:
    return (posting.debit == account) - (posting.credit == account)
