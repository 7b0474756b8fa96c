"""Prices, packages on offer, a site's rules about money, and what single patients pay of it.

Each write is journaled with everything as it was before, so that `put_back` can restore it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.forms.models import model_to_dict

from billing.checks import diagnosis_problem
from billing.errors import MoneyRefused
from billing.models import (
    Account,
    Diagnoses,
    Entry,
    PackageOffer,
    Payer,
    Policy,
    Posting,
    Price,
    PriceList,
)
from billing.money import Money
from billing.selectors.ledger import owed
from billing.services.ledger import Leg, enter, open_account
from clinic.journal import Actor, record, unchanged_since
from clinic.models import Journal, Patient, Site
from clinic.transactions import durable
from scheduling.models import Protocol, Series

Of = Posting.Of
CODE = re.compile(r"[0-9A-Z]{4,10}")
POLICY = (
    "deposit_cents", "late_cancel_cents", "no_show_cents", "refund_keeps_percent", "legal_name",
    "tax_id", "npi", "colour", "footer",
)  # fmt: skip
OFFER = (
    "name", "protocol_key", "covers", "cents", "deposit_cents", "instalments", "valid_from",
    "valid_until",
)  # fmt: skip


@durable
def save_price_list(
    *,
    site: Site,
    price_list: int | None = None,
    payer: Payer | None = None,
    name: str,
    valid_from: date,
    valid_until: date | None = None,
    prices: Mapping[str, int],
    seen: int | None = None,
    actor: Actor,
    now: datetime,
) -> PriceList:
    """Write a list of prices whole: code -> cents of one unit. A new one without `price_list`.

    Charges that nobody has looked at are priced anew afterwards. ValidationError by field;
    ChangedMeanwhile (`seen`).
    """
    _must_be_prices(prices)
    row = PriceList(site=site)
    before: dict[str, Any] = {}
    if price_list is not None:
        row = PriceList.objects.select_for_update().get(pk=price_list, site=site)
        unchanged_since(seen, f"price_list:{row.pk}")
        before = facts_of_list(row)
    row.payer, row.name, row.valid_from, row.valid_until = payer, name, valid_from, valid_until
    row.full_clean(exclude=["payer"])
    row.save()
    Price.objects.filter(price_list=row).delete()
    Price.objects.bulk_create(
        Price(price_list=row, code=code, cents=cents) for code, cents in sorted(prices.items())
    )
    _tell("prices.changed", f"price_list:{row.pk}", site, before, facts_of_list(row), actor, now)
    return row


@durable
def save_offer(
    *,
    site: Site,
    offer: int | None = None,
    facts: Mapping[str, Any],
    seen: int | None = None,
    actor: Actor,
    now: datetime,
) -> PackageOffer:
    """Write a package that can be sold; what was sold before stays as it was sold."""
    row = PackageOffer(site=site)
    before: dict[str, Any] = {}
    if offer is not None:
        row = PackageOffer.objects.select_for_update().get(pk=offer, site=site)
        unchanged_since(seen, f"offer:{row.pk}")
        before = _plain(row, OFFER)
    for name in OFFER:
        if name in facts:
            setattr(row, name, facts[name])
    _must_be_an_offer(row)
    row.full_clean()
    row.save()
    _tell("offer.changed", f"offer:{row.pk}", site, before, _plain(row, OFFER), actor, now)
    return row


@durable
def save_policy(
    *,
    site: Site,
    facts: Mapping[str, Any],
    seen: int | None = None,
    actor: Actor,
    now: datetime,
) -> Policy:
    """Write a site's rules about money."""
    row, _ = Policy.objects.get_or_create(site=site)
    row = Policy.objects.select_for_update().get(pk=row.pk)
    unchanged_since(seen, f"policy:{row.pk}")
    before = _plain(row, POLICY)
    for name in POLICY:
        if name in facts:
            setattr(row, name, facts[name])
    row.full_clean()
    row.save()
    _tell("policy.changed", f"policy:{row.pk}", site, before, _plain(row, POLICY), actor, now)
    return row


@durable
def put_back(*, entry: int, actor: Actor, now: datetime) -> None:
    """Restore what a change of prices, an offer or the policy was before it.

    MoneyRefused when there was nothing before, or it was changed again since.
    """
    change = Journal.objects.select_related("site").get(pk=entry)
    newest = Journal.objects.filter(subject=change.subject).order_by("-pk").first()
    if not change.before or newest != change or change.site is None:
        raise MoneyRefused("undone_at_once", "It was changed again since: change it by hand.")
    kind, _, pk = change.subject.partition(":")
    site = change.site
    if kind == "price_list":
        row = PriceList.objects.select_for_update().get(pk=int(pk), site=site)
        _restore_list(row, change.before)
        after = facts_of_list(row)
    elif kind == "offer":
        offer = PackageOffer.objects.select_for_update().get(pk=int(pk), site=site)
        _restore(offer, change.before, OFFER)
        after = _plain(offer, OFFER)
    else:
        policy = Policy.objects.select_for_update().get(site=site)
        _restore(policy, change.before, POLICY)
        after = _plain(policy, POLICY)
    _tell(change.action, change.subject, site, change.after, after, actor, now)


@durable
def set_scale(
    *, patient: Patient, percent: int, reason: str, actor: Actor, now: datetime
) -> Account:
    """What a patient pays of a price they pay themselves: 100 is all. A reason for less."""
    account = open_account(patient)
    if not 0 <= percent <= 100:
        raise MoneyRefused("scale_is_a_share", "Write a share from 0 to 100.")
    if percent < 100 and not reason.strip():
        raise MoneyRefused("scale_has_a_reason", "Say why they pay less: an auditor will ask.")
    before = {"percent": account.scale_percent, "reason": account.scale_reason}
    account.scale_percent, account.scale_reason = percent, reason.strip()[:200]
    account.save(update_fields=["scale_percent", "scale_reason"])
    after = {"percent": percent, "reason": account.scale_reason}
    subject = f"account:{patient.pk}"
    _tell("scale.set", subject, patient.home_site, before, after, actor, now)
    return account


@durable
def give_discount(
    *, patient: Patient, site: Site, cents: int, reason: str, key: str, actor: Actor, now: datetime
) -> Entry:
    """Take something off what a patient owes, with a reason; never more than they owe."""
    account = open_account(patient)
    if known := Entry.objects.filter(key=key).first():
        return known
    if not reason.strip():
        raise MoneyRefused("discount_has_a_reason", "Say why: an auditor will ask.")
    if not 0 < cents <= owed(patient):
        raise MoneyRefused(
            "discount_of_what_is_owed",
            f"They owe {Money(max(0, owed(patient)))}: a discount is some of that.",
        )
    return enter(
        account=account,
        kind=Entry.Kind.DISCOUNT,
        site=site,
        legs=[Leg(Of.DISCOUNTS, Of.RECEIVABLE, cents)],
        memo=reason.strip(),
        key=key,
        actor=actor,
        now=now,
    )


@durable
def set_diagnoses(
    *,
    of: Series | Protocol,
    codes: list[str],
    actor: Actor,
    now: datetime,
) -> Diagnoses:
    """The diagnoses of a series, or those usual for a protocol; the main one first."""
    told = [code.strip().upper() for code in codes if code.strip()]
    for code in told:
        if problem := diagnosis_problem(code):
            raise MoneyRefused("diagnosis_is_plausible", problem)
    about = {"series": of} if isinstance(of, Series) else {"protocol": of}
    old = Diagnoses.objects.filter(**about).first()
    before = {"codes": old.codes} if old else {}
    row, _ = Diagnoses.objects.update_or_create(
        **about, defaults={"codes": told, "by": actor.name, "at": now}
    )
    kind = "series" if isinstance(of, Series) else "protocol"
    site = of.site if isinstance(of, Series) else None
    subject = f"diagnoses:{kind}:{of.pk}"
    _tell("diagnoses.set", subject, site, before, {kind: of.pk, "codes": told}, actor, now)
    return row


def facts_of_list(row: PriceList) -> dict[str, Any]:
    """A price list as the journal keeps it."""
    prices = Price.objects.filter(price_list=row).values_list("code", "cents")
    return {
        "name": row.name,
        "payer": row.payer_id,
        "valid_from": row.valid_from.isoformat(),
        "valid_until": row.valid_until.isoformat() if row.valid_until else None,
        "prices": dict(prices.order_by("code")),
    }


def _restore_list(row: PriceList, before: Mapping[str, Any]) -> None:
    row.name, row.payer_id = before["name"], before["payer"]
    row.valid_from = date.fromisoformat(before["valid_from"])
    until = before["valid_until"]
    row.valid_until = date.fromisoformat(until) if until else None
    row.save()
    Price.objects.filter(price_list=row).delete()
    Price.objects.bulk_create(
        Price(price_list=row, code=code, cents=cents) for code, cents in before["prices"].items()
    )


def _restore(
    row: PackageOffer | Policy, before: Mapping[str, Any], fields: tuple[str, ...]
) -> None:
    for name in fields:
        value = before[name]
        if name.startswith("valid_") and value:
            value = date.fromisoformat(value)
        setattr(row, name, value)
    row.save()


def _plain(row: PackageOffer | Policy, fields: tuple[str, ...]) -> dict[str, Any]:
    values = model_to_dict(row, fields=fields)
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
    }


def _must_be_prices(prices: Mapping[str, int]) -> None:
    wrong = [code for code in prices if not CODE.fullmatch(code)]
    if wrong:
        raise ValidationError(
            {"prices": f"“{wrong[0][:12]}” is no code: 4 to 10 letters and digits, as 96365."}
        )
    if any(cents < 0 for cents in prices.values()):
        raise ValidationError({"prices": "A price is nothing or more."})


def _must_be_an_offer(row: PackageOffer) -> None:
    if not row.covers or any(number < 1 for number in row.covers.values()):
        raise ValidationError({"covers": "Say how many visits of which kind: infusion 3."})
    if row.deposit_cents > row.cents:
        raise ValidationError({"deposit_cents": "The deposit is part of the price."})
    if row.valid_until and row.valid_until < row.valid_from:
        raise ValidationError({"valid_until": "It ends before it begins."})


def _tell(
    action: str,
    subject: str,
    site: Site | None,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    record(
        actor=actor,
        now=now,
        action=action,
        subject=subject,
        site=site,
        before=before,
        after=after,
    )
