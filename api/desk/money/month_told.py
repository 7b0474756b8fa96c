"""Each month-end report as its page tells it."""

from __future__ import annotations

from api.desk import words
from api.desk.money.month_shapes import Asked, Table, Told
from api.desk.money.tabs import dollars
from api.desk.plots import Bar, bars
from api.desk.reports.told import Column, Figure, Plot
from billing.coding import starters
from billing.selectors.months import aged, reductions, revenue, roll_forward
from billing.selectors.months.aging import BUCKETS
from billing.selectors.months.aging import queries as aging_queries
from billing.selectors.months.reductions import QUERIES as REDUCTION_QUERIES
from billing.selectors.months.revenue import BY_CODE, by_site
from billing.selectors.months.unearned import QUERIES as UNEARNED_QUERIES
from clinic.models import Patient

MOST_BARS = 8


def aging(asked: Asked) -> Told:
    found = aged(site=asked.site, last=asked.month.last)
    ages = found.by_age()
    rows: list[tuple[str | int, ...]] = [
        (_payer_or_mrn(one.owner), *one.by_age, one.credit, one.whole)
        for one in (*found.payers, *found.patients)
    ]
    sums = [sum(int(row[place]) for row in rows) for place in range(1, 7)]
    old = sum(ages[-1])
    return Told(
        headline=dollars(found.whole),
        says=f"owed on {words.day_and_year(asked.month.last)}",
        figures=(
            Figure("By patients", dollars(sum(one.whole for one in found.patients))),
            Figure("By payers", dollars(sum(one.whole for one in found.payers))),
            Figure("Older than 90 days", dollars(old)),
        ),
        plots=(
            Plot(
                "By age",
                bars(
                    "What patients and payers owe, in dollars, by the age of the charge.",
                    [
                        Bar(name, (mine / 100, theirs / 100))
                        for name, (mine, theirs) in zip(BUCKETS, ages, strict=True)
                    ],
                    series=("patients", "payers"),
                    unit="dollars",
                    under="age of the charge",
                ),
            ),
        ),
        table=Table(
            "Receivables by age",
            (
                Column("Payer, or patient’s MRN", number=False),
                *(Column(name) for name in BUCKETS),
                *(Column("Credit"), Column("All")),
            ),
            (*rows, ("All", *sums)),
        ),
        counted=(
            "Every entry of this site up to the last day of the month. The sum is the balance of "
            "the receivable account.",
            "A charge with a coverage is the payer’s until an answer of it is posted; what the "
            "payer leaves is the patient’s then, as old as the charge.",
            "Payments of a patient settle their oldest charges first. A credit is what came in "
            "above what was owed.",
        ),
        queries=aging_queries(asked.month.last),
        empty="Nobody owes anything at the end of this month. Charges appear here once they are "
        "posted, until they are paid."
        if found.is_empty
        else "",
    )


def _payer_or_mrn(owner: object) -> str:
    """Patients by their MRN: a list of names on paper says who is treated here."""
    return f"MRN {owner.mrn}" if isinstance(owner, Patient) else str(getattr(owner, "name", ""))


def unearned(asked: Asked) -> Told:
    found = roll_forward(site=asked.site, first=asked.month.first, last=asked.month.last)
    whole = found.whole
    rows: list[tuple[str | int, ...]] = [
        (
            f"{one.prepaid.name}, MRN {one.prepaid.patient.mrn}",
            *(one.opening, one.paid, -one.earned, -one.refunded, one.closing),
        )
        for one in found.rows
        if one.prepaid
    ]
    steps = ("opening", "paid", "earned", "refunded", "closing")
    heights = [abs(getattr(whole, step)) / 100 for step in steps]
    names = ("Opening", "Paid in", "Earned", "Given back", "Closing")
    return Told(
        headline=dollars(whole.closing),
        says="paid for and not had yet",
        figures=tuple(
            Figure(name, dollars(getattr(whole, step)))
            for name, step in zip(names, steps, strict=True)
        ),
        plots=(
            Plot(
                "Through the month",
                bars(
                    "Unearned revenue in dollars: at the beginning, paid in, earned, given back, "
                    "and at the end.",
                    [Bar(name, (height,)) for name, height in zip(names, heights, strict=True)],
                    series=("dollars",),
                    unit="dollars",
                    under="opening and paid in, less earned and given back, is closing",
                ),
            ),
        ),
        table=Table(
            "Packages and deposits",
            (Column("Package or deposit", number=False), *(Column(name) for name in names)),
            (
                *rows,
                *(
                    (
                        "All",
                        *(whole.opening, whole.paid, -whole.earned, -whole.refunded),
                        whole.closing,
                    ),
                ),
            ),
        ),
        counted=(
            "A package or deposit is earned visit by visit. Opening is what was left before the "
            "first day of the month.",
            "An entry that takes another one back counts against the column of that one.",
        ),
        queries=UNEARNED_QUERIES,
        empty="No package or deposit holds anything in this month. They are sold on a patient’s "
        "page."
        if found.is_empty
        else "",
    )


def earned(asked: Asked) -> Told:
    of = asked.month
    found = revenue(site=asked.site, sites=asked.sites, first=of.first, last=of.last)
    names = {code.code: code.what for code in starters().codes}
    rows: list[tuple[str | int, ...]] = [
        (code or "No code", names.get(code, ""), cents) for code, cents in found.codes
    ]
    elsewhere = [(site, cents) for site, cents in found.sites if len(asked.sites) > 1]
    plots = [
        Plot(
            "By code",
            bars(
                "What was earned in the month, in dollars, by code.",
                [Bar(code or "–", (cents / 100,)) for code, cents in found.codes[:MOST_BARS]],
                series=("earned",),
                unit="dollars",
                under="code",
            ),
        )
    ]
    if elsewhere:
        plots.append(
            Plot(
                "By site",
                bars(
                    "What was earned in the month, in dollars, by site.",
                    [Bar(site.name, (cents / 100,)) for site, cents in elsewhere],
                    series=("earned",),
                    unit="dollars",
                    under="site",
                ),
            )
        )
    return Told(
        headline=dollars(found.whole),
        says="earned in the month",
        figures=(
            Figure("Earned here", dollars(found.whole)),
            *(Figure(site.name, dollars(cents)) for site, cents in elsewhere),
        ),
        plots=plots,
        table=Table(
            "Earned by code",
            (Column("Code", number=False), Column("What", number=False), Column("Earned")),
            (*rows, ("All", "", found.whole)),
        ),
        counted=(
            "What was credited to revenue in the month, from charges and from packages drawn on. "
            "Fees are not in it.",
            "What one entry earned is shared among its charges by their price. No code: no charge "
            "is behind the entry.",
        ),
        queries=(BY_CODE, by_site(asked.sites)),
        empty="Nothing was earned in this month yet. Charges that are approved and posted appear "
        "here."
        if found.is_empty
        else "",
    )


def reduced(asked: Asked) -> Told:
    of = asked.month
    found = reductions(site=asked.site, first=of.first, last=of.last)
    off = sum(row.cents for row in found.rows if row.kind != "fees")
    short = {"fees": "fees", "discounts": "discounts", "contractual": "contracts"}
    return Told(
        headline=dollars(off),
        says="taken off or written off",
        figures=tuple(Figure(row.name, dollars(row.cents)) for row in found.rows),
        plots=(
            Plot(
                "By kind",
                bars(
                    "Fees, discounts, contractual adjustments and write-offs in dollars.",
                    [
                        Bar(short.get(row.kind, "write-offs"), (row.cents / 100,))
                        for row in found.rows
                        if row.cents >= 0
                    ],
                    series=("dollars",),
                    unit="dollars",
                    under="kind",
                ),
            ),
        ),
        table=Table(
            "Fees, discounts and write-offs",
            (Column("Kind", number=False), Column("Entries"), Column("Amount")),
            tuple((row.name, str(row.entries), row.cents) for row in found.rows),
            has_sum=False,
        ),
        counted=(
            "Fees add to what is earned; the others take from it. A contractual adjustment is "
            "what a payer’s contract takes off a claim.",
            "A fee that was waived, or anything else taken back, counts against its kind.",
        ),
        queries=REDUCTION_QUERIES,
        empty="No fee, discount or write-off in this month." if found.is_empty else "",
    )
