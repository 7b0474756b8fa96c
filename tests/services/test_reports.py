"""Reports: every number worked out by hand, and the query behind it gives the same."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import Journal
from scheduling.selectors.reports import (
    attendance,
    completeness,
    completion,
    nurse_loads,
    punctuality,
    starts,
    utilisation,
)
from scheduling.selectors.reports.attendance import LEAD_TIMES
from scheduling.selectors.reports.follow_ups import STANDS
from scheduling.selectors.reports.nurses import LOADS, gini
from scheduling.selectors.reports.punctuality import LENGTH_AND_WAIT
from scheduling.selectors.reports.series import COURSES, STEPS
from scheduling.selectors.reports.starts import STARTS
from scheduling.selectors.reports.utilisation import (
    CHAIRS_ACTUAL,
    CHAIRS_SCHEDULED,
    NURSES_ACTUAL,
    NURSES_SCHEDULED,
)
from tests.cast import MONDAY, at, off, site
from tests.reporting import (
    NOON,
    TUESDAY,
    WEDNESDAY,
    answer,
    clinic,
    course,
    due,
    stood,
    visit,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def made():
    return clinic()


def dates(made, first=MONDAY, last=WEDNESDAY):
    return {"site": made.site, "first": first, "last": last, "now": NOON}


def one(query, asked):
    ((value,),) = answer(query, **asked)
    return float(value)


def test_chairs_are_booked_for_those_who_hold_them_and_who_did_not_come(made):
    chairs = utilisation(**dates(made)).chairs
    assert chairs.open == 3 * 600 * 2
    assert chairs.scheduled == 120 + 60 + 60 + 60  # Ada, Ben, Eli, Fay; no turnover
    assert chairs.scheduled_percent == pytest.approx(100 * 300 / 3600)
    assert one(CHAIRS_SCHEDULED, dates(made)) == pytest.approx(300)


def test_chairs_are_used_from_the_first_step_to_the_discharge_on_days_that_are_over(made):
    chairs = utilisation(**dates(made)).chairs
    assert chairs.open_before == 2 * 600 * 2
    assert chairs.actual == pytest.approx(150)
    assert chairs.actual_percent == pytest.approx(100 * 150 / 2400)
    assert one(CHAIRS_ACTUAL, dates(made)) == pytest.approx(150, abs=0.001)


def test_nurses_lanes_follow_their_patients(made):
    nurses = utilisation(**dates(made)).nurses
    assert nurses.open == 2 * 4 * 600 * 3
    assert nurses.scheduled == 2 * 120 + 60 + 60
    assert nurses.actual == pytest.approx(2 * 150)
    assert one(NURSES_SCHEDULED, dates(made)) == 360
    assert one(NURSES_ACTUAL, dates(made)) == pytest.approx(300, abs=0.001)


def test_an_hour_of_the_week_has_its_own_minutes(made):
    rows = {(row.weekday, row.hour): row.chairs for row in utilisation(**dates(made)).rows}
    assert (rows[0, 9].scheduled, rows[0, 9].open) == (60, 120)
    assert rows[0, 9].actual == pytest.approx(55)  # from 09:05
    assert rows[0, 11].actual == pytest.approx(35)  # to 11:35
    assert rows[2, 13].scheduled == 60 + 50
    assert rows[2, 13].actual_percent is None


def test_a_room_out_of_service_is_not_open(made):
    off(made.bay, TUESDAY)
    assert utilisation(**dates(made)).chairs.open == 2 * 600 * 2


def test_days_before_the_first_visit_are_not_open(made):
    earlier = utilisation(**dates(made, first=MONDAY - 14 * DAY))
    assert earlier.chairs.open == 3 * 600 * 2


def test_a_visit_without_times_is_named_and_not_used(made):
    visit(made, "Gil", MONDAY, "14:00", 60, status="discharged")
    found = utilisation(**dates(made))
    assert found.untimed == 1
    assert found.chairs.actual == pytest.approx(150)


def test_the_hours_are_the_clinics_own_before_and_after_a_change_of_clocks():
    made = clinic()
    saturday = date(2026, 10, 31)  # clocks go back in New York on Sunday
    visit(made, "Gil", saturday, "09:00", 60)
    visit(made, "Gus", saturday + 2 * DAY, "09:00", 60)
    rows = utilisation(**dates(made, first=saturday, last=saturday + 2 * DAY)).rows
    booked = {(row.weekday, row.hour): row.chairs.scheduled for row in rows}
    assert (booked[5, 9], booked[0, 9]) == (60, 60)
    assert sum(booked.values()) == 120


def test_two_chairs_for_two_nurses_is_one_each(made):
    assert utilisation(**dates(made)).chairs_a_nurse == pytest.approx(1.0)


def test_starts_are_put_in_their_half_hour_and_compared_with_a_level_day(made):
    found = starts(**dates(made))
    rows = {row.clock: row for row in found.rows}
    assert (found.planned, found.days) == (3, 2)
    assert (rows["09:00"].planned, rows["13:00"].planned, rows["13:00"].most) == (1, 2, 2)
    assert rows["09:00"].actual == 1
    assert sum(row.target for row in found.rows) == pytest.approx(3 / 2)
    assert rows["08:00"].target < rows["12:00"].target > rows["17:00"].target > 0
    assert (found.cap, found.over) == (1, 1)
    assert len(answer(STARTS, **dates(made))) == found.planned


def test_who_waited_and_how_much_longer_it_took(made):
    found = punctuality(**dates(made))
    (row,) = found.rows
    assert (row.name, row.visits, row.planned, row.actual) == ("91 to 150", 1, 120, 150)
    assert (row.wait, row.late, row.overrun, row.published) == (15, 0, 30, 142)
    ((group, visits, planned, actual, wait, late),) = answer(LENGTH_AND_WAIT, **dates(made))
    assert (group, visits, float(planned), late) == (2, 1, 120, 0)
    assert (float(actual), float(wait)) == pytest.approx((150, 15), abs=0.001)


def test_an_arrival_after_the_planned_start_is_late(made):
    gil = visit(made, "Gil", MONDAY, "14:00", 60, status="discharged")
    stood(gil, arrived="14:05", in_prep="14:10", discharged="15:00")
    found = punctuality(**dates(made))
    assert (found.late, found.visits, found.wait) == (1, 2, 10)


def test_no_shows_and_late_cancellations_by_how_long_ahead(made):
    found = attendance(**dates(made))
    assert [row.name for row in found.rows] == ["3 to 7 days", "15 to 28 days"]
    week, long = found.rows
    assert (week.booked, week.came, week.expected) == (1, 1, 1)
    assert (long.booked, long.missed, long.late, long.early, long.expected) == (5, 1, 1, 1, 2)
    assert found.whole.missed_percent == pytest.approx(100 / 3)
    assert found.whole.late_percent == pytest.approx(100 / 3)


def test_clog_time_is_how_long_a_cancelled_visit_stood_on_the_book(made):
    dora = made.of["Dora"]
    Journal.objects.create(
        at=dora.created_at + 10 * DAY,
        actor="Dora at the desk",
        door="desk",
        action="visit.cancelled",
        subject=f"appointment:{dora.pk}",
        site=made.site,
    )
    long = attendance(**dates(made)).rows[1]
    assert sorted(long.clog) == [6, 10]  # Cleo's as her row says, Dora's as the journal does
    assert (long.clog_days, long.clog_mean) == (16, 8)


def test_the_query_of_attendance_gives_the_same(made):
    found = attendance(**dates(made))
    told = [
        (row.group, row.booked, row.came, row.missed, row.late, row.early, row.clog_days)
        for row in found.rows
    ]
    rows = [(*row[:6], float(row[6])) for row in answer(LEAD_TIMES, **dates(made))]
    assert [row[:6] for row in rows] == [row[:6] for row in told]
    assert [row[6] for row in rows] == pytest.approx([row[6] for row in told], abs=0.001)


def test_courses_by_how_they_stand_and_visits_by_their_windows(made):
    going = course(made.site, made.version, "Gus", MONDAY)
    course(made.site, made.version, "Hal", MONDAY, status="cancelled")
    visit(made, "Gus", MONDAY, "14:00", 60, series=going, step="inf1", status="discharged")
    (row,) = completion(**dates(made)).rows
    assert (row.courses, row.active, row.cancelled, row.completed) == (2, 1, 1, 0)
    assert (row.kept, row.outside) == (1, 0)
    ((name, *counts),) = answer(COURSES, **dates(made))
    assert (name, counts) == (made.version.name, [2, 0, 1, 1])
    assert answer(STEPS, **dates(made)) == [(made.version.name, 1)]


def test_a_window_that_closed_without_a_visit_is_missed(made):
    early = MONDAY - 20 * DAY
    going = course(made.site, made.version, "Gus", early)
    visit(made, "Gus", early, "14:00", 60, series=going, step="inf1", status="discharged")
    visit(
        made,
        "Gus",
        early + 19 * DAY,
        "14:00",
        60,
        series=going,
        step="inf2",
        lane=1,
        status="discharged",
    )
    (row,) = completion(**dates(made, first=early)).rows
    assert (row.kept, row.outside) == (1, 1)
    assert row.missed > 0
    assert row.kept_percent == pytest.approx(100 / row.due)


def test_follow_ups_in_time_late_dropped_and_overdue(made):
    of = course(made.site, made.version, "Gus", MONDAY - 40 * DAY)
    early = MONDAY - 7 * DAY
    due(of, "a", "telephone", early, state="done", done_at=at(early + DAY, "23:30"))
    due(of, "b", "telephone", early, state="done", done_at=at(early + 2 * DAY, "00:30"))
    due(of, "c", "telephone", early, state="dropped")
    due(of, "d", "telephone", early)
    due(of, "e", "questionnaire", WEDNESDAY)
    found = completeness(**dates(made, first=early))
    calls, measures = found.rows
    assert (calls.in_time, calls.late, calls.dropped, calls.overdue) == (1, 1, 1, 1)
    assert calls.complete_percent == 50
    assert (measures.name, measures.open, measures.complete_percent) == ("Measures", 1, None)
    rows = {kind: counts for kind, *counts in answer(STANDS, **dates(made, first=early))}
    assert rows["telephone"] == [4, 2, 1, 0, 1, 0]
    assert rows["questionnaire"] == [1, 0, 0, 0, 0, 1]


def test_a_nurses_load_is_weighted_lane_minutes_of_those_on_duty(made):
    found = nurse_loads(**dates(made))
    loads = {row.name.split()[0]: row for row in found.rows}
    assert (loads["Ines"].visits, loads["Ines"].lane_minutes) == (2, 2 * 120 + 60)
    assert loads["Ines"].percent == pytest.approx(100 * 300 / (3 * 600 * 4))
    assert (loads["Noor"].visits, loads["Noor"].lane_minutes) == (1, 60)
    asked = {row[0]: row[2:] for row in answer(LOADS, **dates(made))}
    assert asked == {"Ines": (300, 2), "Noor": (60, 1)}


def test_fairness_is_a_number_and_a_word(made):
    found = nurse_loads(**dates(made))
    assert found.gini == pytest.approx(abs(300 - 60) / 2 / 360)
    assert found.words == "shared unevenly"
    assert gini([5.0, 5.0, 5.0]) == pytest.approx(0)
    assert gini([0.0, 0.0, 9.0]) == pytest.approx(2 / 3)


def test_another_sites_visits_are_not_counted(made):
    other = site("Elsewhere")
    asked = {**dates(made), "site": other}
    assert utilisation(**asked).is_empty
    assert attendance(**asked).is_empty
    assert nurse_loads(**asked).is_empty
    assert one(CHAIRS_SCHEDULED, asked) == 0


def test_the_last_date_counts_and_the_next_does_not(made):
    assert starts(**dates(made, first=WEDNESDAY)).planned == 2
    assert starts(**dates(made, last=TUESDAY)).planned == 1
    assert len(answer(STARTS, **dates(made, last=TUESDAY))) == 1


REPORTS = (utilisation, starts, punctuality, attendance, completion, completeness, nurse_loads)


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_asks_no_more_of_many_visits_than_of_few(made, report):
    with CaptureQueriesContext(
        connection,
    ) as few:
        report(**dates(made))
    for number in range(20):
        going = course(made.site, made.version, f"Gus {number}", MONDAY)
        row = visit(
            made,
            "Gus",
            MONDAY - (number + 1) * 7 * DAY,
            "08:00",
            60,
            series=going,
            status="discharged",
        )
        stood(row, arrived="08:00", in_prep="08:05", discharged="09:10")
        due(going, "a", "telephone", MONDAY)
    with CaptureQueriesContext(connection) as many:
        report(**dates(made, first=MONDAY - 200 * DAY))
    assert len(many) <= max(len(few), 14)
