"""What is left of a series after a visit is given up, and how its protocol is still kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinic.models import Room
from scheduling.audit import violations
from scheduling.models import Appointment, Series
from scheduling.selectors.outlook import outlook
from scheduling.services.booking import book_series, book_visit
from scheduling.services.cancelling import cancel_series, cancel_visit
from scheduling.services.progress import set_status
from tests.cast import DESK, NOW, house, kare_times, off, patient, protocol, token

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def series() -> Series:
    return book_series(
        token=token(patient("Pia"), protocol("aud-kare"), house(), kare_times()),
        actor=DESK,
        now=NOW,
    )


def the(series: Series, step: str) -> Appointment:
    return series.appointments.get(step=step)


def test_a_whole_series_lacks_nothing(series):
    assert outlook(series, NOW).missing == ()


def test_a_cancelled_visit_is_missing_and_its_own_place_is_the_nearest(series):
    inf2 = the(series, "inf2")
    cancel_visit(appointment=inf2.pk, reason="has a cold", kind="patient", actor=DESK, now=NOW)
    [missing] = outlook(series, NOW).missing
    assert missing.name == "Infusion 2"
    assert missing.first <= inf2.starts_at.date() <= missing.last
    assert inf2.starts_at in [fit.starts_at for fit in missing.nearest]
    assert not missing.lost


def test_after_a_no_show_the_nearest_time_that_is_told_can_be_booked(series):
    inf1 = the(series, "inf1")
    later = inf1.starts_at + timedelta(minutes=30)
    set_status(appointment=inf1.pk, to="no_show", actor=DESK, now=later)
    missing = outlook(series, later).first
    assert missing is not None
    assert missing.step == "inf1"
    again = book_visit(
        patient=series.patient,
        site=series.site,
        version=series.protocol_version,
        step="inf1",
        starts_at=missing.nearest[0].starts_at,
        actor=DESK,
        now=later,
    )
    assert again.starts_at >= later
    assert [v for v in violations(now=later) if v.severity == "violation"] == []


def test_a_window_that_no_day_can_keep_is_told_with_the_visits_that_bind_it(series):
    inf2 = the(series, "inf2")
    cancel_visit(appointment=inf2.pk, reason="flood", kind="clinic", actor=DESK, now=NOW)
    for room in Room.objects.filter(capabilities__icontains="infusion"):
        for days in range(-7, 8):
            off(room, (inf2.starts_at + days * DAY).date())
    [missing] = outlook(series, NOW).missing
    assert missing.lost
    assert missing.nearest == ()
    assert {"Infusion 3"} <= set(missing.in_the_way)


def test_a_series_that_was_given_up_lacks_nothing(series):
    cancel_series(series=series.pk, reason="moves away", kind="patient", actor=DESK, now=NOW)
    series.refresh_from_db()
    assert outlook(series, NOW).missing == ()
