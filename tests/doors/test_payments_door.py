"""Payments over REST: taken once for a key, listed, given back in part."""

from __future__ import annotations

import pytest
import time_machine

from api.models import KeptAnswer
from billing.models import Payment, Prepaid, Refund
from billing.selectors import owed
from tests.cast import NOW, patient, site
from tests.doors.callers import caller
from tests.money.test_paying import charge, package, pay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def monday_morning():
    with time_machine.travel(NOW, tick=False):
        yield


def dollars(amount: str, currency: str = "USD") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


def body(who, where, amount: str = "120.50", **more) -> dict[str, object]:
    asked = {"patient": str(who.pk), "site": str(where.pk), "method": "check"}
    return {**asked, "amount": dollars(amount), **more}


def test_a_payment_is_taken_and_told():
    pia, clinic = patient("Pia"), site()
    charge(pia, clinic, 20_000)
    answer = caller().post("payments", body(pia, clinic, reference="1042"))
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(Payment.objects.get().pk),
        "patient": str(pia.pk),
        "site": str(clinic.pk),
        "method": "check",
        "state": "received",
        "amount": dollars("120.50"),
        "refunded": dollars("0.00"),
        "prepaid": None,
        "reference": "1042",
        "received_at": "2026-12-07T07:00:00-05:00",
    }
    assert owed(pia) == 7_950


def test_the_same_key_takes_it_once():
    pia, clinic = patient("Pia"), site()
    machine = caller()
    first = machine.post("payments", body(pia, clinic), key="till-1")
    assert machine.post("payments", body(pia, clinic), key="till-1").json() == first.json()
    assert owed(pia) == -12_050


def test_the_same_key_takes_it_once_when_the_kept_answer_was_lost():
    pia, clinic = patient("Pia"), site()
    machine = caller()
    machine.post("payments", body(pia, clinic), key="till-1")
    KeptAnswer.objects.all().delete()
    assert machine.post("payments", body(pia, clinic), key="till-1").status_code == 201
    assert Payment.objects.count() == 1


def test_it_can_be_for_a_package_of_theirs():
    pia, clinic = patient("Pia"), site()
    course = package(pia, clinic, 30_000)
    other = package(patient("Per"), clinic)
    machine = caller()
    answer = machine.post("payments", body(pia, clinic, "300.00", prepaid=str(course.pk)))
    assert (answer.status_code, answer.json()["prepaid"]) == (201, str(course.pk))
    assert Prepaid.objects.get(pk=course.pk).left_cents == 30_000
    refused = machine.post("payments", body(pia, clinic, "0.01", prepaid=str(course.pk)))
    assert refused.json()["refusals"][0]["rule"] == "no_more_than_its_price"
    assert machine.post("payments", body(pia, clinic, prepaid=str(other.pk))).status_code == 422


@pytest.mark.parametrize(
    ("amount", "status"),
    [
        (dollars("0.00"), 422),
        (dollars("-5.00"), 400),
        (dollars("1.5"), 400),
        (dollars("10.00", "EUR"), 422),
        (dollars("10.00", "XXX"), 400),
        (12.5, 400),
        ({"amount": "1.00"}, 400),
    ],
)
def test_what_is_no_money_here_is_not_taken(amount, status):
    pia, clinic = patient("Pia"), site()
    answer = caller().post("payments", {**body(pia, clinic), "amount": amount})
    assert answer.status_code == status
    assert not Payment.objects.exists()


def test_they_are_listed_newest_first_and_by_patient_and_state():
    pia, per, clinic = patient("Pia"), patient("Per"), site()
    first, second = pay(pia, clinic, 100), pay(per, clinic, 200)
    machine = caller()
    assert [row["id"] for row in machine.get("payments").json()["results"]] == [
        str(second.pk),
        str(first.pk),
    ]
    [row] = machine.get("payments", patient=pia.pk).json()["results"]
    assert row["id"] == str(first.pk)
    assert machine.get("payments", state="failed").json()["count"] == 0
    assert machine.get("payments", state="lost").status_code == 400


def test_a_part_goes_back_and_never_more_than_came():
    pia, clinic = patient("Pia"), site()
    paid = pay(pia, clinic, 5_000)
    machine = caller()
    asked = {"amount": dollars("20.00"), "reason": "Cancelled by the clinic"}
    answer = machine.post(f"payments/{paid.pk}/refund", asked, key="back-1")
    assert (answer.status_code, answer.json()["refunded"]) == (201, dollars("20.00"))
    machine.post(f"payments/{paid.pk}/refund", asked, key="back-1")
    assert Refund.objects.count() == 1
    more = machine.post(f"payments/{paid.pk}/refund", {**asked, "amount": dollars("30.01")})
    assert more.status_code == 422
    assert more.json()["refusals"][0]["rule"] == "never_more_back_than_came"


def test_rights_come_in_pairs_seeing_taking_and_giving_back():
    pia, clinic = patient("Pia"), site()
    paid = pay(pia, clinic, 5_000)
    asked = {"amount": dollars("1.00"), "reason": "x"}
    reads, writes = caller("Reads", scopes=["billing:read"]), caller("W", scopes=["billing:write"])
    assert reads.get("payments").status_code == 200
    assert writes.get("payments").status_code == 403
    assert reads.post("payments", body(pia, clinic)).status_code == 403
    assert reads.post(f"payments/{paid.pk}/refund", asked).status_code == 403
    assert writes.post("payments", body(pia, clinic)).status_code == 201
    assert writes.post(f"payments/{paid.pk}/refund", asked).status_code == 201
    there = caller("Elsewhere", sites=[site("Birch House")])
    assert there.get("payments").json()["count"] == 0
    assert there.post(f"payments/{paid.pk}/refund", asked).status_code == 404
