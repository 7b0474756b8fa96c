"""How old is what is owed, by patient and by payer, at the end of a date.

A charge with a coverage is the payer's until it has said what it pays; what it leaves is the
patient's then, as old as the charge. Payments of a patient settle their oldest charges first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Q, Sum

from billing.models import Charge, ClaimAnswer, Entry, Payer, Posting
from clinic.models import Patient, Site
from scheduling.selectors.reports import Query

Of = Posting.Of
BUCKETS = ("0–30 days", "31–60 days", "61–90 days", "over 90 days")
ENDS = (30, 60, 90)
CREDIT = 4

_INSURED = """
      SELECT c.id, c.entry_id, c.cents, e."on", v.payer_id
      FROM billing_charge c
      JOIN billing_entry e ON e.id = c.entry_id
      JOIN billing_coverage v ON v.id = c.coverage_id
      WHERE e.site_id = :site AND e."on" <= :last
        AND c.kind = 'service' AND c.prepaid_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM billing_entry r
                        WHERE r.reverses_id = e.id AND r."on" <= :last)
        AND NOT EXISTS (SELECT 1 FROM billing_claimedcharge l
                        JOIN billing_claimanswer a ON a.claim_id = l.claim_id
                        WHERE l.charge_id = c.id AND l.live AND a.kind = 'paid'
                          AND a."on" <= :last AND (a.back_on IS NULL OR a.back_on > :last))"""
_BUCKET = """CASE WHEN {row}."on" >= :day30 THEN 0
                WHEN {row}."on" >= :day60 THEN 1
                WHEN {row}."on" >= :day90 THEN 2
                ELSE 3 END"""
BY_PATIENT = Query(
    "What patients owe, in cents, by the age of the charge (0: up to 30 days, 1: 60, 2: 90, "
    "3: more); 4 is what they have paid above it.",
    """
    WITH insured AS (INSURED
    ), moved AS (
      SELECT e.patient_id, e.id, e."on",
             SUM(CASE WHEN p.debit = 'receivable' THEN p.cents ELSE 0 END)
               - COALESCE((SELECT SUM(i.cents) FROM insured i WHERE i.entry_id = e.id), 0)
               AS more,
             SUM(CASE WHEN p.credit = 'receivable' THEN p.cents ELSE 0 END) AS less
      FROM billing_posting p
      JOIN billing_entry e ON e.id = p.entry_id
      WHERE e.site_id = :site AND e."on" <= :last
        AND (p.debit = 'receivable' OR p.credit = 'receivable')
      GROUP BY e.patient_id, e.id, e."on"
    ), debts AS (
      SELECT m.patient_id, m."on", m.more,
             SUM(m.more) OVER (PARTITION BY m.patient_id ORDER BY m."on", m.id) AS run
      FROM moved m
      WHERE m.more > 0
    ), settled AS (
      SELECT m.patient_id,
             SUM(m.less + CASE WHEN m.more < 0 THEN -m.more ELSE 0 END) AS cents,
             SUM(CASE WHEN m.more > 0 THEN m.more ELSE 0 END) AS owed
      FROM moved m
      GROUP BY m.patient_id
    )
    SELECT x.patient_id, x.bucket, SUM(x.cents) AS cents
    FROM (
      SELECT d.patient_id, BUCKET(d) AS bucket,
             CASE WHEN d.run - s.cents <= 0 THEN 0
                  WHEN d.run - s.cents < d.more THEN d.run - s.cents
                  ELSE d.more END AS cents
      FROM debts d
      JOIN settled s ON s.patient_id = d.patient_id
      UNION ALL
      SELECT s.patient_id, 4, s.owed - s.cents
      FROM settled s
      WHERE s.cents > s.owed
    ) x
    GROUP BY x.patient_id, x.bucket
    HAVING SUM(x.cents) <> 0
    ORDER BY 1, 2
    """,
)
BY_PAYER = Query(
    "What payers have not answered yet, in cents, by the age of the charge.",
    """
    WITH insured AS (INSURED
    )
    SELECT i.payer_id, BUCKET(i) AS bucket, SUM(i.cents) AS cents
    FROM insured i
    GROUP BY 1, 2
    ORDER BY 1, 2
    """,
)


def queries(last: date) -> tuple[Query, Query]:
    """Both, with the parts that they share and the dates at which groups begin written in."""
    parts = {"INSURED": _INSURED, "BUCKET(d)": _BUCKET.format(row="d")}
    parts |= {"BUCKET(i)": _BUCKET.format(row="i")}
    parts |= {f":day{end}": f"'{(last - timedelta(days=end)).isoformat()}'" for end in ENDS}
    return _filled(BY_PATIENT, parts), _filled(BY_PAYER, parts)


def _filled(query: Query, parts: dict[str, str]) -> Query:
    sql = query.sql
    for name, part in parts.items():
        sql = sql.replace(name, part)
    return Query(query.counts, sql)


@dataclass(frozen=True, slots=True)
class Owing:
    """What one patient or payer owes: cents by age, and what was paid above it."""

    owner: Patient | Payer
    by_age: tuple[int, int, int, int]
    credit: int = 0

    @property
    def whole(self) -> int:
        return sum(self.by_age) + self.credit


@dataclass(frozen=True, slots=True)
class Aged:
    """Payers and patients, those who owe most first. All together is the receivable account."""

    patients: tuple[Owing, ...]
    payers: tuple[Owing, ...]

    @property
    def whole(self) -> int:
        return sum(one.whole for one in (*self.patients, *self.payers))

    @property
    def is_empty(self) -> bool:
        return not self.patients and not self.payers

    def by_age(self) -> tuple[tuple[int, int], ...]:
        """(cents of patients, cents of payers) for each age."""
        ages = range(len(BUCKETS))
        return tuple(
            (
                sum(one.by_age[age] for one in self.patients),
                sum(one.by_age[age] for one in self.payers),
            )
            for age in ages
        )


def aged(*, site: Site, last: date) -> Aged:
    """At the end of a site date: four queries."""
    insured = list(_insured(site, last))
    of_entry: dict[int, int] = defaultdict(int)
    payers: dict[int, list[int]] = defaultdict(lambda: [0] * 5)
    for entry, cents, on, payer in insured:
        of_entry[entry] += cents
        payers[payer][age_of(on, last)] += cents
    owed: dict[int, list[tuple[date, int]]] = defaultdict(list)
    settled: dict[int, int] = defaultdict(int)
    for patient, entry, on, more, less in _moved(site, last):
        debt = (more or 0) - of_entry.get(entry, 0)
        settled[patient] += (less or 0) - min(0, debt)
        owed[patient].append((on, max(0, debt)))
    patients = {
        patient: row
        for patient, debts in owed.items()
        if any(row := _oldest_first(debts, settled[patient], last))
    }
    return Aged(
        _owing(Patient.objects.in_bulk(list(patients)), patients),
        _owing(Payer.objects.in_bulk(list(payers)), payers),
    )


def age_of(on: date, last: date) -> int:
    """The group of a charge by its age in days."""
    return sum((last - on).days > end for end in ENDS)


def _oldest_first(debts: Iterable[tuple[date, int]], paid: int, last: date) -> list[int]:
    """Cents by age and credit, once what was paid has settled debts in their order."""
    row = [0] * 5
    for on, cents in debts:
        used = min(cents, paid)
        paid -= used
        row[age_of(on, last)] += cents - used
    row[CREDIT] = -paid
    return row


def _owing(
    owners: dict[int, Patient] | dict[int, Payer], rows: dict[int, list[int]]
) -> tuple[Owing, ...]:
    found = [
        Owing(owners[pk], (row[0], row[1], row[2], row[3]), row[CREDIT]) for pk, row in rows.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.whole, one.owner.pk)))


def _insured(site: Site, last: date) -> Iterable[tuple[int, int, date, int]]:
    """(entry, cents, date, payer) of charges that a payer has not answered for by then."""
    reversed_ = Entry.objects.filter(reverses=OuterRef("entry"), on__lte=last)
    standing = Q(back_on=None) | Q(back_on__gt=last)
    answered = ClaimAnswer.objects.filter(
        standing,
        claim__claimed__charge=OuterRef("pk"),
        claim__claimed__live=True,
        kind=ClaimAnswer.Kind.PAID,
        on__lte=last,
    )
    return (
        Charge.objects.filter(
            ~Exists(reversed_),
            ~Exists(answered),
            entry__site=site,
            entry__on__lte=last,
            kind=Charge.Kind.SERVICE,
            prepaid=None,
            coverage__isnull=False,
        )
        .order_by("id")
        .values_list("entry_id", "cents", "entry__on", "coverage__payer_id")
    )


def _moved(site: Site, last: date) -> Iterable[tuple[int, int, date, int | None, int | None]]:
    """(patient, entry, date, cents debited, cents credited) of receivables, in order."""
    rows = Posting.objects.filter(
        Q(debit=Of.RECEIVABLE) | Q(credit=Of.RECEIVABLE),
        entry__site=site,
        entry__on__lte=last,
    )
    return (
        rows.order_by("entry__on", "entry_id")
        .values_list("entry__patient_id", "entry_id", "entry__on")
        .annotate(
            more=Sum("cents", filter=Q(debit=Of.RECEIVABLE)),
            less=Sum("cents", filter=Q(credit=Of.RECEIVABLE)),
        )
    )
