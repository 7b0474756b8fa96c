"""A clinic set up from nothing: each step all or nothing, and nothing to remember."""

from datetime import date, time
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from api.desk.founding import progress
from clinic.models import (
    Closure,
    Credential,
    Grant,
    Organisation,
    Room,
    Site,
    Staff,
    User,
    WeeklyHours,
)
from clinic.services.closures import Opening
from clinic.services.invitations import accept_invitation
from scheduling.models import Protocol
from scheduling.selectors.protocols import current_versions
from scheduling.selectors.readiness import Lack, readiness
from scheduling.services.booking import book_series
from scheduling.services.founding import (
    Hire,
    RowWrong,
    choose_protocols,
    found_site,
    hire,
    keep_rooms,
    open_site,
)
from tests.cast import DESK, FAR, MONDAY, NOW, house, kare_times, patient, protocol, site, token

pytestmark = pytest.mark.django_db(transaction=True)

HERE = {
    "name": "Juniper House",
    "neutral_name": "",
    "country": "US",
    "subdivision": "NY",
    "time_zone": "America/New_York",
    "phone": "",
    "address": "",
}
WEEK = [Opening(day, time(8), time(18)) for day in range(5)]
CHRISTMAS = date(2026, 12, 25)


def found() -> Site:
    return found_site(organisation="Juniper Clinics", actor=DESK, now=NOW, **HERE)


def opened(where: Site, *, on: list[date] = ()) -> None:
    open_site(site=where.pk, openings=WEEK, open_on=on, holidays=[CHRISTMAS], actor=DESK, now=NOW)


def command(**options: str) -> str:
    printed = StringIO()
    call_command("setup_clinic", stdout=printed, **options)
    return printed.getvalue().split()[-1]


def test_the_command_prints_a_way_in_for_the_first_administrator():
    secret = command(email="fay@clinic.example").rsplit("/", 1)[1]
    fay = accept_invitation(
        secret=secret,
        given_name="Fay",
        family_name="Founder",
        password="seven quiet lanterns",
        now=timezone.now(),
    )
    roles = {(grant.role, grant.site) for grant in fay.grants.all()}
    assert roles == {("administrator", None), ("manager", None), ("front_desk", None)}


def test_a_second_address_kills_the_first():
    first = command(email="fay@clinic.example")
    command(email="fay@clinic.example", address="https://clinic.example/")
    assert Client().get(first.removeprefix("http://127.0.0.1:8000")).status_code == 404


def test_the_command_is_refused_once_there_is_an_administrator():
    ada = User.objects.create(username="ada", email="ada@clinic.example")
    Grant.objects.create(user=ada, role="administrator")
    with pytest.raises(CommandError, match="has an administrator already"):
        command(email="fay@clinic.example")


@pytest.mark.parametrize("email", ["nobody", "", "x" * 200 + "@clinic.example"])
def test_the_command_wants_an_e_mail(email):
    with pytest.raises(CommandError):
        command(email=email)


def test_an_empty_database_leads_to_the_beginning_and_lets_nobody_in():
    browser = Client()
    assert browser.get("/", follow=True).redirect_chain[-1][0] == "/start"
    assert "setup_clinic" in browser.get("/start").content.decode()
    assert browser.get("/start/clinic")["Location"].startswith("/account/login")


def test_once_somebody_signs_in_the_beginning_is_theirs_alone():
    User.objects.create(username="ada", email="ada@clinic.example")
    assert Client().get("/start")["Location"].startswith("/account/login")
    assert Client().get("/account/login/").status_code == 200


def test_founding_twice_corrects_what_was_founded():
    first = found()
    again = found_site(
        organisation="Juniper", actor=DESK, now=NOW, **(HERE | {"name": "Juniper Lodge"})
    )
    assert again.pk == first.pk
    assert (Site.objects.get().name, Organisation.objects.get().name) == (
        "Juniper Lodge",
        "Juniper",
    )


@pytest.mark.parametrize(
    ("told", "field"),
    [({"name": ""}, "name"), ({"time_zone": "Mars/Olympus"}, "time_zone")],
)
def test_a_site_that_makes_no_sense_founds_nothing(told, field):
    with pytest.raises(ValidationError) as wrong:
        found_site(organisation="Juniper", actor=DESK, now=NOW, **(HERE | told))
    assert field in wrong.value.message_dict
    assert not Organisation.objects.exists()


def test_the_clinic_opens_on_a_holiday_that_is_ticked_and_closes_when_it_is_not():
    where = found()
    opened(where, on=[CHRISTMAS])
    assert Closure.objects.get().first == CHRISTMAS
    opened(where)
    assert not Closure.objects.exists()


def test_rooms_are_kept_in_their_order_and_the_first_wrong_row_stops_all():
    where = found()
    facts = {"capabilities": ["infusion"], "chairs": 1, "turnover_minutes": 10}
    names = ["Room 1", "Room 2", "Room 1"]
    rows = [(None, facts | {"name": name}) for name in names]
    with pytest.raises(RowWrong) as wrong:
        keep_rooms(site=where.pk, rooms=rows, actor=DESK, now=NOW)
    assert wrong.value.row == 2
    assert not Room.objects.exists()
    keep_rooms(site=where.pk, rooms=rows[:2], actor=DESK, now=NOW)
    one, two = Room.objects.order_by("position")
    swapped = [(two.pk, facts | {"name": "Room 2"})]
    keep_rooms(site=where.pk, rooms=swapped, actor=DESK, now=NOW)
    one.refresh_from_db()
    assert (one.active, Room.objects.get(active=True).name) == (False, "Room 2")


def test_who_is_hired_works_the_opening_hours_with_the_licences_of_their_role():
    where = found()
    opened(where)
    people = [Hire("Ines", "Example", "monitoring_nurse", FAR, True)]
    [ines] = hire(site=where.pk, people=people, since=MONDAY, actor=DESK, now=NOW)
    kinds = set(Credential.objects.filter(staff=ines).values_list("kind", flat=True))
    assert kinds == {"nursing_licence", "acls"}
    assert WeeklyHours.objects.filter(staff=ines).count() == 5


def test_one_wrong_row_hires_nobody():
    where = found()
    people = [
        Hire("Ines", "Example", "monitoring_nurse", FAR),
        Hire("Nobody", "", "therapist", FAR),
    ]
    with pytest.raises(RowWrong) as wrong:
        hire(site=where.pk, people=people, since=MONDAY, actor=DESK, now=NOW)
    assert wrong.value.row == 1
    assert "family_name" in wrong.value.error.message_dict
    assert not Staff.objects.exists()


def test_treatments_are_chosen_and_chosen_otherwise():
    choose_protocols(keys=["aud-kare", "kap"], actor=DESK, now=NOW)
    choose_protocols(keys=["kap", "maintenance"], actor=DESK, now=NOW)
    offered = Protocol.objects.filter(retired=False).values_list("key", flat=True)
    assert sorted(offered) == ["kap", "maintenance"]
    choose_protocols(keys=["aud-kare"], actor=DESK, now=NOW)
    assert [one.protocol.key for one in current_versions()] == ["aud-kare"]
    assert current_versions()[0].version == 1


def test_what_is_missing_is_named():
    where = found()
    opened(where)
    choose_protocols(keys=["aud-kare"], actor=DESK, now=NOW)
    rooms = [(None, {"name": "Room 1", "capabilities": ["infusion"]})]
    keep_rooms(site=where.pk, rooms=rooms, actor=DESK, now=NOW)
    people = [Hire("Priya", "Example", "prescriber", NOW.date())]
    hire(site=where.pk, people=people, since=MONDAY, actor=DESK, now=NOW)
    [found_out] = readiness(site=where, versions=current_versions(), now=NOW)
    assert found_out.first is None
    assert set(found_out.lacks) >= {
        Lack("room", "therapy"),
        Lack("role", "therapist"),
        Lack("role", "monitoring_nurse"),
        Lack("credential", "acls"),
    }


def test_an_expired_licence_is_missing():
    where = house()
    version = protocol("aud-kare")
    Credential.objects.filter(kind="therapy_licence").update(expires_on=date(2026, 12, 6))
    [found_out] = readiness(site=where, versions=[version], now=NOW)
    assert found_out.lacks == (Lack("credential", "therapy_licence", "therapist"),)


def test_a_clinic_that_has_everything_says_when_the_first_visit_fits():
    version = protocol("aud-kare")
    [found_out] = readiness(site=house(), versions=[version], now=NOW)
    assert found_out.lacks == ()
    assert found_out.first == MONDAY


def test_the_next_step_is_read_from_what_there_is():
    assert progress().next == "clinic"
    where = found()
    assert progress().next == "hours"
    opened(where)
    assert progress().next == "protocols"
    choose_protocols(keys=["maintenance"], actor=DESK, now=NOW)
    assert progress().next == "rooms"
    assert not progress().complete


def test_home_leads_to_the_set_up_until_it_is_complete():
    ada = User.objects.create(username="ada", email="ada@clinic.example")
    Grant.objects.create(user=ada, role="administrator")
    browser = Client()
    browser.force_login(ada)
    assert browser.get("/", follow=True).redirect_chain[-1][0] == "/start/clinic"
    house()
    protocol()
    assert not browser.get("/")["Location"].startswith("/start")


def test_who_sets_up_another_site_leaves_the_first_and_the_organisation_alone():
    first = found()
    other = site(name="Elm")
    for name, where in (("ada", other), ("eve", first)):
        user = User.objects.create(username=name, email=f"{name}@clinic.example")
        Grant.objects.create(user=user, role="administrator", site=where)
    told = HERE | {"organisation": "Taken over", "name": "Taken over"}
    browser = Client()
    browser.force_login(User.objects.get(username="ada"))
    assert browser.get("/start").status_code == 403
    assert browser.post("/start/clinic", told).status_code == 403
    assert browser.post("/start/protocols", {"protocol": "maintenance"}).status_code == 403
    assert not browser.get("/")["Location"].startswith("/start")
    browser.force_login(User.objects.get(username="eve"))
    assert browser.post("/start/clinic", told).status_code == 302
    first.refresh_from_db()
    assert (first.name, first.organisation.name) == ("Taken over", "Juniper Clinics")


def test_the_first_booking_is_suggested_until_there_is_one():
    where = house()
    version = protocol()
    dora = User.objects.create(username="dora", email="dora@clinic.example")
    Grant.objects.create(user=dora, role="front_desk")
    browser = Client()
    browser.force_login(dora)
    day = f"/sites/{where.pk}/day/2027-03-01"
    assert "Book the first series" in browser.get(day).content.decode()
    times = kare_times()
    book_series(token=token(patient(), version, where, times), actor=DESK, now=NOW)
    assert "Book the first series" not in browser.get(day).content.decode()


def test_a_treatment_that_is_not_offered_retires_none_of_those_that_are():
    where = site()
    choose_protocols(keys=["maintenance"], actor=DESK, now=NOW)
    ada = User.objects.create(username="ada", email="ada@clinic.example")
    Grant.objects.create(user=ada, role="administrator", site=where)
    browser = Client()
    browser.force_login(ada)
    assert browser.post("/start/protocols", {"protocol": "no-such"}).status_code == 422
    assert not Protocol.objects.get(key="maintenance").retired


@pytest.mark.parametrize("step", ["clinic", "hours", "protocols", "rooms", "staff", "check"])
def test_a_step_posted_empty_says_what_is_missing(step):
    where = site()
    ada = User.objects.create(username="ada", email="ada@clinic.example")
    Grant.objects.create(user=ada, role="administrator")
    browser = Client()
    browser.force_login(ada)
    answer = browser.post(f"/start/{step}", {"name": "\x00" * 3, "form-TOTAL_FORMS": "-1"})
    assert answer.status_code == 422
    assert Site.objects.get() == where


def test_a_row_without_a_name_is_nobody_and_half_a_name_is_a_slip():
    where = site()
    opened(where)
    ada = User.objects.create(username="ada", email="ada@clinic.example")
    Grant.objects.create(user=ada, role="administrator")
    browser = Client()
    browser.force_login(ada)
    rows = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "2"}
    for number in range(2):
        rows |= {f"form-{number}-role": "therapist", f"form-{number}-expires_on": "2027-11-24"}
    half = browser.post("/start/staff", rows | {"form-0-given_name": "Ana"})
    assert half.status_code == 422
    assert half.content.decode().count("This field is required.") == 1
    whole = {"form-0-given_name": "Ana", "form-0-family_name": "Example"}
    assert browser.post("/start/staff", rows | whole).status_code == 302
    assert [one.name for one in Staff.objects.all()] == ["Ana Example"]
