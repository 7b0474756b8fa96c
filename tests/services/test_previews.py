"""A week previewed, shared with others, and read back as the versions it came in."""

from datetime import date, time

import pytest
from django.core.exceptions import ValidationError

from clinic.models import Journal, Staff, WeeklyHours
from clinic.services.hours import Shift
from clinic.weeks import versions, week_minutes
from scheduling.errors import WouldBreakVisits
from scheduling.services.booking import book_series
from scheduling.services.upkeep import set_weekly_hours
from scheduling.services.weeks import preview_weekly_hours, share_weekly_hours
from tests.cast import DESK, MONDAY, NOW, days_after, house, kare_times, patient, protocol, token

pytestmark = pytest.mark.django_db
BY = {"actor": DESK, "now": NOW}
AFTERNOONS = [Shift(day, time(12), time(18)) for day in range(5)]
NINE_TO_FIVE = [Shift(day, time(9), time(17), time(12), time(12, 30)) for day in range(5)]


@pytest.fixture
def clinic():
    return house()


@pytest.fixture
def series(clinic):
    proposal = token(patient(), protocol("aud-kare"), clinic, kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


def rows():
    return list(WeeklyHours.objects.order_by("pk").values()), Journal.objects.count()


def test_a_preview_tells_what_would_break_and_changes_nothing(series, clinic):
    before = rows()
    found = preview_weekly_hours(
        people=[series.therapist_id], site=clinic.pk, shifts=AFTERNOONS, since=MONDAY, now=NOW
    )
    steps = {visit.pk: visit.step for visit in series.appointments.all()}
    assert {steps[visit] for visit, _ in found.breaks} >= {"th1", "th7"}
    assert found.ahead >= 7
    assert rows() == before


def test_a_preview_that_fits_counts_the_visits_ahead_from_the_date_on(series, clinic):
    th6 = series.appointments.get(step="th6").starts_at.date()
    shifts = [Shift(day, time(8), time(18)) for day in range(5)]
    facts = {"people": [series.therapist_id], "site": clinic.pk, "shifts": shifts, "now": NOW}
    assert preview_weekly_hours(since=th6, **facts).ahead == 2
    assert preview_weekly_hours(since=th6, **facts).breaks == ()


def test_a_preview_and_the_save_say_the_same(series, clinic):
    facts = {"people": [series.therapist_id], "site": clinic.pk, "since": MONDAY}
    found = preview_weekly_hours(shifts=AFTERNOONS, now=NOW, **facts)
    with pytest.raises(WouldBreakVisits) as refused:
        share_weekly_hours(shifts=AFTERNOONS, **facts, **BY)
    assert refused.value.breaks == found.breaks
    with pytest.raises(ValidationError):
        preview_weekly_hours(shifts=[*AFTERNOONS, AFTERNOONS[0]], now=NOW, **facts)


def test_a_week_is_shared_with_several_people_or_with_none(series, clinic):
    free = Staff.objects.exclude(pk=series.therapist_id).get(roles=["therapist"])
    people = [free.pk, series.therapist_id]
    before = rows()
    facts = {"site": clinic.pk, "since": MONDAY}
    with pytest.raises(WouldBreakVisits):
        share_weekly_hours(people=people, shifts=AFTERNOONS, **facts, **BY)
    assert rows() == before
    evenings = [Shift(day, time(8), time(20)) for day in range(5)]
    share_weekly_hours(people=people, shifts=evenings, **facts, **BY)
    for pk in people:
        new = WeeklyHours.objects.filter(staff=pk, effective_from=MONDAY)
        assert {row.ends for row in new} == {time(20)}
    with pytest.raises(Staff.DoesNotExist):
        share_weekly_hours(people=[free.pk, 0], shifts=evenings, **facts, **BY)


def test_versions_follow_one_another_without_a_gap(clinic):
    theo = Staff.objects.get(given_name="Theo")
    facts = {"staff": theo.pk, "site": clinic.pk}
    set_weekly_hours(shifts=NINE_TO_FIVE, since=date(2027, 3, 1), **facts, **BY)
    set_weekly_hours(shifts=[], since=date(2027, 6, 1), **facts, **BY)
    found = versions(list(theo.weekly_hours.all()))
    assert [(one.first, one.last, one.minutes // 60) for one in found] == [
        (None, date(2027, 2, 28), 50),
        (date(2027, 3, 1), date(2027, 5, 31), 37),
        (date(2027, 6, 1), None, 0),
    ]
    assert [one.first for one in found if one.holds_on(date(2027, 5, 31))] == [date(2027, 3, 1)]
    assert versions([])[0].shifts == ()


def test_a_night_counts_its_hours_once_and_not_its_break():
    night = Shift(6, time(20), time(6), time(1), time(1, 45))
    assert week_minutes([night, Shift(0, time(8), time(8))]) == 555 + 1440


def test_a_later_plan_is_replaced_by_an_earlier_date(clinic):
    theo = Staff.objects.get(given_name="Theo")
    facts = {"people": [theo.pk], "site": clinic.pk, "shifts": NINE_TO_FIVE}
    share_weekly_hours(since=days_after(MONDAY, 60), **facts, **BY)
    share_weekly_hours(since=days_after(MONDAY, 30), **facts, **BY)
    found = versions(list(theo.weekly_hours.all()))
    assert [one.first for one in found] == [None, days_after(MONDAY, 30)]
