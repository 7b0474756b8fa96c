"""Working hours, single days and absences, and the booked visits in their way."""

from datetime import date, time

import pytest

from clinic.models import (
    Absence,
    Staff,
)
from clinic.services.closures import Opening
from clinic.services.hours import Shift
from scheduling.services import upkeep
from scheduling.services.booking import book_series
from tests.cast import (
    DESK,
    MONDAY,
    NOW,
    at,
    days_after,
    kare_times,
    patient,
    protocol,
    token,
)
from tests.services.upkeep.edits import BY, refused, told, where, who, wrong

pytestmark = pytest.mark.django_db


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
