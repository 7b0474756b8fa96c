"""Edits that break booked visits: refused with a list, then saved on purpose with a recovery."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from clinic.models import Absence, Closure, Credential, Room, Staff, TimeOff
from clinic.services.hours import Shift
from scheduling.audit import violations
from scheduling.errors import WouldBreakVisits
from scheduling.models import Appointment, Recovery, Series, Status
from scheduling.services.around import recovery_of
from scheduling.services.booking import book_series
from scheduling.services.time_off import approve_time_off, ask_time_off, withdraw_time_off
from scheduling.services.upkeep import (
    add_absence,
    add_closure,
    remove_absence,
    remove_credential,
    save_room,
    set_weekly_hours,
)
from tests.cast import DESK, MONDAY, NOW, at, house, kare_times, patient, protocol, token

pytestmark = pytest.mark.django_db
THURSDAY = MONDAY + timedelta(days=10)
SAID = {"actor": DESK, "now": NOW}


@pytest.fixture
def series() -> Series:
    proposal = token(patient("Pia"), protocol("aud-kare"), house(), kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


def held(series: Series, role: str, step: str = "inf1") -> int:
    return series.appointments.get(step=step).claims.filter(role=role)[0].resource_id


def opened() -> Recovery:
    """The recovery the edit opened: whole, and nothing in the book is wrong."""
    recovery = recovery_of(DESK, NOW)
    assert recovery is not None
    lists = (recovery.reassigned, recovery.moves, recovery.stranded)
    told = sorted(item["appointment"] for one in lists for item in one)
    assert recovery.affected
    assert told == recovery.affected
    assert [str(one) for one in violations(now=NOW) if one.severity == "violation"] == []
    return recovery


def test_a_therapist_is_given_time_off_and_her_visits_wait_until_it_is_taken_back(series):
    asked = ask_time_off(
        staff=series.therapist_id,
        starts_at=at(THURSDAY, "00:00"),
        ends_at=at(THURSDAY + timedelta(days=2), "00:00"),
        **SAID,
    )
    with pytest.raises(WouldBreakVisits):
        approve_time_off(time_off=asked.pk, **SAID)
    approved = approve_time_off(time_off=asked.pk, plan_around=True, **SAID)
    assert approved.state == TimeOff.State.APPROVED
    recovery = opened()
    assert recovery.absence == approved.absence
    assert Appointment.objects.filter(status=Status.UNCOVERED).exists()

    withdraw_time_off(time_off=asked.pk, **SAID)
    assert not Appointment.objects.filter(status=Status.UNCOVERED).exists()
    assert series.appointments.get(step="th2").claims.filter(resource=series.therapist_id).exists()
    assert not [one for one in violations(now=NOW) if one.severity == "violation"]


def test_a_room_is_closed_for_a_day_and_its_visit_goes_next_door(series):
    room = held(series, "room")
    when = {"starts_at": at(THURSDAY, "00:00"), "ends_at": at(THURSDAY, "23:00")}
    with pytest.raises(WouldBreakVisits):
        add_absence(resource=room, **when, **SAID)
    made = add_absence(resource=room, plan_around=True, **when, **SAID)
    recovery = opened()
    assert [item["from"] for item in recovery.reassigned] == [
        item["to"] for item in recovery.reassigned
    ]
    assert held(series, "room") != room
    remove_absence(absence=made.pk, **SAID)
    assert not Absence.objects.exists()


def test_a_closed_day_strands_what_was_booked_on_it(series):
    days = {"first": THURSDAY, "last": THURSDAY, "reason": "works"}
    with pytest.raises(WouldBreakVisits):
        add_closure(site=series.site_id, **days, **SAID)
    add_closure(site=series.site_id, plan_around=True, **days, **SAID)
    assert Closure.objects.exists()
    recovery = opened()
    assert recovery.affected == [series.appointments.get(step="inf1").pk]
    assert recovery.stranded[0]["uncovered_from"]


def test_shorter_weeks_open_a_recovery_over_the_rest_of_the_series(series):
    week = [Shift(day, time(14), time(18)) for day in range(5)]
    edit = {
        "staff": series.therapist_id,
        "site": series.site_id,
        "shifts": week,
        "since": MONDAY + timedelta(days=1),
    }
    with pytest.raises(WouldBreakVisits):
        set_weekly_hours(**edit, **SAID)
    set_weekly_hours(**edit, plan_around=True, **SAID)
    recovery = opened()
    assert recovery.moves
    assert len(recovery.affected) > 5


def test_a_licence_withdrawn_or_a_room_without_its_pump_is_saved_on_purpose_only(series):
    nurse = Staff.objects.get(pk=held(series, "monitoring_nurse"))
    licence = Credential.objects.get(staff=nurse, kind="nursing_licence")
    with pytest.raises(WouldBreakVisits):
        remove_credential(credential=licence.pk, **SAID)
    remove_credential(credential=licence.pk, plan_around=True, **SAID)
    opened()
    room = Room.objects.get(pk=held(series, "room"))
    with pytest.raises(WouldBreakVisits):
        save_room(room=room.pk, capabilities=["consult"], **SAID)
    save_room(room=room.pk, capabilities=["consult"], plan_around=True, **SAID)
    opened()
    assert held(series, "room") != room.pk
