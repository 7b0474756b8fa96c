"""The ledger balances whatever happens, and what is not earned is never less than nothing."""

from collections import Counter

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.errors import MoneyRefused
from billing.models import Entry, Posting, Prepaid
from billing.selectors import balances, owed, unearned
from billing.services.ledger import Leg, Of, enter, open_account, reverse
from clinic.models import Patient
from clinic.transactions import writing
from tests.cast import DESK, NOW, patient, site
from tests.races.crowd import all_at_once

BY = {"actor": DESK, "now": NOW}
CHARGE = (Of.RECEIVABLE, Of.REVENUE)
CASH = (Of.CASH, Of.RECEIVABLE)


def put(who, where, kind, legs, **more) -> Entry:
    """One entry in a transaction of its own."""
    with writing():
        account = open_account(who)
        return enter(account=account, kind=kind, site=where, legs=legs, memo=kind, **more, **BY)


def package(who, where, cents: int = 90_000) -> Prepaid:
    return Prepaid.objects.create(
        kind="package", patient=who, site=where, name="Course", cents=cents, sold_at=NOW
    )


@pytest.mark.django_db(transaction=True)
class TestEntries:
    def test_a_charge_is_owed_and_a_payment_settles_it(self):
        pia, clinic = patient("Pia"), site()
        put(pia, clinic, "charge", [Leg(*CHARGE, 45_000)])
        assert owed(pia) == 45_000
        put(pia, clinic, "payment", [Leg(*CASH, 45_000)])
        assert owed(pia) == 0
        assert balances(patient=pia)[Of.CASH] == 45_000

    def test_an_entry_with_a_key_happens_once(self):
        pia, clinic = patient("Pia"), site()
        first = put(pia, clinic, "payment", [Leg(*CASH, 100)], key="pay-1")
        assert put(pia, clinic, "payment", [Leg(*CASH, 100)], key="pay-1") == first
        assert owed(pia) == -100

    def test_an_entry_is_never_altered(self):
        pia, clinic = patient("Pia"), site()
        entry = put(pia, clinic, "charge", [Leg(*CHARGE, 100)])
        for rows, change in (
            (Entry.objects.filter(pk=entry.pk), {"memo": "else"}),
            (Posting.objects.filter(entry=entry), {"cents": 1}),
        ):
            with pytest.raises(DatabaseError, match="kept_as_written"), transaction.atomic():
                rows.update(**change)

    def test_a_mistake_is_taken_back_once_by_its_opposite(self):
        pia, clinic = patient("Pia"), site()
        entry = put(pia, clinic, "charge", [Leg(*CHARGE, 100)])
        with writing():
            back = reverse(entry=entry, account=open_account(pia), reason="Wrong patient", **BY)
        assert (owed(pia), back.reverses) == (0, entry)
        for again in (entry, back):
            with pytest.raises(MoneyRefused), writing():
                reverse(entry=again, account=open_account(pia), reason="Again", **BY)

    def test_no_more_is_earned_of_a_package_than_was_paid_for_it(self):
        pia, clinic = patient("Pia"), site()
        course = package(pia, clinic)
        put(pia, clinic, "prepayment", [Leg(Of.CARD, Of.UNEARNED, 30_000, course)])
        put(pia, clinic, "draw", [Leg(Of.UNEARNED, Of.REVENUE, 20_000, course)])
        with pytest.raises(MoneyRefused, match="not that much left of “Course”"):
            put(pia, clinic, "draw", [Leg(Of.UNEARNED, Of.REVENUE, 10_001, course)])
        course.refresh_from_db()
        assert (course.paid_cents, course.left_cents, unearned(pia)) == (30_000, 10_000, 10_000)

    def test_the_database_refuses_what_a_service_would_forget(self):
        course = package(patient("Pia"), site())
        for wrong in ({"left_cents": 1}, {"visits_drawn": 1}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Prepaid.objects.filter(pk=course.pk).update(**wrong)

    def test_two_cashiers_at_once_lose_nothing(self):
        pia, clinic = patient("Pia"), site()
        acts = [lambda: put(pia, clinic, "payment", [Leg(*CASH, 1_00)]) for _ in range(12)]
        assert [one.error for one in all_at_once(acts)] == [None] * 12
        assert owed(pia) == -12_00

    def test_two_draws_at_once_never_overdraw(self):
        pia, clinic = patient("Pia"), site()
        course = package(pia, clinic)
        put(pia, clinic, "prepayment", [Leg(Of.CARD, Of.UNEARNED, 50_000, course)])
        draw = [Leg(Of.UNEARNED, Of.REVENUE, 20_000, course)]
        told = all_at_once([lambda: put(pia, clinic, "draw", draw) for _ in range(6)])
        assert sum(one.error is None for one in told) == 2
        assert {type(one.error) for one in told} == {type(None), MoneyRefused}
        assert unearned(pia) == 10_000


CENTS = st.integers(1, 5_000)
ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["charge", "fee", "cash", "card", "prepay", "draw", "use", "refund", "write_off"]
        )
        | st.just("reverse"),
        CENTS,
    ),
    max_size=25,
)


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(ACTS)
def test_whatever_happens_the_ledger_balances_and_agrees_with_a_sum_of_its_own(acts):
    pia, clinic = patient(f"Pia{Patient.objects.count()}"), site()
    course = package(pia, clinic)
    pairs = {
        "charge": [("receivable", "revenue", None)],
        "fee": [("receivable", "fees", None)],
        "cash": [("cash", "receivable", None)],
        "card": [("card", "receivable", None)],
        "prepay": [("card", "unearned", course)],
        "draw": [("unearned", "revenue", course)],
        "use": [("unearned", "receivable", course)],
        "refund": [("unearned", "card", course)],
        "write_off": [("write_offs", "receivable", None)],
    }
    mine: Counter[str] = Counter()
    done: list[tuple[Entry, list[tuple[str, str]], int]] = []
    for act, cents in acts:
        if act == "reverse":
            if not done:
                continue
            entry, moved, cents = done.pop(cents % len(done))
            try:
                with writing():
                    reverse(entry=entry, account=open_account(pia), reason="Mistake", **BY)
            except MoneyRefused:
                continue
            moved = [(credit, debit) for debit, credit in moved]
        else:
            legs = [Leg(debit, credit, cents, of) for debit, credit, of in pairs[act]]
            moved = [(debit, credit) for debit, credit, _ in pairs[act]]
            try:
                done.append((put(pia, clinic, "transfer", legs), moved, cents))
            except MoneyRefused:
                continue
        for debit, credit in moved:
            mine[debit] += cents
            mine[credit] -= cents
        course.refresh_from_db()
        assert 0 <= course.left_cents == -mine["unearned"]
    told = balances(patient=pia)
    assert sum(told.values()) == 0
    assert {of: cents for of, cents in told.items() if cents} == {
        of: cents for of, cents in mine.items() if cents
    }
