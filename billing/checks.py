"""What is wrong with a claim before it goes out, in sentences that say what to do.

A payer's first gate turns back what these find; a validator of the file's form finds few of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from billing.claim import RELATIONSHIPS, Address, Claim, Person, ServiceLine, total_of

NPI_PREFIX_SUM = 24
"""What the prefix 80840 adds to the Luhn sum of an NPI (45 CFR 162.406; ISO/IEC 7812)."""
PLACES = frozenset(
    "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 31 32 33 34 "
    "41 42 49 50 51 52 53 54 55 56 57 58 60 61 62 65 66 71 72 81 99".split()
)
"""Place-of-service codes of the CMS code set."""
UNLISTED = frozenset({"J3490", "J3590", "J8499", "J9999"})
"""Drug codes that say nothing without words."""
HEADERS = frozenset(
    "F10 F10.1 F10.2 F10.9 F31 F32 F32.8 F33 F33.4 F40 F41 F43 F43.1 F43.2 F43.8".split()
)
"""Headings that claims of such a clinic are most often sent with by mistake; not a code set."""
MOST_DIAGNOSES, MOST_POINTERS, MOST_MODIFIERS, LONGEST_NUMBER = 12, 4, 4, 20
_ICD = re.compile(r"[A-Z][0-9][0-9AB](\.[0-9A-Z]{1,4})?")
_CODE = re.compile(r"[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4}")
_MODIFIER = re.compile(r"[0-9A-Z]{2}")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to put right. `part` names the place in the claim: `lines[2].units`."""

    part: str
    message: str


def is_npi(npi: str) -> bool:
    """Ten digits, beginning with 1 or 2, whose check digit is right."""
    if not re.fullmatch(r"[12][0-9]{9}", npi) or not npi.isascii():
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in npi[-2::-2])
    plain = (int(digit) for digit in npi[-1::-2])
    return (NPI_PREFIX_SUM + sum(doubled) + sum(plain)) % 10 == 0


def is_ein(tax_id: str) -> bool:
    """Nine digits, with or without the hyphen after two: 12-3456789."""
    return bool(re.fullmatch(r"(?!00)[0-9]{2}-?[0-9]{7}", tax_id)) and tax_id.isascii()


def diagnosis_problem(code: str) -> str:
    """What makes a text implausible as an ICD-10-CM code; empty where nothing does."""
    if not code.isascii() or not _ICD.fullmatch(code):
        return f"“{code[:20]}” is no ICD-10-CM code: write it as in F10.20, with the dot."
    if code in HEADERS:
        return f"{code} is a heading of ICD-10-CM, not a diagnosis: choose the exact code under it."
    return ""


def scrub(claim: Claim, *, today: date, filing_days: int | None = None) -> list[Finding]:
    """Everything found wrong, as the form goes. `filing_days` run from the first service."""
    return [finding for check in CHECKS for finding in check(claim)] + [
        *_dates_are_in_order(claim, today),
        *_filed_in_time(claim, today, filing_days),
    ]


def _number_is_good(claim: Claim) -> Iterator[Finding]:
    if not re.fullmatch(r"[0-9A-Z.-]{1,20}", claim.number):
        yield Finding(
            "number",
            f"Give the claim a number of 1 to {LONGEST_NUMBER} capitals, digits, dots or hyphens.",
        )


def _providers_are_known(claim: Claim) -> Iterator[Finding]:
    billing, rendering = claim.billing, claim.rendering
    if not billing.name.strip():
        yield Finding("billing.name", "Write the name of the practice that bills.")
    if not is_npi(billing.npi):
        yield Finding("billing.npi", _npi(billing.npi, "the practice"))
    if billing.tax_id_kind == "EI" and not is_ein(billing.tax_id):
        yield Finding("billing.tax_id", "Write the practice's tax ID as nine digits: 12-3456789.")
    elif not re.fullmatch(r"[0-9]{3}-?[0-9]{2}-?[0-9]{4}|[0-9]{2}-?[0-9]{7}", billing.tax_id):
        yield Finding("billing.tax_id", "Write the tax ID as nine digits.")
    yield from _address(billing.address, "billing.address", "the practice")
    if len(re.sub(r"\D", "", billing.address.zip)) != 9:
        yield Finding("billing.address.zip", "Write the practice's ZIP code with all nine digits.")
    if re.match(r"\W*P\W*O\W*BOX", billing.address.line, re.IGNORECASE):
        yield Finding("billing.address.line", "Write the practice's street; a PO box is refused.")
    if rendering is None and not billing.given_name:
        yield Finding("rendering", "Say who treated the patient: a practice cannot.")
    if rendering is not None:
        if not is_npi(rendering.npi):
            yield Finding("rendering.npi", _npi(rendering.npi, "the clinician"))
        if not rendering.family_name.strip() or not rendering.given_name.strip():
            yield Finding("rendering.name", "Write the clinician's given and family name.")


def _insured_is_known(claim: Claim) -> Iterator[Finding]:
    coverage = claim.coverage
    if not coverage.member_id.strip():
        yield Finding("coverage.member_id", "Write the member ID as it is on the insurance card.")
    if not coverage.payer_id.strip() or not coverage.payer_name.strip():
        yield Finding("coverage.payer", "Write the payer's name and its ID for electronic claims.")
    yield from _person(coverage.insured, "coverage.insured", "the person insured")
    if claim.patient is not None:
        yield from _person(claim.patient, "patient", "the patient")
        if claim.relationship not in RELATIONSHIPS:
            known = ", ".join(RELATIONSHIPS)
            yield Finding(
                "relationship", f"Say how the patient is related to the person insured: {known}."
            )
    elif claim.relationship:
        yield Finding("relationship", "Give the patient, or clear the relationship.")


def _diagnoses_are_plausible(claim: Claim) -> Iterator[Finding]:
    if not 1 <= len(claim.diagnoses) <= MOST_DIAGNOSES:
        yield Finding("diagnoses", f"Give 1 to {MOST_DIAGNOSES} diagnoses, the main one first.")
    for number, code in enumerate(claim.diagnoses, start=1):
        if problem := diagnosis_problem(code):
            yield Finding(f"diagnoses[{number}]", problem)
        if code in claim.diagnoses[: number - 1]:
            yield Finding(f"diagnoses[{number}]", f"{code} is here twice; keep one.")


def _place_is_known(claim: Claim) -> Iterator[Finding]:
    if claim.place not in PLACES:
        yield Finding(
            "place",
            f"“{claim.place}” is no place of service: 11 is an office, 10 and 02 telehealth.",
        )


def _lines_are_whole(claim: Claim) -> Iterator[Finding]:
    if not 1 <= len(claim.lines) <= 50:
        yield Finding("lines", "A claim has 1 to 50 lines: add charges, or part the claim.")
    for number, line in enumerate(claim.lines, start=1):
        for part, message in _line(line, len(claim.diagnoses)):
            yield Finding(f"lines[{number}].{part}", message)


def _line(line: ServiceLine, diagnoses: int) -> Iterator[tuple[str, str]]:
    if not _CODE.fullmatch(line.code):
        yield "code", f"“{line.code[:10]}” is no procedure code: five characters, such as 96365."
    if line.units < 1:
        yield "units", f"{line.code} has {line.units} units: write 1 or more, or take the line out."
    if line.charge.cents <= 0:
        yield "charge", f"{line.code} has no charge: write what it costs, or take the line out."
    if not 1 <= len(line.pointers) <= MOST_POINTERS:
        yield "pointers", f"Point {line.code} at 1 to {MOST_POINTERS} of the diagnoses."
    for pointer in line.pointers:
        if not 1 <= pointer <= diagnoses:
            yield "pointers", f"{line.code} points at diagnosis {pointer}, and there is none."
    if len(set(line.pointers)) < len(line.pointers):
        yield "pointers", f"{line.code} points at one diagnosis twice; keep one."
    if len(line.modifiers) > MOST_MODIFIERS or len(set(line.modifiers)) < len(line.modifiers):
        yield "modifiers", f"{line.code} takes at most {MOST_MODIFIERS} modifiers, each once."
    for modifier in line.modifiers:
        if not _MODIFIER.fullmatch(modifier):
            yield "modifiers", f"“{modifier[:10]}” is no modifier: two characters, such as 25."
    if line.code in UNLISTED and not line.description.strip():
        yield "description", f"{line.code} says nothing by itself: write the drug and the dose."
    if line.drug is not None:
        if not re.fullmatch(r"[0-9]{5}-?[0-9]{4}-?[0-9]{2}", line.drug.ndc):
            yield "drug", f"Write the national drug code of {line.code} in 11 digits (5-4-2)."
        if line.drug.quantity <= 0:
            yield "drug", f"Write how much of the drug of {line.code} was given."


def _totals_are_equal(claim: Claim) -> Iterator[Finding]:
    currencies = {claim.total.currency, claim.paid.currency}
    currencies |= {line.charge.currency for line in claim.lines}
    if currencies != {"USD"}:
        yield Finding("total", "A claim is in US dollars: change the other currencies.")
    elif total_of(claim.lines) != claim.total:
        yield Finding(
            "total",
            f"The lines come to {total_of(claim.lines)} and the claim says {claim.total}: make "
            "them equal.",
        )
    elif not 0 <= claim.paid.cents <= claim.total.cents:
        yield Finding("paid", f"The patient paid {claim.paid} of {claim.total}: correct it.")


def _rest_is_there(claim: Claim) -> Iterator[Finding]:
    if claim.needs_authorisation and not claim.authorisation.strip():
        yield Finding(
            "authorisation", "This payer authorises beforehand: write the number it gave."
        )
    if claim.frequency != "1" and not claim.original_reference.strip():
        yield Finding(
            "original_reference",
            "To replace or void a claim, write the number that the payer gave the first one.",
        )
    if not claim.signature_on_file:
        yield Finding("signature_on_file", "Get the patient's signature to release and to pay us.")


def _dates_are_in_order(claim: Claim, today: date) -> Iterator[Finding]:
    for number, line in enumerate(claim.lines, start=1):
        if line.on > today:
            yield Finding(f"lines[{number}].on", f"{line.code} is on a day to come: bill it after.")
        if line.on < claim.who.birth_date:
            yield Finding(
                f"lines[{number}].on", f"{line.code} is before the patient's birth: check both."
            )
    if claim.who.birth_date > today or claim.coverage.insured.birth_date > today:
        yield Finding("birth_date", "A birth date is to come: correct it.")


def _filed_in_time(claim: Claim, today: date, filing_days: int | None) -> Iterator[Finding]:
    if filing_days is None or claim.first_day is None or claim.frequency != "1":
        return
    last = claim.first_day + timedelta(days=filing_days)
    if today > last:
        yield Finding(
            "lines",
            f"The payer takes claims for {filing_days} days: this one was due by "
            f"{last:%-d %b %Y}. Ask it whether a reason for the delay is accepted.",
        )


def _person(person: Person, part: str, who: str) -> Iterator[Finding]:
    if not person.family_name.strip() or not person.given_name.strip():
        yield Finding(f"{part}.name", f"Write the given and family name of {who}.")
    if person.sex not in ("F", "M", "U"):
        yield Finding(f"{part}.sex", f"Write F, M or U as the sex of {who} on the card.")
    yield from _address(person.address, f"{part}.address", who)


def _address(address: Address, part: str, who: str) -> Iterator[Finding]:
    if not address.line.strip() or not address.city.strip():
        yield Finding(part, f"Write the street and city of {who}.")
    if not re.fullmatch(r"[A-Z]{2}", address.state):
        yield Finding(f"{part}.state", f"Write the state of {who} in two capitals, such as MA.")
    if not re.fullmatch(r"[0-9]{5}(-?[0-9]{4})?", address.zip):
        yield Finding(f"{part}.zip", f"Write the ZIP code of {who} in five or nine digits.")


def _npi(npi: str, who: str) -> str:
    if re.fullmatch(r"[0-9]{10}", npi):
        return f"The NPI of {who} has a wrong check digit, so a digit is mistyped: compare it."
    return f"Write the NPI of {who}: ten digits."


CHECKS: tuple[Callable[[Claim], Iterator[Finding]], ...] = (
    _number_is_good,
    _insured_is_known,
    _diagnoses_are_plausible,
    _place_is_known,
    _lines_are_whole,
    _totals_are_equal,
    _providers_are_known,
    _rest_is_there,
)
