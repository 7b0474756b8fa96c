"""What was earned, by code and by site. Fees stand apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from billing.models import Charge, Posting
from clinic.models import Site
from scheduling.selectors.reports import Query

Of = Posting.Of

BY_CODE = Query(
    "Cents earned by code. What an entry earned is shared among its charges by their price, each "
    "share up to the next whole cent of the sum so far; an entry that takes another back takes "
    "from the same codes. No code: no charge is behind the entry.",
    """
    WITH earned AS (
      SELECT COALESCE(e.reverses_id, e.id) AS source,
             CAST(SUM(CASE WHEN p.credit = 'revenue' THEN p.cents ELSE -p.cents END) AS bigint)
               AS cents
      FROM billing_posting p
      JOIN billing_entry e ON e.id = p.entry_id
      WHERE e.site_id = :site AND e."on" >= :first AND e."on" <= :last
        AND (p.credit = 'revenue' OR p.debit = 'revenue')
      GROUP BY 1
    ), shares AS (
      SELECT w.entry_id, w.code, w.weight,
             CAST(SUM(w.weight) OVER (PARTITION BY w.entry_id ORDER BY w.id) AS bigint) AS run,
             CAST(SUM(w.weight) OVER (PARTITION BY w.entry_id) AS bigint) AS whole
      FROM (SELECT c.id, c.entry_id, c.code,
                   CASE WHEN c.cents = 0 THEN 1 ELSE c.cents END AS weight
            FROM billing_charge c
            WHERE c.entry_id IS NOT NULL AND c.kind = 'service') w
    )
    SELECT COALESCE(s.code, '') AS code,
           SUM(CASE WHEN s.code IS NULL THEN x.cents
                    ELSE x.cents * s.run / s.whole - x.cents * (s.run - s.weight) / s.whole
               END) AS cents
    FROM earned x
    LEFT JOIN shares s ON s.entry_id = x.source
    GROUP BY 1
    ORDER BY 1
    """,
)
_BY_SITE = Query(
    "Cents earned by site.",
    """
    SELECT e.site_id,
           SUM(CASE WHEN p.credit = 'revenue' THEN p.cents ELSE -p.cents END) AS cents
    FROM billing_posting p
    JOIN billing_entry e ON e.id = p.entry_id
    WHERE e.site_id IN (SITES) AND e."on" >= :first AND e."on" <= :last
      AND (p.credit = 'revenue' OR p.debit = 'revenue')
    GROUP BY e.site_id
    ORDER BY e.site_id
    """,
)


def by_site(sites: Iterable[Site]) -> Query:
    """The query for these sites."""
    ids = ", ".join(str(site.pk) for site in sites)
    return Query(_BY_SITE.counts, _BY_SITE.sql.replace("SITES", ids))


@dataclass(frozen=True, slots=True)
class Revenue:
    """Cents by code of one site, the most first; by site of several."""

    codes: tuple[tuple[str, int], ...]
    sites: tuple[tuple[Site, int], ...]

    @property
    def whole(self) -> int:
        return sum(cents for _, cents in self.codes)

    @property
    def is_empty(self) -> bool:
        return not self.codes and not any(cents for _, cents in self.sites)


def revenue(*, site: Site, sites: Sequence[Site], first: date, last: date) -> Revenue:
    """Site dates from first to last: two queries."""
    earned: dict[int, int] = defaultdict(int)
    whole: dict[int, int] = defaultdict(int)
    rows = Posting.objects.filter(
        Q(debit=Of.REVENUE) | Q(credit=Of.REVENUE),
        entry__site__in=[*sites, site],
        entry__on__gte=first,
        entry__on__lte=last,
    )
    for of_site, entry, reverses, credit, cents in rows.values_list(
        "entry__site_id", "entry_id", "entry__reverses_id", "credit", "cents"
    ):
        signed = cents if credit == Of.REVENUE else -cents
        whole[of_site] += signed
        if of_site == site.pk:
            earned[reverses or entry] += signed
    return Revenue(
        tuple(sorted(_by_code(earned).items(), key=lambda one: (-one[1], one[0]))),
        tuple((one, whole[one.pk]) for one in sites),
    )


def _by_code(earned: dict[int, int]) -> dict[str, int]:
    charges: dict[int, list[tuple[str, int]]] = defaultdict(list)
    rows = Charge.objects.filter(entry__in=list(earned), kind=Charge.Kind.SERVICE)
    for entry, code, cents in rows.order_by("id").values_list("entry_id", "code", "cents"):
        charges[entry].append((code, cents or 1))
    found: dict[str, int] = defaultdict(int)
    for entry, cents in earned.items():
        own = charges.get(entry, [("", 1)])
        sums, run = sum(weight for _, weight in own), 0
        for code, weight in own:
            found[code] += _part(cents, run + weight, sums) - _part(cents, run, sums)
            run += weight
    return dict(found)


def _part(cents: int, of: int, whole: int) -> int:
    """cents * of / whole, cut off after the cent as both databases do it, below nothing too."""
    return (1 if cents >= 0 else -1) * (abs(cents) * of // whole)
