"""Two who decide on the same request at once: one wins, and the other is told."""

from functools import partial

import pytest

from clinic.models import Absence, Staff, TimeOff
from scheduling.services.time_off import (
    AlreadyAnswered,
    approve_time_off,
    ask_time_off,
    decline_time_off,
    withdraw_time_off,
)
from tests.cast import DESK, MONDAY, NOW, at, days_after, house
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)
BY = {"actor": DESK, "now": NOW}
TUESDAY = days_after(MONDAY, 1)
SPAN = {"starts_at": at(TUESDAY, "08:00"), "ends_at": at(TUESDAY, "18:00")}


def test_one_decision_wins_and_the_others_are_told():
    house()
    theo = Staff.objects.get(given_name="Theo")
    request = ask_time_off(staff=theo.pk, **SPAN, **BY)
    approve = partial(approve_time_off, time_off=request.pk, **BY)
    decline = partial(decline_time_off, time_off=request.pk, answer="No", **BY)
    met = all_at_once([approve, decline, approve, decline])
    errors = [outcome.error for outcome in met if outcome.error]
    assert [type(error) for error in errors] == [AlreadyAnswered] * 3
    request.refresh_from_db()
    assert Absence.objects.count() == (request.state == "approved")


def test_a_request_withdrawn_while_it_is_approved_leaves_no_absence():
    house()
    theo = Staff.objects.get(given_name="Theo")
    request = ask_time_off(staff=theo.pk, **SPAN, **BY)
    all_at_once(
        [partial(each, time_off=request.pk, **BY) for each in (approve_time_off, withdraw_time_off)]
    )
    request.refresh_from_db()
    assert (request.state, Absence.objects.count()) == ("withdrawn", 0)


def test_two_requests_at_once_for_the_same_days_are_one():
    house()
    theo = Staff.objects.get(given_name="Theo")
    all_at_once([partial(ask_time_off, staff=theo.pk, **SPAN, **BY)] * 3)
    assert TimeOff.objects.count() == 1
