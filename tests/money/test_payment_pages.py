"""Money at the desk: what is shown to whom, what a dialog does once, and what a link gives away."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.core.cache import cache
from django.test import Client

from billing.models import DayClose, Payment, Prepaid
from billing.selectors import owed
from billing.services.online import customer_of, make_link
from tests.cast import DESK, MONDAY, NOW, patient, site
from tests.desk.browsers import person
from tests.money.fake_stripe import signed
from tests.money.test_paying import charge, earn, package, pay

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("monday")]
BY = {"actor": DESK, "now": NOW}
KEY = "a1b2c3d4e5f6a1b2c3d4e5f6"


@pytest.fixture
def pia():
    who = patient("Pia", home_site=site())
    charge(who, who.home_site, 45_000)
    return who


def shown(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def take(browser: Client, who, amount: str, method: str = "cash", of: str = "owed", key: str = KEY):
    sent = {"cents": amount, "method": method, "of": of, "key": key}
    return browser.post(f"/patients/{who.pk}/payment", sent)


def rows(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


class TestAPatientsMoney:
    def test_the_balance_is_on_top_and_every_entry_says_what_was_owed_then(self, pia):
        pay(pia, pia.home_site, 15_000)
        text = shown(person("front_desk"), f"/patients/{pia.pk}/money")
        assert "Owes $300.00" in text
        assert text.index("−$150.00 $300.00") < text.index("+$450.00 $450.00")

    def test_what_is_left_of_a_package_is_a_bar(self, pia):
        course = package(pia, pia.home_site, 30_000)
        pay(pia, pia.home_site, 20_000, prepaid=course.pk)
        earn(course, 5_000)
        page = person("front_desk").get(f"/patients/{pia.pk}/money").content.decode()
        assert '<progress max="20000" value="15000"' in page
        assert "Pay $100.00…" in page

    def test_a_biller_sees_initials_and_a_page_has_no_name_in_its_title(self, pia):
        page = person("biller").get(f"/patients/{pia.pk}/money").content.decode()
        assert "P. S." in page
        assert "Sample" not in page
        named = person("front_desk").get(f"/patients/{pia.pk}/money").content.decode()
        assert "<title>Money · Chairtime</title>" in named

    def test_it_is_linked_from_the_patients_page_for_those_who_may(self, pia):
        there = f"/patients/{pia.pk}/money"
        assert there in person("front_desk").get(f"/patients/{pia.pk}").content.decode()
        assert there not in person("nurse").get(f"/patients/{pia.pk}").content.decode()

    def test_an_empty_one_says_what_will_be_there(self):
        per = patient("Per", home_site=site())
        text = shown(person("front_desk"), f"/patients/{per.pk}/money")
        assert "Nothing entered yet" in text
        assert "Owes $0.00" in text

    def test_it_asks_no_more_for_many_entries(self, pia, django_assert_max_num_queries):
        desk = person("front_desk")
        path = f"/patients/{pia.pk}/money"
        desk.get(path)
        for number in range(8):
            pay(pia, pia.home_site, 100 + number)
        with django_assert_max_num_queries(26):
            desk.get(path)


class TestTaking:
    def test_the_amount_is_what_is_owed_or_what_a_package_lacks(self, pia):
        course = package(pia, pia.home_site, 90_000)
        desk = person("front_desk")
        path = f"/patients/{pia.pk}/payment"
        assert 'value="450.00"' in desk.get(path).content.decode()
        assert 'value="900.00"' in desk.get(f"{path}?of={course.pk}").content.decode()

    def test_a_form_sent_twice_takes_money_once(self, pia):
        desk = person("front_desk")
        for _ in range(2):
            assert take(desk, pia, "$1,00.50").status_code == 302
        assert (Payment.objects.count(), owed(pia)) == (1, 45_000 - 10_050)

    def test_it_can_be_for_a_package(self, pia):
        course = package(pia, pia.home_site, 90_000)
        take(person("front_desk"), pia, "300", "check", str(course.pk))
        assert Prepaid.objects.get().left_cents == 30_000

    @pytest.mark.parametrize("amount", ["", "0", "-5", "ten", "1.234", "999999999999999"])
    def test_what_is_no_amount_is_said_beside_it(self, pia, amount):
        answer = take(person("front_desk"), pia, amount)
        assert answer.status_code == 422
        assert not Payment.objects.exists()

    def test_another_patients_package_is_not_paid(self, pia):
        other = package(patient("Per"), pia.home_site)
        assert take(person("front_desk"), pia, "5", of=str(other.pk)).status_code == 422


class TestGoingBack:
    def test_a_part_of_a_payment_goes_back_for_those_who_may(self, pia):
        paid = pay(pia, pia.home_site, 45_000)
        sent = {"cents": "20", "reason": "Cancelled by us", "key": KEY}
        refused = person("front_desk").post(f"/payments/{paid.pk}/refund", sent)
        assert refused.status_code == 403
        biller = person("biller")
        assert "450.00" in biller.get(f"/payments/{paid.pk}/refund").content.decode()
        for _ in range(2):
            assert biller.post(f"/payments/{paid.pk}/refund", sent).status_code == 302
        assert owed(pia) == 2_000
        text = shown(biller, f"/patients/{pia.pk}/money")
        assert "Back: $20.00 , Cancelled by us" in text

    def test_more_than_came_is_refused_in_words(self, pia):
        paid = pay(pia, pia.home_site, 1_000)
        sent = {"cents": "10.01", "reason": "x", "key": KEY}
        answer = person("biller").post(f"/payments/{paid.pk}/refund", sent)
        assert answer.status_code == 422
        assert "Of this payment $10.00 can go back." in answer.content.decode()

    def test_the_cashier_takes_a_mistake_back(self, pia):
        paid = pay(pia, pia.home_site, 1_000)
        desk = person("front_desk")
        assert "Mistake…" in desk.get(f"/patients/{pia.pk}/money").content.decode()
        desk.post(f"/payments/{paid.pk}/take-back", {"reason": "Was for Per"})
        assert owed(pia) == 45_000
        text = shown(desk, f"/patients/{pia.pk}/money")
        assert "Entered by mistake: Was for Per" in text

    def test_a_credit_and_a_write_off(self, pia):
        biller = person("biller")
        pay(pia, pia.home_site, 46_000)
        sent = {"cents": "10.00", "reason": "Paid too much", "key": KEY}
        assert biller.post(f"/patients/{pia.pk}/credit", sent).status_code == 302
        assert owed(pia) == 0
        charge(pia, pia.home_site, 5_000)
        sent = {"cents": "50.00", "reason": "Hardship", "key": KEY}
        for _ in range(2):
            assert biller.post(f"/patients/{pia.pk}/write-off", sent).status_code == 302
        assert owed(pia) == 0


class TestWorklists:
    def test_who_owes_is_shown_by_age_and_as_a_file(self, pia):
        manager = person("manager")
        path = f"/sites/{pia.home_site.pk}/unpaid"
        text = shown(manager, path)
        assert "P. S." in text
        assert "$450.00 All $450.00 0–30 days" in text
        assert "Nothing is owed as long as that." in shown(manager, f"{path}?bucket=3")
        answer = manager.get(f"{path}.csv")
        assert "unpaid-2026-12-07.csv" in answer["Content-Disposition"]
        [head, row] = rows(answer)
        assert (row[0], row[-1], len(head)) == ("P. S.", "450.00", len(row))

    def test_nobody_owing_is_good_news(self):
        text = shown(person("manager"), f"/sites/{site().pk}/unpaid")
        assert "Nobody owes anything" in text

    def test_a_day_is_counted_closed_and_stays_readable(self, pia):
        clinic = pia.home_site
        pay(pia, clinic, 12_000)
        desk, path = person("front_desk"), f"/sites/{clinic.pk}/day-end/{MONDAY}"
        counted = {"cash": "115.00", "card": "0", "check": "0"}
        refused = desk.post(path, counted)
        assert refused.status_code == 422
        assert "Say in a note why it differs." in refused.content.decode()
        assert desk.post(path, counted | {"note": "$5 short"}).status_code == 302
        assert DayClose.objects.get().difference_cents == -500
        text = shown(desk, path)
        assert "$120.00 $115.00 −$5.00" in text
        assert "Close the day" not in text
        told = rows(desk.get(f"{path}.csv"))
        assert ["", "Counted", "", "Cash", "115.00", "front_desk@clinic.example"] in told

    def test_a_biller_without_money_sees_what_a_day_end_is(self):
        text = shown(person("biller"), f"/sites/{site().pk}/day-end/{MONDAY}")
        assert "No money moved on this day" in text


class TestALink:
    def link(self, who, cents: int = 45_000) -> str:
        _, secret = make_link(patient=who.pk, site=who.home_site, cents=cents, **BY)
        return f"/pay/{secret}"

    def test_gives_away_the_amount_and_nothing_else(self, pia, client):
        pia.home_site.neutral_name = "The practice on Alder Street"
        pia.home_site.save()
        answer = client.get(self.link(pia))
        text = answer.content.decode()
        assert "The practice on Alder Street" in text
        assert "$450.00" in text
        for word in ("Pia", "Sample", pia.mrn, "Juniper", "Visit", "infusion", "etamine"):
            assert word not in text
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Robots-Tag"] == "noindex, nofollow"

    def test_without_stripe_it_says_how_to_pay_and_loads_nothing_from_elsewhere(self, pia, client):
        answer = client.get(self.link(pia))
        assert "Pay at the desk" in answer.content.decode()
        assert "stripe" not in answer["Content-Security-Policy"] + answer.content.decode()
        posted = client.post(self.link(pia), {"do": "begin"})
        assert "Pay at the desk" in posted.content.decode()

    def test_what_was_never_given_out_is_not_there(self, client):
        assert client.get("/pay/no-such-secret").status_code == 404

    def test_guessing_is_slowed_down(self, client, request):
        request.addfinalizer(cache.clear)
        told = [client.get(f"/pay/guess-{n}").status_code for n in range(40)]
        assert told[-1] == 429

    def test_stripe_is_allowed_on_this_page_only_and_the_card_goes_to_stripe(
        self, pia, client, stripe_here, delivered
    ):
        path = self.link(pia)
        before = client.get(path)
        assert "stripe" not in before["Content-Security-Policy"]
        begun = client.post(path, {"do": "begin"})
        policy, page = begun["Content-Security-Policy"], begun.content.decode()
        assert "https://js.stripe.com" in policy
        assert "unsafe" not in policy
        assert "_secret_invented" in page
        assert "pk_test_invented" in page
        assert "sk_test" not in page
        [intent] = stripe_here.intents
        stripe_here.confirm(intent)
        assert client.post(path, {"do": "done"}).status_code == 302
        assert "Paid" in client.get(path).content.decode()
        assert owed(pia) == 0
        assert delivered(stripe_here.told("payment_intent.succeeded")) == 200
        assert owed(pia) == 0
        assert "stripe" not in person("front_desk").get("/style")["Content-Security-Policy"]

    def test_opened_again_after_paying_it_never_asks_for_money_twice(
        self, pia, client, stripe_here
    ):
        path = self.link(pia)
        client.post(path, {"do": "begin"})
        [intent] = stripe_here.intents
        stripe_here.confirm(intent)
        assert client.post(path, {"do": "begin"}).status_code == 302
        assert "Paid" in client.get(path).content.decode()
        assert (stripe_here.charged, owed(pia)) == (45_000, 0)

    def test_stripe_out_of_reach_is_said(self, pia, client, stripe_here):
        stripe_here.lose_answers("/payment_intents", 2)
        answer = client.post(self.link(pia), {"do": "begin"})
        assert answer.status_code == 409
        assert "did not answer" in answer.content.decode()

    def test_one_that_is_settled_asks_for_nothing(self, pia, client):
        path = self.link(pia)
        pay(pia, pia.home_site, 45_000)
        assert "Nothing is to be paid here any more" in client.get(path).content.decode()

    def test_the_desk_makes_it_and_sees_it_once(self, pia):
        desk = person("front_desk")
        answer = desk.post(f"/patients/{pia.pk}/payment-link", {"cents": "450", "of": "owed"})
        [address] = re.findall(r"http://\S+/pay/[\w-]+", answer.content.decode())
        assert Client().get(address[address.index("/pay/") :]).status_code == 200
        assert "/pay/" not in desk.get(f"/patients/{pia.pk}/money").content.decode()


class TestAKeptCard:
    def test_is_charged_at_the_desk_once_for_a_form(self, pia, cards, stripe_here):
        stripe_here.keep_card(customer_of(pia.pk, cards))
        desk, path = person("front_desk"), f"/patients/{pia.pk}/kept-card"
        assert "4242" in desk.get(path).content.decode()
        for _ in range(2):
            desk.post(path, {"cents": "450", "of": "owed", "key": KEY})
        assert (stripe_here.charged, owed(pia)) == (45_000, 0)

    def test_a_decline_is_said_and_the_next_try_is_another_charge(self, pia, cards, stripe_here):
        stripe_here.keep_card(customer_of(pia.pk, cards))
        desk, path = person("front_desk"), f"/patients/{pia.pk}/kept-card"
        stripe_here.declines = True
        answer = desk.post(path, {"cents": "450", "of": "owed", "key": KEY})
        assert "The card is expired." in answer.content.decode()
        [fresh] = re.findall(r'name="key" value="(\w+)"', answer.content.decode())
        stripe_here.declines = False
        desk.post(path, {"cents": "450", "of": "owed", "key": fresh})
        assert (stripe_here.charged, owed(pia)) == (45_000, 0)

    def test_a_patient_can_have_it_kept_no_longer(self, pia, cards, stripe_here):
        stripe_here.keep_card(customer_of(pia.pk, cards))
        desk = person("front_desk")
        desk.post(f"/patients/{pia.pk}/kept-card/forget")
        assert "No card is kept" in desk.get(f"/patients/{pia.pk}/kept-card").content.decode()


def test_an_event_that_is_signed_needs_no_session_and_no_token(pia, stripe_here):
    body, signature = signed(stripe_here.tell("customer.created", {"id": "cus_1"}))
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(
        "/stripe/webhook",
        body,
        content_type="application/json",
        headers={"Stripe-Signature": signature},
    )
    assert answer.status_code == 200
