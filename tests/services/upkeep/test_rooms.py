"""Rooms and sites, and the booked visits that stand in the way of an edit."""

from datetime import date, time

import pytest

from clinic.models import (
    Closure,
    Journal,
    Room,
    Site,
)
from clinic.services.closures import Opening
from scheduling.models import Claim
from scheduling.services import upkeep
from scheduling.services.booking import book_series
from tests.cast import (
    DESK,
    MONDAY,
    NOW,
    at,
    days_after,
    house,
    patient,
    protocol,
    token,
)
from tests.services.upkeep.edits import BY, refused, told, where, wrong

pytestmark = pytest.mark.django_db


def test_a_room_is_added(clinic):
    room = upkeep.save_room(site=clinic, name=" Quiet Room ", capabilities=["therapy"], **BY)
    assert Room.objects.get(pk=room.pk).name == "Quiet Room"
    action, before, after = told()
    assert (action, before) == ("room.added", {})
    assert after == {"site": "Juniper House", "name": "Quiet Room", "capabilities": ["therapy"]}


def test_a_room_that_is_changed_is_journaled_with_before_and_after_of_what_changed(clinic):
    room = Room.objects.get(name="Room 1")
    upkeep.save_room(room=room.pk, name="Room 1a", chairs=1, turnover_minutes=15, **BY)
    assert told() == (
        "room.changed",
        {"name": "Room 1", "turnover_minutes": 10},
        {"name": "Room 1a", "turnover_minutes": 15},
    )


def test_saving_a_room_as_it_is_leaves_no_trace(clinic):
    room = Room.objects.get(name="Room 1")
    upkeep.save_room(room=room.pk, name="Room 1", chairs=1, **BY)
    assert not Journal.objects.filter(action__startswith="room").exists()


def test_a_room_in_use_cannot_be_closed_and_the_visits_in_it_are_named(booked):
    assert "th1" in refused(upkeep.save_room, room=where(booked["th1"]).pk, active=False)


def test_a_room_nobody_uses_can_be_closed(booked):
    idle = Room.objects.exclude(pk__in=Claim.objects.values("resource")).first()
    assert not upkeep.save_room(room=idle.pk, active=False, **BY).active


def test_a_room_keeps_the_capability_that_booked_visits_need(booked):
    room = where(booked["inf1"])
    assert "inf1" in refused(upkeep.save_room, room=room.pk, capabilities=["consult"])


def test_a_room_does_not_move_to_another_site_with_visits_in_it(booked):
    other = upkeep.save_site(
        organisation=Site.objects.get().organisation, name="Hill", time_zone="UTC", **BY
    )
    assert "inf1" in refused(upkeep.save_room, room=where(booked["inf1"]).pk, site=other)


def test_a_chair_in_use_cannot_be_taken_away():
    clinic = house()
    Room.objects.filter(name__in=["Room 1", "Room 2"]).update(active=False)
    bay = Room.objects.get(name="Bay")
    times = {"inf1": at(days_after(MONDAY, 30), "09:00")}
    version = protocol("maintenance")
    for name in ("Pia", "Omar"):
        book_series(token=token(patient(name), version, clinic, times), actor=DESK, now=NOW)
    assert bay.chairs == 2
    assert refused(upkeep.save_room, room=bay.pk, chairs=1) == ["inf1"]


def test_wrong_facts_of_a_room_are_told_by_field(clinic):
    room = Room.objects.get(name="Room 1").pk
    assert wrong(upkeep.save_room, room=room, chairs=0) == ["chairs"]
    assert wrong(upkeep.save_room, room=room, chairs=41, turnover_minutes=999) == [
        "chairs",
        "turnover_minutes",
    ]
    assert wrong(upkeep.save_room, room=room, name="N" * 10_000) == ["name"]
    assert wrong(upkeep.save_room, room=room, capabilities=["Infusion Suite 🦊"]) == [
        "capabilities"
    ]
    assert wrong(upkeep.save_room, room=room, capabilities=[]) == ["capabilities"]
    assert wrong(upkeep.save_room, name="No site", capabilities=["infusion"]) == ["site"]


def test_two_rooms_of_a_site_do_not_share_a_name(clinic):
    assert wrong(upkeep.save_room, site=clinic, name="Room 1", capabilities=["infusion"])


def test_a_room_that_does_not_exist_cannot_be_changed(clinic):
    with pytest.raises(Room.DoesNotExist):
        upkeep.save_room(room=404, name="Room", **BY)


# Sites


def test_a_site_does_not_close_on_days_with_visits(booked, clinic):
    week = {"first": date(2026, 12, 24), "last": date(2026, 12, 31), "reason": "holidays"}
    assert refused(upkeep.add_closure, site=clinic.pk, **week) == ["inf2", "th3", "inf3"]


def test_a_site_closes_on_days_without_visits_and_opens_again(booked, clinic):
    days = {"first": date(2027, 6, 1), "last": date(2027, 6, 7), "reason": "painting"}
    closure = upkeep.add_closure(site=clinic.pk, **days, **BY)
    assert told()[0] == "closure.added"
    upkeep.remove_closure(closure=closure.pk, **BY)
    assert not Closure.objects.exists()


def test_a_closure_ends_after_it_begins(clinic):
    days = {"first": date(2027, 6, 7), "last": date(2027, 6, 1), "reason": "painting"}
    assert wrong(upkeep.add_closure, site=clinic.pk, **days)


def test_opening_hours_keep_booked_visits_inside(booked, clinic):
    late = [Opening(day, time(10), time(18)) for day in range(5)]
    assert len(refused(upkeep.set_opening_hours, site=clinic.pk, openings=late)) == 11
    early = [Opening(day, time(7), time(18)) for day in range(5)]
    upkeep.set_opening_hours(site=clinic.pk, openings=early, **BY)
    assert told()[2]["hours"][0] == "Monday 07:00-18:00"


def test_openings_do_not_overlap(clinic):
    twice = [Opening(0, time(8), time(12)), Opening(0, time(11), time(15))]
    assert wrong(upkeep.set_opening_hours, site=clinic.pk, openings=twice) == ["openings"]


def test_a_site_does_not_change_zone_under_its_visits(booked, clinic):
    assert refused(upkeep.save_site, site=clinic.pk, time_zone="America/Los_Angeles")
    assert wrong(upkeep.save_site, site=clinic.pk, time_zone="Mars/Olympus") == ["time_zone"]


def test_travel_between_two_sites_is_one_number_whichever_way(clinic):
    hill = upkeep.save_site(
        organisation=clinic.organisation, name="Hill", time_zone="America/New_York", **BY
    )
    first = upkeep.set_travel(site=clinic.pk, other=hill.pk, minutes=45, **BY)
    second = upkeep.set_travel(site=hill.pk, other=clinic.pk, minutes=50, **BY)
    assert first.pk == second.pk
    assert wrong(upkeep.set_travel, site=hill.pk, other=hill.pk, minutes=5) == ["other"]
