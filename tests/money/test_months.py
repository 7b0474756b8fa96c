"""A month of money, counted by hand, by the ledger, and by the query that is shown."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.models import Charge, Claim, ClaimAnswer, Posting, Prepaid
from billing.selectors import balances
from billing.selectors.months import aged, reductions, revenue, roll_forward
from billing.selectors.months.aging import queries
from billing.selectors.months.reductions import REDUCED
from billing.selectors.months.revenue import BY_CODE, by_site
from billing.selectors.months.unearned import UNEARNED
from billing.services.claim_answers import record_paid, take_back_answer
from billing.services.claim_files import send_claims
from billing.services.claiming import make_claims
from billing.services.ledger import open_account, reverse
from clinic.transactions import writing
from tests.cast import NOW, patient, site
from tests.money.insured import BY, charged, filing_site, insured, payer, put
from tests.reporting import answer

pytestmark = pytest.mark.django_db(transaction=True)
Of = Posting.Of
FIRST, LAST = date(2026, 12, 1), date(2026, 12, 31)
NOVEMBER, OCTOBER = date(2026, 11, 20), date(2026, 10, 5)
LONG_AGO = date(2026, 7, 1)


def shown(query, clinic, first=FIRST, last=LAST) -> list[tuple]:
    rows = answer(query, site=clinic, first=first, last=last, now=NOW)
    return [tuple(int(one) if not isinstance(one, str) else one for one in row) for row in rows]


def sums(found) -> tuple[list[tuple], list[tuple]]:
    """The rows that the two queries of aging give, from what the selector found."""

    def flat(owings):
        rows = [
            (one.owner.pk, age, cents)
            for one in owings
            for age, cents in enumerate((*one.by_age, one.credit))
            if cents
        ]
        return sorted(rows)

    return flat(found.patients), flat(found.payers)


def agrees(clinic, last=LAST) -> None:
    """The selector, the queries shown, and the ledger's own balance tell one thing."""
    found = aged(site=clinic, last=last)
    by_patient, by_payer = sums(found)
    mine, theirs = queries(last)
    assert shown(mine, clinic, last=last) == by_patient
    assert shown(theirs, clinic, last=last) == by_payer
    assert found.whole == balances(site=clinic, until=last)[Of.RECEIVABLE]


def package(who, at_site, cents=90_000) -> Prepaid:
    return Prepaid.objects.create(
        kind="package", patient=who, site=at_site, name="Course", cents=cents, sold_at=NOW
    )


class TestAging:
    def test_a_debt_is_as_old_as_its_charge_and_the_oldest_is_settled_first(self):
        clinic, pia = site(), patient("Pia")
        for on in (LONG_AGO, OCTOBER, NOVEMBER, date(2026, 12, 20)):
            charged(pia, clinic, on=on, own=True, cents=10_000)
        put(pia, clinic, "payment", [(Of.CASH, Of.RECEIVABLE, 15_000)], on=FIRST)
        (owing,) = aged(site=clinic, last=LAST).patients
        assert owing.by_age == (10_000, 10_000, 5_000, 0)
        agrees(clinic)

    def test_what_was_paid_above_it_is_a_credit(self):
        clinic, pia = site(), patient("Pia")
        charged(pia, clinic, own=True, cents=10_000)
        put(pia, clinic, "payment", [(Of.CARD, Of.RECEIVABLE, 12_500)], on=FIRST)
        (owing,) = aged(site=clinic, last=LAST).patients
        assert (owing.by_age, owing.credit, owing.whole) == ((0, 0, 0, 0), -2_500, -2_500)
        agrees(clinic)

    def test_insured_charges_are_the_payers_until_it_answers_then_the_rest_is_the_patients(self):
        clinic = filing_site()
        pia = insured(at_site=clinic)
        charged(pia, clinic, on=NOVEMBER)
        before = aged(site=clinic, last=LAST)
        assert (before.patients, before.payers[0].whole) == ((), 25_000)
        (made,) = make_claims(site=clinic, **BY)
        send_claims(site=clinic, **BY)
        record_paid(claim=made, paid_cents=15_000, adjusted_cents=4_000, reference="1", **BY)
        after = aged(site=clinic, last=LAST)
        assert after.payers == ()
        assert after.patients[0].by_age == (0, 6_000, 0, 0)
        agrees(clinic)
        assert aged(site=clinic, last=FIRST).payers[0].whole == 25_000
        agrees(clinic, last=FIRST)
        take_back_answer(claim=made, reason="Mistake", **BY)
        assert aged(site=clinic, last=LAST).payers[0].whole == 25_000
        agrees(clinic)

    def test_a_charge_that_was_taken_back_is_nobodys(self):
        clinic = filing_site()
        pia = insured(at_site=clinic)
        made = charged(pia, clinic)
        with writing():
            reverse(entry=made.entry, account=open_account(pia), reason="Not done", **BY)
        assert aged(site=clinic, last=LAST).is_empty
        agrees(clinic)

    def test_another_site_and_what_comes_later_are_left_out(self):
        clinic, other, pia = site(), site("There"), patient("Pia")
        charged(pia, other, own=True)
        charged(pia, clinic, own=True, on=date(2027, 1, 1))
        assert aged(site=clinic, last=LAST).is_empty

    def test_nothing_is_asked_more_often_of_many_patients(self):
        clinic = filing_site()
        counts = []
        for few in (2, 12):
            for number in range(few):
                charged(insured(f"P{few}-{number}", at_site=clinic), clinic)
                charged(patient(f"S{few}-{number}"), clinic, own=True)
            with CaptureQueriesContext(connection) as asked:
                aged(site=clinic, last=LAST)
            counts.append(len(asked))
        assert counts == [4, 4]


class TestRollForward:
    def test_opening_and_paid_less_earned_and_given_back_is_closing(self):
        clinic, pia = site(), patient("Pia")
        held = package(pia, clinic)
        put(pia, clinic, "prepayment", [(Of.CARD, Of.UNEARNED, 90_000, held)], on=NOVEMBER)
        put(pia, clinic, "draw", [(Of.UNEARNED, Of.REVENUE, 30_000, held)], on=FIRST)
        put(pia, clinic, "refund", [(Of.UNEARNED, Of.CARD, 20_000, held)], on=LAST)
        found = roll_forward(site=clinic, first=FIRST, last=LAST)
        (row,) = found.rows
        assert (row.opening, row.paid, row.earned, row.refunded, row.closing) == (
            90_000,
            0,
            30_000,
            20_000,
            40_000,
        )
        assert shown(UNEARNED, clinic) == [(held.pk, 90_000, 0, 30_000, 20_000)]
        assert found.whole.closing == -balances(site=clinic, until=LAST)[Of.UNEARNED]

    def test_a_payment_and_a_draw_taken_back_leave_their_own_columns(self):
        clinic, pia = site(), patient("Pia")
        held = package(pia, clinic)
        put(pia, clinic, "prepayment", [(Of.CARD, Of.UNEARNED, 90_000, held)], on=FIRST)
        drawn = put(pia, clinic, "draw", [(Of.UNEARNED, Of.REVENUE, 30_000, held)], on=FIRST)
        more = put(pia, clinic, "prepayment", [(Of.CASH, Of.UNEARNED, 500, held)], on=FIRST)
        with writing():
            account = open_account(pia)
            reverse(entry=drawn, account=account, reason="Not delivered", **BY)
            reverse(entry=more, account=account, reason="Typed twice", **BY)
        row = roll_forward(site=clinic, first=FIRST, last=LAST).whole
        assert (row.paid, row.earned, row.refunded, row.closing) == (90_000, 0, 0, 90_000)
        assert shown(UNEARNED, clinic) == [(held.pk, 0, 90_000, 0, 0)]


class TestRevenue:
    def test_what_an_entry_earned_is_shared_by_price_to_the_cent(self):
        clinic, pia = site(), patient("Pia")
        entry = put(pia, clinic, "charge", [(Of.RECEIVABLE, Of.REVENUE, 10_001)], on=FIRST)
        for position, (code, cents) in enumerate((("96365", 200), ("96366", 100), ("J3490", 0))):
            charged(pia, clinic, code, cents, own=True, posted=False, position=position)
        Charge.objects.update(entry=entry)
        put(pia, clinic, "charge", [(Of.RECEIVABLE, Of.REVENUE, 77)], on=FIRST)
        found = revenue(site=clinic, sites=[clinic], first=FIRST, last=LAST)
        assert found.whole == 10_078 == -balances(site=clinic)[Of.REVENUE]
        assert sorted(found.codes) == shown(BY_CODE, clinic)
        assert dict(found.codes)[""] == 77

    def test_an_entry_taken_back_takes_from_the_same_code(self):
        clinic, pia = site(), patient("Pia")
        made = charged(pia, clinic, "96365", 25_000, own=True, on=FIRST)
        charged(pia, clinic, "99214", 9_999, own=True, on=FIRST, position=1)
        with writing():
            reverse(entry=made.entry, account=open_account(pia), reason="Not done", **BY)
        found = revenue(site=clinic, sites=[clinic], first=FIRST, last=LAST)
        assert dict(found.codes) == {"96365": 0, "99214": 9_999}
        assert sorted(found.codes) == shown(BY_CODE, clinic)

    def test_sites_stand_side_by_side(self):
        here, there, pia = site(), site("There"), patient("Pia")
        charged(pia, here, cents=100, own=True)
        charged(pia, there, cents=250, own=True)
        found = revenue(site=here, sites=[here, there], first=FIRST, last=LAST)
        assert found.sites == ((here, 100), (there, 250))
        assert shown(by_site([here, there]), here) == [(here.pk, 100), (there.pk, 250)]


class TestReductions:
    def test_fees_discounts_contracts_and_write_offs_are_told_apart(self):
        clinic = filing_site()
        pia = insured(at_site=clinic, by=payer())
        put(pia, clinic, "fee", [(Of.RECEIVABLE, Of.FEES, 7_500)], on=FIRST)
        put(pia, clinic, "discount", [(Of.DISCOUNTS, Of.RECEIVABLE, 1_000)], on=FIRST)
        put(pia, clinic, "write_off", [(Of.WRITE_OFFS, Of.RECEIVABLE, 300)], on=FIRST)
        charged(pia, clinic)
        (made,) = make_claims(site=clinic, **BY)
        send_claims(site=clinic, **BY)
        record_paid(claim=made, paid_cents=15_000, adjusted_cents=4_000, reference="1", **BY)
        found = reductions(site=clinic, first=FIRST, last=LAST)
        told = sorted((row.kind, row.entries, row.cents) for row in found.rows)
        assert told == [
            ("contractual", 1, 4_000),
            ("discounts", 1, 1_000),
            ("fees", 1, 7_500),
            ("write_offs", 1, 300),
        ]
        assert shown(REDUCED, clinic) == told

    def test_a_waived_fee_counts_against_fees(self):
        clinic, pia = site(), patient("Pia")
        fee = put(pia, clinic, "fee", [(Of.RECEIVABLE, Of.FEES, 7_500)], on=FIRST)
        with writing():
            reverse(entry=fee, account=open_account(pia), reason="Waived", **BY)
        assert reductions(site=clinic, first=FIRST, last=LAST).cents("fees") == 0
        assert shown(REDUCED, clinic) == [("fees", 2, 0)]


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["own", "insured", "pay", "write_off", "answer", "reverse", "back"]),
        st.integers(1, 40_000),
        st.integers(0, 150),
    ),
    max_size=14,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(MOVES)
def test_whatever_happens_every_figure_agrees_with_its_query_and_the_ledger(moves):
    clinic = filing_site(f"Site {Posting.objects.count()} {Charge.objects.count()}")
    pia = insured("Pia", at_site=clinic)
    for number, (what, cents, ago) in enumerate(moves):
        _happens(what, pia, clinic, cents, LAST - timedelta(days=ago), number)
    agrees(clinic)
    found = revenue(site=clinic, sites=[clinic], first=LONG_AGO, last=LAST)
    assert sorted(found.codes) == shown(BY_CODE, clinic, first=LONG_AGO)
    assert found.whole == -balances(site=clinic)[Of.REVENUE]
    rows = reductions(site=clinic, first=LONG_AGO, last=LAST).rows
    assert sorted((row.kind, row.entries, row.cents) for row in rows) == shown(
        REDUCED, clinic, first=LONG_AGO
    )


def _happens(what, pia, clinic, cents, on, number) -> None:
    if what in ("own", "insured"):
        charged(pia, clinic, cents=cents, on=on, own=what == "own", position=number)
    elif what in ("pay", "write_off"):
        account = Of.CASH if what == "pay" else Of.WRITE_OFFS
        kind = "payment" if what == "pay" else "write_off"
        put(pia, clinic, kind, [(account, Of.RECEIVABLE, cents)], on=on)
    elif what == "answer":
        make_claims(site=clinic, **BY)
        for claim in clinic_claims(clinic, ("ready", "draft")):
            claim.state = "sent"
            claim.save()
            paid = min(cents, claim.cents)
            rest = (claim.cents - paid) // 3
            record_paid(claim=claim, paid_cents=paid, adjusted_cents=rest, reference="1", **BY)
    elif what == "back":
        for claim in clinic_claims(clinic, ("paid",))[:1]:
            take_back_answer(claim=claim, reason="Mistake", **BY)
    else:
        charge = Charge.objects.filter(site=clinic, entry__reversed_by=None).first()
        if charge is not None and not ClaimAnswer.objects.filter(claim__site=clinic).exists():
            with writing():
                reverse(entry=charge.entry, account=open_account(pia), reason="No", **BY)


def clinic_claims(clinic, states):
    return list(Claim.objects.filter(site=clinic, state__in=states))
