import pytest

from clinic.models import Journal
from scheduling.errors import Refused
from scheduling.models import Appointment, Claim, Series
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_series, cancel_visit
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, token

pytestmark = pytest.mark.django_db


@pytest.fixture
def series() -> Series:
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    return book_series(token=token(pia, kare, juniper, kare_times()), actor=DESK, now=NOW)


def test_a_cancelled_visit_frees_everything_it_held(series):
    inf2 = series.appointments.get(step="inf2")
    cancel_visit(appointment=inf2.pk, reason="patient: ill", actor=DESK, now=NOW)
    inf2.refresh_from_db()
    assert (inf2.status, inf2.sequence, inf2.cancel_reason) == ("cancelled", 1, "patient: ill")
    assert not inf2.claims.exists()


def test_the_place_of_a_cancelled_series_can_be_booked_again(series):
    cancel_series(series=series.pk, reason="patient: moved away", actor=DESK, now=NOW)
    assert not Claim.objects.exists()
    again = token(patient("Paul"), series.protocol_version, series.site, kare_times(), now=NOW)
    book_series(token=again, actor=DESK, now=NOW)


def test_cancelling_twice_changes_nothing(series):
    inf2 = series.appointments.get(step="inf2")
    for _ in range(2):
        cancel_visit(appointment=inf2.pk, reason="patient: ill", actor=DESK, now=NOW)
        cancel_series(series=series.pk, reason="patient: moved away", actor=DESK, now=NOW)
    assert Journal.objects.filter(action="visit.cancelled").count() == 11
    assert Journal.objects.filter(action="series.cancelled").count() == 1


def test_a_visit_that_is_over_cannot_be_cancelled(series):
    inf1 = series.appointments.get(step="inf1")
    Appointment.objects.filter(pk=inf1.pk).update(status="discharged")
    with pytest.raises(Refused, match="discharged"):
        cancel_visit(appointment=inf1.pk, reason="clinic: error", actor=DESK, now=NOW)


def test_cancelling_a_series_keeps_what_was_done(series):
    Appointment.objects.filter(step__in=["screening", "th1"]).update(status="discharged")
    cancel_series(series=series.pk, reason="clinical: not suitable", actor=DESK, now=NOW)
    statuses = series.appointments.values_list("status", flat=True)
    assert sorted(statuses) == ["cancelled"] * 9 + ["discharged"] * 2
