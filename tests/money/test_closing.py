"""The end of a day: what the ledger says beside what was counted; and who owes, since when."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.demo import payments as demo
from billing.errors import MoneyRefused
from billing.models import DayClose, Payment
from billing.processing import Return
from billing.selectors import owed
from billing.selectors.till import expected, open_days
from billing.selectors.unpaid import Part, bucket_of, still_open, unpaid
from billing.services.closing import close_day
from billing.services.ledger import Leg, Of, enter, open_account
from billing.services.online import charge_kept_card, customer_of
from billing.services.paying import take_back_payment
from billing.services.refunding import opened, refund_payment, settle_refund
from clinic.models import Journal
from clinic.transactions import writing
from tests.cast import DESK, MONDAY, NOW, patient, site
from tests.money.test_paying import back, charge, pay
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)
BY = {"actor": DESK, "now": NOW}
NOTHING = {"cash": 0, "card": 0, "check": 0}


def close(where, on: date = MONDAY, note: str = "", now=NOW, **counted) -> DayClose:
    told = {**NOTHING, **counted}
    return close_day(site=where, on=on, counted=told, note=note, actor=DESK, now=now)


def charged_on(who, where, cents: int, on: date) -> None:
    with writing():
        enter(
            account=open_account(who),
            kind="charge",
            site=where,
            legs=[Leg(Of.RECEIVABLE, Of.REVENUE, cents)],
            memo="Visit",
            on=on,
            **BY,
        )


class TestTheTill:
    def test_it_should_hold_what_came_less_what_went_back_by_method(self):
        pia, clinic, other = patient("Pia"), site(), site("Birch House")
        pay(pia, clinic, 5_000, "cash")
        wrong = pay(pia, clinic, 700, "cash")
        pay(pia, clinic, 2_000, "card")
        checked = pay(pia, clinic, 9_000, "check")
        pay(pia, other, 100, "cash")
        back(checked, 1_500)
        take_back_payment(payment=wrong.pk, reason="Mistake", **BY)
        assert expected(clinic, MONDAY) == {
            "cash": 5_000,
            "card": 2_000,
            "check": 7_500,
            "on_line": 0,
        }

    def test_what_was_charged_on_line_is_not_on_the_terminals_slip(self, cards, stripe_here):
        pia, clinic = patient("Pia"), site()
        charge(pia, clinic, 10_000)
        stripe_here.keep_card(customer_of(pia.pk, cards))
        paid = charge_kept_card(
            patient=pia.pk, site=clinic, cents=10_000, key="k", processor=cards, **BY
        )
        refund_payment(payment=paid.pk, cents=2_500, reason="x", key="b", processor=cards, **BY)
        stripe_here.later = True
        sent = refund_payment(
            payment=paid.pk, cents=1_000, reason="x", key="c", processor=cards, **BY
        )
        assert expected(clinic, MONDAY) == {**NOTHING, "on_line": 6_500}
        with writing():
            row, account = opened(sent)
            told = Return(row.reference or "", "failed", row.cents, "", "")
            settle_refund(account=account, row=row, told=told, **BY)
        assert expected(clinic, MONDAY) == {**NOTHING, "on_line": 7_500}


class TestClosing:
    def test_a_day_is_closed_once_and_the_journal_says_who(self):
        clinic = site()
        pay(patient("Pia"), clinic, 5_000)
        made = close(clinic, cash=5_000)
        assert (made.difference_cents, made.by) == (0, DESK.name)
        with pytest.raises(MoneyRefused, match="Dora at the desk closed this day at 07:00"):
            close(clinic, cash=5_000)
        assert Journal.objects.filter(action="money.day_closed").count() == 1

    def test_a_difference_needs_a_note_even_when_two_cancel_out(self):
        clinic = site()
        pay(patient("Pia"), clinic, 5_000)
        with pytest.raises(MoneyRefused, match="why it differs"):
            close(clinic, cash=4_000, card=1_000)
        made = close(clinic, cash=4_500, note="Change given twice")
        assert (made.expected["cash"], made.counted["cash"]) == (5_000, 4_500)
        assert made.difference_cents == -500

    def test_a_day_that_has_not_come_stays_open(self):
        with pytest.raises(MoneyRefused, match="has not come"):
            close(site(), on=MONDAY + timedelta(days=1))

    def test_two_who_close_at_once_close_it_once(self):
        clinic = site()
        told = all_at_once([lambda: close(clinic)] * 4)
        assert sum(one.error is None for one in told) == 1
        assert {type(one.error) for one in told if one.error} == {MoneyRefused}

    def test_a_day_with_money_that_nobody_closed_is_asked_for(self):
        clinic = site()
        pay(patient("Pia"), clinic, 5_000)
        charged_on(patient("Per"), clinic, 100, MONDAY + timedelta(days=1))
        asked = {"before": MONDAY + timedelta(days=3), "since": MONDAY - timedelta(days=30)}
        assert open_days(clinic, **asked) == [MONDAY]
        close(clinic, cash=5_000)
        assert open_days(clinic, **asked) == []


class TestUnpaid:
    def test_a_payment_settles_what_is_oldest(self):
        pia, clinic = patient("Pia"), site()
        for days, cents in ((100, 10_000), (40, 5_000), (3, 2_000)):
            charged_on(pia, clinic, cents, MONDAY - timedelta(days=days))
        pay(pia, clinic, 12_000)
        [owing], credits = unpaid(clinic)
        assert owing.since == MONDAY - timedelta(days=40)
        assert owing.buckets(MONDAY) == [2_000, 3_000, 0, 0]
        assert credits == []

    @pytest.mark.parametrize(
        ("days", "bucket"),
        [(-1, 0), (0, 0), (30, 0), (31, 1), (60, 1), (61, 2), (90, 2), (91, 3), (900, 3)],
    )
    def test_the_borders_of_the_buckets(self, days, bucket):
        assert bucket_of(days) == bucket

    def test_a_payment_at_another_site_counts_and_a_debt_is_listed_where_it_came_up(self):
        pia, here, there = patient("Pia"), site(), site("Birch House")
        charged_on(pia, here, 10_000, MONDAY)
        charged_on(pia, there, 4_000, MONDAY + timedelta(days=1))
        pay(pia, there, 10_000)
        assert unpaid(here) == ([], [])
        [owing], _ = unpaid(there)
        assert owing.cents == 4_000

    def test_a_credit_is_listed_until_it_goes_back(self):
        pia, clinic = patient("Pia"), site()
        paid = pay(pia, clinic, 2_000)
        owe, [credit] = unpaid(clinic)
        assert (owe, credit.cents) == ([], -2_000)
        back(paid, 2_000)
        assert unpaid(clinic) == ([], [])

    def test_a_mistake_taken_back_makes_no_debt_look_younger(self):
        pia, clinic = patient("Pia"), site()
        charged_on(pia, clinic, 10_000, MONDAY - timedelta(days=70))
        paid = pay(pia, clinic, 10_000)
        take_back_payment(payment=paid.pk, reason="Mistake", **BY)
        [owing], _ = unpaid(clinic)
        assert owing.since == MONDAY - timedelta(days=70)

    def test_it_asks_no_more_for_many_than_for_one(self, django_assert_max_num_queries):
        clinic = site()
        for number in range(12):
            charge(patient(f"P{number}"), clinic, 1_000 + number)
        with django_assert_max_num_queries(3):
            assert len(unpaid(clinic)[0]) == 12

    @given(st.lists(st.integers(-3_000, 3_000).filter(bool), max_size=12))
    def test_what_is_open_always_comes_to_the_balance(self, moved):
        parts = [Part(MONDAY + timedelta(days=n), 1, cents) for n, cents in enumerate(moved)]
        left = still_open(parts)
        assert sum(part.cents for part in left) == sum(moved)
        assert len({part.cents > 0 for part in left}) <= 1
        assert [part.on for part in left] == sorted(part.on for part in left)


def test_the_demo_pays_and_closes_by_its_rows():
    clinic = site()
    people = [patient(f"P{number}") for number in range(10)]
    for who in people:
        charged_on(who, clinic, 20_000, MONDAY - timedelta(days=3))
    demo.fill(now=NOW)
    paid = Payment.objects.filter(state="received")
    assert paid.count() == sum(who.pk % 5 != 4 for who in people)
    assert {owed(who) for who in people} >= {0, 10_000, 20_000}
    assert open_days(clinic, before=MONDAY, since=MONDAY - timedelta(days=31)) == []
    assert DayClose.objects.count() == 1
