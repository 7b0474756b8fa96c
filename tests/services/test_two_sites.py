"""Scenario 10: a clinician shared by two sites in different zones is never in both."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinic.models import Credential, Staff
from scheduling.audit import violations
from scheduling.errors import Refused
from scheduling.models import Appointment, Claim, Series, Status
from scheduling.services.booking import book_series
from scheduling.services.moving import move_visit
from scheduling.services.recovering import accept_recovery, call_out
from tests.cast import (
    DESK,
    MONDAY,
    NOW,
    at,
    house,
    kare_times,
    nurse,
    patient,
    prescriber,
    protocol,
    room,
    site,
    token,
    works,
)

pytestmark = pytest.mark.django_db
SAID = {"actor": DESK, "now": NOW}
FRIDAY = MONDAY + timedelta(days=11)


@pytest.fixture
def ana(two) -> Staff:
    """The only therapist of both, on duty in both by their own clocks."""
    shared = Staff.objects.get(given_name="Ana")
    shared.sites.add(two[1])
    works(shared, two[1], hours=("08:00", "18:00"))
    Staff.objects.filter(given_name="Theo").delete()
    return shared


@pytest.fixture
def two():
    east = house()
    west = site("Juniper West", time_zone="America/Chicago")
    room("West 1", west, capabilities=["infusion"])
    room("West talk", west, capabilities=["therapy", "consult"])
    nurse("Wim", west)
    nurse("Wyn", west)
    prescriber("Will", west)
    Credential.objects.filter(staff__given_name="Theo").delete()
    return east, west


def booked(where, name: str, clock: str) -> Series:
    kare = (
        protocol("aud-kare")
        if not Series.objects.exists()
        else Series.objects.first().protocol_version
    )
    return book_series(token=token(patient(name), kare, where, kare_times(clock=clock)), **SAID)


def sound() -> list[str]:
    return [str(one) for one in violations(now=NOW) if one.severity == "violation"]


def test_scenario_10_a_clinician_of_two_sites_in_two_zones_is_never_in_both(two, ana):
    east, west = two
    mine = booked(east, "Pia", "09:00")
    assert mine.therapist_id == ana.pk
    # 09:00 in New York is 08:00 in Chicago: the same hour of the same therapist.
    with pytest.raises(Refused):
        booked(west, "Wes", "09:00")
    theirs = booked(west, "Wes", "14:00")
    assert theirs.therapist_id == ana.pk

    talk = theirs.appointments.get(step="th2")
    with pytest.raises(Refused):
        move_visit(appointment=talk.pk, starts_at=at(FRIDAY, "09:00"), cascade=False, **SAID)

    recovery = call_out(
        staff=ana.pk,
        starts_at=at(FRIDAY, "00:00"),
        ends_at=at(FRIDAY, "23:59"),
        reason="ill",
        **SAID,
    )
    lost = {mine.appointments.get(step="th2").pk, talk.pk}
    assert set(recovery.affected) == lost
    low, high = (int(at(FRIDAY, clock).timestamp()) // 60 for clock in ("00:00", "23:59"))
    hers = Claim.objects.filter(resource=ana.pk, end_minute__gt=low, start_minute__lt=high)
    assert not hers.exists()
    assert sound() == []
    accept_recovery(recovery=recovery.pk, **SAID)
    assert set(Appointment.objects.filter(pk__in=lost).values_list("status", flat=True)) == {
        Status.TO_REBOOK
    }
    assert sound() == []
