"""Entries into the ledger, and taking them back. No service of its own: others call it inside
their transaction, after `open_account` has locked the patient's money.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F

from billing.errors import MoneyRefused
from billing.models import Account, Entry, Posting, Prepaid
from clinic.journal import Actor, record
from clinic.models import Patient, Site

Of = Posting.Of


@dataclass(frozen=True, slots=True)
class Leg:
    """Cents from the account that is credited to the one that is debited.

    `prepaid` names the package or deposit of what is not earned yet: always with UNEARNED.
    """

    debit: str
    credit: str
    cents: int
    prepaid: Prepaid | None = None


def open_account(patient: Patient | int) -> Account:
    """A patient's account, locked until the transaction ends; made when there is none."""
    pk = patient if isinstance(patient, int) else patient.pk
    Account.objects.get_or_create(pk=pk)
    locked = Account.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("patient").get(pk=pk)


def enter(
    *,
    account: Account,
    kind: str,
    site: Site,
    legs: Iterable[Leg],
    memo: str,
    key: str | None = None,
    on: date | None = None,
    reverses: Entry | None = None,
    actor: Actor,
    now: datetime,
) -> Entry:
    """Write one entry; the one that has this key already, if there is.

    MoneyRefused when more would be taken of a package or deposit than is left of it.
    """
    if key and (known := Entry.objects.filter(key=key).first()):
        return known
    moved = [leg for leg in legs if leg.cents]
    if not moved or any(leg.cents < 0 for leg in moved):
        raise MoneyRefused("moves_something", "There is nothing to enter.")
    entry = Entry.objects.create(
        kind=kind,
        patient=account.patient,
        site=site,
        on=on or now.astimezone(site.zone).date(),
        at=now,
        memo=memo[:200],
        by=actor.name,
        key=key,
        reverses=reverses,
    )
    for leg in moved:
        _move_prepaid(leg, back=reverses is not None)
        Posting.objects.create(
            entry=entry, debit=leg.debit, credit=leg.credit, cents=leg.cents, prepaid=leg.prepaid
        )
    record(
        actor=actor,
        now=now,
        action=f"money.{kind}",
        subject=f"entry:{entry.pk}",
        site=site,
        after={"patient": account.pk, "cents": sum(leg.cents for leg in moved), "memo": entry.memo},
    )
    return entry


def reverse(
    *,
    entry: Entry,
    account: Account,
    reason: str,
    on: date | None = None,
    actor: Actor,
    now: datetime,
) -> Entry:
    """Take an entry back by one that is its opposite. MoneyRefused when it was taken back already,
    is itself one that takes back, or what came in by it has been used since.
    """
    if entry.kind == Entry.Kind.REVERSAL:
        raise MoneyRefused("reversals_stay", "A reversal is not reversed: enter it anew.")
    if Entry.objects.filter(reverses=entry).exists():
        raise MoneyRefused("reversed_once", "This entry was taken back already.")
    legs = [
        Leg(posting.credit, posting.debit, posting.cents, posting.prepaid)
        for posting in entry.postings.select_related("prepaid")
    ]
    return enter(
        account=account,
        kind=Entry.Kind.REVERSAL,
        site=entry.site,
        legs=legs,
        memo=reason,
        on=on,
        reverses=entry,
        actor=actor,
        now=now,
    )


def _move_prepaid(leg: Leg, *, back: bool) -> None:
    """Keep what is left of a package or deposit in step; the database has the last word.

    What comes in was paid, and an entry that is taken back was never paid. What is taken out is
    no longer there, and is there again when that is taken back.
    """
    unearned = Of.UNEARNED in (leg.debit, leg.credit)
    if unearned != (leg.prepaid is not None):
        raise ValueError("Unearned money belongs to a package or a deposit, and nothing else does.")
    if leg.prepaid is None:
        return
    rows = Prepaid.objects.filter(pk=leg.prepaid.pk)
    incoming = leg.credit == Of.UNEARNED
    if incoming:
        paid = 0 if back else leg.cents
        rows.update(left_cents=F("left_cents") + leg.cents, paid_cents=F("paid_cents") + paid)
        return
    paid = leg.cents if back else 0
    taken = rows.filter(left_cents__gte=leg.cents).update(
        left_cents=F("left_cents") - leg.cents, paid_cents=F("paid_cents") - paid
    )
    if not taken:
        raise MoneyRefused(
            "unearned_is_left", f"There is not that much left of “{leg.prepaid.name}”."
        )
