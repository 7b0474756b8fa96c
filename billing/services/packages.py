"""Packages and deposits: sold, paid into, and the rest given back.

Money that is paid for them is unearned until a visit is delivered. A visit delivered before its
package is paid for is owed; what is paid later settles that first (`billing.services.drawing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from billing.errors import MoneyRefused
from billing.models import Account, Entry, PackageOffer, Payment, Posting, Prepaid
from billing.money import Money
from billing.selectors.prices import policy_of
from billing.services.ledger import Leg, enter, open_account
from billing.services.paying import pay_in
from billing.services.till import open_till
from clinic.journal import Actor, record
from clinic.models import Patient, Site
from clinic.transactions import durable
from scheduling.models import Series

Of = Posting.Of
HELD = {Payment.Method.CASH: Of.CASH, Payment.Method.CARD: Of.CARD, Payment.Method.CHECK: Of.CHECK}
"""How money comes in at the desk -> the account that then has it."""
MOST_PARTS = 24


@durable
def sell_package(
    *,
    patient: Patient,
    offer: PackageOffer,
    series: Series | None = None,
    parts: int = 1,
    paid_cents: int = 0,
    method: str = "",
    key: str,
    actor: Actor,
    now: datetime,
) -> Prepaid:
    """Sell a package as it is offered, to be paid in parts; the first payment with it, if any.

    `key` makes it happen once. MoneyRefused when the offer is not valid today, the series is not
    theirs, or it may not be paid in so many parts.
    """
    account = open_account(patient)
    if known := _sold_before(key):
        return known
    today = now.astimezone(offer.site.zone).date()
    _must_be_offered(offer, today)
    _must_be_theirs(patient, offer.site, series)
    if not 1 <= parts <= max(1, offer.instalments):
        said = "at once" if offer.instalments <= 1 else f"in 1 to {offer.instalments} parts"
        raise MoneyRefused("parts_are_offered", f"“{offer.name}” is paid {said}.")
    package = Prepaid.objects.create(
        kind=Prepaid.Kind.PACKAGE,
        patient=patient,
        site=offer.site,
        series=series,
        offer=offer,
        name=offer.name,
        covers=offer.covers,
        cents=offer.cents,
        visits=sum(offer.covers.values()),
        instalments=instalments(offer, parts, today),
        sold_at=now,
        sale_key=key,
    )
    _tell(package, "package.sold", key, actor, now)
    if paid_cents:
        pay_in(
            account=account,
            site=package.site,
            method=method,
            cents=paid_cents,
            key=f"{key}:paid",
            prepaid=package.pk,
            actor=actor,
            now=now,
        )
    package.refresh_from_db()
    return package


@durable
def take_deposit(
    *,
    patient: Patient,
    site: Site,
    cents: int,
    method: str,
    series: Series | None = None,
    key: str,
    actor: Actor,
    now: datetime,
) -> Prepaid:
    """Take a deposit, for a series or for whatever comes; it pays what is charged later."""
    account = open_account(patient)
    if known := _sold_before(key):
        return known
    _must_be_theirs(patient, site, series)
    if cents <= 0:
        raise MoneyRefused("deposit_is_something", "Write how much the deposit is.")
    deposit = Prepaid.objects.create(
        kind=Prepaid.Kind.DEPOSIT,
        patient=patient,
        site=site,
        series=series,
        name="Deposit",
        cents=cents,
        sold_at=now,
        sale_key=key,
    )
    _tell(deposit, "deposit.taken", key, actor, now)
    pay_in(
        account=account,
        site=site,
        method=method,
        cents=cents,
        key=f"{key}:paid",
        prepaid=deposit.pk,
        actor=actor,
        now=now,
    )
    deposit.refresh_from_db()
    return deposit


@durable
def refund_unearned(
    *, prepaid: int, method: str, reason: str, key: str, actor: Actor, now: datetime
) -> Prepaid:
    """End a package or deposit: what is not earned goes back, less what the site's policy keeps.

    Nothing is paid into it or drawn from it afterwards. `key` makes it happen once.
    """
    row = Prepaid.objects.select_related("site").get(pk=prepaid)
    account = open_account(row.patient_id)
    row.refresh_from_db()
    give_back(
        account=account,
        prepaid=row,
        method=_held(method),
        reason=reason,
        key=key,
        actor=actor,
        now=now,
    )
    row.refresh_from_db()
    return row


def give_back(
    *,
    account: Account,
    prepaid: Prepaid,
    method: str,
    reason: str,
    key: str,
    actor: Actor,
    now: datetime,
) -> Entry | None:
    """The same within a transaction that has the account locked; None where nothing was left."""
    if known := Entry.objects.filter(key=key).first():
        return known
    if not reason.strip():
        raise MoneyRefused("refund_has_a_reason", "Say why it is ended: the journal keeps it.")
    left = prepaid.left_cents
    if prepaid.state == Prepaid.State.ENDED and not left:
        raise MoneyRefused("package_is_open", f"“{prepaid.name}” was ended already.")
    back, kept = refund_of(prepaid)
    entry = None
    if left:
        entry = enter(
            account=account,
            kind=Entry.Kind.REFUND,
            site=prepaid.site,
            legs=[
                Leg(Of.UNEARNED, leg, cents, prepaid)
                for leg, cents in ((method, back), (Of.FEES, kept))
                if cents
            ],
            memo=f"Rest of {prepaid.name} given back: {reason}",
            key=key,
            on=open_till(prepaid.site, now=now),
            actor=actor,
            now=now,
        )
    Prepaid.objects.filter(pk=prepaid.pk).update(state=Prepaid.State.ENDED)
    record(
        actor=actor,
        now=now,
        action="package.ended",
        subject=f"prepaid:{prepaid.pk}",
        site=prepaid.site,
        before={"state": prepaid.state, "left": left},
        after={"state": Prepaid.State.ENDED, "back": back, "kept": kept, "reason": reason},
    )
    return entry


def refund_of(prepaid: Prepaid) -> tuple[int, int]:
    """Cents that go back of what is left, and cents that the policy keeps (whole cents down)."""
    kept = prepaid.left_cents * policy_of(prepaid.site_id).refund_keeps_percent // 100
    return prepaid.left_cents - kept, kept


def instalments(offer: PackageOffer, parts: int, first: date) -> list[dict[str, object]]:
    """[{"due_on", "cents"}]: a deposit today, or the first part; the others a month apart."""
    deposit = min(offer.deposit_cents, offer.cents)
    if parts == 1:
        shares: Sequence[int] = [offer.cents]
    elif deposit:
        rest = Money(offer.cents - deposit).parts(parts - 1)
        shares = [deposit, *(one.cents for one in rest)]
    else:
        shares = [one.cents for one in Money(offer.cents).parts(parts)]
    return [
        {"due_on": _months_after(first, number).isoformat(), "cents": cents}
        for number, cents in enumerate(shares)
    ]


def _held(method: str) -> str:
    for name, account in HELD.items():
        if method == name:
            return account
    raise MoneyRefused("method_is_known", "Say how it is paid: cash, card or check.")


def _sold_before(key: str) -> Prepaid | None:
    """The package or deposit that this key made, if it did: read under the account's lock."""
    return Prepaid.objects.filter(sale_key=key).first()


def _must_be_offered(offer: PackageOffer, today: date) -> None:
    ended = offer.valid_until is not None and offer.valid_until < today
    if offer.valid_from > today or ended:
        raise MoneyRefused("offer_is_valid", f"“{offer.name}” is not sold today; choose another.")
    if not sum(offer.covers.values()):
        raise MoneyRefused(
            "package_covers_something", f"“{offer.name}” covers no visit: correct the offer first."
        )


def _must_be_theirs(patient: Patient, site: Site, series: Series | None) -> None:
    if series and (series.patient_id != patient.pk or series.site_id != site.pk):
        raise MoneyRefused(
            "series_is_theirs", "That series is of another patient or site; choose one of theirs."
        )


def _tell(prepaid: Prepaid, action: str, key: str, actor: Actor, now: datetime) -> None:
    record(
        actor=actor,
        now=now,
        action=action,
        subject=f"prepaid:{prepaid.pk}",
        site=prepaid.site,
        after={
            "patient": prepaid.patient_id,
            "name": prepaid.name,
            "cents": prepaid.cents,
            "visits": prepaid.visits,
            "series": prepaid.series_id,
        },
    )


def _months_after(day: date, months: int) -> date:
    """The same day so many months on; the last of a month that is shorter."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
