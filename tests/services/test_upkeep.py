"""Edits of rooms, staff, hours and closures, and the booked visits that stand in their way.

The clinic: Juniper House, with the eleven visits of Pia's aud-kare booked, each at 09:00. Her
therapy is with Ana or Theo, her infusions (17, 24 and 31 December) under Ines or Noor.
"""

from datetime import date, time

import pytest
from django.core.exceptions import ValidationError

from clinic.models import (
    Absence,
    AvailabilityException,
    Closure,
    Credential,
    Journal,
    OpeningHours,
    Room,
    Site,
    Staff,
    WeeklyHours,
)
from clinic.services.closures import Opening
from clinic.services.hours import Shift
from scheduling.errors import WouldBreakVisits
from scheduling.models import Appointment, Claim
from scheduling.services import upkeep
from scheduling.services.booking import book_series
from tests.cast import (
    DESK,
    FAR,
    MONDAY,
    NOW,
    at,
    days_after,
    house,
    kare_times,
    patient,
    protocol,
    token,
)

pytestmark = pytest.mark.django_db
BY = {"actor": DESK, "now": NOW}
TABLES = (
    Absence,
    AvailabilityException,
    Closure,
    Credential,
    Journal,
    OpeningHours,
    Room,
    Site,
    Staff,
    WeeklyHours,
)


@pytest.fixture
def clinic():
    return house()


@pytest.fixture
def booked(clinic):
    series = book_series(
        token=token(patient(), protocol("aud-kare"), clinic, kare_times()), actor=DESK, now=NOW
    )
    return {visit.step: visit for visit in series.appointments.all()}


def who(visit, role):
    """The member of staff who holds a role in a visit."""
    return Staff.objects.get(pk=Claim.objects.filter(appointment=visit, role=role)[0].resource_id)


def where(visit):
    return Room.objects.get(pk=visit.claims.filter(role="room")[0].resource_id)


def everything():
    """All facts as they are in the database."""
    rows = {table.__name__: list(table.objects.order_by("pk").values()) for table in TABLES}
    return rows | {"works at": sorted(Staff.sites.through.objects.values_list("staff", "site"))}


def refused(edit, **facts):
    """The steps of the visits that an edit would break; nothing of it may be left."""
    before = everything()
    with pytest.raises(WouldBreakVisits) as broken:
        edit(**facts, **BY)
    assert everything() == before
    steps = dict(Appointment.objects.values_list("pk", "step"))
    return list(dict.fromkeys(steps[visit] for visit, _ in broken.value.breaks))


def wrong(edit, **facts):
    """The fields of which a message tells."""
    before = everything()
    with pytest.raises(ValidationError) as failed:
        edit(**facts, **BY)
    assert everything() == before
    return sorted(failed.value.message_dict)


def told():
    """The last journal row, as (action, before, after)."""
    entry = Journal.objects.latest("id")
    assert (entry.actor, entry.door, entry.at) == (DESK.name, DESK.door, NOW)
    return entry.action, entry.before, entry.after


# Rooms


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
    for name in ("Pia", "Omar"):
        version = protocol("maintenance") if name == "Pia" else version  # noqa: F821
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


# Staff


def test_somebody_is_added_with_roles_and_sites(clinic):
    person = upkeep.save_staff(
        given_name="Olu",
        family_name="Ade",
        roles=["therapist"],
        skills=["kap", "kap"],
        sites=[clinic],
        **BY,
    )
    assert person.skills == ["kap"]
    assert list(person.sites.all()) == [clinic]
    actions = Journal.objects.filter(subject=f"staff:{person.pk}").values_list("action", flat=True)
    assert list(actions) == ["staff.added", "staff.changed"]


def test_a_therapist_with_visits_cannot_leave(booked):
    ana = who(booked["th1"], "therapist")
    assert refused(upkeep.save_staff, staff=ana.pk, active=False) == [
        f"th{number}" for number in range(1, 8)
    ]


def test_a_therapist_with_visits_cannot_stop_being_one(booked):
    ana = who(booked["th1"], "therapist")
    assert "th7" in refused(upkeep.save_staff, staff=ana.pk, roles=["front_desk"])


def test_a_therapist_with_visits_cannot_become_a_nurse_who_could_watch_meanwhile(booked):
    ana = who(booked["th1"], "therapist")
    roles = ["therapist", "monitoring_nurse"]
    assert "th1" in refused(upkeep.save_staff, staff=ana.pk, roles=roles)


def test_a_nurse_with_visits_cannot_stop_working_at_the_site(booked):
    nurse = who(booked["inf1"], "monitoring_nurse")
    assert "inf1" in refused(upkeep.save_staff, staff=nurse.pk, sites=[])


def test_whoever_has_no_visits_may_leave(booked):
    theo = Staff.objects.exclude(pk__in=Claim.objects.values("resource")).first()
    assert not upkeep.save_staff(staff=theo.pk, active=False, **BY).active


def test_wrong_facts_of_staff_are_told_by_field(clinic):
    ana = Staff.objects.get(given_name="Ana").pk
    assert wrong(upkeep.save_staff, staff=ana, roles=["wizard"]) == ["roles"]
    assert wrong(upkeep.save_staff, staff=ana, email="nobody") == ["email"]
    assert wrong(upkeep.save_staff, staff=ana, max_patients=0) == ["max_patients"]
    assert wrong(upkeep.save_staff, staff=ana, given_name="") == ["given_name"]


# Credentials


def test_a_credential_is_added_and_renewed(clinic):
    ana = Staff.objects.get(given_name="Ana")
    acls = upkeep.add_credential(staff=ana.pk, kind="acls", expires_on=date(2027, 1, 1), **BY)
    upkeep.renew_credential(credential=acls.pk, expires_on=date(2029, 1, 1), **BY)
    assert told() == (
        "credential.changed",
        {"expires_on": "2027-01-01"},
        {"expires_on": "2029-01-01"},
    )


def test_a_credential_cannot_be_cut_short_of_a_booked_visit(booked):
    ana = who(booked["th1"], "therapist")
    licence = ana.credentials.get(kind="therapy_licence")
    until = booked["th6"].starts_at.date()
    cut = refused(upkeep.renew_credential, credential=licence.pk, expires_on=until)
    assert cut == ["th7"]


def test_a_credential_that_booked_visits_need_cannot_be_removed(booked):
    nurse = who(booked["inf1"], "monitoring_nurse")
    licence = nurse.credentials.get(kind="nursing_licence")
    assert "inf1" in refused(upkeep.remove_credential, credential=licence.pk)


def test_a_credential_that_nothing_needs_can_be_removed(clinic):
    licence = Credential.objects.first()
    upkeep.remove_credential(credential=licence.pk, **BY)
    assert told()[0] == "credential.removed"
    assert not Credential.objects.filter(pk=licence.pk).exists()


def test_a_credential_does_not_expire_before_it_is_valid(clinic):
    ana = Staff.objects.get(given_name="Ana").pk
    facts = {"kind": "acls", "valid_from": date(2027, 1, 2), "expires_on": date(2027, 1, 1)}
    assert wrong(upkeep.add_credential, staff=ana, **facts) == ["expires_on"]
    assert wrong(upkeep.add_credential, staff=ana, kind="Acls licence", expires_on=FAR) == ["kind"]


# Weekly hours and single days

NINE_TO_FIVE = [Shift(day, time(9), time(17), time(12), time(12, 30)) for day in range(5)]


def test_a_new_week_holds_from_its_date_and_the_old_one_until_the_day_before(clinic):
    theo = Staff.objects.get(given_name="Theo")
    since = date(2027, 3, 1)
    upkeep.set_weekly_hours(staff=theo.pk, site=clinic.pk, shifts=NINE_TO_FIVE, since=since, **BY)
    old, new = theo.weekly_hours.filter(weekday=0).order_by("pk")
    assert (old.effective_from, old.effective_to) == (None, date(2027, 2, 28))
    assert (new.effective_from, new.effective_to) == (since, None)
    action, before, after = told()
    assert action == "staff.changed"
    assert before["hours"][0] == "Monday 08:00-18:00"
    assert after["hours"][0] == "Monday 09:00-17:00, break 12:00-12:30"


def test_hours_are_not_taken_away_from_under_a_booked_visit(booked, clinic):
    ana = who(booked["th1"], "therapist")
    afternoons = [Shift(day, time(12), time(18)) for day in range(5)]
    since = booked["th5"].starts_at.date()
    cut = refused(
        upkeep.set_weekly_hours, staff=ana.pk, site=clinic.pk, shifts=afternoons, since=since
    )
    assert cut == ["th5", "th6", "th7"]


def test_a_break_is_not_put_into_a_booked_visit(booked, clinic):
    ana = who(booked["th1"], "therapist")
    breaks = [Shift(day, time(8), time(18), time(9, 30), time(10)) for day in range(5)]
    cut = refused(
        upkeep.set_weekly_hours, staff=ana.pk, site=clinic.pk, shifts=breaks, since=MONDAY
    )
    assert "th1" in cut


def test_shifts_do_not_overlap_not_even_over_midnight_or_over_sunday(clinic):
    theo = Staff.objects.get(given_name="Theo")
    facts = {"staff": theo.pk, "site": clinic.pk, "since": MONDAY}
    for shifts in (
        [Shift(0, time(8), time(12)), Shift(0, time(11), time(15))],
        [Shift(0, time(20), time(6)), Shift(1, time(5), time(9))],
        [Shift(6, time(20), time(6)), Shift(0, time(5), time(9))],
    ):
        assert wrong(upkeep.set_weekly_hours, shifts=shifts, **facts) == ["shifts"]


def test_a_break_lies_within_its_shift(clinic):
    theo = Staff.objects.get(given_name="Theo")
    facts = {"staff": theo.pk, "site": clinic.pk, "since": MONDAY}
    for shift in (
        Shift(0, time(8), time(12), time(12), time(13)),
        Shift(0, time(8), time(12), time(10), None),
        Shift(9, time(8), time(12)),
    ):
        assert wrong(upkeep.set_weekly_hours, shifts=[shift], **facts) == ["shifts"]
    night = Shift(0, time(20), time(6), time(1), time(2))
    upkeep.set_weekly_hours(shifts=[night], **facts, **BY)


def test_nobody_has_hours_at_a_site_that_is_not_theirs(clinic):
    theo = Staff.objects.get(given_name="Theo")
    hill = upkeep.save_site(
        organisation=clinic.organisation, name="Hill", time_zone="America/Denver", **BY
    )
    facts = {"staff": theo.pk, "site": hill.pk, "shifts": NINE_TO_FIVE, "since": MONDAY}
    assert wrong(upkeep.set_weekly_hours, **facts) == ["site"]


def test_a_day_that_differs_is_refused_where_a_visit_needs_it_and_taken_elsewhere(booked, clinic):
    ana = who(booked["th1"], "therapist")
    day = booked["th1"].starts_at.date()
    facts = {"staff": ana.pk, "site": clinic.pk, "day": day, "working": False}
    assert refused(upkeep.add_exception, starts=time(9), ends=time(10), **facts) == ["th1"]
    extra = upkeep.add_exception(starts=time(14), ends=time(15), **facts, **BY)
    upkeep.remove_exception(exception=extra.pk, **BY)
    assert told()[0] == "exception.removed"


def test_extra_hours_that_a_visit_stands_on_cannot_be_removed(clinic):
    saturday = days_after(MONDAY, 5)
    theo, ana = (Staff.objects.get(given_name=name) for name in ("Theo", "Ana"))
    hours = {"site": clinic.pk, "day": saturday, "starts": time(9), "ends": time(12)}
    upkeep.set_opening_hours(
        site=clinic.pk, openings=[Opening(d, time(8), time(18)) for d in range(6)], **BY
    )
    extra = upkeep.add_exception(staff=theo.pk, working=True, **hours, **BY)
    upkeep.save_staff(staff=ana.pk, active=False, **BY)
    d0 = days_after(MONDAY, 10)
    times = kare_times() | {"th1": at(saturday, "09:00")}
    assert d0 > saturday
    book_series(token=token(patient(), protocol("aud-kare"), clinic, times), actor=DESK, now=NOW)
    assert refused(upkeep.remove_exception, exception=extra.pk) == ["th1"]


# Absences


def test_nobody_is_off_and_no_room_out_of_service_while_a_visit_needs_them(booked):
    visit = booked["th2"]
    times = {"starts_at": visit.starts_at, "ends_at": visit.ends_at}
    for resource in (who(visit, "therapist"), where(visit)):
        assert refused(upkeep.add_absence, resource=resource.pk, **times) == ["th2"]


def test_an_absence_between_visits_is_taken_and_can_be_removed(booked):
    visit = booked["th2"]
    ana = who(visit, "therapist")
    ends_at = visit.ends_at.replace(hour=23)
    away = upkeep.add_absence(
        resource=ana.pk, starts_at=visit.ends_at, ends_at=ends_at, reason="dentist", **BY
    )
    assert told()[0] == "absence.added"
    upkeep.remove_absence(absence=away.pk, **BY)
    assert told()[0] == "absence.removed"
    assert not Absence.objects.exists()


def test_an_absence_ends_after_it_begins_and_is_nobodys_but_staffs_and_rooms(clinic):
    ana = Staff.objects.get(given_name="Ana")
    assert wrong(upkeep.add_absence, resource=ana.pk, starts_at=NOW, ends_at=NOW)
    with pytest.raises(ana.resource.DoesNotExist):
        upkeep.add_absence(resource=patient().pk, starts_at=NOW, ends_at=at(MONDAY, "12:00"), **BY)


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


# What is past, and what was wrong before


def test_visits_that_are_over_stand_in_nobodys_way(booked, clinic):
    ana = who(booked["th1"], "therapist")
    after = at(days_after(MONDAY, 200), "09:00")
    saved = upkeep.save_staff(staff=ana.pk, active=False, actor=DESK, now=after)
    assert not saved.active


def test_what_was_wrong_before_does_not_stand_in_the_way_of_something_else(booked, clinic):
    ana = who(booked["th1"], "therapist")
    Staff.objects.filter(pk=ana.pk).update(skills=[], active=False)
    room = upkeep.save_room(site=clinic, name="New Room", capabilities=["infusion"], **BY)
    assert room.pk


def test_the_visits_are_told_in_time_order_with_what_would_be_wrong(booked, clinic):
    ana = who(booked["th1"], "therapist")
    with pytest.raises(WouldBreakVisits) as broken:
        upkeep.save_staff(staff=ana.pk, active=False, **BY)
    assert str(broken.value) == "7 booked visits would no longer fit."
    starts = [Appointment.objects.get(pk=visit).starts_at for visit, _ in broken.value.breaks]
    assert starts == sorted(starts)
    assert f"{ana.name} does not work here." in {message for _, message in broken.value.breaks}
