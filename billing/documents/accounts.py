"""Papers about money owed and paid: invoice, credit note, statement, receipt."""

from __future__ import annotations

from typing import Any

from billing.documents.paper import RIGHT, Column, Paper
from billing.documents.words import day, money

Facts = dict[str, Any]
CHARGES = (
    Column("Date", 0.15),
    Column("Service", 0.45),
    Column("Code", 0.11),
    Column("Units", 0.1, RIGHT),
    Column("Amount", 0.19, RIGHT),
)


def invoice(paper: Paper, facts: Facts) -> None:
    due = money(facts, facts["due_cents"])
    paper.blocks([_patient(facts), _tax(facts), ("AMOUNT DUE", [due, "Due on receipt"])])
    if facts["corrects"]:
        paper.paragraph(f"This invoice takes the place of {facts['corrects']}.", ink=0.36)
    paper.table(CHARGES, [_charge(facts, line) for line in facts["lines"]])
    sums = [("Services", money(facts, facts["total_cents"]))]
    if facts["covered_cents"]:
        sums.append(("Paid from your package", money(facts, -facts["covered_cents"])))
    if facts["settled_cents"]:
        sums.append(("Paid or credited already", money(facts, -facts["settled_cents"])))
    sums.append(("Due for this invoice", due))
    paper.totals(sums)
    paper.paragraph(
        f"With everything before it, your account stands at {_stands(facts, facts['owed_cents'])}.",
        ink=0.36,
    )
    if over := facts["over"]:
        paper.notice(
            "More than we estimated",
            f"These services come to {money(facts, over['by_cents'])} more than estimate "
            f"{over['estimate']} said for them. When a bill is {money(facts, over['from_cents'])} "
            "or more over a good faith estimate you may dispute it within 120 days of receiving "
            "it. Call us first if you like; how to dispute is at www.cms.gov/nosurprises or on "
            "1-800-985-3059.",
        )


def credit(paper: Paper, facts: Facts) -> None:
    total = money(facts, facts["total_cents"])
    paper.blocks([_patient(facts), _tax(facts), ("CREDITED", [total, f"Invoice {facts['of']}"])])
    paper.paragraph(f"Invoice {facts['of']} is taken back in full. Why: {facts['reason']}")
    paper.table(CHARGES, [_charge(facts, line) for line in facts["lines"]])
    paper.totals([("Credited", total)])


def statement(paper: Paper, facts: Facts) -> None:
    span = f"{day(facts['first'])} to {day(facts['last'])}"
    stands = _stands(facts, facts["closing_cents"])
    paper.blocks([_patient(facts), ("FROM AND TO", [span]), ("BALANCE", [stands])])
    columns = (
        Column("Date", 0.15),
        Column("What", 0.41),
        Column("Charged", 0.14, RIGHT),
        Column("Paid or credited", 0.16, RIGHT),
        Column("Balance", 0.14, RIGHT),
    )
    rows = [("", "Balance before", "", "", money(facts, facts["opening_cents"]))]
    for entry in facts["entries"]:
        cents = entry["cents"]
        rows.append(
            (
                day(entry["on"]),
                entry["what"],
                money(facts, cents) if cents > 0 else "",
                money(facts, -cents) if cents < 0 else "",
                money(facts, entry["balance_cents"]),
            )
        )
    paper.table(columns, rows)
    paper.totals([("Balance", stands)])
    if facts["unearned_cents"]:
        paper.paragraph(
            f"Besides, {money(facts, facts['unearned_cents'])} of your packages and deposits is "
            "there for visits to come."
        )
    if not facts["entries"]:
        paper.paragraph("Nothing was charged or paid in this time.", ink=0.36)


def receipt(paper: Paper, facts: Facts) -> None:
    paid = [money(facts, facts["cents"]), f"{facts['method']}, {day(facts['paid_on'])}"]
    if facts["reference"]:
        paid.append(facts["reference"])
    provider = facts["provider"]
    named = [_titled(provider) or facts["clinic"]["name"]]
    if provider["npi"]:
        named.append(f"NPI {provider['npi']}")
    if facts["clinic"]["tax_id"]:
        named.append(f"Tax ID {facts['clinic']['tax_id']}")
    paper.blocks([_patient(facts), ("PROVIDER", named), ("RECEIVED", paid)])
    columns = (
        Column("Date of service", 0.2),
        Column("Service", 0.47),
        Column("Code", 0.13),
        Column("Paid", 0.2, RIGHT),
    )
    rows = [
        (day(one["on"]), (one["what"], one["provider"]), one["code"], money(facts, one["cents"]))
        for one in facts["services"]
    ]
    if rows:
        paper.table(columns, rows)
    sums = [("Received", money(facts, facts["cents"]))]
    if facts["ahead_cents"]:
        label = f"Ahead, for {facts['ahead_for']}" if facts["ahead_for"] else "Ahead, as a credit"
        sums.insert(0, (label, money(facts, facts["ahead_cents"])))
    if rows:
        paid_for = facts["cents"] - facts["ahead_cents"]
        sums.insert(0, ("For the services above", money(facts, paid_for)))
    paper.totals(sums)
    if facts["ahead_cents"]:
        paper.paragraph(
            "What is paid ahead is for services that are still to come. For a health or flexible "
            "spending account ask us for a receipt once they were given: it will name each with "
            "its date.",
            ink=0.36,
        )
    else:
        paper.paragraph(
            "This receipt names provider, patient, date, service and amount, as health and "
            "flexible spending accounts ask for.",
            ink=0.36,
        )


def _charge(facts: Facts, line: dict[str, Any]) -> tuple[Any, ...]:
    under = "Paid from your package" if line["covered"] else line["visit"]
    shown = (line["what"], under)
    return day(line["on"]), shown, line["code"], str(line["units"]), money(facts, line["cents"])


def _patient(facts: Facts) -> tuple[str, list[str]]:
    who = facts["patient"]
    return "PATIENT", [who["name"], f"Born {day(who['born'])}", f"Record {who['mrn']}"]


def _tax(facts: Facts) -> tuple[str, list[str]]:
    clinic = facts["clinic"]
    lines = [clinic["legal_name"] or clinic["name"]]
    lines += [f"Tax ID {clinic['tax_id']}"] if clinic["tax_id"] else []
    return "BILLED BY", lines


def _titled(provider: dict[str, str]) -> str:
    return ", ".join(filter(None, [provider["name"], provider["title"]]))


def _stands(facts: Facts, cents: int) -> str:
    """$120.00 owed, $5.00 in your favour, nothing owed."""
    if cents == 0:
        return "nothing owed"
    return f"{money(facts, abs(cents))} {'owed' if cents > 0 else 'in your favour'}"
