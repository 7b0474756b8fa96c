"""Packages and charges over REST: money as text, sold once, refused in words."""

from __future__ import annotations

import pytest
import time_machine

from billing.models import Prepaid
from billing.selectors import unearned
from billing.services.charging import capture_visit
from tests.cast import NOW, patient, site
from tests.doors.callers import caller
from tests.money.visits import LATER, course, offer, over, price_list, visit

pytestmark = pytest.mark.django_db
HUNDRED = {"amount": "100.00", "currency": "USD"}


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    made = site()
    price_list(made)
    return made


@pytest.fixture
def sale(clinic):
    pia = patient("Pia", home_site=clinic)
    return {"patient": str(pia.pk), "site": str(clinic.pk), "offer": str(offer(clinic).pk)}


def test_a_package_is_offered_sold_drawn_and_ended(clinic, sale):
    app = caller()
    (offered,) = app.get("package-offers").json()["results"]
    assert offered["price"] == {"amount": "5000.00", "currency": "USD"}
    sold = app.post("packages", {**sale, "paid": HUNDRED, "parts": 2}).json()
    assert sold["left"] == HUNDRED
    assert [one["amount"]["amount"] for one in sold["instalments"]] == ["2500.00", "2500.00"]
    row = Prepaid.objects.select_related("patient").get()
    inf1 = over(visit(row.patient, clinic, series=course(row.patient, clinic)))
    capture_visit(appointment=inf1.pk, now=LATER)
    (listed,) = app.get("packages", patient=sale["patient"]).json()["results"]
    assert listed["drawn"] == {"infusion": 1}
    charges = app.get("charges", site=sale["site"]).json()["results"]
    assert {(one["code"], one["pays"]) for one in charges} == {
        ("96365", "KARE course"),
        ("J3490", "KARE course"),
    }
    ended = app.post(f"packages/{sold['id']}/end", {"reason": "Moves away", "method": "card"})
    assert ended.json()["state"] == "ended"


def test_the_same_key_sells_once(sale):
    app = caller()
    told = [app.post("packages", sale, key="once").json()["id"] for _ in range(2)]
    assert told[0] == told[1]
    assert Prepaid.objects.count() == 1


def test_a_deposit_is_taken_instead_of_an_offer(sale):
    app = caller()
    alone = {"patient": sale["patient"], "site": sale["site"]}
    assert app.post("packages", {**alone, "deposit": HUNDRED}).json()["kind"] == "deposit"
    assert unearned(int(sale["patient"])) == 10_000
    assert app.post("packages", {**sale, "deposit": HUNDRED}).status_code == 422
    assert app.post("packages", alone).status_code == 422


@pytest.mark.parametrize(
    "paid",
    [
        100,
        {"amount": 100.0, "currency": "USD"},
        {"amount": "1.5", "currency": "USD"},
        {"amount": "-1.00", "currency": "USD"},
        {"amount": "1.00", "currency": "EUR"},
    ],
)
def test_money_that_is_none_is_malformed(sale, paid):
    assert caller().post("packages", {**sale, "paid": paid}).status_code == 400


def test_what_a_rule_refuses_is_told_with_the_rule(sale):
    told = caller().post("packages", {**sale, "parts": 9}).json()
    assert told["status"] == 422
    assert told["refusals"][0]["rule"] == "parts_are_offered"
