"""The demo's money: the same every time, plainly invented, and in agreement with itself."""

from __future__ import annotations

import io
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.db.models import Sum

from billing.models import Charge, Draw, PackageOffer, Prepaid, PriceList
from billing.selectors import balances
from billing.services.ledger import Of

pytestmark = pytest.mark.django_db(transaction=True)
FRIDAY = datetime(2026, 11, 27, 12, 0, tzinfo=ZoneInfo("America/New_York"))


def test_a_demo_has_prices_packages_and_charges_to_review():
    with time_machine.travel(FRIDAY, tick=False):
        call_command("load_demo", "--load", "0.25", stdout=io.StringIO())
    assert {"example" in one.name for one in PriceList.objects.all()} == {True}
    assert {"example" in one.name for one in PackageOffer.objects.all()} == {True}
    states = set(Charge.objects.values_list("state", flat=True))
    assert states >= {"proposed", "approved", "billed"}
    assert Draw.objects.exists()
    told = balances()
    left = Prepaid.objects.aggregate(cents=Sum("left_cents"))["cents"]
    assert (sum(told.values()), -told[Of.UNEARNED]) == (0, left)
