"""Claims -> one interchange of X12 837P, implementation guide 005010X222A1. Pure text.

`write(claims, envelope)`. It writes what it is given: `billing.checks.scrub` is asked before.
Loops: 1000A/B, then for each practice 2000A and 2010AA, for each claim 2000B, 2010BA and 2010BB,
2000C and 2010CA where the patient is not the person insured, 2300, 2310B, 2400 and 2410.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from billing.claim import (
    RELATIONSHIPS,
    Address,
    BillingProvider,
    Claim,
    Coverage,
    Person,
    RenderingProvider,
    ServiceLine,
)
from billing.x12_text import (
    COMPONENT,
    REPETITION,
    amount,
    clean,
    composite,
    day,
    digits,
    isa,
    needed,
    number,
    segment,
)

GUIDE = "005010X222A1"
MOST_CLAIMS = 5000
"""Claims in one transaction set (005010X222A1, section 1.3.1)."""


MOST_CONTROL = 999_999_999
SHORTEST_PHONE = 10


@dataclass(frozen=True, slots=True)
class Party:
    """One end of the exchange; `qualifier` says whose the id is (ZZ: agreed between the two)."""

    name: str
    id: str
    qualifier: str = "ZZ"


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends to whom, when (site's time), and the control numbers, which never repeat.

    `interchange` and `group` have at most nine digits, `transaction` four to nine. `contact` and
    `phone` are those of who answers questions about the file.
    """

    sender: Party
    receiver: Party
    at: datetime
    interchange: int
    group: int
    transaction: int
    contact: str
    phone: str
    test: bool = False

    def __post_init__(self) -> None:
        for control in (self.interchange, self.group, self.transaction):
            if not 1 <= control <= MOST_CONTROL:
                raise ValueError(f"Number files, groups and sets from 1 to {MOST_CONTROL}.")
        if len(digits(self.phone)) < SHORTEST_PHONE:
            raise ValueError(
                "Give a telephone number for questions about the file, area code first."
            )


def write(claims: Sequence[Claim], envelope: Envelope) -> str:
    """The interchange. ValueError without claims or for too many; Unwritable for an empty name."""
    if not 1 <= len(claims) <= MOST_CLAIMS:
        raise ValueError(f"Send 1 to {MOST_CLAIMS} claims in a file; part what is more.")
    set_number = f"{envelope.transaction:04}"
    inside = [
        segment("ST", "837", set_number, GUIDE),
        *_header(envelope),
        *_claims(claims),
    ]
    inside.append(segment("SE", str(len(inside) + 1), set_number))
    group, interchange = str(envelope.group), f"{envelope.interchange:09}"
    sent = (f"{envelope.at:%Y%m%d}", f"{envelope.at:%H%M}")
    sender, receiver = _id(envelope.sender), _id(envelope.receiver)
    return "".join(
        [
            _interchange(envelope, interchange),
            segment("GS", "HC", sender, receiver, *sent, group, "X", GUIDE),
            *inside,
            segment("GE", "1", group),
            segment("IEA", "1", interchange),
        ]
    )


def _interchange(envelope: Envelope, control: str) -> str:
    nothing = ("00", " " * 10)
    sender = (envelope.sender.qualifier, f"{_id(envelope.sender):15}")
    receiver = (envelope.receiver.qualifier, f"{_id(envelope.receiver):15}")
    sent = (f"{envelope.at:%y%m%d}", f"{envelope.at:%H%M}")
    usage = "T" if envelope.test else "P"
    tail = (REPETITION, "00501", control, "0", usage, COMPONENT)
    return isa([*nothing, *nothing, *sender, *receiver, *sent, *tail])


def _id(party: Party) -> str:
    return needed(party.id, 15, f"The id of {party.name}")


def _header(envelope: Envelope) -> Iterator[str]:
    sent = (f"{envelope.at:%Y%m%d}", f"{envelope.at:%H%M}")
    yield segment("BHT", "0019", "00", str(envelope.interchange), *sent, "CH")
    sender, receiver = envelope.sender, envelope.receiver
    named = needed(sender.name, 60, "The sender's name")
    yield segment("NM1", "41", "2", named, "", "", "", "", "46", _id(sender))
    contact = needed(envelope.contact, 60, "The contact's name")
    yield segment("PER", "IC", contact, "TE", digits(envelope.phone))
    named = needed(receiver.name, 60, "The receiver's name")
    yield segment("NM1", "40", "2", named, "", "", "", "", "46", _id(receiver))


def _claims(claims: Sequence[Claim]) -> Iterator[str]:
    levels = count(1)
    by_practice: dict[BillingProvider, list[Claim]] = {}
    for claim in claims:
        by_practice.setdefault(claim.billing, []).append(claim)
    for practice, own in by_practice.items():
        level = next(levels)
        yield segment("HL", str(level), "", "20", "1")
        yield from _practice(practice)
        for claim in own:
            yield from _insured(claim, next(levels), level, levels)
            yield from _claim(claim)


def _practice(practice: BillingProvider) -> Iterator[str]:
    if practice.taxonomy:
        yield segment("PRV", "BI", "PXC", practice.taxonomy)
    kind = "1" if practice.given_name else "2"
    named = needed(practice.name, 60, "The practice's name")
    given = clean(practice.given_name, 35)
    yield segment("NM1", "85", kind, named, given, "", "", "", "XX", practice.npi)
    yield from _address(practice.address, "The practice's address")
    yield segment("REF", practice.tax_id_kind, digits(practice.tax_id))


def _insured(claim: Claim, level: int, parent: int, levels: Iterator[int]) -> Iterator[str]:
    """Loops 2000B with the payer, and 2000C where the patient is somebody else."""
    coverage, patient = claim.coverage, claim.patient
    yield segment("HL", str(level), str(parent), "22", "0" if patient is None else "1")
    itself = "18" if patient is None else ""
    group = clean(coverage.group_number, 50)
    filing = ("", "", "", "", "", coverage.filing)
    yield segment("SBR", coverage.sequence, itself, group, *filing)
    member = needed(coverage.member_id, 80, "The member ID")
    yield _name("IL", coverage.insured, "The name of the person insured", "MI", member)
    if patient is None:
        yield from _who(coverage.insured, "The patient's address")
    yield _payer(coverage)
    if patient is not None:
        yield segment("HL", str(next(levels)), str(level), "23", "0")
        yield segment("PAT", RELATIONSHIPS[claim.relationship])
        yield _name("QC", patient, "The patient's name")
        yield from _who(patient, "The patient's address")


def _payer(coverage: Coverage) -> str:
    named = needed(coverage.payer_name, 60, "The payer's name")
    itself = needed(coverage.payer_id, 80, "The payer's ID")
    return segment("NM1", "PR", "2", named, "", "", "", "", "PI", itself)


def _claim(claim: Claim) -> Iterator[str]:
    yield segment(
        "CLM",
        clean(claim.number, 20),
        amount(claim.total),
        "",
        "",
        composite(claim.place, "B", claim.frequency),
        "Y",
        "A" if claim.accepts_assignment else "C",
        "Y" if claim.signature_on_file else "N",
        "Y" if claim.signature_on_file else "I",
    )
    if claim.paid:
        yield segment("AMT", "F5", amount(claim.paid))
    if claim.authorisation:
        yield segment("REF", "G1", needed(claim.authorisation, 50, "The authorisation"))
    if claim.original_reference:
        yield segment("REF", "F8", needed(claim.original_reference, 50, "The payer's number"))
    kinds = ("ABK", *("ABF" for _ in claim.diagnoses[1:]))
    coded = (
        composite(kind, code.replace(".", ""))
        for kind, code in zip(kinds, claim.diagnoses, strict=True)
    )
    yield segment("HI", *coded)
    if claim.rendering is not None:
        yield from _rendering(claim.rendering)
    for position, line in enumerate(claim.lines, start=1):
        yield from _line(position, line)


def _rendering(clinician: RenderingProvider) -> Iterator[str]:
    family = needed(clinician.family_name, 60, "The clinician's name")
    given = clean(clinician.given_name, 35)
    yield segment("NM1", "82", "1", family, given, "", "", "", "XX", clinician.npi)
    if clinician.taxonomy:
        yield segment("PRV", "PE", "PXC", clinician.taxonomy)


def _line(position: int, line: ServiceLine) -> Iterator[str]:
    modifiers = (*line.modifiers, "", "", "", "")[:4]
    described = clean(line.description, 80)
    service = composite("HC", line.code, *modifiers, described)
    pointers = composite(*(str(pointer) for pointer in line.pointers))
    yield segment("LX", str(position))
    yield segment("SV1", service, amount(line.charge), "UN", str(line.units), "", "", pointers)
    yield segment("DTP", "472", "D8", day(line.on))
    if line.drug is not None:
        yield segment("LIN", "", "N4", digits(line.drug.ndc))
        yield segment("CTP", "", "", "", number(line.drug.quantity), line.drug.unit)


def _name(kind: str, person: Person, what: str, *identifier: str) -> str:
    family = needed(person.family_name, 60, what)
    given, middle = clean(person.given_name, 35), clean(person.middle_name, 25)
    return segment(
        "NM1", kind, "1", family, given, middle, "", clean(person.suffix, 10), *identifier
    )


def _who(person: Person, what: str) -> Iterator[str]:
    yield from _address(person.address, what)
    yield segment("DMG", "D8", day(person.birth_date), person.sex)


def _address(address: Address, what: str) -> Iterator[str]:
    yield segment("N3", needed(address.line, 55, what), clean(address.line2, 55))
    yield segment("N4", needed(address.city, 30, what), address.state, digits(address.zip))
