"""Cards through the processor, with answers lost and events out of order: one charge, one entry."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings as project
from django.db import connection

from billing.errors import MoneyRefused
from billing.models import Account, Entry, Payment, PaymentEvent, Refund
from billing.processing import Declined
from billing.selectors import balances, owed, unearned
from billing.services.ledger import Of
from billing.services.online import (
    begin_link,
    charge_kept_card,
    customer_of,
    forget_kept_card,
    kept_card_of,
    link_stands,
    make_link,
    payment_by,
)
from billing.services.reconciling import reconcile
from billing.services.refunding import refund_payment
from clinic.models import Journal
from tests.cast import DESK, NOW, patient, site
from tests.money.fake_stripe import SECRET_KEY, signed
from tests.money.test_paying import charge, earn, package
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)
BY = {"actor": DESK, "now": NOW}
LATER = NOW + timedelta(minutes=5)
MUCH_LATER = NOW + timedelta(minutes=20)


@pytest.fixture
def pia(stripe_here, cards):
    """She owes $450.00, and let her card be kept."""
    who = patient("Pia")
    charge(who, site(), 45_000)
    stripe_here.keep_card(customer_of(who.pk, cards))
    return who


def where(who):
    return Entry.objects.filter(patient=who).earliest("pk").site


def kept(who, cards, cents: int = 45_000, key: str = "k1", **more) -> Payment:
    return charge_kept_card(
        patient=who.pk, site=where(who), cents=cents, key=key, processor=cards, **BY, **more
    )


def linked(who, cents: int = 45_000, **more) -> Payment:
    return make_link(patient=who.pk, site=where(who), cents=cents, **BY, **more)[0]


def back(payment: Payment, cents: int, cards, key: str = "b1") -> Refund:
    return refund_payment(
        payment=payment.pk, cents=cents, reason="Visit cancelled", key=key, processor=cards, **BY
    )


def agrees(stripe_here, who) -> bool:
    """Whether the ledger has of cards what Stripe has."""
    return balances(patient=who)[Of.CARD] == stripe_here.charged - stripe_here.given_back


class TestAKeptCard:
    def test_is_charged_once_for_a_key(self, pia, cards, stripe_here):
        paid = kept(pia, cards)
        assert kept(pia, cards) == paid
        assert (paid.state, owed(pia), stripe_here.charged) == ("received", 0, 45_000)

    def test_a_decline_charges_nothing_and_says_why(self, pia, cards, stripe_here):
        stripe_here.declines = True
        with pytest.raises(Declined, match="The card is expired"):
            kept(pia, cards)
        row = Payment.objects.get()
        assert (row.state, row.problem, owed(pia)) == ("failed", "The card is expired.", 45_000)

    def test_stripe_is_told_an_amount_and_a_key_only(self, pia, cards, stripe_here):
        kept(pia, cards)
        told = repr(stripe_here.seen)
        for word in ("Pia", "Sample", pia.mrn, str(pia.birth_date), "etamine", "Visit", "Juniper"):
            assert word not in told

    def test_no_more_than_is_owed_is_charged(self, pia, cards, stripe_here):
        with pytest.raises(MoneyRefused, match=r"\$450\.00 is to be paid"):
            kept(pia, cards, 45_001)
        assert stripe_here.charged == 0

    def test_one_that_is_forgotten_is_not_charged(self, pia, cards):
        assert kept_card_of(pia.pk, cards).last4 == "4242"
        forget_kept_card(patient=pia.pk, processor=cards, **BY)
        with pytest.raises(MoneyRefused, match="No card of theirs is kept"):
            kept(pia, cards)

    def test_a_card_is_kept_without_a_charge(self, cards, stripe_here):
        per = patient("Per")
        customer = customer_of(per.pk, cards)
        assert cards.begin_keeping(customer=customer, key="keep-1").endswith("_secret")
        assert Account.objects.get(pk=per.pk).processor_customer == customer
        assert (kept_card_of(per.pk, cards).last4, stripe_here.charged) == ("4242", 0)

    def test_two_at_the_desk_at_once_charge_it_once(self, pia, cards, stripe_here):
        told = all_at_once([lambda: kept(pia, cards)] * 4)
        assert [one.error for one in told if one.error] == []
        assert (stripe_here.charged, owed(pia)) == (45_000, 0)


class TestALostAnswer:
    def test_the_sdk_asks_again_with_the_same_key(self, pia, cards, stripe_here):
        stripe_here.lose_answers("/payment_intents")
        assert kept(pia, cards).state == "received"
        assert (stripe_here.charged, len(stripe_here.intents)) == (45_000, 1)

    def test_a_charge_without_an_answer_is_found_again(self, pia, cards, stripe_here):
        stripe_here.lose_answers("/payment_intents", 2)
        assert kept(pia, cards).state == "pending"
        assert (stripe_here.charged, owed(pia)) == (45_000, 45_000)
        assert reconcile(processor=cards, now=LATER) == 1
        assert reconcile(processor=cards, now=MUCH_LATER) == 0
        assert (stripe_here.charged, owed(pia), Payment.objects.get().state) == (
            45_000,
            0,
            "received",
        )

    def test_the_webhook_may_find_it_first(self, pia, cards, stripe_here, delivered):
        stripe_here.lose_answers("/payment_intents", 2)
        kept(pia, cards)
        assert delivered(stripe_here.told("payment_intent.succeeded")) == 200
        assert owed(pia) == 0
        assert reconcile(processor=cards, now=LATER) == 0
        assert kept(pia, cards).state == "received"
        assert stripe_here.charged == 45_000

    def test_a_charge_that_never_arrived_is_not_made_later(self, pia, cards, stripe_here):
        Payment.objects.create(
            patient=pia,
            site=where(pia),
            method="processor",
            state="pending",
            cents=45_000,
            key="gone",
            by="Dora",
            created_at=NOW,
        )
        assert reconcile(processor=cards, now=LATER) == 0
        assert reconcile(processor=cards, now=MUCH_LATER) == 1
        assert "nothing was charged" in Payment.objects.get().problem
        assert (stripe_here.charged, owed(pia)) == (0, 45_000)

    def test_stripe_out_of_reach_changes_nothing(self, pia, cards, stripe_here):
        stripe_here.lose_answers("/payment_intents", 2)
        kept(pia, cards)
        stripe_here.lose_answers("/payment_intents", 2)
        assert reconcile(processor=cards, now=MUCH_LATER) == 0
        assert Payment.objects.get().state == "pending"
        assert reconcile(processor=cards, now=MUCH_LATER) == 1
        assert agrees(stripe_here, pia)

    def test_a_refund_without_an_answer_goes_back_once(self, pia, cards, stripe_here):
        paid = kept(pia, cards)
        stripe_here.lose_answers("/refunds", 5)
        assert back(paid, 10_000, cards).state == "pending"
        stripe_here.lost.clear()
        assert reconcile(processor=cards, now=LATER) == 1
        assert (stripe_here.given_back, owed(pia)) == (10_000, 10_000)
        assert Refund.objects.get().state == "done"

    def test_a_worker_killed_between_the_yes_and_the_commit_loses_nothing(
        self, pia, cards, stripe_here
    ):
        died = subprocess.run(
            [sys.executable, "-c", KILLED, str(pia.pk), str(where(pia).pk), NOW.isoformat()],
            env={
                **os.environ,
                "DATABASE_URL": database_url(),
                "DJANGO_SETTINGS_MODULE": "tests.settings",
                "STRIPE_SECRET_KEY": SECRET_KEY,
                "STRIPE_API_BASE": stripe_here.base,
            },
            cwd=project.BASE_DIR,
            capture_output=True,
            timeout=60,
        )
        assert died.returncode == -signal.SIGKILL, died.stderr.decode()
        assert (stripe_here.charged, owed(pia)) == (45_000, 45_000)
        assert Payment.objects.get().state == "pending"
        assert reconcile(processor=cards, now=LATER) == 1
        assert (stripe_here.charged, owed(pia)) == (45_000, 0)
        assert kept(pia, cards, key="killed").state == "received"
        assert stripe_here.charged == 45_000


KILLED = """
import os, signal, sys
from datetime import datetime
import django
django.setup()
from billing import processing
from billing.services.online import charge_kept_card
from clinic.journal import Actor
from clinic.models import Site
real = processing.Processor.charge
def charge(self, **asked):
    real(self, **asked)
    os.kill(os.getpid(), signal.SIGKILL)
processing.Processor.charge = charge
charge_kept_card(
    patient=int(sys.argv[1]), site=Site.objects.get(pk=sys.argv[2]), cents=45_000, key="killed",
    processor=processing.processor(), actor=Actor("Dora", "desk"),
    now=datetime.fromisoformat(sys.argv[3]),
)
"""


def database_url() -> str:
    """Of this test's own database, for a process of its own."""
    facts = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{facts['NAME']}"
    host = facts["HOST"]
    socket = f"?host={host}" if host.startswith("/") else ""
    at = "" if socket else f"{host}:{facts['PORT'] or 5432}"
    who = ":".join(filter(None, [facts["USER"], facts["PASSWORD"]]))
    return f"postgres://{who}@{at}/{facts['NAME']}{socket}"


class TestEvents:
    def paid_by_link(self, pia, cards, stripe_here) -> Payment:
        row = linked(pia)
        intent = begin_link(payment=row.pk, processor=cards, now=NOW)
        stripe_here.confirm(intent.id)
        return row

    def test_one_that_comes_five_times_is_entered_once(self, pia, cards, stripe_here, delivered):
        self.paid_by_link(pia, cards, stripe_here)
        event = stripe_here.told("payment_intent.succeeded")
        assert [delivered(event) for _ in range(5)] == [200] * 5
        assert owed(pia) == 0
        assert Entry.objects.filter(kind="payment").count() == 1
        row = PaymentEvent.objects.get()
        assert (row.event, row.outcome) == (
            event["id"],
            f"payment {Payment.objects.get().pk} received",
        )

    def test_twins_at_once_are_entered_once(self, pia, cards, stripe_here, delivered):
        self.paid_by_link(pia, cards, stripe_here)
        event = stripe_here.told("payment_intent.succeeded")
        told = all_at_once([lambda: delivered(event) for _ in range(6)])
        assert {one.result for one in told} == {200}
        assert (owed(pia), Entry.objects.filter(kind="payment").count()) == (0, 1)

    def test_in_every_order_they_come_to_the_same(self, cards, stripe_here, delivered):
        for number, order in enumerate(itertools.permutations(range(4))):
            who = patient(f"Pia{number}")
            charge(who, site(f"House {number}"), 45_000)
            stripe_here.events.clear()
            row = self.paid_by_link(who, cards, stripe_here)
            intent = Payment.objects.get(pk=row.pk).intent
            stripe_here.answer(
                "POST",
                "/v1/refunds",
                {"payment_intent": intent, "amount": "5000"},
                f"elsewhere-{number}",
            )
            stripe_here.settle(
                stripe_here.told("refund.created")["data"]["object"]["id"], "succeeded"
            )
            events = list(stripe_here.events)
            assert len(events) == 4
            for at in order:
                assert delivered(events[at]) == 200
            row.refresh_from_db()
            assert (owed(who), row.state, row.refunded_cents) == (5_000, "received", 5_000), order
            assert Entry.objects.filter(patient=who).count() == 3

    def test_a_refund_that_the_bank_refuses_is_theirs_again_whatever_comes_later(
        self, pia, cards, stripe_here, delivered
    ):
        paid = kept(pia, cards)
        stripe_here.later = True
        assert back(paid, 45_000, cards).state == "pending"
        assert owed(pia) == 45_000
        made = stripe_here.told("refund.created")
        stripe_here.settle(made["data"]["object"]["id"], "failed")
        assert delivered(stripe_here.told("refund.failed")) == 200
        assert delivered(made) == 200
        paid.refresh_from_db()
        assert (owed(pia), paid.refunded_cents, Refund.objects.get().state) == (0, 0, "failed")
        assert agrees(stripe_here, pia)

    def test_a_refund_made_with_stripe_of_a_package_takes_what_is_left_of_it(
        self, pia, cards, stripe_here, delivered
    ):
        course = package(pia, where(pia), 30_000)
        row = linked(pia, 30_000, prepaid=course.pk)
        stripe_here.confirm(begin_link(payment=row.pk, processor=cards, now=NOW).id)
        assert delivered(stripe_here.told("payment_intent.succeeded")) == 200
        course.refresh_from_db()
        earn(course, 10_000)
        intent = Payment.objects.get(pk=row.pk).intent
        stripe_here.answer("POST", "/v1/refunds", {"payment_intent": intent}, "elsewhere")
        assert delivered(stripe_here.told("refund.created")) == 200
        assert (unearned(pia), owed(pia)) == (0, 45_000 + 10_000)
        assert agrees(stripe_here, pia)

    def test_events_of_others_are_kept_and_change_nothing(self, pia, stripe_here, delivered):
        stripe_here.answer("POST", "/v1/payment_intents", {"amount": "100", "currency": "usd"}, "x")
        assert delivered(stripe_here.told("payment_intent.created")) == 200
        assert delivered(stripe_here.tell("customer.created", {"id": "cus_1"})) == 200
        outcomes = set(PaymentEvent.objects.values_list("outcome", flat=True))
        assert outcomes == {"not of this clinic", "nothing to do"}

    def test_only_what_stripe_signed_just_now_is_believed(self, pia, cards, stripe_here, client):
        self.paid_by_link(pia, cards, stripe_here)
        event = stripe_here.told("payment_intent.succeeded")
        body, good = signed(event)
        old = signed(event, at=NOW.timestamp() - 301)[1]
        other = signed(event, secret="whsec_other")[1]
        for sent, signature in ((body, old), (body, other), (body, ""), (body + b" ", good)):
            answer = client.post(
                "/stripe/webhook",
                sent,
                content_type="application/json",
                headers={"Stripe-Signature": signature},
            )
            assert answer.status_code == 400
        for nonsense in (b"", b"[]", b"{}", b"\xff", b'{"type": "x"}'):
            mac = signed({})[1]
            answer = client.post(
                "/stripe/webhook",
                nonsense,
                content_type="application/json",
                headers={"Stripe-Signature": mac},
            )
            assert answer.status_code == 400
        assert owed(pia) == 45_000

    def test_without_stripe_there_is_no_webhook(self, client, settings):
        settings.STRIPE_SECRET_KEY = ""
        assert client.post("/stripe/webhook").status_code == 404


class TestALink:
    def test_keeps_its_secret_out_of_the_database(self, pia):
        row, secret = make_link(patient=pia.pk, site=where(pia), cents=45_000, **BY)
        assert payment_by(secret) == row
        assert secret not in repr(Payment.objects.values()) + repr(Journal.objects.values())

    def test_has_one_charge_however_often_it_is_begun(self, pia, cards, stripe_here):
        row = linked(pia)
        begun = {begin_link(payment=row.pk, processor=cards, now=NOW).id for _ in range(3)}
        assert len(begun) == len(stripe_here.intents) == 1

    def test_a_try_that_is_declined_leaves_it_open(self, pia, cards, stripe_here, delivered):
        row = linked(pia)
        intent = begin_link(payment=row.pk, processor=cards, now=NOW)
        stripe_here.intents[intent.id]["last_payment_error"] = {"message": "Declined."}
        failed = stripe_here.tell("payment_intent.payment_failed", stripe_here.intents[intent.id])
        assert delivered(failed) == 200
        row.refresh_from_db()
        assert (row.state, row.problem) == ("pending", "Declined.")
        stripe_here.confirm(intent.id)
        assert delivered(stripe_here.told("payment_intent.succeeded")) == 200
        assert owed(pia) == 0

    def test_can_keep_the_card_for_later(self, cards, stripe_here):
        per = patient("Per")
        charge(per, site(), 20_000)
        row = linked(per, 5_000)
        intent = begin_link(payment=row.pk, processor=cards, keeps=True, now=NOW)
        stripe_here.confirm(intent.id)
        reconcile(processor=cards, now=LATER)
        assert kept(per, cards, 15_000).state == "received"
        assert owed(per) == 0

    def test_does_not_stand_once_it_was_paid_otherwise(self, pia, cards):
        row = linked(pia)
        assert link_stands(row, NOW)
        kept(pia, cards)
        assert not link_stands(row, NOW)
        with pytest.raises(MoneyRefused, match="no longer be paid here"):
            begin_link(payment=row.pk, processor=cards, now=NOW)

    def test_a_newer_one_takes_its_place(self, pia):
        older = linked(pia)
        linked(pia, 40_000)
        older.refresh_from_db()
        assert (older.state, older.problem) == ("failed", "Another link was made.")

    def test_runs_out_after_two_weeks_at_stripe_too(self, pia, cards, stripe_here):
        row = linked(pia)
        intent = begin_link(payment=row.pk, processor=cards, now=NOW)
        assert reconcile(processor=cards, now=NOW + timedelta(days=13)) == 0
        assert reconcile(processor=cards, now=NOW + timedelta(days=15)) == 1
        assert stripe_here.intents[intent.id]["status"] == "canceled"
        row.refresh_from_db()
        assert row.state == "failed"

    def test_asks_for_no_more_than_is_owed(self, pia):
        for cents in (0, 45_001):
            with pytest.raises(MoneyRefused):
                linked(pia, cents)
