"""Fees on top of what was earned; discounts, contractual adjustments and write-offs below it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.db.models.functions import Coalesce

from billing.models import ClaimAnswer, Posting
from clinic.models import Site
from scheduling.selectors.reports import Query

Of = Posting.Of
NAMES = {
    "fees": "Fees for late cancellations and missed visits",
    "discounts": "Discounts",
    "contractual": "Contractual adjustments of payers",
    "write_offs": "Write-offs",
}

REDUCED = Query(
    "Cents by kind, and in how many entries; one that takes another back counts against it.",
    """
    SELECT x.kind, COUNT(DISTINCT x.entry_id) AS entries, SUM(x.cents) AS cents
    FROM (
      SELECT p.entry_id,
             CASE WHEN 'fees' IN (p.debit, p.credit) THEN 'fees'
                  WHEN 'write_offs' IN (p.debit, p.credit) THEN 'write_offs'
                  WHEN COALESCE(e.reverses_id, e.id) IN
                       (SELECT a.discount_id FROM billing_claimanswer a
                        WHERE a.discount_id IS NOT NULL) THEN 'contractual'
                  ELSE 'discounts' END AS kind,
             CASE WHEN p.credit = 'fees' OR p.debit IN ('discounts', 'write_offs')
                  THEN p.cents ELSE -p.cents END AS cents
      FROM billing_posting p
      JOIN billing_entry e ON e.id = p.entry_id
      WHERE e.site_id = :site AND e."on" >= :first AND e."on" <= :last
        AND (p.debit IN ('fees', 'discounts', 'write_offs')
             OR p.credit IN ('fees', 'discounts', 'write_offs'))
    ) x
    GROUP BY x.kind
    ORDER BY x.kind
    """,
)
QUERIES = (REDUCED,)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of them: cents, and in how many entries."""

    kind: str
    entries: int
    cents: int

    @property
    def name(self) -> str:
        return NAMES[self.kind]


@dataclass(frozen=True, slots=True)
class Reductions:
    """In the order of `NAMES`; only those that moved."""

    rows: tuple[Kind, ...]

    @property
    def is_empty(self) -> bool:
        return not self.rows

    def cents(self, kind: str) -> int:
        return sum(row.cents for row in self.rows if row.kind == kind)


def reductions(*, site: Site, first: date, last: date) -> Reductions:
    """Site dates from first to last: two queries."""
    accounts = (Of.FEES, Of.DISCOUNTS, Of.WRITE_OFFS)
    contractual = set(
        ClaimAnswer.objects.filter(discount__site=site).values_list("discount_id", flat=True)
    )
    rows = Posting.objects.filter(
        Q(debit__in=accounts) | Q(credit__in=accounts),
        entry__site=site,
        entry__on__gte=first,
        entry__on__lte=last,
    ).annotate(source=Coalesce("entry__reverses_id", "entry_id"))
    cents: dict[str, int] = defaultdict(int)
    entries: dict[str, set[int]] = defaultdict(set)
    for entry, source, debit, credit, moved in rows.values_list(
        "entry_id", "source", "debit", "credit", "cents"
    ):
        kind = next(account for account in accounts if account in (debit, credit)).value
        if kind == Of.DISCOUNTS and source in contractual:
            kind = "contractual"
        more = credit == Of.FEES or debit in (Of.DISCOUNTS, Of.WRITE_OFFS)
        cents[kind] += moved if more else -moved
        entries[kind].add(entry)
    return Reductions(
        tuple(Kind(kind, len(entries[kind]), cents[kind]) for kind in NAMES if kind in cents)
    )
