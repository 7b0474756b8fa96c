"""What should be in the till of a site at the end of a day, and how it came there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q

from billing.models import Entry, Payment, Posting, Refund
from clinic.models import Site

Of = Posting.Of
COUNTED = (Of.CASH, Of.CARD, Of.CHECK)
"""What somebody counts: notes and coins, the card terminal's slip, the checks."""
ON_LINE = "on_line"


@dataclass(frozen=True, slots=True)
class Move:
    """Cents that came in by a method, below nothing where they went out. `method` is `card` for the
    terminal and `on_line` for the processor, which nobody counts.
    """

    entry: Entry
    method: str
    cents: int


def moves_of(site: Site, on: date) -> list[Move]:
    """All that moved money at a site on its date, in order. One query."""
    return list(_moves(site, on))


def expected(site: Site, on: date) -> Mapping[str, int]:
    """Cents by method: those of COUNTED, and ON_LINE."""
    return sums(moves_of(site, on))


def sums(moves: list[Move]) -> dict[str, int]:
    """Cents by method, nothing for a method without a move."""
    found = {str(method): 0 for method in (*COUNTED, ON_LINE)}
    for move in moves:
        found[move.method] += move.cents
    return found


def open_days(site: Site, *, before: date, since: date) -> list[date]:
    """Site dates with money that nobody has closed, oldest first."""
    moved = Entry.objects.filter(site=site, on__gte=since, on__lt=before).filter(
        Exists(Posting.objects.filter(_money(), entry=OuterRef("pk")))
    )
    days = set(moved.values_list("on", flat=True).distinct().order_by("on"))
    closed = site.day_closes.filter(on__gte=since).values_list("on", flat=True)
    return sorted(days - set(closed))


def _money() -> Q:
    return Q(debit__in=COUNTED) | Q(credit__in=COUNTED)


def _moves(site: Site, on: date) -> Iterator[Move]:
    on_line = Payment.Method.PROCESSOR
    rows = (
        Posting.objects.filter(_money(), entry__site=site, entry__on=on)
        .select_related("entry__patient")
        .annotate(
            charged=Exists(
                Payment.objects.filter(entry=OuterRef("entry"), method=on_line),
            ),
            given_back=Exists(
                Refund.objects.filter(payment__method=on_line).filter(
                    Q(entry=OuterRef("entry")) | Q(entry=OuterRef("entry__reverses"))
                )
            ),
        )
    )
    for row in rows.order_by("entry_id", "pk"):
        for account, sign in ((row.debit, 1), (row.credit, -1)):
            if account in COUNTED:
                method = ON_LINE if row.charged or row.given_back else account
                yield Move(row.entry, str(method), sign * row.cents)
