import pytest

from scheduling.services.booking import book_series
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, token


@pytest.fixture
def clinic():
    return house()


@pytest.fixture
def booked(clinic):
    series = book_series(
        token=token(patient(), protocol("aud-kare"), clinic, kare_times()), actor=DESK, now=NOW
    )
    return {visit.step: visit for visit in series.appointments.all()}
