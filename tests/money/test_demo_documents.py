"""The invented clinic has papers to look at, and they are the same every time."""

import pytest

from billing.demo.documents import fill
from billing.models import Document, Policy
from tests.cast import MONDAY, NOW, days_after, house, patient
from tests.money.papers import booked, charge_of, priced

pytestmark = pytest.mark.django_db


def test_a_few_of_each_kind_are_issued():
    clinic = house()
    priced(clinic)
    clinic.address = "1 Juniper Row"
    clinic.save()
    Policy.objects.create(site=clinic, legal_name="Kept as it was")
    visit = booked(patient(), clinic).appointments.get(step="screening")
    charge_of(visit, 300_00, code="90792")
    for number in range(5):
        booked(patient(f"Per{number}"), clinic, days_after(MONDAY, 21 + 49 * number))
    fill(now=NOW)
    kinds = sorted({document.kind for document in Document.objects.all()})
    assert kinds == ["estimate", "invoice", "statement"]
    assert Policy.objects.get(site=clinic).legal_name == "Kept as it was"
    fill(now=NOW)
    assert Document.objects.filter(kind="invoice").count() == 1
