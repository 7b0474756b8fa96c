"""Money that comes in at the desk and goes back: once, and never more than came."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.errors import MoneyRefused
from billing.models import Entry, Payment, Prepaid, Refund
from billing.selectors import balances, owed, unearned
from billing.services.closing import close_day
from billing.services.crediting import give_back_credit
from billing.services.ledger import Leg, Of, enter, open_account
from billing.services.paying import take_back_payment, take_payment, write_off
from billing.services.refunding import refund_payment
from clinic.models import Patient
from clinic.transactions import writing
from tests.cast import DESK, NOW, patient, site
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)
BY = {"actor": DESK, "now": NOW}


def charge(who, where, cents: int) -> Entry:
    """What a visit came to."""
    legs = [Leg(Of.RECEIVABLE, Of.REVENUE, cents)]
    with writing():
        return enter(
            account=open_account(who), kind="charge", site=where, legs=legs, memo="Visit", **BY
        )


def earn(course: Prepaid, cents: int) -> Entry:
    """A visit under a package was delivered."""
    legs = [Leg(Of.UNEARNED, Of.REVENUE, cents, course)]
    with writing():
        account = open_account(course.patient)
        return enter(account=account, kind="draw", site=course.site, legs=legs, memo="V", **BY)


def package(who, where, cents: int = 90_000) -> Prepaid:
    return Prepaid.objects.create(
        kind="package", patient=who, site=where, name="Course", cents=cents, sold_at=NOW
    )


def pay(who, where, cents: int, method: str = "cash", key: str = "", **more) -> Payment:
    key = key or f"k{Payment.objects.count()}"
    return take_payment(
        patient=who.pk, site=where, method=method, cents=cents, key=key, **BY, **more
    )


def back(payment: Payment, cents: int, key: str = "", reason: str = "Too much") -> Refund:
    return refund_payment(
        payment=payment.pk,
        cents=cents,
        reason=reason,
        key=key or f"r{Refund.objects.count()}",
        processor=None,
        **BY,
    )


class TestPaying:
    def test_a_payment_settles_what_is_owed_and_is_in_its_account(self):
        pia, clinic = patient("Pia"), site()
        charge(pia, clinic, 45_000)
        for method, account in (("cash", Of.CASH), ("card", Of.CARD), ("check", Of.CHECK)):
            pay(pia, clinic, 15_000, method)
            assert balances(patient=pia)[account] == 15_000
        assert owed(pia) == 0

    def test_the_same_key_takes_money_once(self):
        pia, clinic = patient("Pia"), site()
        first = pay(pia, clinic, 5_000, key="form-1")
        assert pay(pia, clinic, 5_000, key="form-1") == first
        assert owed(pia) == -5_000
        with pytest.raises(MoneyRefused, match="used for another payment"):
            pay(pia, clinic, 6_000, key="form-1")

    def test_what_is_more_than_owed_stays_as_a_credit(self):
        pia, clinic = patient("Pia"), site()
        charge(pia, clinic, 10_000)
        pay(pia, clinic, 12_500)
        assert owed(pia) == -2_500

    def test_a_payment_for_a_package_is_not_earned_yet(self):
        pia, clinic = patient("Pia"), site()
        course = package(pia, clinic)
        pay(pia, clinic, 30_000, "check", prepaid=course.pk, reference="1042")
        course.refresh_from_db()
        assert (unearned(pia), course.paid_cents, course.left_cents) == (30_000, 30_000, 30_000)
        assert Entry.objects.get().memo == "Paid by check 1042, for “Course”"

    def test_no_more_is_taken_for_a_package_than_its_price(self):
        pia, clinic = patient("Pia"), site()
        course = package(pia, clinic, 10_000)
        pay(pia, clinic, 8_000, prepaid=course.pk)
        with pytest.raises(MoneyRefused, match=r"has \$20\.00 left to pay"):
            pay(pia, clinic, 2_001, prepaid=course.pk)
        with pytest.raises(MoneyRefused, match="no such package"):
            pay(patient("Per"), clinic, 100, prepaid=course.pk)

    def test_nothing_and_less_are_not_taken(self):
        pia, clinic = patient("Pia"), site()
        for cents, method in ((0, "cash"), (-5, "cash"), (100, "processor"), (100, "shells")):
            with pytest.raises(MoneyRefused):
                pay(pia, clinic, cents, method)
        assert not Payment.objects.exists()

    def test_what_is_taken_after_the_day_was_counted_belongs_to_the_next(self):
        pia, clinic = patient("Pia"), site()
        counted = {"cash": 0, "card": 0, "check": 0}
        close_day(site=clinic, on=NOW.date(), counted=counted, **BY)
        paid = pay(pia, clinic, 100)
        assert paid.entry.on == NOW.date() + timedelta(days=1)


class TestMistakes:
    def test_a_mistaken_payment_is_taken_back_the_same_day(self):
        pia, clinic = patient("Pia"), site()
        paid = pay(pia, clinic, 5_000)
        taken = take_back_payment(payment=paid.pk, reason="Was for Per", **BY)
        assert (owed(pia), taken.state, balances(patient=pia)[Of.CASH]) == (0, "failed", 0)
        with pytest.raises(MoneyRefused, match="taken back already"):
            take_back_payment(payment=paid.pk, reason="Again", **BY)

    def test_the_day_after_it_is_a_refund(self):
        paid = pay(patient("Pia"), site(), 5_000)
        late = {"actor": DESK, "now": NOW + timedelta(days=1)}
        with pytest.raises(MoneyRefused, match="refund the payment instead"):
            take_back_payment(payment=paid.pk, reason="Mistake", **late)

    def test_a_counted_day_stays_as_it_was_counted(self):
        pia, clinic = patient("Pia"), site()
        paid = pay(pia, clinic, 5_000)
        close_day(site=clinic, on=NOW.date(), counted={"cash": 5_000, "card": 0, "check": 0}, **BY)
        with pytest.raises(MoneyRefused, match="over or counted"):
            take_back_payment(payment=paid.pk, reason="Mistake", **BY)
        late = pay(pia, clinic, 700)
        take_back_payment(payment=late.pk, reason="Mistake", **BY)
        assert {one.on for one in Entry.objects.filter(postings__cents=700)} == {
            NOW.date() + timedelta(days=1)
        }

    def test_a_package_that_was_used_keeps_its_payment(self):
        pia, clinic = patient("Pia"), site()
        course = package(pia, clinic)
        paid = pay(pia, clinic, 30_000, prepaid=course.pk)
        earn(course, 10_000)
        with pytest.raises(MoneyRefused, match="not that much left"):
            take_back_payment(payment=paid.pk, reason="Mistake", **BY)


class TestGoingBack:
    def test_no_more_goes_back_than_came(self):
        pia, clinic = patient("Pia"), site()
        paid = pay(pia, clinic, 5_000)
        back(paid, 3_000)
        with pytest.raises(MoneyRefused, match=r"\$20\.00 can go back"):
            back(paid, 2_001)
        back(paid, 2_000)
        assert (owed(pia), balances(patient=pia)[Of.CASH]) == (0, 0)
        with pytest.raises(IntegrityError), transaction.atomic():
            Payment.objects.update(refunded_cents=5_001)

    def test_a_refund_with_a_key_happens_once(self):
        paid = pay(patient("Pia"), site(), 5_000)
        assert back(paid, 1_000, "same") == back(paid, 1_000, "same")
        paid.refresh_from_db()
        assert paid.refunded_cents == 1_000

    def test_of_a_package_what_is_left_goes_back(self):
        pia, clinic = patient("Pia"), site()
        course = package(pia, clinic)
        paid = pay(pia, clinic, 30_000, prepaid=course.pk)
        earn(course, 10_000)
        with pytest.raises(MoneyRefused, match=r"There is \$200\.00 left of “Course”"):
            back(paid, 20_001)
        back(paid, 20_000)
        assert (unearned(pia), owed(pia)) == (0, 0)

    def test_a_credit_goes_back_by_the_newest_payments(self):
        pia, clinic = patient("Pia"), site()
        charge(pia, clinic, 10_000)
        pay(pia, clinic, 9_000)
        pay(pia, clinic, 2_500, "check")
        made = give_back_credit(
            patient=pia.pk,
            site=clinic,
            cents=1_500,
            reason="Paid too much",
            key="c",
            processor=None,
            **BY,
        )
        assert [(one.payment.method, one.cents) for one in made] == [("check", 1_500)]
        assert owed(pia) == 0
        with pytest.raises(MoneyRefused, match=r"Their credit is \$0\.00"):
            give_back_credit(
                patient=pia.pk,
                site=clinic,
                cents=1,
                reason="More",
                key="d",
                processor=None,
                **BY,
            )

    def test_what_is_given_up_is_never_more_than_is_owed_and_has_a_reason(self):
        pia, clinic = patient("Pia"), site()
        charge(pia, clinic, 10_000)
        give_up = {"patient": pia.pk, "site": clinic, **BY}
        for cents, reason in ((10_001, "Hardship"), (10_000, " ")):
            with pytest.raises(MoneyRefused):
                write_off(cents=cents, reason=reason, key="w", **give_up)
        entry = write_off(cents=4_000, reason="Hardship", key="w", **give_up)
        assert write_off(cents=4_000, reason="Hardship", key="w", **give_up) == entry
        assert (owed(pia), balances(patient=pia)[Of.WRITE_OFFS]) == (6_000, 4_000)


class TestTwoAtOnce:
    def test_two_cashiers_lose_nothing(self):
        pia, clinic = patient("Pia"), site()
        acts = [lambda n=n: pay(pia, clinic, 100, key=f"p{n}") for n in range(10)]
        acts += [lambda: pay(pia, clinic, 5_000, key="twice")] * 4
        told = all_at_once(acts)
        assert [one.error for one in told if one.error] == []
        assert owed(pia) == -6_000
        assert Payment.objects.count() == 11

    def test_two_refunds_never_give_back_more_than_came(self):
        pia, clinic = patient("Pia"), site()
        paid = pay(pia, clinic, 5_000)
        told = all_at_once([lambda n=n: back(paid, 2_000, f"r{n}") for n in range(6)])
        assert sum(one.error is None for one in told) == 2
        assert {type(one.error) for one in told if one.error} == {MoneyRefused}
        paid.refresh_from_db()
        assert (paid.refunded_cents, owed(pia)) == (4_000, -1_000)

    def test_a_payment_while_the_day_is_closed_is_in_the_count_or_in_the_next_day(self):
        pia, clinic = patient("Pia"), site()

        def close():
            counted = {"cash": 0, "card": 0, "check": 0}
            return close_day(site=clinic, on=NOW.date(), counted=counted, note="As it is", **BY)

        acts = [lambda n=n: pay(pia, clinic, 100, key=f"p{n}") for n in range(6)]
        told = all_at_once([*acts, close])
        assert [one.error for one in told if one.error] == []
        closed = told[-1].result
        assert closed is not None
        today = Payment.objects.filter(entry__on=NOW.date()).count()
        assert closed.expected["cash"] == 100 * today
        assert Payment.objects.count() == 6


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["charge", "pay", "ahead", "earn", "back", "mistake", "credit", "give_up"]),
        st.integers(1, 4_000),
    ),
    max_size=22,
)


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(STEPS)
def test_whatever_is_paid_and_refunded_the_ledger_agrees_with_the_payments(steps):
    pia, clinic = patient(f"Pia{Patient.objects.count()}"), site()
    course = package(pia, clinic, 20_000)
    mine: Counter[str] = Counter()
    for number, (step, cents) in enumerate(steps):
        rows = list(Payment.objects.filter(patient=pia).order_by("pk"))
        one = rows[cents % len(rows)] if rows else None
        key = f"{pia.pk}-{number}"
        try:
            if step == "charge":
                charge(pia, clinic, cents)
                mine["charged"] += cents
            elif step == "pay":
                pay(pia, clinic, cents, "card", key)
            elif step == "ahead":
                pay(pia, clinic, cents, "check", key, prepaid=course.pk)
            elif step == "earn":
                earn(course, cents)
                mine["earned"] += cents
            elif step == "give_up":
                write_off(patient=pia.pk, site=clinic, cents=cents, reason="x", key=key, **BY)
                mine["given_up"] += cents
            elif step == "back" and one:
                back(one, cents, key)
            elif step == "mistake" and one:
                take_back_payment(payment=one.pk, reason="x", **BY)
            elif step == "credit":
                give_back_credit(
                    patient=pia.pk,
                    site=clinic,
                    cents=cents,
                    reason="x",
                    key=key,
                    processor=None,
                    **BY,
                )
        except MoneyRefused:
            continue
    told = balances(patient=pia)
    received = Payment.objects.filter(patient=pia, state="received")
    came = sum(one.cents - one.refunded_cents for one in received)
    assert sum(told.values()) == 0
    assert told[Of.CASH] + told[Of.CARD] + told[Of.CHECK] == came
    assert owed(pia) + came == mine["charged"] + mine["earned"] + unearned(pia) - mine["given_up"]
    course.refresh_from_db()
    assert 0 <= course.left_cents == unearned(pia) <= course.paid_cents <= course.cents
    for one in received:
        assert one.refunded_cents == sum(back.cents for back in one.refunds.all()) <= one.cents
