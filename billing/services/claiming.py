"""Claims: from approved charges with a coverage to a claim that is ready, and what is wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Prefetch

from billing.checks import Finding, diagnosis_problem
from billing.claim_json import to_json
from billing.errors import MoneyRefused
from billing.models import Authorisation, Charge, Claim, ClaimedCharge, ControlNumber
from billing.selectors.claim_facts import Practice, clinicians, plain, practice, problems, renders
from billing.selectors.claims import claimable
from billing.selectors.insurance import authorisation_for
from clinic.journal import Actor, record
from clinic.models import Site
from clinic.transactions import durable

State = Claim.State
UNSENT = (State.DRAFT, State.READY)
KEPT = ("staff", "frequency", "original_reference")
"""Members of `facts` that are decided once, and not read from rows again."""


@durable
def make_claims(
    *, site: Site, charges: Iterable[int] | None = None, actor: Actor, now: datetime
) -> list[Claim]:
    """A claim for each visit and clinician from charges that wait: all of a site, or these.

    Of all, those without a price stay behind. MoneyRefused when one of these has no price, is not
    approved, has no coverage, or is in a claim already.
    """
    wanted = None if charges is None else sorted(set(charges))
    of_site = Charge.objects.filter(site=site)
    rows = claimable(site) if wanted is None else of_site.filter(pk__in=wanted)
    # Two people who claim the same charges take turns here; the second finds them claimed.
    locked = Charge.objects.select_for_update(of=("self",), no_key=True)
    ids = list(locked.filter(pk__in=list(rows.values_list("pk", flat=True))).order_by("pk"))
    found = list(claimable(site).filter(pk__in=[charge.pk for charge in ids]))
    if wanted is not None and len(found) < len(wanted):
        raise MoneyRefused(
            "charges_can_be_claimed",
            "Only approved charges of this site that name a coverage and are in no claim yet can "
            "be claimed: review the others under Charges.",
        )
    of = practice(site)
    groups = [group for group in _grouped(found, of) if _has_a_price(group[1], wanted is not None)]
    made = [_make(own, staff, site=site, actor=actor, now=now) for staff, own in groups]
    judge(made, of, now=now)
    return made


@durable
def recheck_claims(
    *, site: Site, claims: Iterable[int] | None = None, actor: Actor, now: datetime
) -> int:
    """Read those that are not sent anew from the rows, and scrub them; how many changed state."""
    rows = opened(site, UNSENT, claims)
    before = {claim.pk: claim.state for claim in rows}
    judge(rows, practice(site), now=now)
    changed = [claim for claim in rows if claim.state != before[claim.pk]]
    for claim in changed:
        _note(claim, f"claim.{claim.state}", actor=actor, now=now)
    return len(changed)


@durable
def amend_claim(
    *,
    claim: Claim,
    diagnoses: Sequence[str],
    words: Mapping[int, str] | None = None,
    actor: Actor,
    now: datetime,
) -> Claim:
    """Write the diagnoses that every charge of an unsent claim points at, the main one first, and
    by charge the words of codes that say nothing themselves. MoneyRefused for one that is no code.
    """
    (row,) = _one(claim, UNSENT, "amended")
    codes = list(dict.fromkeys(code.strip().upper() for code in diagnoses if code.strip()))
    for code in codes:
        if wrong := diagnosis_problem(code):
            raise MoneyRefused("diagnoses_are_plausible", wrong)
    before: dict[str, object] = {}
    for line in row.claimed.all():
        charge = line.charge
        before[str(charge.pk)] = {"diagnoses": charge.diagnoses, "what": charge.what}
        charge.diagnoses = codes
        charge.what = (words or {}).get(charge.pk, charge.what)[:200] or charge.what
        charge.save(update_fields=["diagnoses", "what"])
    judge([row], practice(row.site), now=now)
    after = {"diagnoses": codes, "words": {str(pk): text for pk, text in (words or {}).items()}}
    _note(row, "claim.amended", actor=actor, now=now, before=before, after=after)
    return row


@durable
def void_claim(*, claim: Claim, reason: str, actor: Actor, now: datetime) -> Claim:
    """Give a claim up; its charges can be claimed anew. MoneyRefused once it was paid."""
    (row,) = _one(claim, (State.DRAFT, State.READY, State.DENIED), "voided")
    row.state = State.VOID
    row.save(update_fields=["state"])
    ClaimedCharge.objects.filter(claim=row).update(live=False)
    _note(row, "claim.void", actor=actor, now=now, after={"reason": reason})
    return row


@durable
def reopen_claim(*, claim: Claim, payer_number: str = "", actor: Actor, now: datetime) -> Claim:
    """Take up a denied claim, or one sent wrongly, to correct it and send it again.

    With the number that the payer gave it, it goes out as a replacement of that one.
    """
    (row,) = _one(claim, (State.DENIED, State.SENT), "taken up again")
    given = payer_number.strip()
    row.facts = {
        **row.facts,
        "frequency": "7" if given else "1",
        "original_reference": given,
    }
    row.answers.filter(back_on=None).update(back_on=now.astimezone(row.site.zone).date())
    row.state = State.DRAFT
    judge([row], practice(row.site), now=now)
    _note(row, "claim.reopened", actor=actor, now=now, after={"replaces": given})
    return row


def opened(site: Site, states: Sequence[str], claims: Iterable[int] | None = None) -> list[Claim]:
    """Claims of these states, locked, with all that the plain claim is made of."""
    rows = Claim.objects.select_for_update(of=("self",), no_key=True).filter(
        site=site, state__in=states
    )
    if claims is not None:
        rows = rows.filter(pk__in=list(claims))
    authorisations = Prefetch("coverage__authorisations", Authorisation.objects.order_by("first"))
    return list(
        rows.select_related("coverage__payer", "patient__details", "site")
        .prefetch_related("claimed__charge", authorisations)
        .order_by("pk")
    )


def judge(claims: Sequence[Claim], of: Practice, *, now: datetime) -> None:
    """Write what rows say now into claims that are not sent, and what is wrong with each."""
    today = now.astimezone(of.site.zone).date()
    for claim in claims:
        charges = [line.charge for line in claim.claimed.all()]
        told = plain(claim, charges, of)
        found = [
            *problems(claim, told, charges, today),
            *_beyond_the_authorisation(claim, charges),
        ]
        claim.facts = to_json(told) | {key: claim.facts[key] for key in KEPT if key in claim.facts}
        claim.problems = [{"part": one.part, "message": one.message} for one in found]
        claim.state = State.DRAFT if found else State.READY
        claim.save(update_fields=["facts", "problems", "state"])


def next_number(kind: str) -> int:
    """The next control number of a kind; inside the transaction that uses it, so none is lost."""
    ControlNumber.objects.get_or_create(kind=kind)
    row = ControlNumber.objects.select_for_update(no_key=True).get(kind=kind)
    row.last += 1
    row.save(update_fields=["last"])
    return row.last


def _grouped(charges: Sequence[Charge], of: Practice) -> list[tuple[int | None, list[Charge]]]:
    """Charges that belong in one claim: of a coverage, a visit and the clinician behind them."""
    there = clinicians([charge.appointment_id for charge in charges if charge.appointment_id])
    groups: dict[tuple[object, ...], list[Charge]] = defaultdict(list)
    for charge in charges:
        staff = renders(charge.code, there.get(charge.appointment_id or 0, {}), of)
        groups[charge.coverage_id, charge.appointment_id, charge.on, staff].append(charge)
    return [(key[-1], own) for key, own in groups.items()]  # type: ignore[misc]


def _has_a_price(charges: Sequence[Charge], asked_for: bool) -> bool:
    priced = any(charge.cents for charge in charges)
    if not priced and asked_for:
        raise MoneyRefused(
            "a_claim_asks_for_something",
            f"{charges[0].code} of {charges[0].on:%-d %b %Y} has no price: enter one under Prices.",
        )
    return priced


def _make(
    charges: Sequence[Charge], staff: int | None, *, site: Site, actor: Actor, now: datetime
) -> Claim:
    coverage = charges[0].coverage
    if coverage is None:
        raise ValueError("Only charges that name a coverage can be claimed.")
    cents = sum(charge.cents for charge in charges)
    claim = Claim.objects.create(
        coverage=coverage,
        patient=charges[0].patient,
        site=site,
        control=f"CT{next_number('claim'):07}",
        on=charges[0].on,
        cents=cents,
        facts={"staff": staff},
        made_at=now,
    )
    ClaimedCharge.objects.bulk_create(ClaimedCharge(claim=claim, charge=one) for one in charges)
    after = {"patient": claim.patient_id, "cents": cents, "charges": [one.pk for one in charges]}
    _note(claim, "claim.made", actor=actor, now=now, after=after)
    return claim


def _beyond_the_authorisation(claim: Claim, charges: Sequence[Charge]) -> Iterable[Finding]:
    """Whether the visit is one more than the payer allowed: one query where there is a limit."""
    given = authorisation_for(claim.coverage, claim.on, [charge.code for charge in charges])
    if given is None or given.visits_allowed is None:
        return
    rows = Charge.objects.filter(
        coverage=claim.coverage, on__gte=given.first, on__lte=min(given.last, claim.on)
    ).exclude(state=Charge.State.VOID)
    if given.codes:
        rows = rows.filter(code__in=given.codes)
    days = {tuple(row) for row in rows.order_by().values_list("appointment_id", "on").distinct()}
    if len(days) > given.visits_allowed:
        yield Finding(
            "authorisation",
            f"Authorisation {given.number} allows {given.visits_allowed} visits and this is number "
            f"{len(days)}: ask the payer for more, and enter what it gave.",
        )


def _one(claim: Claim, states: Sequence[str], verb: str) -> list[Claim]:
    """The claim, locked; MoneyRefused where it does not stand in one of these states."""
    found = opened(claim.site, states, [claim.pk])
    if not found:
        stands = Claim.objects.values_list("state", flat=True).get(pk=claim.pk)
        raise MoneyRefused(
            "claim_stands_so", f"This claim is {stands}: it cannot be {verb} now. Look at it again."
        )
    return found


def _note(
    claim: Claim,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    record(
        actor=actor,
        now=now,
        action=action,
        subject=f"claim:{claim.pk}",
        site=claim.site,
        before=before,
        after=after or {"state": claim.state, "problems": len(claim.problems)},
    )
