"""What was paid for and not had yet: opening + paid in - earned - given back = closing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from billing.models import Entry, Posting, Prepaid
from clinic.models import Site
from scheduling.selectors.reports import Query

Of = Posting.Of
MONEY = (Of.CASH, Of.CARD, Of.CHECK)

UNEARNED = Query(
    "Each package and deposit: cents before the month, paid in, earned and given back in it. An "
    "entry that takes another back counts against the same column.",
    """
    SELECT p.prepaid_id,
           SUM(CASE WHEN e."on" >= :first THEN 0
                    WHEN p.credit = 'unearned' THEN p.cents ELSE -p.cents END) AS opening,
           SUM(CASE WHEN e."on" < :first THEN 0
                    WHEN e.kind <> 'reversal' AND p.debit IN ('cash', 'card', 'check')
                      THEN p.cents
                    WHEN e.kind = 'reversal' AND p.credit IN ('cash', 'card', 'check')
                      THEN -p.cents
                    ELSE 0 END) AS paid,
           SUM(CASE WHEN e."on" < :first THEN 0
                    WHEN p.debit = 'unearned' AND p.credit NOT IN ('cash', 'card', 'check')
                      THEN p.cents
                    WHEN p.credit = 'unearned' AND p.debit NOT IN ('cash', 'card', 'check')
                      THEN -p.cents
                    ELSE 0 END) AS earned,
           SUM(CASE WHEN e."on" < :first THEN 0
                    WHEN e.kind <> 'reversal' AND p.credit IN ('cash', 'card', 'check')
                      THEN p.cents
                    WHEN e.kind = 'reversal' AND p.debit IN ('cash', 'card', 'check')
                      THEN -p.cents
                    ELSE 0 END) AS refunded
    FROM billing_posting p
    JOIN billing_entry e ON e.id = p.entry_id
    WHERE e.site_id = :site AND e."on" <= :last
      AND (p.debit = 'unearned' OR p.credit = 'unearned')
    GROUP BY p.prepaid_id
    ORDER BY p.prepaid_id
    """,
)
QUERIES = (UNEARNED,)


@dataclass(frozen=True, slots=True)
class Held:
    """A package or deposit through the month, in cents; without one, all of them together."""

    prepaid: Prepaid | None
    opening: int
    paid: int
    earned: int
    refunded: int

    @property
    def closing(self) -> int:
        return self.opening + self.paid - self.earned - self.refunded

    @property
    def is_still(self) -> bool:
        return not (self.opening or self.paid or self.earned or self.refunded)


@dataclass(frozen=True, slots=True)
class RollForward:
    """Those that held something or moved in the month, and their sum."""

    rows: tuple[Held, ...]
    whole: Held

    @property
    def is_empty(self) -> bool:
        return not self.rows


def roll_forward(*, site: Site, first: date, last: date) -> RollForward:
    """Site dates from first to last: two queries."""
    found: dict[int, list[int]] = defaultdict(lambda: [0] * 4)
    rows = Posting.objects.filter(
        Q(debit=Of.UNEARNED) | Q(credit=Of.UNEARNED), entry__site=site, entry__on__lte=last
    ).order_by("id")
    for prepaid, debit, credit, cents, on, kind in rows.values_list(
        "prepaid_id", "debit", "credit", "cents", "entry__on", "entry__kind"
    ):
        column, sign = _column(debit, credit, kind) if on >= first else (0, _sign(credit))
        found[prepaid][column] += sign * cents
    known = Prepaid.objects.select_related("patient").in_bulk(list(found))
    held = [Held(known[pk], *row) for pk, row in sorted(found.items())]
    moved = tuple(one for one in held if not one.is_still)
    sums = [sum(getattr(one, name) for one in moved) for name in ("opening", "paid")]
    sums += [sum(getattr(one, name) for one in moved) for name in ("earned", "refunded")]
    return RollForward(moved, Held(None, *sums))


def _sign(credit: str) -> int:
    return 1 if credit == Of.UNEARNED else -1


def _column(debit: str, credit: str, kind: str) -> tuple[int, int]:
    """Which of opening, paid, earned and refunded a posting adds to, and with which sign."""
    other = debit if credit == Of.UNEARNED else credit
    if other not in MONEY:
        return 2, -_sign(credit)
    came_in, back = credit == Of.UNEARNED, kind == Entry.Kind.REVERSAL
    column = 1 if came_in != back else 3
    return column, -1 if back else 1
