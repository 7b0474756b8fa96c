"""What a demo's patients paid of what they owe, and the days that were closed; by their rows."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from billing.models import Payment
from billing.selectors.till import COUNTED, expected, open_days
from billing.selectors.unpaid import Owing, unpaid
from billing.services.closing import close_day
from billing.services.crediting import give_back_credit
from billing.services.paying import take_payment
from clinic.journal import Actor
from clinic.models import Site

ACTOR = Actor(name="load_demo", door="command")
METHODS = (Payment.Method.CARD, Payment.Method.CARD, Payment.Method.CASH, Payment.Method.CHECK)
TOO_MUCH, SHORT = 2_000, 500
CLOSED_BACK_TO = timedelta(days=31)
PAID_AT, CLOSED_AT = time(15, 30), time(18, 15)


def fill(*, now: datetime) -> None:
    """Two of five paid all, one paid half, one paid $20 too much, one nothing; to run after the
    charges. Each past day is closed, the last of them $5 short in cash.
    """
    for site in Site.objects.select_related("organisation").order_by("pk"):
        owing, _ = unpaid(site)
        paid = [(_moment(one, site, now), one) for one in owing if one.patient.pk % 5 != 4]
        for moment, one in sorted(paid, key=lambda pair: (pair[0], pair[1].patient.pk)):
            _pay(one, site, moment)
        _give_one_back(site, now)
        _close(site, now)


def _moment(owing: Owing, site: Site, now: datetime) -> datetime:
    """The afternoon after the newest of what they owe, or now if that is still to come."""
    day = owing.parts[-1].on + timedelta(days=1)
    return min(now, datetime.combine(day, PAID_AT, tzinfo=site.zone))


def _pay(owing: Owing, site: Site, moment: datetime) -> None:
    number = owing.patient.pk
    cents = {2: owing.cents // 2 or 1, 3: owing.cents + TOO_MUCH}.get(number % 5, owing.cents)
    method = METHODS[number // 5 % len(METHODS)]
    take_payment(
        patient=number,
        site=site,
        method=method,
        cents=cents,
        key=f"demo-{site.pk}-{number}",
        reference=str(1000 + number) if method == Payment.Method.CHECK else "",
        actor=ACTOR,
        now=moment,
    )


def _give_one_back(site: Site, now: datetime) -> None:
    """The credit that has waited longest."""
    _, credits = unpaid(site)
    for one in credits[:1]:
        give_back_credit(
            patient=one.patient.pk,
            site=site,
            cents=-one.cents,
            reason="Paid too much",
            key=f"demo-{site.pk}-back",
            processor=None,
            actor=ACTOR,
            now=now,
        )


def _close(site: Site, now: datetime) -> None:
    today = now.astimezone(site.zone).date()
    days = open_days(site, before=today, since=today - CLOSED_BACK_TO)
    for day in days:
        should = expected(site, day)
        counted = {str(method): should[method] for method in COUNTED}
        short = day == days[-1] and counted["cash"] >= SHORT
        counted["cash"] -= SHORT if short else 0
        close_day(
            site=site,
            on=day,
            counted=counted,
            note="$5.00 short: change given twice, as far as we can tell." if short else "",
            actor=ACTOR,
            now=min(now, datetime.combine(day, CLOSED_AT, tzinfo=site.zone)),
        )
