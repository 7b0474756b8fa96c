"""The pages on which a clinic says when people work: what they take, refuse and show."""

from datetime import date, time

import pytest
import time_machine
from django.http import QueryDict

from api.desk.hours_forms import Row, WeekForm
from api.desk.roster import read_roster
from api.desk.shifts import in_words
from clinic.models import (
    Absence,
    AvailabilityException,
    Journal,
    OnCall,
    Staff,
    WeeklyHours,
)
from clinic.services.hours import Shift
from scheduling.models import Recovery
from scheduling.services.booking import book_series
from scheduling.services.upkeep import set_weekly_hours
from tests.cast import (
    DESK,
    MONDAY,
    NOW,
    at,
    days_after,
    house,
    kare_times,
    patient,
    protocol,
    site,
    staff,
    token,
    works,
)
from tests.desk.browsers import person

pytestmark = pytest.mark.django_db
BY = {"actor": DESK, "now": NOW}
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    return house()


@pytest.fixture
def series(clinic):
    proposal = token(patient(), protocol("aud-kare"), clinic, kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


@pytest.fixture
def theo(clinic):
    return Staff.objects.get(given_name="Theo")


def typed(shifts, since=MONDAY, **more):
    """A week as the form sends it; a shift is (day, from, to) or with a break."""
    rows = [(*shift, "", "")[:5] for shift in shifts]
    columns = zip(*rows, strict=True) if rows else [[]] * 5
    names = ("day", "from", "to", "break_from", "break_to")
    return {"since": since.isoformat(), **dict(zip(names, map(list, columns), strict=True)), **more}


NINE_TO_FIVE = [(str(day), "09:00", "17:00", "12:00", "12:30") for day in range(5)]
AFTERNOONS = [(str(day), "12:00", "18:00") for day in range(5)]


def test_a_week_is_saved_from_its_date_on_and_shown_again(theo):
    manager = person("manager")
    path = f"/staff/{theo.pk}/hours"
    answer = manager.post(path, typed(NINE_TO_FIVE, since=date(2027, 1, 4)))
    assert answer.status_code == 302
    page = manager.get(answer["Location"]).content.decode()
    assert "Mon–Fri 09:00–17:00, break 12:00–12:30" in page
    assert "From Mon 4 Jan 2027 on" in page
    assert page.count("data-shift") == 6


def test_a_week_over_booked_visits_is_refused_with_them_and_kept_as_typed(series, clinic):
    therapist, before = series.therapist, WeeklyHours.objects.count()
    manager = person("manager")
    answer = manager.post(f"/staff/{therapist.pk}/hours", typed(AFTERNOONS))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "booked visits would no longer fit" in page
    assert page.count('value="12:00" aria-label="From"') == 5
    assert WeeklyHours.objects.count() == before


def test_a_week_saved_over_booked_visits_on_purpose_leads_to_the_plan(series):
    therapist, manager = series.therapist, person("manager")
    path = f"/staff/{therapist.pk}/hours"
    assert "plan around these visits" in manager.post(path, typed(AFTERNOONS)).content.decode()
    saved = manager.post(path, typed(AFTERNOONS) | {"plan_around": "on"})
    recovery = Recovery.objects.get()
    assert (saved.status_code, saved["Location"]) == (302, f"/recoveries/{recovery.pk}")
    assert recovery.affected
    assert set(WeeklyHours.objects.filter(staff=therapist).values_list("starts", flat=True)) >= {
        time(12)
    }


def test_who_is_in_the_way_is_named_by_the_viewers_right(series):
    path = f"/staff/{series.therapist_id}/hours"
    visit = series.appointments.get(step="th1")
    page = person("manager").post(path, typed(AFTERNOONS)).content.decode()
    assert "P. S." in page
    assert "Pia Sample" not in page
    assert f"/visits/{visit.pk}" in page
    page = person("administrator").post(path, typed(AFTERNOONS)).content.decode()
    assert f"/visits/{visit.pk}" not in page


def test_the_preview_says_what_would_break_and_saves_nothing(series):
    manager, path = person("manager"), f"/staff/{series.therapist_id}/hours/preview"
    before = WeeklyHours.objects.count(), Journal.objects.count()
    page = manager.post(path, typed(AFTERNOONS), **HTMX).content.decode()
    assert "This would not be saved" in page
    assert "30 h</b> a week, 20 h less than the 50 h before" in page
    longer = [(str(day), "07:00", "19:00") for day in range(5)]
    page = manager.post(path, typed(longer), **HTMX).content.decode()
    assert "All 7 visits booked from Mon 7 Dec on still fit." in page
    assert (WeeklyHours.objects.count(), Journal.objects.count()) == before


def test_a_week_shared_with_a_colleague_whose_visits_are_in_the_way_changes_nobodys(series):
    free = Staff.objects.exclude(pk=series.therapist_id).get(roles=["therapist"])
    before = WeeklyHours.objects.count()
    data = typed(AFTERNOONS, also=[series.therapist_id])
    answer = person("manager").post(f"/staff/{free.pk}/hours", data)
    assert answer.status_code == 422
    assert f"<b>{series.therapist.name}</b>" in answer.content.decode()
    assert WeeklyHours.objects.count() == before


def test_a_plan_that_is_replaced_is_told_before_it_goes(theo, clinic):
    set_weekly_hours(staff=theo.pk, site=clinic.pk, shifts=[], since=date(2027, 3, 1), **BY)
    answer = person("manager").post(f"/staff/{theo.pk}/hours/preview", typed(NINE_TO_FIVE), **HTMX)
    assert "planned from Mon 1 Mar 2027" in answer.content.decode()


def test_somebody_elses_week_saved_meanwhile_is_told_and_nothing_typed_is_lost(theo, clinic):
    manager, path = person("manager"), f"/staff/{theo.pk}/hours"
    shifts = [Shift(0, time(8), time(12))]
    set_weekly_hours(staff=theo.pk, site=clinic.pk, shifts=shifts, since=MONDAY, **BY)
    answer = manager.post(path, typed(NINE_TO_FIVE, seen="0"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f"{DESK.name} changed this" in page
    assert "Monday 08:00-12:00" in page
    assert page.count('value="09:00" aria-label="From"') == 5
    assert f'name="seen" value="{Journal.objects.latest("pk").pk}"' in page


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (Row("0", "08:00", ""), "needs a time"),
        (Row("9", "08:00", "12:00"), "day of the week"),
        (Row("0", "08:00", "12:00", "11:00", ""), "A break needs"),
        (Row("0", "08:00", "12:00", "12:00", "13:00"), "not within"),
        (Row("0", "\x00", "24:61"), "needs a time"),
        (Row("²", "08:00", "12:00"), "day of the week"),
    ],
)
def test_what_is_wrong_with_a_shift_is_said_beside_it(row, told):
    assert told in str(row.read())


def test_shifts_that_overlap_are_told_also_over_sunday_night(theo):
    form = WeekForm(
        _query(typed([("6", "20:00", "06:00"), ("0", "05:00", "09:00"), ("2", "05:00", "09:00")])),
        today=MONDAY,
        colleagues=[],
    )
    assert not form.is_valid()
    assert [bool(row.error) for row in form.rows] == [False, True, False]


def _query(data):
    query = QueryDict(mutable=True)
    for name, value in data.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    return query


@pytest.mark.parametrize("since", ["2026-12-06", "9999-12-31", "0001-01-01", "\x00", "tomorrow"])
def test_a_week_begins_today_or_later(theo, since):
    manager, data = person("manager"), typed(NINE_TO_FIVE) | {"since": since}
    for path in (f"/staff/{theo.pk}/hours", f"/staff/{theo.pk}/hours/preview"):
        assert manager.post(path, data).status_code == 422


def test_a_day_that_differs_is_added_refused_and_removed(series, clinic):
    manager, who = person("manager"), series.therapist
    busy = series.appointments.get(step="th1").starts_at.date()
    path = f"/staff/{who.pk}/days"
    day = {"working": "less", "starts": "08:00", "ends": "18:00", "note": "Dentist 🦷"}
    refused = manager.post(path, day | {"day": busy.isoformat()})
    assert refused.status_code == 422
    assert "Not saved: 1 booked visit would no longer fit" in refused.content.decode()
    assert manager.post(path, day | {"day": "2027-02-01"}).status_code == 302
    row = AvailabilityException.objects.get()
    assert manager.post(f"/days/{row.pk}/remove").status_code == 302
    assert not AvailabilityException.objects.exists()


def test_on_call_runs_over_midnight_once_and_shows_in_the_week(theo, clinic):
    manager, path = person("manager"), f"/staff/{theo.pk}/on-call"
    night = {"day": "2026-12-08", "starts": "18:00", "ends": "08:00"}
    assert manager.post(path, night).status_code == 302
    assert manager.post(path, night).status_code == 422
    assert OnCall.objects.get().ends_at == at(days_after(MONDAY, 2), "08:00")
    page = manager.get(f"/sites/{clinic.pk}/hours").content.decode()
    assert "on call 18:00–24:00" in page
    assert "on call 00:00–08:00" in page


@pytest.mark.parametrize(
    ("monday", "hours"), [(date(2027, 3, 8), "3 h"), (date(2027, 11, 1), "5 h")]
)
def test_a_night_over_a_clock_change_reads_as_the_clock_on_the_wall(monday, hours):
    """Saturday 23:00 to Sunday 03:00: three hours in spring, five in autumn."""
    clinic = site(weekdays=range(7), opens="00:00", closes="00:00")
    who = staff("Nils", clinic, roles=["monitoring_nurse"], hours=None)
    works(who, clinic, hours=("23:00", "03:00"), weekdays=[5])
    [line] = read_roster(clinic, monday).groups[0].lines
    saturday, sunday = line.cells[5], line.cells[6]
    assert (saturday.hours, sunday.hours, line.total) == ("23:00–24:00", "00:00–03:00", hours)


def test_the_overview_shows_who_is_off_and_asks_no_more_of_more_people(
    clinic, theo, django_assert_max_num_queries
):
    manager, path = person("manager"), f"/sites/{clinic.pk}/hours"
    Absence.objects.create(
        resource_id=theo.pk,
        starts_at=at(MONDAY, "00:00"),
        ends_at=at(days_after(MONDAY, 1), "00:00"),
    )
    assert ">off</span>" in manager.get(path).content.decode()
    assert "Theo" not in manager.get(f"{path}?role=prescriber").content.decode()
    for name in range(12):
        staff(f"Nurse {name}", clinic, roles=["monitoring_nurse"])
    with django_assert_max_num_queries(22):
        manager.get(path)


def test_hours_are_told_in_runs_of_days_that_are_alike():
    week = [Shift(day, time(8), time(16)) for day in (0, 1, 2, 4)]
    night = Shift(5, time(20), time(6), time(1), time(2))
    assert in_words([*week, night]) == (
        "Mon–Wed 08:00–16:00",
        "Fri 08:00–16:00",
        "Sat 20:00–06:00, break 01:00–02:00",
    )
    assert in_words([]) == ("No hours",)


def test_the_heat_of_the_weeks_says_in_its_table_what_the_squares_say(series, clinic):
    nurse = person("nurse")
    path = f"/sites/{clinic.pk}/capacity"
    for what, says in (("chairs", "taken"), ("nurses", "lanes needed"), ("therapists", "free of")):
        page = nurse.get(f"{path}?what={what}").content.decode()
        assert says in page
        assert page.count('class="square ') == 56
    assert nurse.get(f"{path}?what=nonsense&from=9999-12-31").status_code == 200
