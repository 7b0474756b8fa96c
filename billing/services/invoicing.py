"""Invoices of approved charges, and taking one back: never an edit, a credit note and a new one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from billing import good_faith
from billing.errors import MoneyRefused
from billing.models import Account, Charge, Document, Entry, Estimate
from billing.money import Money
from billing.selectors import facts
from billing.selectors.self_pay import scaled
from billing.services.documents import Kind, write_document
from billing.services.ledger import Leg, Of, enter, open_account, reverse
from clinic.journal import Actor
from clinic.models import Patient, Site
from clinic.transactions import durable

State = Charge.State
BILLABLE = (State.APPROVED, State.BILLED)


def to_invoice(patient: Patient | int, site: Site | int) -> QuerySet[Charge]:
    """Approved charges that a patient pays and that no invoice has, in order.

    What a package pays for is here once it was drawn from it; an insurer's charges never are.
    """
    mine = Charge.objects.filter(patient=patient, site=site, coverage=None, document=None)
    mine = mine.filter(Q(prepaid=None) | Q(entry__isnull=False), state__in=BILLABLE, waived="")
    return mine.select_related("appointment__protocol_version").order_by(
        "on", "appointment", "position", "pk"
    )


@durable
def issue_invoice(
    *,
    patient: Patient,
    site: Site,
    charges: Collection[int] | None = None,
    actor: Actor,
    now: datetime,
) -> Document:
    """Invoice these charges, or all there are. What is not in the ledger yet is entered.

    MoneyRefused when there is none, or one of them cannot be invoiced.
    """
    account = open_account(patient)
    chosen = _chosen(to_invoice(patient, site), charges)
    return _invoice(account, site, chosen, corrects=None, actor=actor, now=now)


@durable
def correct_invoice(
    *, invoice: int, keep: Collection[int], reason: str, actor: Actor, now: datetime
) -> tuple[Document, Document | None]:
    """Take an invoice back whole by a credit note; what is kept of it is invoiced anew.

    A charge that is not kept is void, and its entry in the ledger is taken back. `keep` may name
    charges that no invoice had. MoneyRefused for one taken back already, or without a reason.
    """
    old = Document.objects.select_related("patient", "site").get(pk=invoice, kind=Kind.INVOICE)
    account = open_account(old.patient)
    if not reason.strip():
        raise MoneyRefused("reason_is_given", "Say why the invoice is taken back.")
    if Document.objects.filter(corrects=old, kind=Kind.CREDIT).exists():
        raise MoneyRefused("corrected_once", "This invoice was taken back already.")
    of_it = list(Charge.objects.filter(document=old))
    for charge in of_it:
        if charge.pk not in keep:
            _strike(charge, account, reason, actor, now)
    Charge.objects.filter(document=old).update(document=None)
    credit = write_document(
        kind=Kind.CREDIT,
        patient=old.patient,
        site=old.site,
        cents=old.facts["covered_cents"] - old.facts["total_cents"],
        said=facts.of_credit(old, reason.strip()[:200]),
        corrects=old,
        actor=actor,
        now=now,
    )
    if not keep:
        return credit, None
    chosen = _chosen(to_invoice(old.patient, old.site), keep)
    return credit, _invoice(account, old.site, chosen, corrects=old, actor=actor, now=now)


def over_estimate(charges: Sequence[Charge]) -> tuple[Estimate, int] | None:
    """The estimate that these charges, with those billed before, exceed by the threshold or more.

    What was billed of a series is held against what its last estimate said for the same visits
    (45 CFR 149.620). Package visits are paid ahead and not counted. The largest excess is told.
    """
    found: list[tuple[Estimate, int]] = []
    fresh = {charge.pk for charge in charges}
    courses = {one.appointment.series_id for one in charges if one.appointment}
    for series in sorted(course for course in courses if course):
        estimate = _last_given(series)
        if estimate is None:
            continue
        billed = Charge.objects.filter(
            Q(pk__in=fresh) | Q(state=State.BILLED, document__isnull=False),
            appointment__series=series,
            kind=Charge.Kind.SERVICE,
            prepaid=None,
        ).select_related("appointment")
        steps = {charge.appointment.step for charge in billed if charge.appointment}
        said = Money(sum(one["cents"] for one in estimate.lines if one["step"] in steps))
        total = Money(sum(charge.cents for charge in billed))
        if good_faith.may_be_disputed(estimated=said, billed=total):
            found.append((estimate, (total - said).cents))
    return max(found, key=lambda one: one[1], default=None)


def _chosen(rows: QuerySet[Charge], wanted: Collection[int] | None) -> list[Charge]:
    chosen = list(rows if wanted is None else rows.filter(pk__in=list(wanted)))
    if not chosen:
        raise MoneyRefused(
            "charges_are_approved", "There is nothing to invoice: approve the charges first."
        )
    if wanted is not None and len(chosen) != len(set(wanted)):
        raise MoneyRefused(
            "charges_are_approved",
            "One of these charges is not approved, is an insurer’s, or is on an invoice already: "
            "look at the list again.",
        )
    return chosen


def _invoice(
    account: Account,
    site: Site,
    charges: Sequence[Charge],
    *,
    corrects: Document | None,
    actor: Actor,
    now: datetime,
) -> Document:
    for charge in charges:
        if charge.entry_id is None and charge.cents:
            charge.entry = _enter(charge, account, actor, now)
        charge.state = State.BILLED
    Charge.objects.bulk_update(charges, ["entry", "state"])
    over = over_estimate(charges)
    said = facts.of_invoice(account.patient, charges, corrects=corrects, over=over)
    made = write_document(
        kind=Kind.INVOICE,
        patient=account.patient,
        site=site,
        cents=said["due_cents"],
        said=said,
        corrects=corrects,
        actor=actor,
        now=now,
    )
    for charge in charges:
        charge.document = made
    Charge.objects.bulk_update(charges, ["document"])
    return made


def _enter(charge: Charge, account: Account, actor: Actor, now: datetime) -> Entry:
    """A charge that nobody has entered yet, less what a sliding scale takes off."""
    fee = charge.kind == Charge.Kind.FEE
    off = 0 if fee else charge.cents - scaled(charge.cents, account.scale_percent)
    return enter(
        account=account,
        kind=Entry.Kind.FEE if fee else Entry.Kind.CHARGE,
        site=charge.site,
        legs=[
            Leg(Of.RECEIVABLE, Of.FEES if fee else Of.REVENUE, charge.cents),
            Leg(Of.DISCOUNTS, Of.RECEIVABLE, off),
        ],
        memo=charge.what,
        key=f"charge:{charge.pk}",
        on=charge.on,
        actor=actor,
        now=now,
    )


def _strike(charge: Charge, account: Account, reason: str, actor: Actor, now: datetime) -> None:
    """A charge that should not have been: void, and out of the ledger."""
    if charge.prepaid_id is not None:
        raise MoneyRefused(
            "package_visits_stay",
            f"“{charge.what}” was paid from a package: keep it here, and void it under Charges.",
        )
    if charge.entry is not None and not Entry.objects.filter(reverses=charge.entry).exists():
        reverse(entry=charge.entry, account=account, reason=reason, actor=actor, now=now)
    charge.state, charge.waived = State.VOID, reason.strip()[:200]
    charge.reviewed_by, charge.reviewed_at, charge.document = actor.name, now, None
    charge.save(update_fields=["state", "waived", "reviewed_by", "reviewed_at", "document"])


def _last_given(series: int) -> Estimate | None:
    given = Estimate.objects.filter(series=series).exclude(document=None)
    return given.select_related("document").order_by("version").last()
