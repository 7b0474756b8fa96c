"""One calls in to cancel, one sees the patient come, one writes them off: one of them is right."""

import pytest

from scheduling.audit import violations
from scheduling.errors import Refused
from scheduling.models import Appointment, Claim, StatusChange
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_visit
from scheduling.services.progress import set_status
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, token
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_visit_is_cancelled_missed_or_arrived_and_the_others_are_told_so():
    series = book_series(
        token=token(patient(), protocol(), house(), kare_times()), actor=DESK, now=NOW
    )
    visit = series.appointments.get(step="inf1")
    asked = {"appointment": visit.pk, "actor": DESK, "now": visit.starts_at}
    actions = [
        lambda: cancel_visit(reason="ill", kind="patient", **asked),
        lambda: set_status(to="no_show", **asked),
        lambda: set_status(to="arrived", **asked),
    ]
    outcomes = all_at_once(actions)
    lost = [one.error for one in outcomes if one.error]
    assert len(lost) == 2
    assert all(isinstance(error, Refused) for error in lost)
    stands = Appointment.objects.get(pk=visit.pk).status
    assert [one.result.status for one in outcomes if one.result] == [stands]
    assert Claim.objects.filter(appointment=visit).exists() == (stands == "arrived")
    assert StatusChange.objects.filter(appointment=visit).count() == (stands != "cancelled")
    found = violations(now=visit.starts_at)
    assert [one.message for one in found if one.severity == "violation"] == []
