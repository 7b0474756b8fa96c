"""Two charge nurses balance one day at once, while the desk books into it."""

from __future__ import annotations

from functools import partial

import pytest

from scheduling.audit import violations
from scheduling.errors import PlanStale
from scheduling.models import Appointment
from scheduling.selectors.monitoring import preview_balance
from scheduling.services.monitoring import balance, give_monitoring
from tests.cast import DESK, NOW, at, house
from tests.races.crowd import all_at_once
from tests.services.test_monitoring import THURSDAY, infusion, watching, who

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_balance_is_done_and_the_other_charge_nurse_is_told():
    juniper = house()
    for name, clock in (("Pia", "09:00"), ("Per", "11:30")):
        visit = infusion(juniper, name, clock)
        if set(watching(visit)) != {"Ines"}:
            first = at(THURSDAY, f"{clock[:3]}{int(clock[3:]) + 10}")
            give_monitoring(appointment=visit.pk, at=first, nurse=who("Ines"), actor=DESK, now=NOW)
    shown = preview_balance(site=juniper, day=THURSDAY, now=NOW)
    assert len(shown.moved) == 4
    accept = partial(balance, site=juniper.pk, day=THURSDAY, plan=shown.token, actor=DESK, now=NOW)

    met = all_at_once([accept, accept, accept])

    lost = [one.error for one in met if one.error]
    assert len(lost) == 2
    assert all(isinstance(one, PlanStale) for one in lost), lost
    assert {name for one in Appointment.objects.all() for name in watching(one)} == {
        "Ines",
        "Noor",
    }
    assert not list(violations(sites=[juniper], now=NOW))
