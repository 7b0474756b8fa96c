"""Papers about services: the superbill of those given, the estimate of those to come."""

from __future__ import annotations

from typing import Any

from billing.documents.paper import RIGHT, Column, Paper
from billing.documents.words import day, money, weekday

Facts = dict[str, Any]
LETTERS = "ABCDEFGHIJKL"


def superbill(paper: Paper, facts: Facts) -> None:
    who, clinic = facts["patient"], facts["clinic"]
    paper.blocks(
        [
            ("PATIENT", [who["name"], f"Born {day(who['born'])}", f"Record {who['mrn']}"]),
            _providers("PROVIDER", facts["providers"]),
            ("BILLED BY", _billed_by(clinic)),
        ]
    )
    said = [f"{LETTERS[n % 12]}: {code}" for n, code in enumerate(facts["diagnoses"])]
    paper.blocks([("DIAGNOSES (ICD-10-CM)", [",  ".join(said)])])
    several = len(facts["providers"]) > 1
    paper.table(
        (
            Column("Date", 0.15),
            Column("Place", 0.07),
            Column("Code", 0.09),
            Column("Mod.", 0.075),
            Column("Dx", 0.08),
            Column("Service", 0.235),
            Column("Units", 0.075, RIGHT),
            Column("Charged", 0.115, RIGHT),
            Column("Paid", 0.11, RIGHT),
        ),
        [
            (
                day(line["on"]),
                line["place"],
                line["code"],
                " ".join(line["modifiers"]),
                _pointers(line["diagnoses"], facts["diagnoses"]),
                (line["what"], line["provider"] if several else ""),
                str(line["units"]),
                money(facts, line["cents"]),
                money(facts, line["paid_cents"]),
            )
            for line in facts["lines"]
        ],
    )
    charged, paid = facts["charged_cents"], facts["paid_cents"]
    paper.totals(
        [
            ("Charged", money(facts, charged)),
            ("Paid by the patient", money(facts, paid)),
            ("Still owed", money(facts, charged - paid)),
        ]
    )
    places = ", ".join(f"{code} {what}" for code, what in sorted(facts["places"].items()))
    paper.paragraph(f"Place of service: {places}.", size=8, ink=0.36)
    paper.paragraph(
        "For your insurer, if you ask it to pay you back. We have not claimed these services from "
        "an insurer, and what it pays is between you and it.",
        size=8,
        ink=0.36,
    )


def estimate(paper: Paper, facts: Facts) -> None:
    who, clinic = facts["patient"], facts["clinic"]
    paper.blocks(
        [
            ("PATIENT", [who["name"], f"Born {day(who['born'])}", f"Record {who['mrn']}"]),
            ("FOR", [facts["course"], facts["how_often"]]),
            ("EXPECTED TOTAL", [money(facts, facts["cents"]), _span(facts)]),
        ]
    )
    if facts["replaces"]:
        paper.paragraph(
            f"This estimate takes the place of {facts['replaces']}, because what was planned has "
            "changed.",
            ink=0.36,
        )
    paper.table(
        (
            Column("Expected on", 0.19),
            Column("Service", 0.45),
            Column("Code", 0.1),
            Column("Units", 0.09, RIGHT),
            Column("Expected charge", 0.17, RIGHT),
        ),
        [
            (
                weekday(line["on"]) if line["first"] else "",
                (line["what"], line["under"]),
                line["code"],
                str(line["units"]),
                money(facts, line["cents"]) if line["priced"] else "in the package",
            )
            for line in facts["lines"]
        ],
    )
    paper.totals([("Expected total", money(facts, facts["cents"]))])
    paper.heading("Who will treat you, and where")
    paper.blocks(
        [
            _providers("CLINICIANS", facts["providers"]),
            ("CLINIC", [*_billed_by(clinic), clinic["address"]]),
            ("DIAGNOSES", facts["diagnoses"] or ["Not known yet"]),
        ]
    )
    paper.heading("What this estimate means")
    paper.points(_meaning(facts))
    paper.notice(
        "If you are billed much more",
        f"You may dispute a bill that is {money(facts, facts['dispute_cents'])} or more above the "
        "expected charges of a provider named here. Begin within 120 calendar days of the date on "
        "the bill, at www.cms.gov/nosurprises or on 1-800-985-3059; there is a small fee. You can "
        "also call us first and ask us to correct the bill. Disputing it changes nothing about "
        "how well you are cared for. Keep this estimate: you will need it.",
    )


def _meaning(facts: Facts) -> list[str]:
    return [
        "It shows what we expect to charge for the services listed, by what is known today. It is "
        "an estimate: what you are given and charged may turn out different, for instance when "
        "your health calls for something else.",
        "It covers the visits listed and nothing else. Your clinician may advise further services "
        "that are booked separately; they are not in it, and you may ask for an estimate of them.",
        f"It is for {facts['how_often']}. {_span(facts)}. When visits are added, moved or given up "
        "in a way that changes it, you get a new one.",
        "It is not a contract. You need not take any of these services, here or elsewhere.",
        "It is for those who pay themselves, or who do not want a claim made to their insurer.",
    ]


def _providers(title: str, providers: list[dict[str, str]]) -> tuple[str, list[str]]:
    lines = []
    for one in providers:
        lines.append(", ".join(filter(None, [one["name"], one["title"]])))
        if one["npi"]:
            lines.append(f"NPI {one['npi']}")
    return title, lines or ["The clinic’s team"]


def _billed_by(clinic: dict[str, str]) -> list[str]:
    lines = [clinic["legal_name"] or clinic["name"]]
    lines += [f"Tax ID {clinic['tax_id']}"] if clinic["tax_id"] else []
    return lines + ([f"NPI {clinic['npi']}"] if clinic["npi"] else [])


def _pointers(own: list[str], known: list[str]) -> str:
    return ", ".join(LETTERS[known.index(code) % 12] for code in own if code in known)


def _span(facts: Facts) -> str:
    if facts["first"] == facts["last"]:
        return f"On {day(facts['first'])}"
    return f"From {day(facts['first'])} to {day(facts['last'])}"
