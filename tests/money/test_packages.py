"""Packages and deposits: unearned until delivered, never overdrawn, the rest given back."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from copy import copy
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.errors import MoneyRefused
from billing.models import Charge, Draw, Entry, Payment, Prepaid
from billing.selectors import balances, owed, unearned
from billing.selectors.packages import due_by, value_of_next
from billing.services import drawing
from billing.services.charging import capture_visit
from billing.services.ledger import Of, open_account, reverse
from billing.services.packages import (
    refund_unearned,
    sell_package,
    take_deposit,
)
from billing.services.paying import take_payment
from billing.services.pricing import give_discount, save_policy, set_scale
from billing.services.reviewing import (
    approve_charges,
    change_charge,
    post_charges,
    void_charge,
    waive_fee,
)
from clinic.models import Patient
from clinic.transactions import writing
from tests.cast import NOW, patient, site
from tests.money.visits import BY, LATER, course, moments, offer, over, price_list, visit
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)
WEEK = timedelta(days=7)


@pytest.fixture
def clinic():
    made = site()
    price_list(made)
    return made


def sold(who, where, paid: int = 0, **facts) -> Prepaid:
    """A package of three infusions for $1,000.00, some of it paid in cash."""
    made = offer(where, **{"covers": {"infusion": 3}, "cents": 100_000} | facts)
    return sell_package(
        patient=who, offer=made, paid_cents=paid, method="cash", key=f"sale-{made.pk}", **BY
    )


def delivered(who, where, number: int = 0, **facts) -> list[Charge]:
    inf = over(visit(who, where, starts=moments()[number], **facts))
    return capture_visit(appointment=inf.pk, now=LATER)


def pay(package: Prepaid, cents: int, key: str | None = None) -> Entry:
    return take_payment(
        patient=package.patient_id,
        site=package.site,
        prepaid=package.pk,
        cents=cents,
        method="card",
        key=key or str(uuid4()),
        **BY,
    ).entry


def approved(charges) -> list[int]:
    ids = [one.pk for one in charges]
    approve_charges(charges=ids, **BY)
    return ids


class TestPackages:
    def test_what_is_paid_for_it_is_unearned_and_a_visit_earns_its_share(self, clinic):
        pia = patient("Pia")
        package = sold(pia, clinic, paid=100_000)
        assert (unearned(pia), owed(pia)) == (100_000, 0)
        charges = delivered(pia, clinic)
        assert {one.prepaid for one in charges} == {package}
        assert (unearned(pia), balances(patient=pia)[Of.REVENUE]) == (66_666, -33_334)

    def test_the_shares_together_are_exactly_the_price(self, clinic):
        pia = patient("Pia")
        package = sold(pia, clinic, paid=100_000)
        for number in range(3):
            delivered(pia, clinic, number)
        assert [one.cents for one in package.draws.all()] == [33_334, 33_333, 33_333]
        package.refresh_from_db()
        assert (unearned(pia), package.state, package.left_cents) == (0, "used", 0)

    def test_a_fourth_visit_is_not_covered_and_is_charged(self, clinic):
        pia = patient("Pia")
        sold(pia, clinic, paid=100_000)
        charges = [delivered(pia, clinic, number) for number in range(4)]
        assert {one.prepaid for one in charges[3]} == {None}
        with pytest.raises(IntegrityError), transaction.atomic():
            Prepaid.objects.update(visits_drawn=4)

    def test_a_package_covers_its_own_series_and_its_own_kinds_only(self, clinic):
        pia = patient("Pia")
        series = course(pia, clinic)
        made = offer(clinic, covers={"infusion": 1})
        sell_package(patient=pia, offer=made, series=series, key="s", **BY)
        other = delivered(pia, clinic)
        th1 = over(visit(pia, clinic, "th1", series=series, starts=moments()[1]), 55)
        therapy = capture_visit(appointment=th1.pk, now=LATER)
        own = delivered(pia, clinic, 2, series=series)
        assert [bool(one[0].prepaid) for one in (other, therapy, own)] == [False, False, True]

    def test_a_moved_visit_changes_nothing(self, clinic):
        pia = patient("Pia")
        package = sold(pia, clinic, paid=100_000)
        inf1 = visit(pia, clinic)
        inf1.starts_at += WEEK
        inf1.ends_at += WEEK
        inf1.save()
        capture_visit(appointment=over(inf1).pk, now=LATER + WEEK)
        package.refresh_from_db()
        assert package.drawn == {"infusion": 1}

    def test_a_visit_delivered_before_it_is_paid_is_owed_and_later_payments_settle_it(self, clinic):
        pia = patient("Pia")
        package = sold(pia, clinic, paid=10_000)
        delivered(pia, clinic)
        assert (owed(pia), unearned(pia)) == (23_334, 0)
        pay(package, 20_000)
        assert (owed(pia), unearned(pia)) == (3_334, 0)
        pay(package, 70_000)
        assert (owed(pia), unearned(pia)) == (0, 66_666)

    def test_no_more_is_paid_in_than_it_costs(self, clinic):
        package = sold(patient("Pia"), clinic, paid=90_000)
        with pytest.raises(MoneyRefused, match=r"“KARE course” has \$100.00 left to pay"):
            pay(package, 10_001)

    def test_a_payment_with_a_key_is_paid_in_once(self, clinic):
        package = sold(patient("Pia"), clinic)
        assert pay(package, 10_000, "p1") == pay(package, 10_000, "p1")

    def test_a_sale_with_a_key_happens_once(self, clinic):
        pia, made = patient("Pia"), offer(clinic)
        told = [sell_package(patient=pia, offer=made, key="once", **BY).pk for _ in range(2)]
        assert told[0] == told[1]

    def test_instalments_are_a_deposit_and_equal_parts_a_month_apart(self, clinic):
        made = offer(clinic, cents=100_000, deposit_cents=10_000, instalments=4)
        package = sell_package(patient=patient("Pia"), offer=made, parts=4, key="s", **BY)
        assert package.instalments == [
            {"due_on": "2026-12-07", "cents": 10_000},
            {"due_on": "2027-01-07", "cents": 30_000},
            {"due_on": "2027-02-07", "cents": 30_000},
            {"due_on": "2027-03-07", "cents": 30_000},
        ]
        assert [due_by(package, date(2027, n, 8)) for n in (1, 2)] == [40_000, 70_000]

    def test_more_parts_than_offered_and_an_offer_that_is_over_are_refused(self, clinic):
        pia = patient("Pia")
        with pytest.raises(MoneyRefused, match="in 1 to 4 parts"):
            sell_package(patient=pia, offer=offer(clinic), parts=5, key="a", **BY)
        old = offer(clinic, valid_until=date(2026, 12, 6))
        with pytest.raises(MoneyRefused, match="not sold today"):
            sell_package(patient=pia, offer=old, key="b", **BY)

    def test_a_series_of_somebody_else_is_refused(self, clinic):
        series = course(patient("Per"), clinic)
        with pytest.raises(MoneyRefused, match="another patient"):
            sell_package(patient=patient("Pia"), offer=offer(clinic), series=series, key="a", **BY)

    def test_a_visit_taken_back_gives_its_share_back_and_the_sum_stays_exact(self, clinic):
        pia = patient("Pia")
        package = sold(pia, clinic, paid=50_000)
        delivered(pia, clinic)
        inf2 = over(visit(pia, clinic, starts=moments()[1]))
        capture_visit(appointment=inf2.pk, now=LATER)
        assert owed(pia) == 16_667
        pay(package, 10_000)
        inf2.status = "recovering"
        inf2.save()
        capture_visit(appointment=inf2.pk, now=LATER)
        package.refresh_from_db()
        assert (owed(pia), unearned(pia), package.paid_cents) == (0, 26_666, 60_000)
        assert (package.drawn, package.visits_drawn) == ({"infusion": 1}, 1)
        inf2.status = "discharged"
        inf2.save()
        capture_visit(appointment=inf2.pk, now=LATER)
        delivered(pia, clinic, 2)
        live = package.draws.filter(taken_back=False)
        assert sum(one.cents for one in live) == 100_000

    def test_approving_enters_the_draw_it_has_already(self, clinic):
        pia = patient("Pia")
        sold(pia, clinic, paid=100_000)
        before = balances(patient=pia)
        ids = approved(delivered(pia, clinic))
        earned = balances(patient=pia)
        assert post_charges(charges=ids, **BY) == []
        assert balances(patient=pia) == earned != before
        rows = Charge.objects.filter(pk__in=ids)
        assert {(one.state, one.entry.kind) for one in rows} == {("billed", "draw")}

    def test_voiding_all_of_a_visit_gives_it_back_to_its_package(self, clinic):
        pia = patient("Pia")
        package = sold(pia, clinic, paid=100_000)
        for one in delivered(pia, clinic):
            void_charge(charge=one.pk, reason="Never took place", **BY)
        package.refresh_from_db()
        assert (unearned(pia), package.visits_drawn, package.state) == (100_000, 0, "open")


class TestRefunds:
    def test_the_unearned_part_goes_back_and_the_policy_keeps_its_share(self, clinic):
        pia = patient("Pia")
        save_policy(site=clinic, facts={"refund_keeps_percent": 10}, **BY)
        package = sold(pia, clinic, paid=100_000)
        delivered(pia, clinic)
        refund_unearned(prepaid=package.pk, method="cash", reason="Moves away", key="r", **BY)
        told = balances(patient=pia)
        assert (told[Of.UNEARNED], told[Of.FEES], told[Of.CASH]) == (0, -6_666, 40_000)
        package.refresh_from_db()
        assert (package.state, package.left_cents) == ("ended", 0)

    def test_what_is_ended_is_neither_paid_nor_drawn_nor_ended_again(self, clinic):
        pia = patient("Pia")
        package = sold(pia, clinic, paid=50_000)
        refund = {"prepaid": package.pk, "method": "cash", "reason": "Moves away"}
        refund_unearned(**refund, key="r", **BY)
        refund_unearned(**refund, key="r", **BY)
        assert balances(patient=pia)[Of.CASH] == 0
        with pytest.raises(MoneyRefused, match="ended already"):
            refund_unearned(**refund, key="other", **BY)
        with pytest.raises(MoneyRefused, match="was ended"):
            pay(package, 1)
        assert delivered(pia, clinic)[0].prepaid is None

    def test_a_refund_has_a_reason_and_a_way(self, clinic):
        package = sold(patient("Pia"), clinic, paid=50_000)
        for wrong in ({"reason": " ", "method": "cash"}, {"reason": "x", "method": "cheque"}):
            with pytest.raises(MoneyRefused):
                refund_unearned(prepaid=package.pk, key="r", **wrong, **BY)


class TestCharges:
    def test_what_a_patient_pays_themselves_is_owed_once(self, clinic):
        pia = patient("Pia")
        ids = approved(delivered(pia, clinic))
        assert owed(pia) == 0
        assert len(post_charges(charges=ids, **BY)) == 2
        assert post_charges(charges=ids, **BY) == []
        assert owed(pia) == 35_000

    def test_what_is_proposed_is_not_entered(self, clinic):
        pia = patient("Pia")
        ids = [one.pk for one in delivered(pia, clinic)]
        assert post_charges(charges=ids, **BY) == []
        assert owed(pia) == 0

    def test_a_sliding_scale_lowers_what_is_owed_with_its_reason(self, clinic):
        pia = patient("Pia")
        set_scale(patient=pia, percent=40, reason="Income table 2026, row 3", **BY)
        post_charges(charges=approved(delivered(pia, clinic)), **BY)
        assert (owed(pia), balances(patient=pia)[Of.DISCOUNTS]) == (14_000, 21_000)
        with pytest.raises(MoneyRefused, match="why they pay less"):
            set_scale(patient=pia, percent=30, reason="", **BY)

    def test_a_deposit_pays_what_is_charged_and_comes_back_when_that_is_void(self, clinic):
        pia = patient("Pia")
        series = course(pia, clinic)
        deposit = take_deposit(
            patient=pia, site=clinic, cents=30_500, method="card", series=series, key="d", **BY
        )
        assert (unearned(pia), Payment.objects.get().prepaid) == (30_500, deposit)
        ids = approved(delivered(pia, clinic, series=series))
        post_charges(charges=ids, **BY)
        deposit.refresh_from_db()
        assert (owed(pia), unearned(pia), deposit.state) == (4_500, 0, "used")
        void_charge(charge=ids[1], reason="No drug given", **BY)
        deposit.refresh_from_db()
        assert (owed(pia), unearned(pia), deposit.state) == (0, 500, "open")

    def test_a_discount_is_part_of_what_is_owed(self, clinic):
        pia = patient("Pia")
        post_charges(charges=approved(delivered(pia, clinic)), **BY)
        give = {"patient": pia, "site": clinic, "reason": "Waited two hours"}
        give_discount(**give, cents=5_000, key="d", **BY)
        assert owed(pia) == 30_000
        with pytest.raises(MoneyRefused, match=r"They owe \$300.00"):
            give_discount(**give, cents=30_001, key="e", **BY)

    def test_a_fee_is_waived_with_a_reason(self, clinic):
        pia = patient("Pia")
        save_policy(site=clinic, facts={"no_show_cents": 7_500}, **BY)
        missed = visit(pia, clinic, status="no_show")
        (fee,) = capture_visit(appointment=missed.pk, now=LATER)
        post_charges(charges=approved([fee]), **BY)
        assert balances(patient=pia)[Of.FEES] == -7_500
        with pytest.raises(MoneyRefused, match="Say why"):
            waive_fee(charge=fee.pk, reason="", **BY)
        waive_fee(charge=fee.pk, reason="Snowed in", **BY)
        fee.refresh_from_db()
        assert (owed(pia), fee.state, fee.waived) == (0, "void", "Snowed in")
        assert capture_visit(appointment=missed.pk, now=LATER) == []

    def test_what_is_in_the_ledger_is_not_changed(self, clinic):
        ids = approved(delivered(patient("Pia"), clinic))
        post_charges(charges=ids, **BY)
        with pytest.raises(MoneyRefused, match="in the ledger"):
            change_charge(charge=ids[0], units=2, reason="Mistyped", **BY)


class TestAtOnce:
    def test_two_draws_at_once_take_one_visit_each_and_never_more_than_there_are(self, clinic):
        pia = patient("Pia")
        package = sold(pia, clinic, paid=100_000)
        ids = [over(visit(pia, clinic, starts=at)).pk for at in moments()[:6]]
        told = all_at_once(
            [lambda pk=pk: capture_visit(appointment=pk, now=LATER) for pk in ids * 2]
        )
        assert [one.error for one in told] == [None] * 12
        package.refresh_from_db()
        assert (package.visits_drawn, package.left_cents, unearned(pia)) == (3, 0, 0)
        assert Draw.objects.count() == 3
        assert Charge.objects.count() == 12

    def test_without_the_services_guard_the_database_still_refuses_a_second_draw(self, clinic):
        pia = patient("Pia")
        package = sold(pia, clinic, paid=100_000)
        inf1 = over(visit(pia, clinic))
        capture_visit(appointment=inf1.pk, now=LATER)
        with pytest.raises(IntegrityError, match="draw"), transaction.atomic():
            Draw.objects.create(prepaid=package, appointment=inf1, of="infusion", cents=1, at=NOW)

    def test_the_database_refuses_what_a_stale_read_would_overdraw(self, clinic, monkeypatch):
        """Twin with the lock and the fresh read off, the constraint on: nothing is overdrawn."""
        pia = patient("Pia")
        package = sold(pia, clinic, paid=100_000, covers={"infusion": 1})
        stale = Prepaid.objects.get(pk=package.pk)
        monkeypatch.setattr(drawing, "package_for", lambda visit, kind: (copy(stale), kind))
        delivered(pia, clinic)
        with pytest.raises(IntegrityError, match=r"package_never_overdrawn|unearned|CHECK"):
            delivered(pia, clinic, 1)

    def test_a_stale_read_would_lose_a_draw_without_the_lock(self, clinic, monkeypatch):
        """Twin with lock and constraint off the path: the race is real, one draw is forgotten."""
        pia = patient("Pia")
        package = sold(pia, clinic, paid=100_000)
        stale = Prepaid.objects.get(pk=package.pk)
        monkeypatch.setattr(drawing, "package_for", lambda visit, kind: (copy(stale), kind))
        for number in range(2):
            delivered(pia, clinic, number)
        package.refresh_from_db()
        assert (package.drawn, package.visits_drawn) == ({"infusion": 1}, 2)

    def test_two_cashiers_pay_a_package_in_once_more_than_it_costs_and_one_is_refused(self, clinic):
        pia = patient("Pia")
        package = sold(pia, clinic)
        told = all_at_once([lambda: pay(package, 60_000) for _ in range(4)])
        assert sum(one.error is None for one in told) == 1
        assert {type(one.error) for one in told} == {type(None), MoneyRefused}
        assert unearned(pia) == 60_000

    def test_two_refunds_at_once_give_back_once(self, clinic):
        pia = patient("Pia")
        package = sold(pia, clinic, paid=50_000)
        refund = {"prepaid": package.pk, "method": "cash", "reason": "Moves away", **BY}
        told = all_at_once([lambda n=n: refund_unearned(**refund, key=f"r{n}") for n in range(4)])
        assert sum(one.error is None for one in told) == 1
        assert balances(patient=pia)[Of.CASH] == 0

    def test_two_billers_post_a_visit_once(self, clinic):
        pia = patient("Pia")
        ids = approved(delivered(pia, clinic))
        all_at_once([lambda: post_charges(charges=ids, **BY) for _ in range(4)])
        assert owed(pia) == 35_000


ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("sell", "pay", "deliver", "take back", "approve", "post", "void", "refund"),
                *("deposit", "reverse", "deliver", "pay"),
            ]
        ),
        st.integers(0, 7),
        st.integers(1, 40_000),
    ),
    max_size=20,
)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(ACTS)
def test_whatever_happens_balances_agree_with_a_sum_of_their_own_and_nothing_is_overdrawn(acts):
    pia = patient(f"Pia{Patient.objects.count()}")
    clinic = site(f"Juniper {pia.pk}")
    price_list(clinic)
    at_all = Acts(pia, clinic)
    for number, (act, which, cents) in enumerate(acts):
        with suppress(MoneyRefused):
            getattr(at_all, act.replace(" ", "_"))(which, cents, f"{pia.pk}-{number}")
        at_all.agree()


class Acts:
    """Everything that can happen to one patient's money here, tallied beside the ledger."""

    def __init__(self, pia, clinic) -> None:
        self.pia, self.clinic = pia, clinic
        self.visits = []

    def sell(self, which, cents, key):
        covers = {"infusion": which % 3 + 1}
        made = offer(self.clinic, covers=covers, cents=cents)
        sell_package(
            patient=self.pia, offer=made, paid_cents=cents // 3, method="card", key=key, **BY
        )

    def deposit(self, which, cents, key):
        take_deposit(patient=self.pia, site=self.clinic, cents=cents, method="cash", key=key, **BY)

    def pay(self, which, cents, key):
        if package := self._one(Prepaid.objects.filter(patient=self.pia), which):
            pay(package, cents, key)

    def deliver(self, which, cents, key):
        self.visits.append(over(visit(self.pia, self.clinic, starts=moments()[which])))
        capture_visit(appointment=self.visits[-1].pk, now=LATER + 12 * WEEK)

    def take_back(self, which, cents, key):
        if self.visits:
            one = self.visits[which % len(self.visits)]
            one.status = "recovering" if one.status == "discharged" else "discharged"
            one.save()
            capture_visit(appointment=one.pk, now=LATER + 12 * WEEK)

    def approve(self, which, cents, key):
        if one := self._one(self._charges(), which):
            approve_charges(charges=[one.pk], **BY)

    def post(self, which, cents, key):
        if ids := [one.pk for one in self._charges()]:
            post_charges(charges=ids, **BY)

    def void(self, which, cents, key):
        if one := self._one(self._charges(), which):
            void_charge(charge=one.pk, reason="Mistake", **BY)

    def refund(self, which, cents, key):
        if one := self._one(Prepaid.objects.filter(patient=self.pia), which):
            refund_unearned(prepaid=one.pk, method="card", reason="Ends", key=key, **BY)

    def reverse(self, which, cents, key):
        paid = Entry.objects.filter(patient=self.pia, kind="prepayment", reversed_by=None)
        if one := self._one(paid, which):
            with writing():
                reverse(entry=one, account=open_account(self.pia), reason="Mistake", **BY)

    def agree(self) -> None:
        mine: Counter[str] = Counter()
        for entry in Entry.objects.filter(patient=self.pia).prefetch_related("postings"):
            for one in entry.postings.all():
                mine[one.debit] += one.cents
                mine[one.credit] -= one.cents
        told = balances(patient=self.pia)
        assert {k: v for k, v in told.items() if v} == {k: v for k, v in mine.items() if v}
        assert sum(told.values()) == 0
        rows = list(Prepaid.objects.filter(patient=self.pia))
        assert sum(one.left_cents for one in rows) == unearned(self.pia)
        for one in rows:
            live = one.draws.filter(taken_back=False)
            assert one.left_cents >= 0
            assert live.count() == one.visits_drawn == sum(one.drawn.values()) <= one.visits
            assert all(one.drawn[of] <= one.covers[of] for of in one.drawn)
            worth = sum(draw.cents for draw in live)
            assert worth + value_of_next(one) <= one.cents
            assert one.visits_drawn < one.visits or one.kind == "deposit" or worth == one.cents
        assert self._owed_by_visits() == told[Of.RECEIVABLE]

    def _owed_by_visits(self) -> int:
        """What is owed, from charges, draws and what was paid, without looking at RECEIVABLE."""
        charged = sum(
            one.cents
            for one in Charge.objects.filter(patient=self.pia, entry__kind="charge")
            if one.state != "void"
        )
        worth = sum(
            one.cents for one in Draw.objects.filter(prepaid__patient=self.pia, taken_back=False)
        )
        used = 0
        for one in Entry.objects.filter(patient=self.pia).prefetch_related("postings"):
            for posting in one.postings.all():
                pair = (posting.debit, posting.credit)
                if pair in (("unearned", "revenue"), ("unearned", "receivable")):
                    used += posting.cents
                if pair in (("revenue", "unearned"), ("receivable", "unearned")):
                    used -= posting.cents
        return charged + worth - used

    def _charges(self):
        rows = Charge.objects.filter(patient=self.pia).exclude(state="void")
        return rows.order_by("pk")

    @staticmethod
    def _one(rows, which):
        found = list(rows)
        return found[which % len(found)] if found else None
