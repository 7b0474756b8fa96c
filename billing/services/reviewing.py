"""Charges looked at by a person: approved, changed, voided, waived; and entered into the ledger.

What is approved stays as it is. `post_charges` enters it: a patient pays for it, an insurance is
asked, or a package has paid for it already (the draw of the visit is its entry).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import QuerySet

from billing.errors import MoneyRefused
from billing.models import Account, Charge, Draw, Entry, Posting, Prepaid
from billing.money import Money
from billing.selectors.charges import open_flags
from billing.selectors.packages import with_deposit
from billing.selectors.prices import price_of
from billing.services.charging import no_price, was
from billing.services.drawing import take_back_draw
from billing.services.ledger import Leg, enter, open_account, reverse
from clinic.journal import Actor, record
from clinic.transactions import durable
from scheduling.models import Appointment

Of = Posting.Of
State = Charge.State
OPEN = (State.PROPOSED, State.APPROVED)


@durable
def approve_charges(
    *, charges: Sequence[int], reason: str = "", actor: Actor, now: datetime
) -> list[Charge]:
    """Approve charges of one patient; those approved already are left as they are.

    MoneyRefused where something still has to be answered (a price, a diagnosis, a time), unless a
    reason says why it may stay so.
    """
    _, rows = _opened(charges)
    for row in rows:
        if row.state == State.PROPOSED:
            if reason.strip():
                row.reason = f"{row.reason} Approved as it is: {reason.strip()}"[:500]
            else:
                _must_be_answered(row)
            _review(row, State.APPROVED, actor, now)
            _tell(row, "charge.approved", actor, now)
    return rows


@durable
def change_charge(
    *,
    charge: int,
    units: int | None = None,
    code: str | None = None,
    what: str | None = None,
    cents: int | None = None,
    modifiers: Sequence[str] | None = None,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Charge:
    """Correct what is proposed or approved and not entered yet; it is approved again afterwards.

    Without `cents` it costs what the price lists say. MoneyRefused without a reason, once it is in
    the ledger, and for a code that the visit has already.
    """
    _, (row,) = _opened([charge])
    _must_be_open(row)
    if not reason.strip():
        raise MoneyRefused("change_has_a_reason", "Say why it is changed: the journal keeps it.")
    before = _facts(row)
    old = row.code
    row.code = (code or row.code).strip().upper()
    row.units = row.units if units is None else units
    if row.units < 1:
        raise MoneyRefused("units_are_some", "Write 1 unit or more, or void the charge.")
    if row.code != old:
        _must_be_single(row)
    row.what = what or row.what
    row.modifiers = row.modifiers if modifiers is None else list(modifiers)
    row.flags = [flag for flag in row.flags if flag.get("of") not in ("price", "changed")]
    _price(row, cents)
    if row.code != old and old not in was(row):
        row.flags.append({"text": f"Was proposed as {old}.", "stops": False, "was": old})
    row.reason = f"{reason.strip()} ({actor.name})"[:500]
    row.reviewed_by, row.reviewed_at, row.state = actor.name, now, State.PROPOSED
    row.save()
    _tell(row, "charge.changed", actor, now, before=before)
    return row


@durable
def void_charge(*, charge: int, reason: str, actor: Actor, now: datetime) -> Charge:
    """Void a charge, proposed or entered: what was entered is taken back by its opposite.

    A visit of which nothing is left to be charged is given back to its package. MoneyRefused
    without a reason, and for one that is on an invoice or a claim.
    """
    account, (row,) = _opened([charge])
    return _void(account, row, reason, actor, now)


@durable
def waive_fee(*, charge: int, reason: str, actor: Actor, now: datetime) -> Charge:
    """Let a patient off a fee, with a reason that stays with it."""
    account, (row,) = _opened([charge])
    if row.kind != Charge.Kind.FEE:
        raise MoneyRefused(
            "only_fees_are_waived", "Only a fee is waived. For a service, give a discount or void."
        )
    row.waived = reason.strip()[:200]
    return _void(account, row, reason, actor, now)


@durable
def post_charges(*, charges: Sequence[int], actor: Actor, now: datetime) -> list[Entry]:
    """Enter approved charges of one patient into the ledger, each once; the entries made.

    A sliding scale lowers what a patient pays themselves, and a deposit pays for it first.
    """
    account, rows = _opened(charges)
    made = []
    for row in rows:
        if row.state == State.APPROVED and row.entry_id is None:
            made += _post(account, row, actor, now)
    return made


def _post(account: Account, row: Charge, actor: Actor, now: datetime) -> list[Entry]:
    if row.prepaid_id:
        drawn = Draw.objects.filter(appointment=row.appointment_id, taken_back=False).first()
        if drawn is None:
            raise MoneyRefused(
                "package_has_the_visit",
                f"{row.what}: its package does not have the visit any more. Void it, or change it.",
            )
        row.entry, row.state = drawn.entry, State.BILLED
        row.save(update_fields=["entry", "state"])
        return []
    if not row.cents:
        row.state = State.BILLED
        row.save(update_fields=["state"])
        return []
    is_fee = row.kind == Charge.Kind.FEE
    memo = f"{row.code} {row.what}"
    if row.coverage:
        memo = f"{memo}, claimed from {row.coverage.payer.name}"
    entry = _enter(
        account,
        row,
        Entry.Kind.FEE if is_fee else Entry.Kind.CHARGE,
        [Leg(Of.RECEIVABLE, Of.FEES if is_fee else Of.REVENUE, row.cents)],
        memo,
        actor,
        now,
    )
    row.entry = entry
    row.save(update_fields=["entry"])
    if is_fee or row.coverage_id:
        return [entry]
    reduced = _reduce(account, row, actor, now)
    used = _use_deposit(account, row, row.cents - _cents(reduced), actor, now)
    return [entry, *reduced, *used]


def _reduce(account: Account, row: Charge, actor: Actor, now: datetime) -> list[Entry]:
    """What a sliding scale takes off, to the patient's good where cents do not divide."""
    pays = row.cents * account.scale_percent // 100
    if pays == row.cents:
        return []
    memo = f"Sliding scale, {account.scale_percent} % of {row.code}: {account.scale_reason}"
    legs = [Leg(Of.DISCOUNTS, Of.RECEIVABLE, row.cents - pays)]
    return [_enter(account, row, Entry.Kind.DISCOUNT, legs, memo, actor, now)]


def _use_deposit(
    account: Account, row: Charge, cents: int, actor: Actor, now: datetime
) -> list[Entry]:
    made: list[Entry] = []
    for deposit in with_deposit(row.appointment) if row.appointment else []:
        used = min(cents, deposit.left_cents)
        if not used:
            break
        legs = [Leg(Of.UNEARNED, Of.RECEIVABLE, used, deposit)]
        memo = f"Deposit used for {row.code}"
        made.append(
            _enter(account, row, Entry.Kind.TRANSFER, legs, memo, actor, now, f":{deposit.pk}")
        )
        cents -= used
        deposit.refresh_from_db()
        if not deposit.left_cents and deposit.paid_cents == deposit.cents:
            Prepaid.objects.filter(pk=deposit.pk).update(state=Prepaid.State.USED)
    return made


def _enter(
    account: Account,
    row: Charge,
    kind: str,
    legs: Iterable[Leg],
    memo: str,
    actor: Actor,
    now: datetime,
    more: str = "",
) -> Entry:
    return enter(
        account=account,
        kind=kind,
        site=row.site,
        legs=legs,
        memo=memo,
        key=f"charge:{row.pk}:{kind}{more}",
        on=row.on,
        actor=actor,
        now=now,
    )


def _void(account: Account, row: Charge, reason: str, actor: Actor, now: datetime) -> Charge:
    if not reason.strip():
        raise MoneyRefused("void_has_a_reason", "Say why: the journal keeps it.")
    if row.state == State.VOID:
        return row
    if row.document_id:
        raise MoneyRefused(
            "invoiced_charges_stay", "This charge is on an invoice: correct it by a credit note."
        )
    if row.state == State.BILLED and row.coverage_id:
        raise MoneyRefused("claimed_charges_stay", "This charge is on a claim: void the claim.")
    before = _facts(row)
    if not row.prepaid_id:
        mine = Entry.objects.filter(key__startswith=f"charge:{row.pk}:", reversed_by=None)
        for entry in mine.select_related("site").order_by("-pk"):
            reverse(entry=entry, account=account, reason=reason, actor=actor, now=now)
        _reopen_deposits(row)
    row.flags = [flag for flag in row.flags if "was" in flag]
    row.reason = f"{reason.strip()} ({actor.name})"[:500]
    _review(row, State.VOID, actor, now)
    _tell(row, "charge.voided", actor, now, before=before)
    visit = row.appointment
    if row.prepaid_id and visit and not _live(visit).filter(prepaid__isnull=False).exists():
        take_back_draw(account=account, visit=visit, reason=reason, actor=actor, now=now)
    return row


def _reopen_deposits(row: Charge) -> None:
    """A deposit that a reversal gave money back to is open again."""
    Prepaid.objects.filter(
        postings__entry__key__startswith=f"charge:{row.pk}:",
        state=Prepaid.State.USED,
        left_cents__gt=0,
    ).update(state=Prepaid.State.OPEN)


def _live(visit: Appointment) -> QuerySet[Charge]:
    return Charge.objects.filter(appointment=visit).exclude(state=State.VOID)


def _opened(charges: Sequence[int]) -> tuple[Account, list[Charge]]:
    """Charges of one patient, read once their account is locked. Charge.DoesNotExist."""
    first = Charge.objects.filter(pk__in=charges).first()
    if first is None:
        raise Charge.DoesNotExist
    account = open_account(first.patient_id)
    rows = list(
        Charge.objects.filter(pk__in=charges)
        .select_related("site", "coverage__payer", "appointment", "prepaid")
        .order_by("on", "appointment_id", "position", "pk")
    )
    if any(row.patient_id != account.pk for row in rows):
        raise MoneyRefused("one_patient_at_a_time", "Choose charges of one patient.")
    return account, rows


def _must_be_open(row: Charge) -> None:
    if row.state not in OPEN or row.entry_id:
        raise MoneyRefused(
            "entered_charges_stay",
            f"{row.code} is {'void' if row.state == State.VOID else 'in the ledger'}: void it and "
            "charge anew.",
        )


def _must_be_single(row: Charge) -> None:
    if row.appointment and _live(row.appointment).filter(code=row.code).exclude(pk=row.pk).exists():
        raise MoneyRefused(
            "one_charge_a_code",
            f"The visit has {row.code} already: change its units, and void this one.",
        )


def _must_be_answered(row: Charge) -> None:
    if open_ := [flag["text"] for flag in row.flags if flag["stops"]]:
        raise MoneyRefused("flags_are_answered", f"{row.code}: {open_[0]}")
    capture = getattr(row.appointment, "capture", None) if row.appointment else None
    if capture is None or row.kind == Charge.Kind.FEE or row.reviewed_by:
        return
    rows = Charge.objects.filter(appointment=row.appointment_id)
    if open_ := [flag["text"] for flag in open_flags(capture, rows) if flag["stops"]]:
        raise MoneyRefused("flags_are_answered", open_[0])


def _price(row: Charge, cents: int | None) -> None:
    if cents is not None:
        row.cents = cents
        return
    payer = row.coverage.payer_id if row.coverage else None
    price = price_of(site=row.site_id, payer=payer, code=row.code, on=row.on)
    row.cents = price.cents * row.units if price else 0
    if price is None and row.kind == Charge.Kind.SERVICE:
        row.flags.append({"text": no_price(row.code), "stops": True, "of": "price"})


def _review(row: Charge, state: str, actor: Actor, now: datetime) -> None:
    row.state = State(state)
    row.reviewed_by, row.reviewed_at = actor.name, now
    row.save()


def _cents(entries: Iterable[Entry]) -> int:
    return sum(posting.cents for entry in entries for posting in entry.postings.all())


def _facts(row: Charge) -> dict[str, object]:
    return {
        "code": row.code,
        "units": row.units,
        "amount": Money(row.cents).amount,
        "state": row.state,
    }


def _tell(
    row: Charge,
    action: str,
    actor: Actor,
    now: datetime,
    before: dict[str, object] | None = None,
) -> None:
    record(
        actor=actor,
        now=now,
        action=action,
        subject=f"charge:{row.pk}",
        site=row.site,
        before=before,
        after=_facts(row) | {"reason": row.reason},
    )
