"""Estimates and invoices over REST."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from billing.models import Document
from billing.services.documents import drawn
from billing.services.estimating import refresh_estimate
from tests.cast import MONDAY, NOW, house, patient
from tests.doors.callers import caller
from tests.money.papers import booked, charge, known, priced

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def clinic():
    made = house()
    priced(made)
    known(made)
    return made


@pytest.fixture
def series(clinic):
    return booked(patient(), clinic, MONDAY + timedelta(days=21))


def test_what_is_due_is_listed_with_money_as_text(series):
    refresh_estimate(series=series.pk, now=NOW)
    [row] = caller().get("estimates", state="due", due_before="2026-12-31").json()["results"]
    assert (row["due_on"], row["overdue"]) == ("2026-12-10", False)
    assert row["total"] == {"amount": "3340.00", "currency": "USD"}
    assert caller().get("estimates", due_before="2026-12-10").json()["count"] == 0


def test_a_machine_asks_for_one_issues_it_and_fetches_the_paper(series):
    machine = caller()
    asked = machine.post("estimates", {"series": str(series.pk)})
    assert (asked.status_code, asked.json()["asked_for"]) == (201, True)
    id = asked.json()["id"]
    assert machine.get(f"estimates/{id}/pdf").status_code == 404
    issued = machine.post(f"estimates/{id}/issue").json()
    assert (issued["state"], issued["number"]) == ("issued", "GFE-00001")
    paper = machine.get(f"estimates/{id}/pdf")
    assert paper.content == drawn(Document.objects.get())


def test_one_of_two_things_is_to_be_named(series):
    assert caller().post("estimates", {}).status_code == 422
    both = {"series": str(series.pk), "appointment": "1"}
    assert caller().post("estimates", both).status_code == 422


def test_a_refusal_names_its_rule(series):
    machine = caller()
    id = machine.post("estimates", {"series": str(series.pk)}).json()["id"]
    machine.post(f"estimates/{id}/issue")
    again = machine.post("estimates", {"series": str(series.pk)})
    assert again.status_code == 422
    assert again.json()["refusals"][0]["rule"] == "issued_already"


def test_a_machine_invoices_once_for_one_key(clinic):
    pia = patient("Pia")
    charge(pia, clinic)
    machine = caller()
    body = {"patient": str(pia.pk), "site": str(clinic.pk)}
    first = machine.post("invoices", body, key="a")
    again = machine.post("invoices", body, key="a")
    assert first.status_code == 201
    assert first.json() == again.json()
    assert first.json()["due"] == {"amount": "450.00", "currency": "USD"}
    assert machine.post("invoices", body).status_code == 422
    [listed] = machine.get("invoices", patient=pia.pk).json()["results"]
    assert machine.get(f"invoices/{listed['id']}").json() == listed
    paper = machine.get(f"invoices/{listed['id']}/pdf")
    assert (paper["Content-Type"], paper.content[:4]) == ("application/pdf", b"%PDF")


def test_a_charge_of_somebody_else_is_unknown(clinic):
    pia, per = patient("Pia"), patient("Per")
    other = charge(per, clinic)
    body = {"patient": str(pia.pk), "site": str(clinic.pk), "charges": [str(other.pk)]}
    answer = caller().post("invoices", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "charges")
