"""The demo clinic, loaded once for this module on a Wednesday morning in Thanksgiving week."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from clinic.models import Grant, Journal, Patient, Room, Site, Staff
from scheduling import audit
from scheduling.demo import load
from scheduling.models import Appointment, Claim, FeedEntry, Series
from scheduling.models.series import GONE
from scheduling.planner.progress import UNDER_WAY

NOW = datetime(2026, 11, 25, 11, 5, tzinfo=ZoneInfo("America/New_York"))
THANKSGIVING = date(2026, 11, 26)


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        whole = transaction.atomic()
        whole._from_testcase = True  # as Django's TestCase does: a durable service may be inside
        whole.__enter__()
        try:
            yield load(size="clinic", seed=7, load=0.6, start=None, now=NOW)
        finally:
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)


def local(moment):
    return moment.astimezone(NOW.tzinfo)


def test_the_audit_finds_nothing(loaded):
    assert audit.violations(now=NOW) == []


def test_chairs_are_as_busy_as_asked(loaded):
    assert loaded.load == pytest.approx(0.6, abs=0.01)


def test_it_is_one_site_with_four_infusion_rooms_two_for_therapy_and_fourteen_staff(loaded):
    rooms = Counter(tuple(room.capabilities) for room in Room.objects.all())
    assert rooms == {("infusion",): 4, ("therapy", "consult"): 2}
    assert (Site.objects.count(), Staff.objects.count()) == (1, 14)


def test_it_begins_on_this_weeks_monday_and_ends_within_ninety_days(loaded):
    days = [
        local(moment).date() for moment in Appointment.objects.values_list("starts_at", flat=True)
    ]
    assert loaded.first == date(2026, 11, 23)
    assert date(2026, 11, 23) <= min(days)
    assert max(days) < date(2026, 11, 23) + timedelta(days=90)


def test_nobody_comes_at_the_weekend_or_on_thanksgiving(loaded):
    days = {local(visit.starts_at).date() for visit in Appointment.objects.all()}
    assert THANKSGIVING not in days
    assert max(day.weekday() for day in days) == 4


def test_every_step_of_a_course_is_booked_or_was_done_before(loaded):
    for series in Series.objects.prefetch_related("appointments").select_related(
        "protocol_version"
    ):
        steps = {step["key"] for step in series.protocol_version.definition["steps"]}
        booked = {visit.step for visit in series.appointments.all()}
        assert steps <= booked | set(series.completed)
        assert not booked & set(series.completed)


def test_every_kind_of_course_is_under_way(loaded):
    keys = set(Series.objects.values_list("protocol_version__protocol__key", flat=True))
    assert {"aud-kare", "aud-single-met", "kap", "depression-induction", "esketamine-rems"} <= keys


def test_what_is_over_is_over_and_what_is_to_come_is_to_come(loaded):
    past = set(Appointment.objects.filter(ends_at__lte=NOW).values_list("status", flat=True))
    future = set(
        Appointment.objects.filter(starts_at__gt=NOW + timedelta(minutes=15)).values_list(
            "status", flat=True
        )
    )
    assert "discharged" in past
    assert past <= {"discharged", "no_show", "cancelled"}
    assert future == {"booked", "confirmed"}


def test_this_morning_is_under_way(loaded):
    now = Appointment.objects.filter(starts_at__lte=NOW, ends_at__gt=NOW)
    statuses = set(now.values_list("status", flat=True))
    assert statuses
    assert statuses <= {"arrived", "in_prep", "infusing", "in_session", "recovering"}


def test_visits_came_to_stand_where_they_stand_one_step_after_the_other(loaded):
    begun = [v for v in Appointment.objects.all() if v.status_changes.exists()]
    assert max(local(visit.starts_at).date() for visit in begun) == NOW.date()
    for visit in (one for one in begun if one.status != "no_show"):
        changes = list(visit.status_changes.order_by("pk"))
        moments = [change.at for change in changes]
        assert (changes[0].to, changes[-1].to) == ("arrived", visit.status)
        assert moments == sorted(moments)
        assert moments[-1] <= NOW
    here = Appointment.objects.filter(status__in=UNDER_WAY)
    assert {visit.pk for visit in here} <= {visit.pk for visit in begun}


def test_later_weeks_are_emptier_than_the_first_five(loaded):
    first = Appointment.objects.filter(starts_at__lt=NOW + timedelta(days=33)).count()
    last = Appointment.objects.filter(starts_at__gt=NOW + timedelta(days=55)).count()
    assert last < first / 2


def test_visits_that_fell_through_hold_nothing(loaded):
    assert not Claim.objects.filter(appointment__status__in=GONE).exists()


def test_there_is_one_sign_in_for_each_role(loaded):
    granted = dict(Grant.objects.values_list("user__email", "role"))
    assert granted == {
        "desk@chairtime.example": "front_desk",
        "therapist@chairtime.example": "therapist",
        "nurse@chairtime.example": "nurse",
        "charge@chairtime.example": "charge_nurse",
        "prescriber@chairtime.example": "prescriber",
        "biller@chairtime.example": "biller",
        "manager@chairtime.example": "manager",
        "admin@chairtime.example": "administrator",
    }


def test_whoever_signs_in_is_somebody_who_works_there(loaded):
    people = Staff.objects.filter(user__isnull=False)
    assert people.count() == 8
    assert Staff.objects.get(user__email="therapist@chairtime.example").roles == ["therapist"]


def test_patients_are_marked_as_invented_and_some_have_no_course_yet(loaded):
    assert not Patient.objects.filter(is_demo=False).exists()
    assert Patient.objects.filter(series=None).count() >= 10
    names = [patient.name for patient in Patient.objects.all()]
    assert len(set(names)) == len(names)


def test_every_course_is_in_the_journal_and_every_visit_in_the_calendars(loaded):
    assert Journal.objects.filter(action="series.booked").count() == loaded.series
    told = set(FeedEntry.objects.values_list("appointment_id", flat=True))
    held = set(Claim.objects.values_list("appointment_id", flat=True))
    assert told == held


def test_one_therapist_has_a_whole_course(loaded):
    for series in Series.objects.filter(therapist__isnull=False):
        held = Claim.objects.filter(appointment__series=series, role="therapist")
        assert set(held.values_list("resource_id", flat=True)) <= {series.therapist_id}


def test_courses_were_booked_before_their_visits(loaded):
    assert not any(
        visit.created_at >= visit.starts_at.astimezone(UTC) for visit in Appointment.objects.all()
    )
