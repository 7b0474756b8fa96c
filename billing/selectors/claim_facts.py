"""Rows -> the plain claim that is scrubbed and sent: who bills, who treated, who is insured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from billing.checks import UNLISTED, Finding, scrub
from billing.claim import (
    Address,
    BillingProvider,
    Claim,
    Coverage,
    Person,
    RenderingProvider,
    ServiceLine,
    Sex,
)
from billing.models import (
    Charge,
    Filing,
    PatientDetails,
    Payer,
    Policy,
    ProviderNumber,
)
from billing.models import Claim as Filed
from billing.models import Coverage as Insurance
from billing.models.filing import Postal
from billing.money import Money
from billing.selectors.insurance import authorisation_for
from clinic.models import Patient, Site, Staff
from scheduling.models import Claim as Taken

FILING = {"commercial": "CI", "medicare": "MB", "medicaid": "MC", "other": "ZZ"}
"""Kinds of payer -> claim filing indicator codes (SBR09)."""
RANKS = {1: "P", 2: "S", 3: "T"}
PSYCHOTHERAPY = range(90785, 90900)
AT_HOME, OFFICE = "10", "11"
TELEHEALTH = frozenset({"95", "93", "GT"})
MOST_POINTERS = 4


@dataclass(frozen=True, slots=True)
class Practice:
    """A site as a biller of claims, and its clinicians with their numbers by resource id."""

    site: Site
    policy: Policy | None
    filing: Filing | None
    staff: Mapping[int, Staff]
    numbers: Mapping[int, ProviderNumber]


def practice(site: Site) -> Practice:
    """Four queries."""
    return Practice(
        site,
        Policy.objects.filter(site=site).first(),
        Filing.objects.filter(site=site).first(),
        {one.pk: one for one in Staff.objects.all()},
        {one.pk: one for one in ProviderNumber.objects.all()},
    )


def clinicians(visits: Iterable[int]) -> Mapping[int, Mapping[str, int]]:
    """Who of each role was booked at visits, by visit: one query."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    rows = Taken.objects.filter(
        appointment__in=set(visits), role__in=(Taken.Role.PRESCRIBER, Taken.Role.THERAPIST)
    )
    for visit, role, resource in rows.order_by("start_minute").values_list(
        "appointment_id", "role", "resource_id"
    ):
        found[visit].setdefault(role, resource)
    return found


def renders(code: str, there: Mapping[str, int], of: Practice) -> int | None:
    """Whose service a code is: psychotherapy is the therapist's, the rest the prescriber's.

    Where neither was booked, the site's supervisor answers for the nurses.
    """
    talks = code.isdecimal() and int(code) in PSYCHOTHERAPY and code != "90792"
    roles = ("therapist", "prescriber") if talks else ("prescriber",)
    found = next((there[role] for role in roles if role in there), None)
    if found is None and of.filing and of.filing.supervisor_id:
        return of.filing.supervisor_id
    return found if found is not None else there.get("therapist")


def plain(filed: Filed, charges: Sequence[Charge], of: Practice) -> Claim:
    """The claim as rows have it now. `filed.facts` says whose service it is, and what it replaces.

    The claim's coverage needs its payer and authorisations, the patient the details.
    """
    diagnoses = tuple(dict.fromkeys(code for charge in charges for code in charge.diagnoses))
    coverage, facts = filed.coverage, filed.facts
    authorisation = authorisation_for(coverage, filed.on, [charge.code for charge in charges])
    patient, insured = _patient(filed.patient), _insured(coverage)
    return Claim(
        number=filed.control,
        billing=_billing(of),
        rendering=_rendering(facts.get("staff"), of),
        coverage=Coverage(
            payer_name=coverage.payer.name,
            payer_id=coverage.payer.payer_id,
            member_id=coverage.member_id,
            insured=insured or patient,
            filing=coverage.payer.rules.get("filing") or FILING[coverage.payer.kind],
            group_number=coverage.group_number,
            sequence=RANKS.get(coverage.rank, "T"),  # type: ignore[arg-type]
        ),
        patient=patient if insured else None,
        relationship=coverage.holder.get("relationship", "") if insured else "",
        diagnoses=diagnoses,
        lines=tuple(_line(charge, diagnoses) for charge in charges),
        total=Money(filed.cents),
        place=place_of(charges),
        authorisation=authorisation.number if authorisation else "",
        needs_authorisation=needs_authorisation(coverage.payer, charges),
        frequency=facts.get("frequency", "1"),
        original_reference=facts.get("original_reference", ""),
        signature_on_file=bool(coverage.holder.get("signed")),
    )


def needs_authorisation(payer: Payer, charges: Iterable[Charge]) -> bool:
    """Whether a payer authorises any of these beforehand: `rules` has True, or a list of codes."""
    wanted = payer.rules.get("authorises", False)
    return wanted is True or bool(wanted and {charge.code for charge in charges} & set(wanted))


def place_of(charges: Iterable[Charge]) -> str:
    """Place of service: at the patient's home where the modifier of telehealth says so."""
    far = any(TELEHEALTH & set(charge.modifiers) for charge in charges)
    return AT_HOME if far else OFFICE


def problems(filed: Filed, claim: Claim, charges: Iterable[Charge], today: date) -> list[Finding]:
    """Everything the scrubber finds, and what only the rows can tell."""
    coverage = filed.coverage
    found = scrub(claim, today=today, filing_days=coverage.payer.timely_filing_days)
    if coverage.rank > 1:
        found.append(
            Finding(
                "coverage.rank",
                "This coverage pays second: what the first one paid cannot be written into this "
                "file yet. Send it on paper with the first payer’s statement.",
            )
        )
    if not coverage.first <= filed.on or (coverage.last and coverage.last < filed.on):
        found.append(
            Finding(
                "coverage.dates",
                f"The coverage is not valid on {filed.on:%-d %b %Y}: correct its dates, or charge "
                "the patient.",
            )
        )
    if any(charge.state == Charge.State.VOID for charge in charges):
        found.append(Finding("lines", "A charge of it was voided: void the claim, make it anew."))
    return found


def _billing(of: Practice) -> BillingProvider:
    policy, filing = of.policy, of.filing
    return BillingProvider(
        name=policy.legal_name if policy else "",
        npi=policy.npi if policy else "",
        tax_id=policy.tax_id if policy else "",
        address=_address(filing),
        taxonomy=filing.taxonomy if filing else "",
    )


def _rendering(pk: int | None, of: Practice) -> RenderingProvider | None:
    if pk is None or pk not in of.staff:
        return None
    staff, numbers = of.staff[pk], of.numbers.get(pk)
    return RenderingProvider(
        family_name=staff.family_name,
        given_name=staff.given_name,
        npi=numbers.npi if numbers else "",
        taxonomy=numbers.taxonomy if numbers else "",
    )


def _patient(patient: Patient) -> Person:
    details: PatientDetails | None = getattr(patient, "details", None)
    return Person(
        family_name=patient.family_name,
        given_name=patient.given_name,
        birth_date=patient.birth_date,
        sex=_sex(details.sex if details else ""),
        address=_address(details),
    )


def _insured(coverage: Insurance) -> Person | None:
    """The person insured where that is not the patient."""
    holder = coverage.holder
    if not holder.get("relationship"):
        return None
    return Person(
        family_name=holder.get("family_name", ""),
        given_name=holder.get("given_name", ""),
        birth_date=date.fromisoformat(holder["birth_date"]),
        sex=_sex(holder.get("sex", "")),
        address=Address(
            line=holder.get("line", ""),
            city=holder.get("city", ""),
            state=holder.get("state", ""),
            zip=holder.get("zip", ""),
            line2=holder.get("line2", ""),
        ),
    )


def _sex(text: str) -> Sex:
    """As it is kept; the scrubber says what is wrong with an empty one."""
    return text  # type: ignore[return-value]


def _address(row: Postal | None) -> Address:
    if row is None:
        return Address("", "", "", "")
    return Address(line=row.line, city=row.city, state=row.state, zip=row.zip, line2=row.line2)


def _line(charge: Charge, diagnoses: Sequence[str]) -> ServiceLine:
    own = tuple(diagnoses.index(code) + 1 for code in dict.fromkeys(charge.diagnoses))
    return ServiceLine(
        code=charge.code,
        units=charge.units,
        charge=Money(charge.cents),
        on=charge.on,
        pointers=own[:MOST_POINTERS],
        modifiers=tuple(charge.modifiers),
        description=charge.what if charge.code in UNLISTED else "",
    )
