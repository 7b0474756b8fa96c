"""When a demo may be loaded, and that the same arguments make the same one."""

from datetime import date, datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from clinic.models import Patient, Site
from scheduling import audit
from scheduling.demo import DemoRefused, load
from scheduling.demo.blueprint import CENTRE, CLINIC
from scheduling.models import Appointment, Claim
from tests.cast import patient, site

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 25, 11, 5, tzinfo=ZoneInfo("America/New_York"))


def clinic(**changed):
    facts = {"size": "clinic", "seed": 7, "load": 0.0, "start": MONDAY, "now": NOW}
    return load(**{**facts, **changed})


def told():
    """What a demo says, without the numbers that a database gives to rows."""
    return [
        *Appointment.objects.order_by("uid").values_list(
            "uid", "step", "status", "starts_at", "patient__mrn", "patient__family_name"
        ),
        *Claim.objects.order_by("appointment__uid", "role", "start_minute", "lane").values_list(
            "appointment__uid", "role", "lane", "start_minute", "end_minute"
        ),
    ]


def loaded_and_undone(**changed):
    undo = transaction.savepoint()
    clinic(load=0.15, **changed)
    rows = told()
    transaction.savepoint_rollback(undo)
    return rows


def test_a_clinic_without_load_has_people_and_no_visits():
    made = clinic()
    assert (made.visits, made.load) == (0, 0.0)
    assert Patient.objects.count() == 12
    assert audit.violations(now=NOW) == []


def test_a_nearly_full_clinic_is_as_full_as_asked_and_breaks_no_rule():
    made = clinic(load=0.85)
    assert made.load == pytest.approx(0.85, abs=0.015)
    assert audit.violations(now=datetime(2026, 11, 23, tzinfo=NOW.tzinfo)) == []


def test_the_same_arguments_make_the_same_clinic_at_any_hour():
    later = datetime(2026, 12, 24, 9, 0, tzinfo=NOW.tzinfo)
    assert loaded_and_undone() == loaded_and_undone(now=later)


def test_another_seed_makes_another_clinic():
    assert loaded_and_undone() != loaded_and_undone(seed=8)


def test_with_a_start_given_nothing_has_happened_yet():
    clinic(load=0.15, start=date(2026, 11, 16))
    assert set(Appointment.objects.values_list("status", flat=True)) <= {"booked", "confirmed"}


def test_a_start_in_mid_week_is_the_first_day():
    clinic(load=0.15, start=date(2026, 12, 2))
    first = Appointment.objects.earliest("starts_at").starts_at
    assert first.astimezone(NOW.tzinfo).date() >= date(2026, 12, 2)


def test_a_database_with_real_patients_is_left_alone():
    patient("Pia")
    with pytest.raises(DemoRefused, match="not of a demo"):
        clinic()
    assert not Site.objects.exists()


def test_a_clinic_being_set_up_is_left_alone():
    site("Juniper House")
    with pytest.raises(DemoRefused, match="being set up"):
        clinic()


def test_a_second_demo_is_refused_in_a_sentence():
    clinic()
    with pytest.raises(CommandError, match="holds a demo already"):
        call_command("load_demo")
    assert Site.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--load", "lots"], "is not a load"),
        (["--load", "1.5"], "is not a load"),
        (["--start", "tomorrow"], "write YYYY-MM-DD"),
        (["--size", "galaxy"], "invalid choice"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    with pytest.raises(CommandError, match=words):
        call_command("load_demo", *arguments)


def test_the_command_prints_what_it_made():
    out = StringIO()
    call_command("load_demo", "--load", "0", "--start", "2026-11-23", stdout=out)
    assert "1 site, 4 infusion rooms with 6 chairs, 2 therapy rooms, 14 staff" in out.getvalue()
    assert "Load of the first five weeks: 0.000" in out.getvalue()


def test_sign_ins_are_shown_with_the_password_once_there_are_any():
    out = StringIO()
    call_command("show_sign_ins", stdout=out)
    assert "no demo sign-ins" in out.getvalue()
    clinic()
    call_command("show_sign_ins", stdout=out)
    assert "chairtime-demo" in out.getvalue()
    assert "desk@chairtime.example" in out.getvalue()


def test_the_centre_has_three_sites_in_two_zones_24_chairs_and_60_staff():
    assert (len(CENTRE.sites), CENTRE.chairs, len(CENTRE.posts)) == (3, 24, 60)
    assert len({plan.time_zone for plan in CENTRE.sites}) == 2
    assert any(len(post.sites) > 1 and "therapist" in post.roles for post in CENTRE.posts)
    assert (CLINIC.infusion_rooms, len(CLINIC.posts)) == (4, 14)
